import type { Expr } from "../../ir/expr.ts";
import { stopGradient, where } from "../../ir/ops/control.ts";
import { add, sub } from "../../ir/ops/elementwise.ts";
import { isFinite, mean, sum } from "../../ir/ops/reduction.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";

/** The loss of one example, a scalar. The loss of a batch is the mean over a `vmap`. */
export type Loss = Expr<readonly []>;

/** States that an expression is a scalar, and so a loss. The law suite of losses checks it. */
export const scalarLoss = (x: Expr): Loss => x as Loss;

/** The sum over all elements. */
export const total = (x: Expr): Loss => scalarLoss(sum(x));

/**
 * The mean over all elements, exact if all are equal: the mean of the residuals corrects the rounding error of the sum.
 */
export const average = (x: Expr): Loss => {
  const rough = scalarLoss(mean(x));
  if (!isFloat(x.dtype) || sizeOf(x.shape) <= 2) return rough;
  const rest = stopGradient(mean(sub(x, rough)));
  return scalarLoss(add(rough, where(isFinite(rest), rest, 0)));
};
