import { filled } from "../../../../src/ir/build.ts";
import type { Dtype } from "../../../../src/tensor/dtype.ts";
import { type Case, cast, d, f, first, type Make, n, node, of, on, typed } from "./case.ts";

const wholes = ["floor", "ceil", "round"] as const;

/** Identities of arithmetic. */
export const ofNumbers: readonly Case[] = [
  f("--x", (x) => on("neg", on("neg", x)), first),
  f(
    "||x||",
    (x) => on("abs", on("abs", x)),
    (x) => on("abs", x),
  ),
  f(
    "|-x|",
    (x) => on("abs", on("neg", x)),
    (x) => on("abs", x),
  ),
  f(
    "sign of a sign",
    (x) => on("sign", on("sign", x)),
    (x) => on("sign", x),
  ),
  f("sign of an absolute value", (x) => on("sign", on("abs", x))),
  ...wholes.flatMap((outer) => [
    ...[...wholes, "sign" as const].map((inner) =>
      f(
        `${outer} of ${inner}`,
        (x) => on(outer, on(inner, x)),
        (x) => on(inner, x),
      ),
    ),
    n(
      `${outer} of an integer`,
      (x) => on(outer, cast(x, "f32")),
      (x) => cast(x, "f32"),
    ),
    d(`${outer} of a float cast`, (x) => on(outer, cast(x, "f32"))),
    f(`${outer} of a root`, (x) => on(outer, on("sqrt", x))),
  ]),
  f("x + -0", (x) => on("add", x, -0), first),
  f("-0 + x", (x) => on("add", -0, x), first),
  f("x + 0", (x) => on("add", x, 0)),
  n("n + 0", (x) => on("add", x, 0), first),
  f(
    "x + -y",
    (x, y) => on("add", x, on("neg", y)),
    (x, y) => on("sub", x, y),
  ),
  f(
    "-x + y",
    (x, y) => on("add", on("neg", x), y),
    (x, y) => on("sub", y, x),
  ),
  f("x - 0", (x) => on("sub", x, 0), first),
  f("x - -0", (x) => on("sub", x, -0)),
  f(
    "-0 - x",
    (x) => on("sub", -0, x),
    (x) => on("neg", x),
  ),
  f("0 - x", (x) => on("sub", 0, x)),
  n(
    "0 - n",
    (x) => on("sub", 0, x),
    (x) => on("neg", x),
  ),
  f("x - x", (x) => on("sub", x, x)),
  n(
    "n - n",
    (x) => on("sub", x, x),
    (x) => filled(x.shape, "i32", 0),
  ),
  n("n - m", (x, y) => on("sub", x, y)),
  f(
    "x - -y",
    (x, y) => on("sub", x, on("neg", y)),
    (x, y) => on("add", x, y),
  ),
  f("x · 1", (x) => on("mul", x, 1), first),
  f("1 · x", (x) => on("mul", 1, x), first),
  f(
    "x · -1",
    (x) => on("mul", x, -1),
    (x) => on("neg", x),
  ),
  f(
    "-1 · x",
    (x) => on("mul", -1, x),
    (x) => on("neg", x),
  ),
  f("x · 0", (x) => on("mul", x, 0)),
  n(
    "n · 0",
    (x) => on("mul", x, 0),
    (x) => filled(x.shape, "i32", 0),
  ),
  n(
    "0 · n",
    (x) => on("mul", 0, x),
    (x) => filled(x.shape, "i32", 0),
  ),
  n("n · 3", (x) => on("mul", x, 3)),
  f(
    "-x · -y",
    (x, y) => on("mul", on("neg", x), on("neg", y)),
    (x, y) => on("mul", x, y),
  ),
  f("-x · y", (x, y) => on("mul", on("neg", x), y)),
  f("x · -y", (x, y) => on("mul", x, on("neg", y))),
  f("x / 1", (x) => on("div", x, 1), first),
  f(
    "x / -1",
    (x) => on("div", x, -1),
    (x) => on("neg", x),
  ),
  n("n / 1", (x) => on("div", x, 1), first),
  n(
    "n / -1",
    (x) => on("div", x, -1),
    (x) => on("neg", x),
  ),
  n("n / 2", (x) => on("div", x, 2)),
  ...[2, -0.5, 2 ** 126, 2 ** -126].map((c) =>
    f(
      `x / ${c}`,
      (x) => on("div", x, c),
      (x) => on("mul", x, 1 / c),
    ),
  ),
  ...[2 ** 127, 2 ** -127, 3, 0, Infinity, Number.NaN].map((c) =>
    f(`x / ${c}`, (x) => on("div", x, c)),
  ),
  ...[2 ** 127, 2 ** 1022, 2 ** -1022].map((c) =>
    d(
      `x / ${c} in double precision`,
      (x) => on("div", x, c),
      (x) => on("mul", x, 1 / c),
    ),
  ),
  d(`x / ${2 ** 1023} in double precision`, (x) => on("div", x, 2 ** 1023)),
  f("1 / x", (x) => on("div", 1, x)),
  f(
    "-x / -y",
    (x, y) => on("div", on("neg", x), on("neg", y)),
    (x, y) => on("div", x, y),
  ),
  f("-x / y", (x, y) => on("div", on("neg", x), y)),
  f("x¹", (x) => on("pow", x, 1), first),
  f(
    "x²",
    (x) => on("pow", x, 2),
    (x) => on("mul", x, x),
  ),
  f(
    "x⁻¹",
    (x) => on("pow", x, -1),
    (x) => on("div", 1, x),
  ),
  f(
    "x⁰",
    (x) => on("pow", x, 0),
    (x) => filled(x.shape, "f32", 1),
  ),
  f(
    "x⁻⁰",
    (x) => on("pow", x, -0),
    (x) => filled(x.shape, "f32", 1),
  ),
  f("x³", (x) => on("pow", x, 3)),
  f("xʸ", (x, y) => on("pow", x, y)),
  ...(["maximum", "minimum"] as const).flatMap((op) => {
    const least = op === "maximum" ? -Infinity : Infinity;
    return [
      f(`${op} of one twice`, (x) => on(op, x, x), first),
      f(`${op} with ${least}`, (x) => on(op, x, least), first),
      f(`${op} of ${least} with`, (x) => on(op, least, x), first),
      f(`${op} with ${-least}`, (x) => on(op, x, -least)),
    ];
  }),
  f("a value whose gradient is stopped", (x) => node("stopGradient", {}, x), first),
];

const dtypes = ["bool", "u8", "i32", "f16", "bf16", "f32", "f64"] as const;
/** The dtypes that hold every value of each dtype. */
const wider: { readonly [narrow in Dtype]: readonly Dtype[] } = {
  bool: ["u8", "i32", "f16", "bf16", "f32", "f64"],
  u8: ["i32", "f16", "bf16", "f32", "f64"],
  f16: ["f32", "f64"],
  bf16: ["f32", "f64"],
  i32: ["f64"],
  f32: ["f64"],
  f64: [],
};
/** Identities of casts, by the values that each dtype holds. */
export const ofCasts: readonly Case[] = dtypes.flatMap((a) => {
  const x = typed(of(a, 2, 3));
  const own = x(`${a} as ${a}`, (v) => cast(v, a), first);
  const chains = dtypes.flatMap((b) =>
    dtypes
      .filter((c) => b !== a && c !== b)
      .map((c) => {
        const name = `${a} as ${b} as ${c}`;
        const given: Make = (v) => cast(cast(v, b), c);
        if (!wider[a].includes(b)) return x(name, given);
        return x(name, given, c === a ? first : (v) => cast(v, c));
      }),
  );
  return [own, ...chains];
});
const counted = (dtype: Dtype) => node("iota", { shape: [2, 3], dtype, axis: 1 });
export const ofCounts = [
  typed()(
    "positions as floats",
    () => cast(counted("i32"), "f32"),
    () => counted("f32"),
  ),
  typed()("positions in floats as integers", () => cast(counted("f32"), "i32")),
];
