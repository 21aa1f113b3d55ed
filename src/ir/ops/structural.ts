import { normalAxis, type Shape, sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import { apply1 } from "../build.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import { axesText, inside } from "../types/rule.ts";
import type { Check, Operand, Reshape, Result, Reversed, ShapeOf } from "../types/shape.ts";
import { axisIn, having, lift, mistaken } from "./promote.ts";

/**
 * Reshapes the elements, in row-major order; one extent may be -1 and is then inferred.
 *
 * **Fails with** `ShapeMismatch` when compiled, if the numbers of elements differ, or if -1 cannot be inferred.
 */
export const reshape = <const X extends Operand, const S extends Shape>(
  operand: X,
  shape: S & Check<Reshape<ShapeOf<X>, S>>,
): Expr<Result<Reshape<ShapeOf<X>, S>>> => {
  const x: Expr = lift(operand);
  const wanted: Shape = shape;
  const known = wanted.reduce((n, d) => (d === -1 ? n : n * d), 1);
  type Out = Expr<Result<Reshape<ShapeOf<X>, S>>>;
  const free = wanted.filter((d) => d === -1).length;
  if (free > 1 || (free === 1 && !Number.isSafeInteger(sizeOf(x.shape) / known))) {
    const expected = `a shape in which one -1 at most stands for a whole number, not [${wanted.join(", ")}]`;
    const meant = wanted.map((d) => Math.max(0, d));
    return mistaken("reshape", expected, x, meant) as Out;
  }
  const full = wanted.map((d) => (d === -1 ? sizeOf(x.shape) / known : d));
  // Types know only S; at run time an equal shape needs no node.
  if (sameShape(full, x.shape)) return x as Out;
  return apply1("reshape", { shape: full }, x);
};

/** Permutes the axes: `output.shape[i] = x.shape[permutation[i]]`. The order defaults to the reverse. */
export const transpose: {
  <const X extends Operand>(x: X): Expr<Reversed<ShapeOf<X>>>;
  (x: Operand, permutation: readonly number[]): Expr;
} = (operand: Operand, permutation?: readonly number[]): Expr<never> => {
  const x: Expr = lift(operand);
  const rank = x.shape.length;
  const order = permutation?.map((a) => normalAxis(a, rank)) ?? x.shape.map((_, i) => rank - 1 - i);
  return order.every((a, i) => a === i) && order.length === rank
    ? // The identity permutation needs no node.
      (x as Expr as Expr<never>)
    : apply1("transpose", { permutation: order }, x);
};

/** Moves the axis `from` to position `to`; the others keep their order. */
export const moveAxis = (x: Expr, from: number, to: number): Expr => {
  const [known, start] = axisIn("moveAxis", x, from);
  const [moved, end] = axisIn("moveAxis", known, to);
  const order = moved.shape.map((_, i) => i).filter((i) => i !== start);
  order.splice(end, 0, start);
  return transpose(moved, order);
};

/** An axis from 0 to the rank, counted from the front, where a new one goes. A wrong one is reported, once. */
const placeIn = (op: string, x: Expr, axis: number): readonly [x: Expr, axis: number] => {
  const places = x.shape.length + 1;
  const i = normalAxis(axis, places);
  return inside([i], places) ? [x, i] : [mistaken(op, axesText([axis], places), x, x.shape), 0];
};

/** Inserts a new axis of extent 1 at `axis`. */
export const expandDims = (operand: Operand, axis: number): Expr => {
  const [x, i] = placeIn("expandDims", lift(operand), axis);
  return reshape(x, [...x.shape.slice(0, i), 1, ...x.shape.slice(i)]);
};

/**
 * Removes `axes`, which must have extent 1. Defaults to all axes of extent 1.
 *
 * **Fails with** `ShapeMismatch` when compiled, if it has no such axes.
 */
export const squeeze = (operand: Operand, axes?: readonly number[]): Expr => {
  const given = lift(operand);
  const gone = axes?.map((a) => normalAxis(a, given.shape.length));
  const x = having("squeeze", given, gone ?? []);
  return reshape(
    x,
    x.shape.filter((d, i) => d !== 1 || (gone !== undefined && !gone.includes(i))),
  );
};

/**
 * Takes the elements `start ≤ i < limit` in steps of `stride`, one of each per axis; negative positions count from
 * the end.
 */
export const slice = (
  operand: Operand,
  start: readonly number[],
  limit: readonly number[],
  stride?: readonly number[],
): Expr => {
  const x = lift(operand);
  const fromFront = (i: number, axis: number) => normalAxis(i, x.shape[axis] ?? 0);
  return apply1(
    "slice",
    {
      start: start.map(fromFront),
      limit: limit.map(fromFront),
      stride: stride ?? x.shape.map(() => 1),
    },
    x,
  );
};

/** Slices along one axis and keeps the others whole. */
export const sliceAxis = (
  operand: Operand,
  axis: number,
  start: number,
  limit: number,
  stride = 1,
): Expr => {
  const given = lift(operand);
  const expected = `something with all elements from ${start} to ${limit} in steps of ${stride}, whole numbers, along axis ${axis}`;
  return asOne("sliceAxis", expected, [given], () => {
    const [x, a] = axisIn("sliceAxis", given, axis);
    return slice(
      x,
      x.shape.map((_, i) => (i === a ? start : 0)),
      x.shape.map((d, i) => (i === a ? limit : d)),
      x.shape.map((_, i) => (i === a ? stride : 1)),
    );
  });
};

/**
 * Takes the sub-tensor at position `at` along `axis`, and drops that axis; negative positions count from the end.
 *
 * **Fails with** `ShapeMismatch` when compiled, if there is no such position.
 */
export const index = (operand: Operand, at: number, axis = 0): Expr => {
  const given = lift(operand);
  const [x, a] = axisIn("index", given, axis);
  const count = x.shape[a] ?? 0;
  const i = normalAxis(at, count);
  const rest = x.shape.filter((_, k) => k !== a);
  if (inside([i], count)) return reshape(sliceAxis(x, a, i, i + 1), rest);
  const [known, expected] =
    x === given
      ? [x, `something with an element ${at} along axis ${axis}`]
      : [given, axesText([axis], given.shape.length)];
  return mistaken("index", expected, known, rest);
};

/** Pads each axis with `value`: counts `[before, after]`, or `[before, after, between]`. */
export const pad = (
  operand: Operand,
  widths: readonly (readonly [low: number, high: number, interior?: number])[],
  value = 0,
): Expr => {
  const x = lift(operand);
  return apply1(
    "pad",
    {
      low: widths.map((w) => w[0]),
      high: widths.map((w) => w[1]),
      interior: widths.map((w) => w[2] ?? 0),
      value,
    },
    x,
  );
};

/** Joins operands along an existing axis. Defaults to the first axis. */
export const concatenate = (operands: readonly Operand[], axis = 0): Expr => {
  const xs = operands.map((x) => lift(x));
  const a = normalAxis(axis, xs[0]?.shape.length ?? 0);
  const [only, second] = xs;
  return only !== undefined && second === undefined
    ? having("concatenate", only, [a])
    : apply1("concatenate", { axis: a }, ...xs);
};

/** Stacks operands of one shape along a new axis. Defaults to the first axis. */
export const stack = (operands: readonly Operand[], axis = 0): Expr => {
  const xs = operands.map((x) => lift(x));
  const [first, ...others] = xs;
  if (first === undefined) return concatenate([], axis);
  const [x, a] = placeIn("stack", first, axis);
  return asOne("stack", `operands of one shape, ${showShape(x.shape)}`, xs, () =>
    concatenate(
      [x, ...others].map((each) => expandDims(each, a)),
      a,
    ),
  );
};

/** Reverses the order of the elements along `axes`. */
export const reverse = <const X extends Operand>(
  operand: X,
  axes: readonly number[],
): Expr<ShapeOf<X>> => {
  const x = lift(operand);
  return apply1("reverse", { axes: axes.map((a) => normalAxis(a, x.shape.length)) }, x);
};
