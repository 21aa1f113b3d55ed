import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import { add, div, exp, log, maximum, mul, neg, pow, square, sub } from "../ir/ops/elementwise.ts";
import { takeAlongAxis } from "../ir/ops/indexed.ts";
import { lift } from "../ir/ops/operand.ts";
import { logSoftmax, mean, sum } from "../ir/ops/reduction.ts";
import { expandDims, reshape } from "../ir/ops/structural.ts";
import type { Operand } from "../ir/shapeTypes.ts";
import { notNegative, positive, probability } from "../tensor/argument.ts";
import { logSigmoid, sigmoid } from "./activations.ts";
import type { Loss } from "./losses.ts";

/** Likelihoods of particular distributions, and losses for rare classes and for regions: one example each. */

// Every reduction here takes all axes.
const average = (x: Expr): Loss => mean(x) as Expr as Loss;
const total = (x: Expr): Loss => sum(x) as Expr as Loss;

/**
 * The mean over the elements of the negative log-likelihood of normal distributions, without its constant.
 *
 * **Math** `(ln v + (y - μ)²/v)/2` with the variance `v` held above `epsilon`.
 * **Fails with** `InvalidArgument`, thrown, where `epsilon` is not above 0.
 * **Units** nats. **Source** Nix and Weigend (1994), equation 2.
 */
export const gaussianNegativeLogLikelihood = (
  prediction: Operand,
  target: Operand,
  variance: Operand,
  epsilon = 1e-6,
): Loss => {
  positive("gaussianNegativeLogLikelihood", { epsilon });
  const x = lift(prediction);
  const v = maximum(lift(variance, x.dtype), epsilon) as Expr;
  const distance = square(sub(x, lift(target, x.dtype))) as Expr;
  return average(mul(add(log(v), div(distance, v) as Expr), 0.5) as Expr);
};

/**
 * The mean over the elements of the negative log-likelihood of Poisson distributions whose logarithms of
 * the rate are given, without the term of the target alone.
 *
 * **Math** `eˣ - yx`; gradient `(eˣ - y)/n`. **Units** nats.
 */
export const poissonNegativeLogLikelihood = (logRate: Operand, target: Operand): Loss => {
  const x = lift(logRate);
  return average(sub(exp(x), mul(lift(target, x.dtype), x)) as Expr);
};

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
export const focal = (
  logits: Operand,
  target: Operand,
  { gamma = 2, alpha }: FocalOptions = {},
): Loss => {
  notNegative("focal", { gamma });
  probability("focal", { alpha });
  const x = lift(logits);
  const y = lift(target, x.dtype);
  const side = (score: Expr, weight: number): Expr =>
    mul(mul(pow(sigmoid(neg(score)), gamma), logSigmoid(score)), weight) as Expr;
  const ofOnes = mul(y, side(x, alpha ?? 1)) as Expr;
  const ofZeros = mul(sub(1, y), side(neg(x), alpha === undefined ? 1 : 1 - alpha)) as Expr;
  return neg(average(add(ofOnes, ofZeros) as Expr)) as Loss;
};

/**
 * One less the overlap of two regions, which are given by probabilities: `1 - (2Σpy + s)/(Σp + Σy + s)`.
 *
 * **Shapes** probabilities and `target` of one shape `→ []`; `smooth` is `s`, 1 where not given.
 * **Fails with** `InvalidArgument`, thrown, where `smooth` is negative or not finite.
 * **Source** Milletari et al. (2016), arXiv:1606.04797, with the sums of Dice (1945).
 */
export const dice = (probabilities: Operand, target: Operand, smooth = 1): Loss => {
  notNegative("dice", { smooth });
  const p = lift(probabilities);
  const y = lift(target, p.dtype);
  const overlap = add(mul(total(mul(p, y) as Expr), 2), smooth) as Expr;
  const all = add(add(total(p), total(y)) as Expr, smooth) as Expr;
  return sub(1, div(overlap, all) as Expr) as Expr as Loss;
};

/**
 * The mean of the cross entropy over the moments of a sequence that are real.
 *
 * **Shapes** `logits: [time, classes]`, `labels: [time]` of i32, `mask: [time]` of bool, all real where not
 * given `→ []`. Labels of moments that are not real do not matter. Without a real moment it is 0.
 * **Units** nats per moment.
 */
export const sequenceCrossEntropy = (logits: Operand, labels: Expr, mask?: Expr): Loss => {
  const scores = logSoftmax(lift(logits) as Expr);
  const own = takeAlongAxis(scores, expandDims(labels, 1), -1);
  const each = neg(reshape(own, [scores.shape[0] ?? 0]) as Expr);
  if (mask === undefined) return average(each);
  const count = maximum(sum(cast(mask, scores.dtype) as Expr) as Expr, 1) as Expr;
  return div(total(where(mask, each, 0) as Expr), count) as Expr as Loss;
};
