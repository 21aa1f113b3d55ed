import type { Dtype } from "../../tensor/dtype.ts";
import { broadcastShapes } from "../../tensor/shape.ts";
import { apply1 } from "../build.ts";
import type { Expr } from "../expr.ts";
import type { Broadcast, Check, Operand, Result, ShapeOf } from "../shapeTypes.ts";
import { align, broadcastTo, lift } from "./operand.ts";

/**
 * The elements of `x` where `condition` (bool) holds, of `y` elsewhere, broadcasting.
 */
export const where = <const C extends Operand, const X extends Operand, const Y extends Operand>(
  condition: C,
  x: X,
  y: Y & Check<Broadcast<ShapeOf<X>, ShapeOf<Y>>>,
): Expr<Result<Broadcast<ShapeOf<C>, Result<Broadcast<ShapeOf<X>, ShapeOf<Y>>>>>> => {
  const [a, b] = align(x, y) as [Expr, Expr];
  const c = lift(condition, "bool");
  // Shapes that do not broadcast are left to the primitive's type rule, which reports them.
  const shape = broadcastShapes(c.shape, a.shape) ?? a.shape;
  return apply1("select", {}, broadcastTo(c, shape), broadcastTo(a, shape), broadcastTo(b, shape));
};

/** The same elements under another dtype: floats truncate to integers, saturating; NaN becomes 0. */
export const cast = <const X extends Operand>(operand: X, dtype: Dtype): Expr<ShapeOf<X>> => {
  const x = lift(operand);
  // A cast to the dtype that it has needs no node.
  return x.dtype === dtype ? (x as Expr as Expr<ShapeOf<X>>) : apply1("cast", { dtype }, x);
};

/** `x`, with a derivative of zero. */
export const stopGradient = <const X extends Operand>(x: X): Expr<ShapeOf<X>> =>
  apply1("stopGradient", {}, lift(x));

/** Of how many examples a sum or a mean across them means something. */
export interface AcrossOptions {
  /** 1 where not given. */
  readonly least?: number;
}

/**
 * The sum over the examples of the enclosing `vmap` whose axis is named `axis`; every example gets it.
 *
 * **Fails with** `UnboundAxis` when compiled outside such a `vmap`; `TooFewExamples`, where it has fewer examples
 * than `least`.
 */
export const axisSum = <const X extends Operand>(
  x: X,
  axis: string,
  { least = 1 }: AcrossOptions = {},
): Expr<ShapeOf<X>> => apply1("axisSum", { axis, least }, lift(x));

/** The mean over the examples of the enclosing `vmap` whose axis is named `axis`: as {@link axisSum}. */
export const axisMean = <const X extends Operand>(
  operand: X,
  axis: string,
  options: AcrossOptions = {},
): Expr<ShapeOf<X>> => {
  const x = lift(operand);
  const count = axisSum(lift(1, x.dtype), axis);
  return apply1("div", {}, axisSum(x, axis, options), broadcastTo(count, x.shape));
};
