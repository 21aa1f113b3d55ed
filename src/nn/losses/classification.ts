import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { axisMean, cast, where } from "../../ir/ops/control.ts";
import { abs, add, and, div, eq, exp, ge, lt, mul, sub } from "../../ir/ops/elementwise.ts";
import { iota } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { logSoftmax } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { asOne, refuse } from "../../ir/types/diagnose.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import { finite, holding, notNegative, positive, share } from "../../tensor/validate.ts";
import { type Comparison, compared } from "./pairing.ts";
import { type Loss, scalarLoss, total } from "./reduction.ts";

/** Cross entropies of one example. */

const isClass = (label: Expr): boolean => label.dtype === "i32" || label.dtype === "u8";

/** Whether i32 labels are classes. Losses give NaN for others, so that a wrong label cannot train silently. */
export const isKnown = (labels: Expr, classes: number): Expr =>
  and(ge(labels, 0), lt(labels, classes));

const wholeLabel = holding("a class, a whole number", Number.isSafeInteger);

/** Options of a cross entropy: smoothing, weights of classes, and a label to ignore. */
export interface CrossEntropyOptions {
  /** The fraction of each label that is spread evenly over all classes, from 0 to less than 1. Defaults to 0. */
  readonly labelSmoothing?: number;
  /** The weight of each class, `[classes]`. Defaults to 1 for all. */
  readonly classWeights?: Operand;
  /** An integer label to ignore: its loss is 0. Defaults to none. */
  readonly ignore?: number;
  /**
   * The `vmap` axis of the batch, to normalize by the weights of its integer labels: the mean of the losses is then the
   * weighted mean, as in PyTorch. Without it the mean is over all examples, also ignored ones.
   */
  readonly axis?: string;
}

/** A label as a distribution over classes, and its sum. */
interface Asked {
  readonly p: Expr;
  readonly mass: Expr;
  /** The weight of the label in `classWeights`, if it is one class. */
  readonly count?: Expr;
}

/**
 * The distribution of a label: one-hot for an integer class, zeros for the ignored one, and NaN for one that is not a
 * class, so that it cannot train silently. A label that is already a distribution stays as it is.
 */
const labelDistribution = (
  op: string,
  label: Operand,
  scores: Expr,
  { classWeights, ignore }: CrossEntropyOptions,
): Asked => {
  const given = lift(label, "i32");
  if (!isClass(given)) return { p: distribution(op, given, scores), mass: lift(1, scores.dtype) };
  const one = oneLabel(op, given);
  const [classes, chosen] = [iota(scores.shape, -1), cast(one, "i32")];
  const known = isKnown(chosen, scores.shape.at(-1) ?? 0);
  const unit = cast(eq(classes, chosen), scores.dtype);
  const sure = where(known, unit, Number.NaN);
  const p = ignore === undefined ? sure : where(eq(chosen, ignore), 0, sure);
  const weighed = classWeights === undefined ? p : mul(p, lift(classWeights, p.dtype));
  return { p, mass: total(p), count: total(weighed) };
};

/** A label with a probability for each class. A single float is neither a distribution nor a class, and is reported. */
const distribution = (op: string, label: Expr, scores: Expr): Expr => {
  if (sameShape(label.shape, scores.shape)) return compared(op, scores, label)[1];
  const expected = `a class, [] of i32 or u8, or a probability for each, ${showShape(scores.shape)}`;
  const issue = new ShapeMismatch({ op, expected, actual: [label.shape], path: [] });
  return refuse(issue, [label], [{ shape: scores.shape, dtype: scores.dtype }])[0];
};

/** The single label of an example. Several labels are reported; they would otherwise broadcast against classes. */
export const oneLabel = (op: string, label: Expr): Expr => {
  if (sizeOf(label.shape) === 1) return reshape(label, []);
  const expected =
    "one label for each example, []; sequenceCrossEntropy takes one for each time step";
  const issue = new ShapeMismatch({ op, expected, actual: [label.shape], path: [] });
  return refuse(issue, [label], [{ shape: [], dtype: label.dtype }])[0];
};

/**
 * `-Σ p·s` over classes with 0·∞ = 0: a class with probability 0 may have a score of -∞. Replacing the score instead of
 * the product keeps the derivative by `p` at 0.
 */
const crossEntropyOf = (p: Expr, s: Expr): Loss => {
  const ruledOut: Expr = and(eq(p, 0), eq(abs(s), Number.POSITIVE_INFINITY));
  // `0 - s` and not `-s`, so that a loss of 0 is not -0.
  return total(mul(p, sub(0, where(ruledOut, 0, s))));
};

/** `-Σ w p ln q` for a smoothed label, divided by the mean weight of the batch if an axis is named. */
const crossEntropy = (
  op: string,
  given: Expr,
  scoresOf: (x: Expr) => Expr,
  label: Operand,
  options: CrossEntropyOptions,
): Loss => {
  const { labelSmoothing: smoothing = 0, classWeights } = options;
  share(op, { labelSmoothing: smoothing });
  holding("a whole number", Number.isSafeInteger)(op, { ignore: options.ignore });
  notNegative(op, { classWeights });
  wholeLabel(op, { label });
  const operands = [given, lift(label, "i32")];
  if (classWeights === undefined)
    return asOne(op, "scores [..., classes] and a label", operands, () =>
      entropyFrom(op, scoresOf(given), label, options),
    );
  const weights = lift(classWeights, given.dtype);
  const expected = "scores [..., classes], a label and class weights [classes]";
  return asOne(op, expected, [...operands, weights], () =>
    entropyFrom(op, scoresOf(given), label, options),
  );
};

const entropyFrom = (
  op: string,
  scores: Expr,
  label: Operand,
  options: CrossEntropyOptions,
): Loss => {
  const { labelSmoothing: smoothing = 0, classWeights, axis } = options;
  const { p, mass, count } = labelDistribution(op, label, scores, options);
  const even = smoothing / (scores.shape.at(-1) ?? 1);
  const smooth: Expr = smoothing === 0 ? p : add(mul(p, 1 - smoothing), mul(mass, even));
  const weighed = classWeights === undefined ? smooth : mul(smooth, lift(classWeights, p.dtype));
  const loss = crossEntropyOf(weighed, scores);
  if (axis === undefined || count === undefined) return loss;
  const shared = axisMean(count, axis);
  return scalarLoss(div(loss, where(eq(shared, 0), 1, shared)));
};

/**
 * The cross entropy between a label and the softmax of logits: `-Σ p ln softmax(x)`. The label is a class (an integer) or
 * a distribution `p` over classes. Smoothing mixes the label with the uniform distribution; classes may have weights.
 *
 * **Shapes** `logits: [classes], label: [] (i32 or u8) or [classes] → []`, one example. A label that is not a
 * class gives NaN, with gradients of NaN.
 * **Units** nats. **Math** gradient `softmax(x) - p`; with weights `-Σ w p ln softmax(x)`.
 * **Fails with** `InvalidArgument`, thrown, where `labelSmoothing` is not from 0 to less than 1, or where
 * `ignore` or a label given as a plain number is not whole; `ShapeMismatch` when compiled, where there are several labels,
 * or a distribution over another number of classes.
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
export const softmaxCrossEntropy: Comparison<
  "softmaxCrossEntropy",
  [options?: CrossEntropyOptions],
  Loss
> = (logits, label, options = {}) =>
  crossEntropy("softmaxCrossEntropy", lift(logits), logSoftmax, label, options);

/**
 * The negative log-likelihood `-ln p[label]` of a label, from log-probabilities.
 *
 * **Shapes** `logProbabilities: [classes], label: [] (i32 or u8) or [classes] → []`; NaN for a label that is not
 * a class. **Units** nats. **Fails with** as {@link softmaxCrossEntropy}.
 */
export const negativeLogLikelihood: Comparison<
  "negativeLogLikelihood",
  [options?: Omit<CrossEntropyOptions, "labelSmoothing">],
  Loss
> = (logProbabilities, label, options = {}) =>
  crossEntropy("negativeLogLikelihood", lift(logProbabilities), (x) => x, label, options);

/** `Σ p (ln p - ln q)` from logarithms; a class of probability 0 counts nothing. */
const divergence = (p: Expr, q: Expr): Loss => {
  const shares = exp(p);
  return total(mul(shares, where(eq(shares, 0), 0, sub(p, q))));
};

/** The logits of a teacher for the same classes. */
const logitsLike = (op: string, student: Expr, teacher: Expr): Expr => {
  if (sameShape(student.shape, teacher.shape)) return teacher;
  const expected = `logits of a teacher of shape ${showShape(student.shape)}`;
  const actual = [student.shape, teacher.shape];
  const issue = new ShapeMismatch({ op, expected, actual, path: [] });
  return refuse(issue, [student, teacher], [{ shape: student.shape, dtype: student.dtype }])[0];
};

/**
 * The distillation loss of a student that learns from the label and from the logits of a teacher, both softened by a
 * temperature. Gradients reach the teacher too, unless it is not trained or behind `stopGradient`.
 *
 * **Shapes** `logits` and `teacher` `[classes]`, `label: [] (i32 or u8) or [classes] → []`, one example.
 * **Units** nats. **Math** `α T² KL(softmax(t/T) ‖ softmax(s/T)) + (1 - α) H(y, softmax(s))`, where `T` defaults to 2 and
 * `α` to 0.5. The factor `T²` keeps the size of the gradient at any temperature.
 * **Fails with** `InvalidArgument`, thrown, where the temperature is not a finite number above 0, or `alpha` is not from
 * 0 to 1; `ShapeMismatch` when compiled, where the shapes do not fit.
 * **Source** Hinton et al., "Distilling the knowledge in a neural network" (2015), arXiv:1503.02531, section 2.
 */
export const distillation = (
  logits: Operand,
  label: Operand,
  teacher: Operand,
  {
    temperature = 2,
    alpha = 0.5,
  }: {
    readonly temperature?: number;
    readonly alpha?: number;
  } = {},
): Loss => {
  positive("distillation", { temperature });
  finite("distillation", { temperature });
  holding("a number from 0 to 1", (n) => n >= 0 && n <= 1)("distillation", { alpha });
  const s = lift(logits);
  const [asked, taught] = [lift(label, "i32"), lift(teacher, s.dtype)];
  const expected = "logits [..., classes], a label, and logits of a teacher of one shape with them";
  return asOne("distillation", expected, [s, asked, taught], () => {
    const t = logitsLike("distillation", s, taught);
    const soft = (x: Expr) => logSoftmax(div(x, temperature));
    const apart = mul(divergence(soft(t), soft(s)), alpha * temperature * temperature);
    const own = crossEntropy("distillation", s, logSoftmax, label, {});
    return scalarLoss(add(apart, mul(own, 1 - alpha)));
  });
};
