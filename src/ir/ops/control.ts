import type { Dtype } from "../../tensor/dtype.ts";
import { broadcastShapes, sameShape } from "../../tensor/shape.ts";
import { passedOn, whole } from "../../tensor/validate.ts";
import { apply1 } from "../build.ts";
import type { Expr } from "../expr.ts";
import type { Broadcast, Check, Operand, Result, ShapeOf } from "../types/shape.ts";
import { alignStored, broadcastTo, floating, lift } from "./promote.ts";

/**
 * Picks elements from `x` where `condition` (bool) is true and from `y` elsewhere; the operands broadcast.
 *
 * Both are computed everywhere, and elements that are not picked have a cotangent of 0. If the derivative there is
 * infinite or NaN, 0 times it is NaN: `where(x > 0, √x, 0)` has the derivative NaN at 0. Pick a safe operand first,
 * `where(x > 0, √(where(x > 0, x, 1)), 0)`, or use `cond`: a branch that is not taken contributes no derivative, even
 * under `vmap`.
 */
export const where = <const C extends Operand, const X extends Operand, const Y extends Operand>(
  condition: C,
  x: X,
  y: Y & Check<Broadcast<ShapeOf<X>, ShapeOf<Y>>>,
): Expr<Result<Broadcast<ShapeOf<C>, Result<Broadcast<ShapeOf<X>, ShapeOf<Y>>>>>> => {
  const [a, b] = alignStored(x, y);
  const c = lift(condition, "bool");
  const shape = broadcastShapes(c.shape, a.shape);
  // The primitive's type rule reports shapes that do not broadcast.
  if (shape === undefined || !sameShape(a.shape, b.shape)) return apply1("select", {}, c, a, b);
  return apply1("select", {}, broadcastTo(c, shape), broadcastTo(a, shape), broadcastTo(b, shape));
};

/** Converts the elements to another dtype. Floats are truncated to integers and saturate; NaN becomes 0. */
export const cast = <const X extends Operand>(operand: X, dtype: Dtype): Expr<ShapeOf<X>> => {
  const x = lift(operand);
  // A cast to the same dtype needs no node.
  return x.dtype === dtype ? x : apply1("cast", { dtype }, x);
};

/** Returns `x`, with a derivative of zero. */
export const stopGradient = <const X extends Operand>(x: X): Expr<ShapeOf<X>> =>
  apply1("stopGradient", {}, lift(x));

/** Options of {@link axisSum} and {@link axisMean}. */
export interface AcrossOptions {
  /** The minimum number of examples. Defaults to 1. */
  readonly least?: number;
}

/**
 * What to reduce over: the examples of a named `vmap`, or also the `size` parts of each example, which an inner
 * `vmap` maps under its own name.
 */
export type Across =
  | string
  | { readonly name: string; readonly size: number; readonly within: Across };

/** All axes to reduce over, innermost first. */
const namesOf = (across: Across): readonly string[] =>
  typeof across === "string" ? [across] : [across.name, ...namesOf(across.within)];

/** The number of parts of one example. */
const partsOf = (across: Across): number =>
  typeof across === "string" ? 1 : across.size * partsOf(across.within);

/**
 * Sums over the examples of the enclosing `vmap` whose axis is named `axis`; every example gets the sum.
 *
 * **Fails with** `UnboundAxis` when compiled outside such a `vmap`; `TooFewExamples` if it has fewer examples than
 * `least`.
 */
export const axisSum = <const X extends Operand>(
  x: X,
  axis: Across,
  { least = 1 }: AcrossOptions = {},
): Expr<ShapeOf<X>> => {
  whole(0)("axisSum", { least });
  const names = namesOf(axis);
  const examples = Math.ceil(least / partsOf(axis));
  return names.reduce<Expr<ShapeOf<X>>>(
    (y, name, i) =>
      apply1("axisSum", { axis: name, least: i === names.length - 1 ? examples : 1 }, y),
    lift(x),
  );
};

/** Averages over the examples of the enclosing `vmap` whose axis is named `axis`, as {@link axisSum} sums. */
export const axisMean = <const X extends Operand>(
  operand: X,
  axis: Across,
  options: AcrossOptions = {},
): Expr<ShapeOf<X>> => {
  const x = floating("axisMean", lift(operand));
  const count = axisSum(lift(1, x.dtype), axis);
  const total = passedOn("axisMean", () => axisSum(x, axis, options));
  return apply1("div", {}, total, broadcastTo(count, x.shape));
};
