import type { Expr } from "../../ir/expr.ts";
import { add, div, exp, mul, neg, sub } from "../../ir/ops/elementwise.ts";
import { align, floating } from "../../ir/ops/promote.ts";
import { notNegative, probability } from "../../tensor/validate.ts";
import { logSigmoid } from "../functional/activation.ts";
import { type Comparison, compared } from "./pairing.ts";
import { average, type Loss, scalarLoss, total } from "./reduction.ts";

/** Losses for regions of an image and for rare classes, of one example each. */

/** Options of {@link focal}. Both are pure numbers. */
export interface FocalOptions {
  /** The exponent that reduces the weight of easy elements; 0 for no reduction. Defaults to 2. */
  readonly gamma?: number;
  /** The weight of the positive class; the other has `1 - alpha`. Defaults to no weights. */
  readonly alpha?: number;
}

/**
 * The focal loss: a binary cross entropy of logits that reduces the weight of elements that are already right. It is the
 * mean of `-(1 - p)^γ ln p`, where `p` is the probability of the true class.
 *
 * **Shapes** `logits` and `target` of one shape, targets from 0 to 1 `→ []`. **Units** nats.
 * **Fails with** `InvalidArgument`, thrown, where γ is negative or `alpha` not from 0 to 1.
 * **Source** Lin et al. (2017), arXiv:1708.02002, equation 5.
 */
export const focal: Comparison<"focal", [options?: FocalOptions], Loss> = (
  logits,
  target,
  { gamma = 2, alpha } = {},
) => {
  notNegative("focal", { gamma });
  probability("focal", { alpha });
  const [x, y] = compared("focal", logits, target);
  const side = (score: Expr, weight: number): Expr =>
    // The power as an exponential: a power with an exponent below 1 has no finite derivative at 0.
    mul(mul(exp(mul(logSigmoid(neg(score)), gamma)), sub(0, logSigmoid(score))), weight);
  const ofOnes = mul(y, side(x, alpha ?? 1));
  const ofZeros = mul(sub(1, y), side(neg(x), alpha === undefined ? 1 : 1 - alpha));
  return average(add(ofOnes, ofZeros));
};

/**
 * The Dice loss: 1 minus the overlap of two regions given by probabilities, `1 - (2Σpy + s)/(Σp + Σy + s)`.
 *
 * **Shapes** probabilities and `target` of one shape, from 0 to 1 `→ []`, from 0 to 1. `smooth` is `s` and defaults to 1.
 * If it is 0 and both regions are empty, the loss is NaN.
 * **Math** computed as `Σ (p(1 - y) + y(1 - p))/(Σp + Σy + s)`, without cancellation.
 * **Fails with** `InvalidArgument`, thrown, where `smooth` is negative or not finite.
 * **Source** Milletari et al. (2016), arXiv:1606.04797, with the sums of Dice (1945).
 */
export const dice: Comparison<"dice", [smooth?: number], Loss> = (
  probabilities,
  target,
  smooth = 1,
) => {
  notNegative("dice", { smooth });
  const [given, wanted] = compared("dice", probabilities, target);
  // Aligned first, so that sums count broadcast elements at each position.
  const [p, y] = align(floating("dice", given), wanted);
  const [onlyP, onlyY] = [mul(p, sub(1, y)), mul(y, sub(1, p))];
  const all = add(add(total(p), total(y)), smooth);
  return scalarLoss(div(total(add(onlyP, onlyY)), all));
};
