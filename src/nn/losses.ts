import { ascribe } from "../ir/ascribe.ts";
import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import {
  abs,
  add,
  and,
  eq,
  exp,
  ge,
  gt,
  log,
  log1p,
  lt,
  maximum,
  mul,
  neg,
  square,
  sub,
} from "../ir/ops/elementwise.ts";
import { iota } from "../ir/ops/indexed.ts";
import { lift } from "../ir/ops/operand.ts";
import { logSoftmax, mean, sum } from "../ir/ops/reduction.ts";
import type { Operand } from "../ir/shapeTypes.ts";
import { notNegative, positive, share } from "../tensor/argument.ts";
import { broadcastShapes, sizeOf } from "../tensor/shape.ts";
import { exprsOf } from "./within.ts";

/**
 * Losses of one example, each a scalar; the loss of a batch is their mean over a `vmap`. Predictions
 * and targets have one shape, or one of them that to which the other is repeated; `ShapeMismatch` when
 * compiled, where both would be.
 */
export type Loss = Expr<readonly []>;

// Every reduction here takes all axes.
const total = (x: Expr): Loss => sum(x) as Expr as Loss;
const average = (x: Expr): Loss => mean(x) as Expr as Loss;

/**
 * Both as expressions. One may be repeated to the shape of the other, as a number is; where both would be
 * repeated, as `[n]` and `[n, 1]` to `[n, n]`, every element would be compared with every other, and compiling
 * reports `op` with the shape that the target must have.
 */
const both = (op: string, prediction: Operand, target: Operand): readonly [Expr, Expr] => {
  const x = lift(prediction);
  const y = lift(target, x.dtype);
  const shape = broadcastShapes(x.shape, y.shape);
  const larger = Math.max(sizeOf(x.shape), sizeOf(y.shape));
  if (shape === undefined || sizeOf(shape) <= larger) return [x, y];
  const expected = { shape: x.shape, dtype: y.dtype };
  return [x, ascribe(op, [expected], [y])[0] as Expr];
};

/** The mean of `(x - y)²` over the elements. **Math** gradient `2(x - y)/n`. */
export const meanSquaredError = (prediction: Operand, target: Operand): Loss => {
  const [x, y] = both("meanSquaredError", prediction, target);
  return average(square(sub(x, y)));
};

/** The mean of `|x - y|` over the elements. **Math** gradient `sign(x - y)/n`. */
export const meanAbsoluteError = (prediction: Operand, target: Operand): Loss => {
  const [x, y] = both("meanAbsoluteError", prediction, target);
  return average(abs(sub(x, y)));
};

/**
 * The mean over the elements of `d²/2` where `d = |x - y| < δ`, else `δ(d - δ/2)`.
 *
 * **Fails with** `InvalidArgument`, thrown, where δ is not above 0.
 * **Source** Huber, "Robust Estimation of a Location Parameter" (1964).
 */
export const huber = (prediction: Operand, target: Operand, delta = 1): Loss => {
  positive("huber", { delta });
  const [x, y] = both("huber", prediction, target);
  const d = abs(sub(x, y));
  const linear = mul(sub(d, delta / 2), delta);
  return average(where(lt(d, delta), mul(square(d), 0.5), linear));
};

/**
 * The mean over the elements of `d²/(2β)` where `d = |x - y| < β`, else `d - β/2`.
 *
 * **Fails with** `InvalidArgument`, thrown, where β is negative or not finite; 0 leaves `d`.
 * **Source** Girshick, "Fast R-CNN" (2015), equation 3.
 */
export const smoothL1 = (prediction: Operand, target: Operand, beta = 1): Loss => {
  notNegative("smoothL1", { beta });
  const [x, y] = both("smoothL1", prediction, target);
  const d = abs(sub(x, y));
  if (beta === 0) return average(d);
  return average(where(lt(d, beta), mul(square(d), 0.5 / beta), sub(d, beta / 2)));
};

/** The logarithm held above -100, with derivative 0 where it is held. */
const heldLog = (p: Expr): Expr => {
  const above = gt(p, Math.exp(-100));
  const finite: Expr = log(where(above, p, lift(1, p.dtype)) as Expr);
  return where(above, finite, -100);
};

/**
 * The mean over the elements of `-(y ln p + (1 - y) ln(1 - p))` for probabilities `p`, each logarithm
 * held above -100 so that a certain mistake costs 100 nats. {@link binaryCrossEntropyWithLogits} is exact.
 *
 * **Units** nats. **Math** gradient `(p - y)/(p(1 - p)n)`.
 */
export const binaryCrossEntropy = (probability: Operand, target: Operand): Loss => {
  const [p, y] = both("binaryCrossEntropy", probability, target);
  const positive = mul(y, heldLog(p));
  const negative = mul(sub(1, y), heldLog(sub(1, p)));
  return neg(average(add(positive, negative)));
};

/**
 * The mean over the elements of `-(y ln σ(x) + (1 - y) ln(1 - σ(x)))` for logits `x`, without overflow.
 * `positiveWeight` multiplies the first term.
 *
 * **Units** nats. **Math** `max(x, 0) - xy + ln(1 + e^-|x|)`; gradient `(σ(x) - y)/n`.
 */
export const binaryCrossEntropyWithLogits = (
  logits: Operand,
  target: Operand,
  options: { readonly positiveWeight?: Operand } = {},
): Loss => {
  const [x, y] = both("binaryCrossEntropyWithLogits", logits, target);
  const tail: Expr = log1p(exp(neg(abs(x))));
  if (options.positiveWeight === undefined)
    return average(add(sub(maximum(x, 0), mul(x, y)), tail));
  // (1 - y)x + (1 + (w - 1)y) ln(1 + e^-x)
  const weight = add(mul(sub(lift(options.positiveWeight, x.dtype), 1), y), 1);
  const softplus = add(maximum(neg(x), 0), tail);
  return average(add(mul(sub(1, y), x), mul(weight, softplus)));
};

const isClass = (label: Expr): boolean => label.dtype === "i32" || label.dtype === "u8";

/**
 * 1 at the class of an integer label, NaN everywhere for a label that is no class, so that it cannot train
 * in silence; the label itself where it is a distribution.
 */
const distribution = (label: Operand, scores: Expr, axis: number): Expr => {
  const given = lift(label, "i32");
  if (!isClass(given)) return given;
  const [classes, chosen] = [iota(scores.shape, axis) as Expr, cast(given, "i32") as Expr];
  const known = and(ge(chosen, 0), lt(chosen, scores.shape.at(axis) ?? 0));
  const unit = cast(eq(classes, chosen) as Expr, scores.dtype);
  return where(known, unit, Number.NaN) as Expr;
};

/**
 * `Σ p·s` over classes, where 0·∞ is 0: a class of no weight may have a score of -∞. The score is what is
 * replaced there and not the product, which has a derivative by `p` where `p` is 0.
 */
const expected = (p: Expr, s: Expr): Loss => {
  const ruledOut: Expr = and(
    eq(p, 0) as Expr,
    eq(abs(s), Number.POSITIVE_INFINITY) as Expr,
  ) as Expr;
  return total(mul(p, where(ruledOut, 0, s) as Expr) as Expr);
};

/**
 * The cross entropy of a softmax: `-Σ p ln softmax(x)` for a label that is a class (an integer) or a
 * distribution `p` over classes. Smoothing `ε` mixes the label with the uniform distribution.
 *
 * **Shapes** `logits: [classes], label: [] (i32 or u8) or [classes] → []`, one example; NaN for a label that
 * is no class.
 * **Units** nats. **Math** gradient `softmax(x) - p`.
 * **Fails with** `InvalidArgument`, thrown, where `labelSmoothing` is not from 0 to less than 1.
 * **Source** smoothing: Szegedy et al. (2015), arXiv:1512.00567, section 7.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, softmaxCrossEntropy, tensor } from "fluxion";
 * const scores = tensor([1, 2, 3]);
 * const loss = compile((x: Expr) => softmaxCrossEntropy(x, 2), [scores]);
 * Effect.runSync(Effect.provide(loss, Backend.layerReference))(scores).item() // => 0.4076059
 * ```
 */
export const softmaxCrossEntropy = (
  logits: Operand,
  label: Operand,
  options: { readonly labelSmoothing?: number } = {},
): Loss => {
  const { labelSmoothing: smoothing = 0 } = options;
  share("softmaxCrossEntropy", { labelSmoothing: smoothing });
  const x = lift(logits);
  const scores: Expr = logSoftmax(x);
  const p = distribution(label, x, -1);
  const loss = neg(expected(p, scores)) as Loss;
  return smoothing === 0
    ? loss
    : (sub(mul(loss, 1 - smoothing), mul(average(scores), smoothing)) as Expr as Loss);
};

/**
 * `-ln p[label]` of log-probabilities.
 *
 * **Shapes** `logProbabilities: [classes], label: [] (i32 or u8) → []`. **Units** nats.
 */
export const negativeLogLikelihood = (logProbabilities: Operand, label: Operand): Loss => {
  const scores = lift(logProbabilities);
  return neg(expected(distribution(label, scores, -1), scores)) as Loss;
};

/**
 * The mean over the elements of `max(0, 1 - yx)`, for targets of -1 and 1.
 *
 * **Source** Cortes and Vapnik, "Support-Vector Networks" (1995).
 */
export const hinge = (prediction: Operand, target: Operand): Loss => {
  const [x, y] = both("hinge", prediction, target);
  const margin = sub(1, mul(x, y));
  return average(where(gt(margin, 0), margin, 0));
};

/**
 * The divergence of a distribution `q`, given by its logarithms, from the target `p`: `Σ p (ln p - ln q)`,
 * where `p` is 0 without the term.
 *
 * **Units** nats. **Source** Kullback and Leibler, "On Information and Sufficiency" (1951).
 */
export const klDivergence = (logPrediction: Operand, target: Operand): Loss => {
  const [q, p] = both("klDivergence", logPrediction, target);
  const possible = gt(p, 0);
  const logP: Expr = log(where(possible, p, lift(1, p.dtype)) as Expr);
  return total(where(possible, mul(p, sub(logP, q)), 0));
};

const penalty = (f: (x: Expr) => Expr, params: unknown, coefficient: number): Loss => {
  notNegative("penalty", { coefficient });
  const sums = exprsOf(params).map((x) => total(f(x)) as Expr);
  const all = sums.reduce((a, b) => add(a, b), lift(0, sums[0]?.dtype));
  return mul(all, coefficient) as Expr as Loss;
};

/** `λ Σ |w|` over a tree of params: what makes them sparse. **Source** Tibshirani, "Regression Shrinkage and Selection via the Lasso" (1996). */
export const l1Penalty = (params: unknown, coefficient: number): Loss =>
  penalty(abs, params, coefficient);

/** `λ Σ w²` over a tree of params. **Math** gradient `2λw`. **Source** Hoerl and Kennard, "Ridge Regression" (1970). */
export const l2Penalty = (params: unknown, coefficient: number): Loss =>
  penalty(square, params, coefficient);
