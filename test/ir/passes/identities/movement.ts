import { primitiveCases } from "../../../../laws/registry/primitives/index.ts";
import { filled } from "../../../../src/ir/build.ts";
import type { Expr, Params, PrimitiveTag } from "../../../../src/ir/expr.ts";
import { elementwise } from "../../../../src/rules/evaluate/elementwise.ts";
import { type Case, cast, f, first, node, of, on, second, select, typed } from "./case.ts";

const x = typed(of("f32", 2, 3, 4));
const row = typed(of("f32", 7));
const thin = typed(of("f32", 2, 1, 3));
const two = typed(of("f32", 2, 3), of("f32", 4, 3));
const none = typed(of("f32", 0, 3), of("f32", 2, 3), of("f32", 4, 3));
const stacks = typed(of("f32", 5, 2, 3), of("f32", 5, 4, 3));

const reshape = (x: Expr, ...shape: readonly number[]) => node("reshape", { shape }, x);
const transpose = (x: Expr, ...permutation: readonly number[]) =>
  node("transpose", { permutation }, x);
const broadcast = (x: Expr, shape: readonly number[], axes: readonly number[]) =>
  node("broadcast", { shape, axes }, x);
const slice = (x: Expr, start: number, limit: number, stride = 1) =>
  node("slice", { start: [start], limit: [limit], stride: [stride] }, x);
const pad = (x: Expr, low: number, high: number, interior = 0, value = 0) =>
  node("pad", { low: [low], high: [high], interior: [interior], value }, x);
const join = (axis: number, ...xs: readonly Expr[]) => node("concatenate", { axis }, ...xs);
const reverse = (x: Expr, ...axes: readonly number[]) => node("reverse", { axes }, x);
const reduce = (kind: Params<"reduce">["kind"], x: Expr, ...axes: readonly number[]) =>
  node("reduce", { kind, axes }, x);
const cumsum = (x: Expr, axis: number) => node("cumsum", { axis, reverse: false }, x);
type Axes = readonly number[];
const dot = (x: Expr, y: Expr, left: Axes, right: Axes, batch: readonly [Axes, Axes] = [[], []]) =>
  node("dot", { contract: [left, right], batch }, x, y);

/** Identities of broadcasts, reshapes and transpositions. */
export const ofShapes: readonly Case[] = [
  x("its own shape", (v) => reshape(v, 2, 3, 4), first),
  x(
    "a shape of a shape",
    (v) => reshape(reshape(v, 6, 4), 24),
    (v) => reshape(v, 24),
  ),
  x("a shape", (v) => reshape(v, 24)),
  x("axes where they are", (v) => transpose(v, 0, 1, 2), first),
  x(
    "axes turned twice",
    (v) => transpose(transpose(v, 1, 2, 0), 1, 2, 0),
    (v) => transpose(v, 2, 0, 1),
  ),
  x("axes turned there and back", (v) => transpose(transpose(v, 1, 2, 0), 2, 0, 1), first),
  x("axes turned", (v) => transpose(v, 1, 2, 0)),
  thin(
    "an axis of one element moved",
    (v) => transpose(v, 1, 0, 2),
    (v) => reshape(v, 1, 2, 3),
  ),
  thin("axes around one element", (v) => transpose(v, 2, 1, 0)),
  f(
    "a turned repetition",
    (v) => transpose(broadcast(v, [4, 2, 3], [1, 2]), 1, 0, 2),
    (v) => broadcast(v, [2, 4, 3], [0, 2]),
  ),
  f(
    "a repetition of what is turned",
    (v) => transpose(broadcast(v, [4, 2, 3], [1, 2]), 2, 0, 1),
    (v) => broadcast(transpose(v, 1, 0), [3, 4, 2], [0, 2]),
  ),
  x("a repetition of nothing", (v) => broadcast(v, [2, 3, 4], [0, 1, 2]), first),
  x(
    "an axis of one element more",
    (v) => broadcast(v, [2, 1, 3, 4], [0, 2, 3]),
    (v) => reshape(v, 2, 1, 3, 4),
  ),
  row(
    "repeated twice",
    (v) => broadcast(broadcast(v, [2, 7], [1]), [2, 3, 7], [0, 2]),
    (v) => broadcast(v, [2, 3, 7], [2]),
  ),
  x(
    "a number under another shape",
    () => reshape(filled([2, 3], "f32", 2), 6),
    () => filled([6], "f32", 2),
  ),
  x(
    "a number turned",
    () => transpose(filled([2, 3], "f32", 2), 1, 0),
    () => filled([3, 2], "f32", 2),
  ),
  x(
    "a part of a number",
    () => slice(filled([7], "f32", 2), 1, 6, 2),
    () => filled([3], "f32", 2),
  ),
  x(
    "a number from its end",
    () => reverse(filled([7], "f32", 2), 0),
    () => filled([7], "f32", 2),
  ),
];

/** Identities of slices, concatenations and pads. */
export const ofParts: readonly Case[] = [
  row("the whole", (v) => slice(v, 0, 7), first),
  row("the first", (v) => slice(v, 0, 6)),
  row("the last", (v) => slice(v, 1, 7)),
  row("every other", (v) => slice(v, 0, 7, 2)),
  row(
    "a part of every other",
    (v) => slice(slice(v, 1, 7, 2), 1, 3),
    (v) => slice(v, 3, 6, 2),
  ),
  row(
    "every other of every other",
    (v) => slice(slice(v, 1, 7, 2), 0, 3, 2),
    (v) => slice(v, 1, 6, 4),
  ),
  row(
    "nothing of every other",
    (v) => slice(slice(v, 1, 7, 2), 3, 3),
    (v) => slice(v, 7, 7, 2),
  ),
  row(
    "a part within margins",
    (v) => slice(pad(v, 2, 3), 2, 8),
    (v) => slice(v, 0, 6),
  ),
  row("all within margins", (v) => slice(pad(v, 2, 3), 2, 9), first),
  row("a part of the margin before", (v) => slice(pad(v, 2, 3), 1, 8)),
  row("a part of the margin behind", (v) => slice(pad(v, 2, 3), 2, 10)),
  row("a part of what is spread", (v) => slice(pad(v, 2, 3, 1), 2, 9)),
  two(
    "of the first of two",
    (v, w) => slice2(join(0, v, w), [0, 1], [2, 3]),
    (v) => slice2(v, [0, 1], [2, 3]),
  ),
  two(
    "of the second of two",
    (v, w) => slice2(join(0, v, w), [3, 1], [6, 3]),
    (_, w) => slice2(w, [1, 1], [4, 3]),
  ),
  two("of both of two", (v, w) => slice2(join(0, v, w), [1, 0], [3, 3])),
  row("no margin", (v) => pad(v, 0, 0), first),
  row("a margin before", (v) => pad(v, 1, 0)),
  row("a margin behind", (v) => pad(v, 0, 1)),
  row("a margin between", (v) => pad(v, 0, 0, 1)),
  typed(of("f32", 1))("a margin between one", (v) => pad(v, 0, 0, 3), first),
  row(
    "margins of margins",
    (v) => pad(pad(v, 1, 2, 1), 3, 4),
    (v) => pad(v, 4, 6, 1),
  ),
  row("a margin of another number", (v) => pad(pad(v, 1, 2), 3, 4, 0, 1)),
  row("a margin of the other zero", (v) => pad(pad(v, 1, 2), 3, 4, 0, -0)),
  row("margins spread", (v) => pad(pad(v, 1, 2), 3, 4, 1)),
  two("one joined", (v) => join(0, v), first),
  two("two joined", (v, w) => join(0, v, w)),
  none("nothing and something", (v, w) => join(0, v, w), second),
  none(
    "something and nothing and something",
    (v, w, u) => join(0, w, v, u),
    (_, w, u) => join(0, w, u),
  ),
  none("nothing twice", (v) => join(0, v, v), first),
  x("turned twice along one axis", (v) => reverse(reverse(v, 1), 1), first),
  x(
    "turned along one axis and another",
    (v) => reverse(reverse(v, 0), 2),
    (v) => reverse(v, 0, 2),
  ),
  x(
    "turned along two axes and back along one",
    (v) => reverse(reverse(v, 0, 2), 1, 2),
    (v) => reverse(v, 0, 1),
  ),
  x("turned", (v) => reverse(v, 0, 2)),
  thin("one element turned", (v) => reverse(v, 1), first),
  thin(
    "one element turned, and three",
    (v) => reverse(v, 1, 2),
    (v) => reverse(v, 2),
  ),
];

/** Identities of reductions and products. */
export const ofSums: readonly Case[] = [
  x("a sum over nothing", (v) => reduce("sum", v), first),
  thin(
    "a sum over one",
    (v) => reduce("sum", v, 1),
    (v) => reshape(v, 2, 3),
  ),
  thin("a sum over one and three", (v) => reduce("sum", v, 1, 2)),
  x(
    "the greatest of greatest",
    (v) => reduce("max", reduce("max", v, 1), 1),
    (v) => reduce("max", v, 1, 2),
  ),
  x(
    "the greatest of greatest, the later first",
    (v) => reduce("max", reduce("max", v, 2), 0),
    (v) => reduce("max", v, 0, 2),
  ),
  x(
    "the least of least",
    (v) => reduce("min", reduce("min", v, 0), 0, 1),
    (v) => reduce("min", v, 0, 1, 2),
  ),
  x("the least of greatest", (v) => reduce("min", reduce("max", v, 1), 1)),
  x("a sum of sums", (v) => reduce("sum", reduce("sum", v, 1), 1)),
  x("a product of products", (v) => reduce("prod", reduce("prod", v, 1), 1)),
  thin("sums along one element", (v) => cumsum(v, 1), first),
  thin("sums along three", (v) => cumsum(v, 2)),
  typed(of("f32", 0))("sums along nothing", (v) => cumsum(v, 0), first),
  two(
    "a product turned",
    (v, w) => transpose(dot(v, w, [1], [1]), 1, 0),
    (v, w) => dot(w, v, [1], [1]),
  ),
  stacks(
    "products turned",
    (v, w) => transpose(dot(v, w, [2], [2], [[0], [0]]), 0, 2, 1),
    (v, w) => dot(w, v, [2], [2], [[0], [0]]),
  ),
  stacks("products turned otherwise", (v, w) =>
    transpose(dot(v, w, [2], [2], [[0], [0]]), 1, 0, 2),
  ),
  two("a product used twice", (v, w) => twice(dot(v, w, [1], [1]))),
  two("a product", (v, w) => dot(v, w, [1], [1])),
  two(
    "a product of the first turned",
    (v, w) => dot(transpose(v, 1, 0), w, [0], [1]),
    (v, w) => dot(v, w, [1], [1]),
  ),
  two(
    "a product of the second turned",
    (v, w) => dot(v, transpose(w, 1, 0), [1], [0]),
    (v, w) => dot(v, w, [1], [1]),
  ),
  two(
    "a product of both turned",
    (v, w) => dot(transpose(v, 1, 0), transpose(w, 1, 0), [0], [0]),
    (v, w) => dot(v, w, [1], [1]),
  ),
  stacks(
    "products of the first turned",
    (v, w) => dot(transpose(v, 2, 0, 1), w, [0], [2], [[1], [0]]),
    (v, w) => dot(v, w, [2], [2], [[0], [0]]),
  ),
  stacks("a product whose free axes change places", (v, w) =>
    dot(transpose(v, 1, 0, 2), w, [2], [2]),
  ),
];

/** A slice along two axes. */
const slice2 = (x: Expr, start: readonly number[], limit: readonly number[]) =>
  node("slice", { start, limit, stride: [1, 1] }, x);
/** A square matrix beside its transpose. */
const twice = (x: Expr): Expr => join(1, reshape(x, 1, 8), reshape(transpose(x, 1, 0), 1, 8));

/** Operations on broadcast operands: their result is a broadcast. */
const bitwise: readonly PrimitiveTag[] = ["and", "or", "xor", "shiftLeft", "shiftRight"];
const repeat = (x: Expr): Expr => broadcast(x, [9, 3], [1]);
export const ofRepeated: readonly Case[] = [
  ...(Object.keys(elementwise) as (keyof typeof elementwise)[]).flatMap((op) => {
    const dtype = bitwise.includes(op) ? "i32" : "f32";
    const pair = typed(of(dtype, 3), of(dtype, 3));
    const isBinary = primitiveCases[op][0]?.operands.length === 2;
    return isBinary
      ? [
          pair(
            `${op} of repeated`,
            (v, w) => on(op, repeat(v), repeat(w)),
            (v, w) => repeat(on(op, v, w)),
          ),
          pair(
            `${op} of a repeated and a number`,
            (v) => on(op, repeat(v), 5),
            (v) => repeat(on(op, v, 5)),
          ),
          pair(
            `${op} of a number and a repeated`,
            (v) => on(op, 5, repeat(v)),
            (v) => repeat(on(op, 5, v)),
          ),
        ]
      : [
          pair(
            `${op} of a repeated`,
            (v) => on(op, repeat(v)),
            (v) => repeat(on(op, v)),
          ),
        ];
  }),
  typed(of("bool", 3), of("f32", 3), of("f32", 3))(
    "a choice of repeated",
    (c, v, w) => select(repeat(c), repeat(v), repeat(w)),
    (c, v, w) => repeat(select(c, v, w)),
  ),
  typed(of("f32", 3))(
    "a cast of a repeated",
    (v) => cast(repeat(v), "i32"),
    (v) => repeat(cast(v, "i32")),
  ),
  typed(of("f32"))(
    "a function of a repeated scalar",
    (v) => on("exp", broadcast(v, [9], [])),
    (v) => broadcast(on("exp", v), [9], []),
  ),
  typed(of("f32"), of("f32"))(
    "of two repeated scalars",
    (v, w) => on("atan2", broadcast(v, [9], []), broadcast(w, [9], [])),
    (v, w) => broadcast(on("atan2", v, w), [9], []),
  ),
  typed(of("f32", 3), of("f32", 3))("repeated along different axes", (v, w) =>
    on("atan2", broadcast(v, [3, 3], [0]), broadcast(w, [3, 3], [1])),
  ),
  typed(of("f32", 3), of("f32", 9, 3))("a repeated and another", (v, w) =>
    on("atan2", repeat(v), w),
  ),
  typed(of("f32", 3), of("f32", 9, 3))("another and a repeated", (v, w) =>
    on("atan2", w, repeat(v)),
  ),
  typed(of("f32", 3))("sums of a repeated", (v) => cumsum(repeat(v), 1)),
];
