import { DtypeMismatch, ShapeMismatch } from "../../errors.ts";
import { computing, type Dtype, holds, isFloat, isHalf } from "../../tensor/dtype.ts";
import { type Each, each, nth } from "../../tensor/list.ts";
import {
  broadcastShapes,
  normalAxis,
  type Shape,
  sameShape,
  showPattern,
} from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { apply1, constant, filled } from "../build.ts";
import type { Expr } from "../expr.ts";
import { refuse } from "../types/diagnose.ts";
import { axesText, inside, shownDtype } from "../types/rule.ts";
import type { Operand, ShapeOf } from "../types/shape.ts";

/**
 * Converts an operand to an expression, by **the dtype rule of every operation**: dtypes are never promoted.
 *
 * - A number takes the dtype of the tensors beside it, or `f32` if there are none. A float dtype rounds it.
 * - `f16` and `bf16` store numbers: arithmetic casts them to `f32`, and so does a tensor of `f32` beside them.
 * - A number outside the dtype's range (0.5 or NaN for `i32`, 300 for `u8`, 2 for `bool`, 1e300 for `f32`) is refused
 *   like a different dtype: `DtypeMismatch` when compiled. `cast` the tensor to a float, or give another number.
 * - A comparison with such a number still has its mathematical meaning: no integer equals 0.5.
 * - Operations with fractional results (a mean, a transform, a factorization) take floats only: see {@link floating}.
 */
export const lift = <const X extends Operand>(x: X, dtype: Dtype = "f32"): Expr<ShapeOf<X>> =>
  // A number has no axes, and the others keep their shape.
  lifted(x, dtype) as Expr<ShapeOf<X>>;

const lifted = (x: Operand, dtype: Dtype): Expr => {
  if (typeof x !== "number") return x instanceof Tensor ? constant(x) : x;
  // As `f64`, which the type rule of the operation then refuses beside `dtype`.
  return filled([], holds(dtype, x) ? dtype : "f64", x);
};

/** Declares the type of a function that keeps the shape of its operand, where the types inside do not show it. */
export const keepingShape =
  (f: (x: Expr) => Expr) =>
  <const X extends Operand>(x: X): Expr<ShapeOf<X>> =>
    f(lift(x)) as Expr<ShapeOf<X>>;

/** Requires a float: other dtypes are reported under the name `op`, since results would be truncated. */
export const floating = (op: string, x: Expr): Expr => {
  if (isHalf(x.dtype)) return apply1("cast", { dtype: "f32" }, x);
  return isFloat(x.dtype) ? x : misfit(op, "f32 or f64", x, "f32");
};

/** Reports that `op` does not take the dtype of `x`, and stands for a result of the dtype that was meant. */
export const misfit = (op: string, expected: string, x: Expr, dtype: Dtype): Expr => {
  const issue = new DtypeMismatch({ op, expected, actual: [shownDtype(x)], path: [] });
  return refuse(issue, [x], [{ shape: x.shape, dtype }])[0];
};

/** Requires that `x` has these axes, counted from the front; otherwise reports it under the name `op`. */
export const having = (op: string, x: Expr, axes: readonly number[]): Expr => {
  const { length: rank } = x.shape;
  return inside(axes, rank) ? x : mistaken(op, axesText(axes, rank), x, x.shape);
};

/**
 * Returns `x` and one of its axes, counted from the front. A missing axis is reported once: `op` then goes on with
 * axis 0.
 */
export const axisIn = (op: string, x: Expr, axis: number): readonly [x: Expr, axis: number] => {
  const { length: rank } = x.shape;
  const a = normalAxis(axis, rank);
  if (inside([a], rank)) return [x, a];
  return [mistaken(op, axesText([axis], rank), x, rank === 0 ? [1] : x.shape), 0];
};

/** The axes of a reduction; negative ones count from the back. Defaults to all axes. */
export type Axes = number | readonly number[] | undefined;

/** The axes as a sorted list counted from the front. */
export const axesOf = (axes: Axes, rank: number): readonly number[] =>
  axes === undefined
    ? Array.from({ length: rank }, (_, i) => i)
    : [...(typeof axes === "number" ? [axes] : axes)]
        .map((a) => normalAxis(a, rank))
        .sort((a, b) => a - b);

/** Returns `x` and its axes, as {@link axesOf} does. Wrong ones are reported once: `op` then goes on with as many others. */
export const axesIn = (
  op: string,
  x: Expr,
  axes: Axes,
): readonly [x: Expr, axes: readonly number[]] => {
  const { length: rank } = x.shape;
  const list = axesOf(axes, rank);
  return inside(list, rank)
    ? [x, list]
    : [having(op, x, list), axesOf(undefined, Math.min(list.length, rank))];
};

/** What operands that meet along an axis have in common: all extents but those of that axis. */
export const alike = (x: Expr, axis: number): string =>
  showPattern(x.shape.map((d, i) => (i === axis ? "n" : d)));

/** Reports that `op` does not take `x`, and stands for the result that it would have had. */
export const mistaken = (op: string, expected: string, x: Expr, shape: Shape): Expr => {
  const issue = new ShapeMismatch({ op, expected, actual: [x.shape], path: [] });
  return refuse(issue, [x], [{ shape, dtype: x.dtype }])[0];
};

/**
 * Aligns the operands of a comparison. A number outside the tensor's dtype moves both to `f64`, which has every
 * integer.
 */
export const comparable = (x: Operand, y: Operand): readonly [Operand, Operand] => {
  const exact = (z: Operand, beside: Operand): Operand =>
    typeof z === "number" || typeof beside !== "number" || holds(computing(z.dtype), beside)
      ? z
      : apply1("cast", { dtype: "f64" }, lift(z));
  return [exact(x, y), exact(y, x)];
};

/** The dtype of the first operand that is not a number; `f32` if all are numbers. */
export const dtypeOf = (...operands: readonly Operand[]): Dtype => {
  for (const x of operands) if (typeof x !== "number") return x.dtype;
  return "f32";
};

/** Broadcasts `x` to `shape` by NumPy's rule; returns `x` itself if it already has that shape. */
export const broadcastTo = <const S extends Shape>(operand: Operand, shape: S): Expr<S> => {
  const x = lift(operand);
  // Equal shapes at run time: S is what the caller asked for.
  if (sameShape(x.shape, shape)) return x as Expr<S>;
  const offset = shape.length - x.shape.length;
  const kept = x.shape.flatMap((d, i) => (d === 1 && shape[i + offset] !== 1 ? [] : [i]));
  const squeezed =
    kept.length === x.shape.length
      ? x
      : apply1("reshape", { shape: kept.map((i) => nth(x.shape, i)) }, x);
  return apply1("broadcast", { shape, axes: kept.map((i) => i + offset) }, squeezed);
};

/**
 * Converts operands to expressions, broadcast to one shape; numbers take the dtype of the tensors, and `f32` beside
 * halves.
 */
export const align = <const Xs extends readonly Operand[]>(...operands: Xs): Each<Xs, Expr> =>
  alignAs(computing(dtypeOf(...operands)), operands);

/** The same for operands that are only moved: numbers take the dtype of halves, too. */
export const alignStored = <const Xs extends readonly Operand[]>(...operands: Xs): Each<Xs, Expr> =>
  alignAs(dtypeOf(...operands), operands);

const alignAs = <const Xs extends readonly Operand[]>(
  dtype: Dtype,
  operands: Xs,
): Each<Xs, Expr> => {
  const exprs = each(operands, (x) => lift(x, dtype));
  const shape = exprs.reduce<Shape | undefined>(
    (s, x) => (s === undefined ? undefined : broadcastShapes(s, x.shape)),
    [],
  );
  // Shapes that do not broadcast stay as they are: the primitive's type rule reports them.
  return shape === undefined ? exprs : each(operands, (_, i) => broadcastTo(nth(exprs, i), shape));
};
