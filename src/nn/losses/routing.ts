import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { div, gt, mul, square, sub } from "../../ir/ops/elementwise.ts";
import { mean, softmax, sum } from "../../ir/ops/reduction.ts";
import { topKRouting } from "../layers/moe.ts";
import type { Loss } from "./reduction.ts";

/** What is added to a loss so that a router does not send everything to the same few experts. */

/**
 * How unevenly a router shares out places among experts: 1 where evenly, up to the number of experts where one
 * gets all. Its gradient lowers the probabilities of experts that get more than their share.
 *
 * **Shapes** `logits: [places, experts]` of a router, each place sent to the `k` experts of greatest logits `→ []`.
 * **Math** `E Σₑ fₑ Pₑ` of `E` experts, where `fₑ` is the share of the choices that fell on expert `e`, which is
 * held fixed in the gradient, and `Pₑ` the mean of the softmax at `e`.
 * **Source** Fedus, Zoph and Shazeer (2021), arXiv:2101.03961, equations 4 to 6, for `k` of 1.
 *
 * **Example**
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { loadBalancingLoss } from "fluxion/losses";
 *
 * const even = tensor([[9, 0], [0, 9]]);
 * const uneven = tensor([[9, 0], [9, 0]]);
 * const f = Effect.runSync(
 *   Effect.provide(compile((x: Expr) => loadBalancingLoss(x, 1), [even]), Backend.layerReference),
 * );
 * [f(even).item(), f(uneven).item()]; // => [1, 1.9997532]
 * ```
 */
export const loadBalancingLoss = (logits: Expr, k: number): Loss => {
  const experts = logits.shape.at(-1) ?? 1;
  const chosen = cast(gt(topKRouting(logits, k), 0), logits.dtype);
  const share = div(mean(chosen, 0), k);
  const probability = mean(softmax(logits), 0);
  return mul(sum(mul(share, probability)), experts) as Expr as Loss;
};

/**
 * How much the weights that experts get, summed up over places, vary: the square of their coefficient of
 * variation, 0 where all get the same.
 *
 * **Shapes** `weights: [places, experts]`, as `topKRouting` gives them `→ []`.
 * **Math** `(σ/μ)²` over the experts of `Σ_x g(x)`, σ² of divisor n.
 * **Source** Shazeer et al. (2017), arXiv:1701.06538, equations 6 and 7.
 */
export const importanceLoss = (weights: Expr): Loss => {
  const sums = sum(weights, 0);
  const average = mean(sums);
  // Divided before they are squared: the quotient of squares has half the range.
  return mean(square(div(sub(sums, average), average))) as Expr as Loss;
};
