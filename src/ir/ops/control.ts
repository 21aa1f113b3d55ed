import type { Dtype } from "../../tensor/dtype.ts";
import { broadcastShapes } from "../../tensor/shape.ts";
import { whole } from "../../tensor/validate.ts";
import { apply1 } from "../build.ts";
import type { Expr } from "../expr.ts";
import type { Broadcast, Check, Operand, Result, ShapeOf } from "../types/shape.ts";
import { align, broadcastTo, floating, lift } from "./promote.ts";

/**
 * The elements of `x` where `condition` (bool) holds, of `y` elsewhere, broadcasting.
 *
 * Both are computed everywhere, and what is not chosen has a cotangent of 0. Where its own derivative is infinite or
 * NaN, 0 times that is NaN: `where(x > 0, √x, 0)` has the derivative NaN at 0. Choose the operand first,
 * `where(x > 0, √(where(x > 0, x, 1)), 0)`, or take `cond`, of which a branch that is not taken has no derivative,
 * under `vmap` neither.
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
 * What is seen across: the examples of the `vmap` of a name, or the `size` parts of each example too, which a `vmap`
 * within it maps under a name of its own.
 */
export type Across =
  | string
  | { readonly name: string; readonly size: number; readonly within: Across };

/** Every axis that is seen across, the innermost first. */
const namesOf = (across: Across): readonly string[] =>
  typeof across === "string" ? [across] : [across.name, ...namesOf(across.within)];

/** How many parts of one example are seen across. */
const partsOf = (across: Across): number =>
  typeof across === "string" ? 1 : across.size * partsOf(across.within);

/**
 * The sum over the examples of the enclosing `vmap` whose axis is named `axis`; every example gets it.
 *
 * **Fails with** `UnboundAxis` when compiled outside such a `vmap`; `TooFewExamples`, where it has fewer examples
 * than `least`.
 */
export const axisSum = <const X extends Operand>(
  x: X,
  axis: Across,
  { least = 1 }: AcrossOptions = {},
): Expr<ShapeOf<X>> => {
  whole(0)("axisSum", { least });
  const names = namesOf(axis);
  const examples = Math.ceil(least / partsOf(axis));
  return names.reduce<Expr>(
    (y, name, i) =>
      apply1("axisSum", { axis: name, least: i === names.length - 1 ? examples : 1 }, y),
    lift(x),
    // Each sum keeps the shape.
  ) as Expr as Expr<ShapeOf<X>>;
};

/** The mean over the examples of the enclosing `vmap` whose axis is named `axis`: as {@link axisSum}. */
export const axisMean = <const X extends Operand>(
  operand: X,
  axis: Across,
  options: AcrossOptions = {},
): Expr<ShapeOf<X>> => {
  const x = floating("axisMean", lift(operand));
  const count = axisSum(lift(1, x.dtype), axis);
  return apply1("div", {}, axisSum(x, axis, options), broadcastTo(count, x.shape));
};
