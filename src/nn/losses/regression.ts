import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import {
  abs,
  add,
  and,
  eq,
  exp,
  ge,
  le,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  square,
  sub,
} from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { finite, notNegative, positive, share } from "../../tensor/validate.ts";
import { exprsOf } from "../apply.ts";
import { type Comparison, compared } from "./pairing.ts";
import { average, type Loss, scalarLoss, total } from "./reduction.ts";

export {
  type CrossEntropyOptions,
  distillation,
  negativeLogLikelihood,
  softmaxCrossEntropy,
} from "./classification.ts";

/**
 * Losses of one example. Predictions and targets have the same shape, or one broadcasts to the other. If both would
 * broadcast, as `[n]` and `[n, 1]`, it is a type error if the shapes are literal, and otherwise a `ShapeMismatch` of the
 * loss when compiled.
 *
 * Losses are at least 0 unless they say otherwise (`klDivergence` of unnormalized inputs, likelihoods of densities). A
 * prediction of NaN has a loss of NaN, and so has a label that is not a class.
 */

/**
 * The mean squared error: the mean of `(x - y)²` over the elements.
 *
 * **Shapes** `prediction` and `target` of one shape, or one that broadcasts to the other `→ []`. **Units** the square
 * of the targets' unit.
 * **Math** gradient `2(x - y)/n`.
 * **Fails with** `ShapeMismatch` when compiled, where the shapes do not fit.
 */
export const meanSquaredError: Comparison<"meanSquaredError", [], Loss> = (prediction, target) => {
  const [x, y] = compared("meanSquaredError", prediction, target);
  return average(square(sub(x, y)));
};

/**
 * The mean absolute error: the mean of `|x - y|` over the elements.
 *
 * **Shapes** and **Fails with** as {@link meanSquaredError}. **Units** those of the targets.
 * **Math** gradient `sign(x - y)/n`.
 */
export const meanAbsoluteError: Comparison<"meanAbsoluteError", [], Loss> = (
  prediction,
  target,
) => {
  const [x, y] = compared("meanAbsoluteError", prediction, target);
  return average(abs(sub(x, y)));
};

/**
 * The Huber loss: quadratic for small errors, linear for large ones.
 *
 * **Shapes** as {@link meanSquaredError}. **Units** the square of the targets' unit.
 * **Math** the mean over the elements of `d²/2` where `d = |x - y| < δ`, else `δ(d - δ/2)`. δ defaults to 1.
 * **Fails with** `InvalidArgument`, thrown, where δ is not a finite number above 0; `ShapeMismatch` when compiled.
 * **Source** Huber, "Robust Estimation of a Location Parameter" (1964).
 */
export const huber: Comparison<"huber", [delta?: number], Loss> = (
  prediction,
  target,
  delta = 1,
) => {
  positive("huber", { delta });
  finite("huber", { delta });
  const [x, y] = compared("huber", prediction, target);
  const d = abs(sub(x, y));
  const near = minimum(d, delta);
  return average(add(mul(square(near), 0.5), mul(sub(d, near), delta)));
};

/**
 * The smooth L1 loss: the Huber loss divided by its threshold β.
 *
 * **Shapes** as {@link meanSquaredError}. **Units** those of the targets.
 * **Math** the mean over the elements of `d²/(2β)` where `d = |x - y| < β`, else `d - β/2`; for β = 0 the mean of `d`.
 * β defaults to 1.
 * **Fails with** `InvalidArgument`, thrown, where β is negative or not finite; `ShapeMismatch` when compiled.
 * **Source** Girshick, "Fast R-CNN" (2015), equation 3.
 */
export const smoothL1: Comparison<"smoothL1", [beta?: number], Loss> = (
  prediction,
  target,
  beta = 1,
) => {
  notNegative("smoothL1", { beta });
  const [x, y] = compared("smoothL1", prediction, target);
  const d = abs(sub(x, y));
  if (beta === 0) return average(d);
  const near = minimum(d, beta);
  return average(add(mul(near, mul(near, 0.5 / beta)), sub(d, near)));
};

/**
 * The pinball loss, least where the prediction is a quantile of the targets: below it lies the fraction `quantile` of them.
 *
 * **Shapes** as {@link meanSquaredError}. **Units** those of the targets.
 * **Math** the mean over the elements of `q(y - x)` where the prediction `x` is below the target `y`, else `(1 - q)(x - y)`. The
 * quantile `q` defaults to 0.5, the median, for which it is half the absolute error.
 * **Fails with** `InvalidArgument`, thrown, where the quantile is not between 0 and 1; `ShapeMismatch` when compiled.
 * **Source** Koenker and Bassett, "Regression quantiles" (1978).
 */
export const pinball: Comparison<"pinball", [quantile?: number], Loss> = (
  prediction,
  target,
  quantile = 0.5,
) => {
  positive("pinball", { quantile });
  share("pinball", { quantile });
  const [x, y] = compared("pinball", prediction, target);
  const short = maximum(sub(y, x), 0);
  return average(add(mul(short, quantile), mul(maximum(sub(x, y), 0), 1 - quantile)));
};

/** A logarithm clamped at -100, with derivative 0 where it is clamped. NaN below 0. */
const heldLog = (x: Expr, logOf: (x: Expr) => Expr, held: Expr): Expr =>
  where(held, -100, logOf(where(held, lift(0.5, x.dtype), x)));

/**
 * The binary cross entropy of probabilities. Prefer {@link binaryCrossEntropyWithLogits}, which is exact.
 *
 * **Shapes** probabilities and `target` of one shape, targets from 0 to 1 `→ []`; NaN where a probability is not from 0
 * to 1. **Units** nats.
 * **Math** the mean over the elements of `-(y ln p + (1 - y) ln(1 - p))`. Each logarithm is clamped at -100, so that a
 * certain mistake costs 100 nats. Gradient `(p - y)/(p(1 - p)n)`.
 * **Fails with** `ShapeMismatch` when compiled, where the shapes do not fit.
 */
export const binaryCrossEntropy: Comparison<"binaryCrossEntropy", [], Loss> = (
  probability,
  target,
) => {
  const [p, y] = compared("binaryCrossEntropy", probability, target);
  const least = Math.exp(-100);
  const ofOnes = heldLog(p, log, and(ge(p, 0), le(p, least)));
  // `log1p(-p)`, since `1 - p` would round a small p away.
  const ofZeros = heldLog(p, (q) => log1p(neg(q)), eq(p, 1));
  return average(sub(mul(neg(y), ofOnes), mul(sub(1, y), ofZeros)));
};

/**
 * The binary cross entropy of logits, without overflow: the mean over the elements of
 * `-(y ln σ(x) + (1 - y) ln(1 - σ(x)))`. `positiveWeight` multiplies the first term and defaults to 1.
 *
 * **Shapes** logits and `target` of one shape, targets from 0 to 1 `→ []`.
 * **Units** nats. **Math** `y max(-x, 0) + (1 - y) max(x, 0) + ln(1 + e^-|x|)`, where no term is negative;
 * gradient `(σ(x) - y)/n`.
 * **Fails with** `InvalidArgument`, thrown, where `positiveWeight` is a plain number that is negative or not finite.
 */
export const binaryCrossEntropyWithLogits: Comparison<
  "binaryCrossEntropyWithLogits",
  [options?: { readonly positiveWeight?: Operand }],
  Loss
> = (logits, target, options = {}) => {
  notNegative("binaryCrossEntropyWithLogits", { positiveWeight: options.positiveWeight });
  const [x, y] = compared("binaryCrossEntropyWithLogits", logits, target);
  const tail: Expr = log1p(exp(neg(abs(x))));
  const other = sub(1, y);
  const ofOne = maximum(neg(x), 0);
  const ofZero = maximum(x, 0);
  if (options.positiveWeight === undefined)
    return average(add(add(mul(y, ofOne), mul(other, ofZero)), tail));
  const ones = mul(mul(lift(options.positiveWeight, x.dtype), y), add(ofOne, tail));
  return average(add(ones, mul(other, add(ofZero, tail))));
};

/**
 * The hinge loss: the mean over the elements of `max(0, 1 - yx)`, for targets of -1 and 1.
 *
 * **Shapes** and **Fails with** as {@link meanSquaredError}.
 * **Source** Cortes and Vapnik, "Support-Vector Networks" (1995).
 */
export const hinge: Comparison<"hinge", [], Loss> = (prediction, target) => {
  const [x, y] = compared("hinge", prediction, target);
  const margin = sub(1, mul(x, y));
  return average(where(le(margin, 0), 0, margin));
};

/**
 * The Kullback–Leibler divergence from a predicted distribution `q` (as logarithms) to the target distribution `p`.
 *
 * **Shapes** `logPrediction` and `target` of one shape, such as `[classes]`, `→ []`; the sum over all elements.
 * **Units** nats.
 * **Math** `Σ p (ln p - ln q)`; terms with `p = 0` are 0. NaN where a `p` is negative.
 * **Fails with** `ShapeMismatch` when compiled, where the shapes do not fit.
 * **Source** Kullback and Leibler, "On Information and Sufficiency" (1951).
 */
export const klDivergence: Comparison<"klDivergence", [], Loss> = (logPrediction, target) => {
  const [q, p] = compared("klDivergence", logPrediction, target);
  const impossible = eq(p, 0);
  const logP: Expr = log(where(impossible, lift(1, p.dtype), p));
  // With p = 0 a score of ±∞ does not matter, but NaN stays NaN.
  const ruledOut: Expr = and(impossible, eq(abs(q), Number.POSITIVE_INFINITY));
  return total(mul(p, sub(logP, where(ruledOut, lift(0, q.dtype), q))));
};

const penalty = (op: string, f: (x: Expr) => Expr, params: unknown, coefficient: number): Loss => {
  notNegative(op, { coefficient });
  const sums = exprsOf(params).map((x) => total(f(x)));
  const all = sums.reduce((a, b) => add(a, b), lift(0, sums[0]?.dtype));
  return scalarLoss(mul(all, coefficient));
};

/**
 * The L1 penalty `λ Σ |w|` over a tree of params, which makes them sparse.
 *
 * **Shapes** a tree of any shapes `→ []`. **Fails with** `InvalidArgument`, thrown, where λ is negative.
 * **Source** Tibshirani, "Regression Shrinkage and Selection via the Lasso" (1996).
 */
export const l1Penalty = (params: unknown, coefficient: number): Loss =>
  penalty("l1Penalty", abs, params, coefficient);

/**
 * The L2 penalty `λ Σ w²` over a tree of params, which keeps them small.
 *
 * **Shapes** and **Fails with** as {@link l1Penalty}. **Math** gradient `2λw`.
 * **Source** Hoerl and Kennard, "Ridge Regression" (1970).
 */
export const l2Penalty = (params: unknown, coefficient: number): Loss =>
  penalty("l2Penalty", square, params, coefficient);
