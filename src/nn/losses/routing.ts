import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { div, gt, mul, square, sub } from "../../ir/ops/elementwise.ts";
import { mean, softmax, sum } from "../../ir/ops/reduction.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import { topKRouting } from "../layers/moe.ts";
import { type Loss, scalarLoss } from "./reduction.ts";

/** Auxiliary losses that keep a router from sending everything to the same few experts. */

/**
 * The load-balancing loss: how unevenly a router distributes positions among experts. It is 1 for an even distribution, up
 * to the number of experts if one gets all. Its gradient lowers the probabilities of overloaded experts.
 *
 * **Shapes** `logits: [places, experts]` of a router that sends each position to the `k` experts with the largest logits
 * `→ []`.
 * **Math** `E Σₑ fₑ Pₑ` for `E` experts, where `fₑ` is the fraction of choices that go to expert `e`, constant in the
 * gradient, and `Pₑ` the mean of the softmax at `e`.
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
  return asOne("loadBalancingLoss", "logits [places, experts]", [logits], () => {
    const chosen = cast(gt(topKRouting(logits, k), 0), logits.dtype);
    const share = div(mean(chosen, 0), k);
    const probability = mean(softmax(logits), 0);
    return scalarLoss(mul(sum(mul(share, probability)), experts));
  });
};

/**
 * The importance loss: the squared coefficient of variation of the total weight of each expert. It is 0 if all have the
 * same.
 *
 * **Shapes** `weights: [places, experts]`, as `topKRouting` gives them `→ []`.
 * **Math** `(σ/μ)²` over the experts of `Σ_x g(x)`, σ² of divisor n.
 * **Source** Shazeer et al. (2017), arXiv:1701.06538, equations 6 and 7.
 */
export const importanceLoss = (weights: Expr): Loss =>
  asOne("importanceLoss", "weights [places, experts]", [weights], () => {
    const sums = sum(weights, 0);
    const average = mean(sums);
    // Divided before squaring, which keeps twice the range of exponents.
    return scalarLoss(mean(square(div(sub(sums, average), average))));
  });
