import { DtypeMismatch, ShapeMismatch } from "../../errors.ts";
import { type Dtype, holds, isFloat } from "../../tensor/dtype.ts";
import { broadcastShapes, normalAxis, type Shape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { apply1, constant, filled } from "../build.ts";
import type { Expr } from "../expr.ts";
import { refuse } from "../types/diagnose.ts";
import { axesOf, inside } from "../types/rule.ts";
import type { Operand } from "../types/shape.ts";

/**
 * What a number is beside a tensor: **the rule of every operation**. Nothing is promoted.
 *
 * - A number takes the dtype of the tensors that it stands with, `f32` where there are none. A float rounds it, which
 *   is what it does to every number.
 * - A number that the dtype does not hold (0.5 or NaN for `i32`, 300 for `u8`, 2 for `bool`, 1e300 for `f32`) is
 *   refused as two dtypes are that differ: `DtypeMismatch` when compiled. `cast` the tensor to a float, or give the
 *   number that is meant.
 * - A comparison with such a number has its mathematical meaning all the same: no whole number equals 0.5.
 * - What is made of fractions (a mean, a transform, a factorization) takes floats alone: see {@link floating}.
 */
export const lift = (x: Operand, dtype: Dtype = "f32"): Expr => {
  if (typeof x !== "number") return x instanceof Tensor ? constant(x) : x;
  // As what it is, which the type rule of the operation then does not take beside `dtype`.
  return filled([], holds(dtype, x) ? dtype : "f64", x);
};

/** `x` where it is a float; anything else is reported as what `op` does not take, since it would be truncated. */
export const floating = (op: string, x: Expr): Expr => {
  if (isFloat(x.dtype)) return x;
  const issue = new DtypeMismatch({ op, expected: "f32 or f64", actual: [x.dtype], path: [] });
  return refuse(issue, [x], [{ shape: x.shape, dtype: "f32" }])[0] as Expr;
};

/** `x` where it has these axes, counted from the front; anything else is reported as what `op` does not take. */
export const having = (op: string, x: Expr, axes: readonly number[]): Expr => {
  const { length: rank } = x.shape;
  return inside(axes, rank) ? x : mistaken(op, axesOf(axes, rank), x, x.shape);
};

/**
 * `x` and one of its axes, counted from the front. Where it has no such axis that is reported, once: what `op` goes on
 * with has an axis 0 in its place.
 */
export const axisIn = (op: string, x: Expr, axis: number): readonly [x: Expr, axis: number] => {
  const { length: rank } = x.shape;
  const a = normalAxis(axis, rank);
  if (inside([a], rank)) return [x, a];
  return [mistaken(op, axesOf([axis], rank), x, rank === 0 ? [1] : x.shape), 0];
};

/** What `op` would have made of `x`, which is reported as what it does not take. */
export const mistaken = (op: string, expected: string, x: Expr, shape: Shape): Expr => {
  const issue = new ShapeMismatch({ op, expected, actual: [x.shape], path: [] });
  return refuse(issue, [x], [{ shape, dtype: x.dtype }])[0] as Expr;
};

/** Two operands of a comparison: in `f64`, which has every integer, where a number is none of the other's dtype. */
export const comparable = (x: Operand, y: Operand): readonly [Operand, Operand] => {
  const exact = (z: Operand, beside: Operand): Operand =>
    typeof z === "number" || typeof beside !== "number" || holds(z.dtype, beside)
      ? z
      : apply1("cast", { dtype: "f64" }, lift(z));
  return [exact(x, y), exact(y, x)];
};

/** The dtype of the first operand that has one; `f32` where all are numbers. */
export const dtypeOf = (...operands: readonly Operand[]): Dtype => {
  for (const x of operands) if (typeof x !== "number") return x.dtype;
  return "f32";
};

/** `x` repeated to `shape` by NumPy's rule; `x` itself where it already has it. */
export const broadcastTo = <const S extends Shape>(operand: Operand, shape: S): Expr<S> => {
  const x = lift(operand);
  // Equal shapes at run time: S is what the caller asked for.
  if (sameShape(x.shape, shape)) return x as Expr<Shape> as Expr<S>;
  const offset = shape.length - x.shape.length;
  const kept = x.shape.flatMap((d, i) => (d === 1 && shape[i + offset] !== 1 ? [] : [i]));
  const squeezed =
    kept.length === x.shape.length
      ? x
      : apply1("reshape", { shape: kept.map((i) => x.shape[i] as number) }, x);
  return apply1("broadcast", { shape, axes: kept.map((i) => i + offset) }, squeezed);
};

/** Operands as expressions of one shape and, where numbers are among them, of one dtype. */
export const align = (...operands: readonly Operand[]): readonly Expr[] => {
  const dtype = dtypeOf(...operands);
  const lifted = operands.map((x) => lift(x, dtype));
  const shape = lifted.reduce<Shape | undefined>(
    (s, x) => (s === undefined ? undefined : broadcastShapes(s, x.shape)),
    [],
  );
  // Shapes that do not broadcast are left as they are: the primitive's type rule reports them.
  return shape === undefined ? lifted : lifted.map((x) => broadcastTo(x, shape));
};
