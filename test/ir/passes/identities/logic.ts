import { filled } from "../../../../src/ir/build.ts";
import type { Expr } from "../../../../src/ir/expr.ts";
import { type Case, chosen, f, first, type Make, n, on, p, second, select } from "./case.ts";

const bits = [
  { name: "p", make: p, ones: 1, dtype: "bool" },
  { name: "n", make: n, ones: -1, dtype: "i32" },
] as const;
/** Identities of bools and of words of bits. */
export const ofBits: readonly Case[] = bits.flatMap(({ name, make, ones, dtype }) => {
  const all: Make = (x) => filled(x.shape, dtype, ones);
  const none: Make = (x) => filled(x.shape, dtype, 0);
  /** An operation on `x` and a number, with the number second and first. */
  const both = (op: "and" | "or" | "xor", c: number, simple?: Make): readonly Case[] => [
    make(`${name} ${op} ${c}`, (x) => on(op, x, c), simple),
    make(`${c} ${op} ${name}`, (x) => on(op, c, x), simple),
  ];
  const not = (x: Expr, front: boolean): Expr => (front ? on("xor", ones, x) : on("xor", x, ones));
  return [
    make(`${name} and ${name}`, (x) => on("and", x, x), first),
    make(`${name} or ${name}`, (x) => on("or", x, x), first),
    make(`${name} xor ${name}`, (x) => on("xor", x, x), none),
    ...both("and", ones, first),
    ...both("and", 0, none),
    ...both("or", 0, first),
    ...both("or", ones, all),
    ...both("xor", 0, first),
    ...both("xor", ones),
    ...[true, false].flatMap((inner) =>
      [true, false].map((outer) =>
        make(`not not ${name}, ${inner}, ${outer}`, (x) => not(not(x, inner), outer), first),
      ),
    ),
    make(`not of ${name} xor another`, (x, y) => not(on("xor", x, y), false)),
    make(`${name} xor the same and another`, (x, y) => on("xor", on("xor", x, y), y)),
    ...(["and", "or", "xor"] as const).map((op) =>
      make(`${name} ${op} another`, (x, y) => on(op, x, y)),
    ),
  ];
});
/** Identities of selections, shifts and comparisons. */
export const ofChoices: readonly Case[] = [
  f("all chosen", (x, y) => select(filled([2, 3], "bool", 1), x, y), first),
  f("none chosen", (x, y) => select(filled([2, 3], "bool", 0), x, y), second),
  chosen("one or the same", (c, x) => select(c, x, x), second),
  chosen(
    "what is not chosen",
    (c, x, y) => select(on("xor", c, 1), x, y),
    (c, x, y) => select(c, y, x),
  ),
  chosen(
    "what is not chosen, the one first",
    (c, x, y) => select(on("xor", 1, c), x, y),
    (c, x, y) => select(c, y, x),
  ),
  chosen(
    "chosen twice",
    (c, x, y) => select(c, select(c, x, y), on("exp", y)),
    (c, x, y) => select(c, x, on("exp", y)),
  ),
  chosen(
    "twice not chosen",
    (c, x, y) => select(c, on("exp", y), select(c, x, y)),
    (c, _, y) => select(c, on("exp", y), y),
  ),
  chosen("chosen by another", (c, x, y) => select(c, select(on("gt", x, y), x, y), y)),
  chosen("chosen", (c, x, y) => select(c, x, y)),
  ...(["shiftLeft", "shiftRight"] as const).flatMap((op) => [
    n(`${op} by 0`, (x) => on(op, x, 0), first),
    n(`${op} by 1`, (x) => on(op, x, 1)),
  ]),
  ...(["eq", "le", "ge", "ne", "lt", "gt"] as const).flatMap((op) => [
    n(
      `n ${op} n`,
      (x) => on(op, x, x),
      (x) => filled(x.shape, "bool", ["eq", "le", "ge"].includes(op) ? 1 : 0),
    ),
    n(`n ${op} m`, (x, y) => on(op, x, y)),
    f(`x ${op} x`, (x) => on(op, x, x)),
  ]),
];
