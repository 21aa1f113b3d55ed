import type { Expr } from "../../ir/expr.ts";
import { add, div, exp, mul, neg, sub } from "../../ir/ops/elementwise.ts";
import { align, floating } from "../../ir/ops/promote.ts";
import { notNegative, probability } from "../../tensor/validate.ts";
import { logSigmoid } from "../functional/activation.ts";
import { type Comparison, compared } from "./pairing.ts";
import { average, type Loss, total } from "./reduction.ts";

/** Losses for regions of an image and for rare classes, of one example each. */

/** How {@link focal} weighs elements: by how easy they are, and by their class. Both are pure numbers. */
export interface FocalOptions {
  /** How much easy examples count less; 2 where not given. */
  readonly gamma?: number;
  /** The weight of the positive class, with `1 - alpha` for the other; none where not given. */
  readonly alpha?: number;
}

/**
 * The binary cross entropy of logits, in which elements that are already right count little: the mean of
 * `-(1 - p)^γ ln p`, where `p` is the probability of what is true.
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
    // The power by its logarithm, since one below 1 of what underflows has no derivative.
    mul(mul(exp(mul(logSigmoid(neg(score)), gamma)), sub(0, logSigmoid(score))), weight);
  const ofOnes = mul(y, side(x, alpha ?? 1));
  const ofZeros = mul(sub(1, y), side(neg(x), alpha === undefined ? 1 : 1 - alpha));
  return average(add(ofOnes, ofZeros));
};

/**
 * One less the overlap of two regions, which are given by probabilities: `1 - (2Σpy + s)/(Σp + Σy + s)`.
 *
 * **Shapes** probabilities and `target` of one shape, from 0 to 1 `→ []`, from 0 to 1; `smooth` is `s`, 1 where not
 * given. Where it is 0 and both regions are empty, there is no overlap to speak of: NaN.
 * **Math** as `Σ (p(1 - y) + y(1 - p))/(Σp + Σy + s)`, in which nothing cancels.
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
  // Sums over all places: what is repeated counts at each.
  const [p, y] = align(floating("dice", given), wanted) as readonly [Expr, Expr];
  const [onlyP, onlyY] = [mul(p, sub(1, y)), mul(y, sub(1, p))];
  const all = add(add(total(p), total(y)), smooth);
  return div(total(add(onlyP, onlyY)), all) as Expr as Loss;
};
