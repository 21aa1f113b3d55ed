import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { axisMean, cast, where } from "../../ir/ops/control.ts";
import { abs, add, and, div, eq, ge, lt, mul, sub } from "../../ir/ops/elementwise.ts";
import { iota } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { logSoftmax } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import { holding, notNegative, share } from "../../tensor/validate.ts";
import { type Comparison, compared } from "./pairing.ts";
import { type Loss, total } from "./reduction.ts";

/** Cross entropies of one example: what a label says of the scores of classes. */

const isClass = (label: Expr): boolean => label.dtype === "i32" || label.dtype === "u8";

/** Whether labels, i32, are classes: the one meaning of what is none is NaN, so that it cannot train in silence. */
export const isKnown = (labels: Expr, classes: number): Expr =>
  and(ge(labels, 0), lt(labels, classes));

const wholeLabel = holding("a class, a whole number", Number.isSafeInteger);

/** How classes count in a cross entropy, and which labels do not. */
export interface CrossEntropyOptions {
  /** How much of each label is spread evenly over all classes, from 0 to less than 1; 0 where not given. */
  readonly labelSmoothing?: number;
  /** How much each class counts, `[classes]`; all 1 where not given. */
  readonly classWeights?: Operand;
  /** An integer label of which nothing is asked: its loss is 0. */
  readonly ignore?: number;
  /**
   * The axis of the `vmap` over whose examples integer labels count: the mean of the losses is then the mean
   * weighted by the classes of the labels, as PyTorch's is. Without it the batch's mean is of all examples.
   */
  readonly axis?: string;
}

/** A label as a distribution, and what that sums up to. */
interface Asked {
  readonly p: Expr;
  readonly mass: Expr;
  /** How much the label counts, where it is one class: as much as `classWeights` says. */
  readonly count?: Expr;
}

/**
 * 1 at the class of an integer label, NaN everywhere for a label that is no class, so that it cannot train
 * in silence, and 0 for one that is ignored; the label itself where it is a distribution.
 */
const asked = (
  op: string,
  label: Operand,
  scores: Expr,
  { classWeights, ignore }: CrossEntropyOptions,
): Asked => {
  wholeLabel(op, { label });
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

/** A probability for each class: one number alone is no distribution, and no class where it is a float. */
const distribution = (op: string, label: Expr, scores: Expr): Expr => {
  if (sameShape(label.shape, scores.shape)) return compared(op, scores, label)[1];
  const expected = `a class, [] of i32 or u8, or a probability for each, ${showShape(scores.shape)}`;
  const issue = new ShapeMismatch({ op, expected, actual: [label.shape], path: [] });
  return refuse(issue, [label], [{ shape: scores.shape, dtype: scores.dtype }])[0] as Expr;
};

/** The one label of an example: several are reported, where they would else be compared class by class. */
const oneLabel = (op: string, label: Expr): Expr => {
  if (sizeOf(label.shape) === 1) return reshape(label, []);
  const expected = "one label for each example, []; sequenceCrossEntropy takes one for each moment";
  const issue = new ShapeMismatch({ op, expected, actual: [label.shape], path: [] });
  return refuse(issue, [label], [{ shape: [], dtype: label.dtype }])[0] as Expr;
};

/**
 * `-Σ p·s` over classes, where 0·∞ is 0: a class of no weight may have a score of -∞. The score is what is
 * replaced there and not the product, which has a derivative by `p` where `p` is 0.
 */
const surprise = (p: Expr, s: Expr): Loss => {
  const ruledOut: Expr = and(eq(p, 0), eq(abs(s), Number.POSITIVE_INFINITY));
  // Where nothing is lost it is 0, which the negative of 0 is not.
  return total(mul(p, sub(0, where(ruledOut, 0, s))));
};

/** `-Σ w p ln q` of a label that is asked for, smoothed, and the examples of a batch weighed where an axis is named. */
const crossEntropy = (
  op: string,
  scores: Expr,
  label: Operand,
  options: CrossEntropyOptions,
): Loss => {
  const { labelSmoothing: smoothing = 0, classWeights, axis } = options;
  share(op, { labelSmoothing: smoothing });
  holding("a whole number", Number.isSafeInteger)(op, { ignore: options.ignore });
  notNegative(op, { classWeights });
  const { p, mass, count } = asked(op, label, scores, options);
  const even = smoothing / (scores.shape.at(-1) ?? 1);
  const smooth: Expr = smoothing === 0 ? p : add(mul(p, 1 - smoothing), mul(mass, even));
  const weighed = classWeights === undefined ? smooth : mul(smooth, lift(classWeights, p.dtype));
  const loss = surprise(weighed, scores);
  if (axis === undefined || count === undefined) return loss;
  const shared = axisMean(count, axis);
  return div(loss, where(eq(shared, 0), 1, shared)) as Expr as Loss;
};

/**
 * The cross entropy of a softmax: `-Σ p ln softmax(x)` for a label that is a class (an integer) or a
 * distribution `p` over classes. Smoothing `ε` mixes the label with the uniform distribution, and classes may
 * count differently, or not at all.
 *
 * **Shapes** `logits: [classes], label: [] (i32 or u8) or [classes] → []`, one example; NaN, with gradients of NaN,
 * for a label that is no class.
 * **Units** nats. **Math** gradient `softmax(x) - p`; with weights `-Σ w p ln softmax(x)`.
 * **Fails with** `InvalidArgument`, thrown, where `labelSmoothing` is not from 0 to less than 1, or a label that
 * is a plain number, or `ignore`, no whole one; `ShapeMismatch` when compiled, where there are several labels, or a distribution over other classes.
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
  crossEntropy("softmaxCrossEntropy", logSoftmax(lift(logits)), label, options);

/**
 * `-ln p[label]` of log-probabilities.
 *
 * **Shapes** `logProbabilities: [classes], label: [] (i32 or u8) or [classes] → []`; NaN for a label that is no
 * class. **Units** nats. **Fails with** as {@link softmaxCrossEntropy}.
 */
export const negativeLogLikelihood: Comparison<
  "negativeLogLikelihood",
  [options?: Omit<CrossEntropyOptions, "labelSmoothing">],
  Loss
> = (logProbabilities, label, options = {}) =>
  crossEntropy("negativeLogLikelihood", lift(logProbabilities), label, options);
