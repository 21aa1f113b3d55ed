import type { Expr } from "../ir/expr.ts";
import { mean, sum } from "../ir/ops/reduction.ts";

/** The loss of one example, a scalar; that of a batch is the mean over a `vmap`. */
export type Loss = Expr<readonly []>;

// Both reductions take all axes.
/** The sum over the elements. */
export const total = (x: Expr): Loss => sum(x) as Expr as Loss;
/** The mean over the elements. */
export const average = (x: Expr): Loss => mean(x) as Expr as Loss;
