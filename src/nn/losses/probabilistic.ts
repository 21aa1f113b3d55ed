import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, div, eq, exp, log, lt, maximum, mul, neg, sub } from "../../ir/ops/elementwise.ts";
import { fill, onesLike, take, takeAlongAxis } from "../../ir/ops/indexing.ts";
import { lift, mistaken } from "../../ir/ops/promote.ts";
import { logSoftmax, mean } from "../../ir/ops/reduction.ts";
import { expandDims, reshape } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import type { Operand, ShapeError, ShapeOf, ShowShape } from "../../ir/types/shape.ts";
import type { Shape } from "../../tensor/shape.ts";
import { finite, notNegative, positive, share } from "../../tensor/validate.ts";
import { labelsOf, maskOf } from "../functional/sequenceChecks.ts";
import type { Meets } from "../types/chain.ts";
import { type CrossEntropyOptions, isKnown } from "./classification.ts";
import { type Comparison, compared } from "./pairing.ts";
import { average, type Loss, scalarLoss, total } from "./reduction.ts";

/** Negative log-likelihoods of particular distributions, of one example each. */

/**
 * The negative log-likelihood of normal distributions, without its constant: the mean over the elements.
 *
 * **Shapes** means and `target` of one shape; `variance` of that shape, or one that broadcasts to it `→ []`. **Units**
 * nats.
 * **Math** `(ln v + (y - μ)²/v)/2` with the variance `v` clamped at `epsilon`, which defaults to 1e-6. NaN where a
 * variance is negative.
 * **Fails with** `InvalidArgument`, thrown, where `epsilon` is not a finite number above 0; `ShapeMismatch` when
 * compiled.
 * **Source** Nix and Weigend, "Estimating the mean and variance of the target probability distribution" (1994),
 * equation 2.
 */
export const gaussianNegativeLogLikelihood: Comparison<
  "gaussianNegativeLogLikelihood",
  [variance: Operand, epsilon?: number],
  Loss
> = (prediction, target, variance, epsilon = 1e-6) => {
  const op = "gaussianNegativeLogLikelihood";
  positive(op, { epsilon });
  finite(op, { epsilon });
  const given = lift(prediction);
  const others = [lift(target, given.dtype), lift(variance, given.dtype)] as const;
  const expected = "a prediction, a target and a variance that broadcast to one of them";
  return asOne(op, expected, [given, ...others], () => {
    const [x, y] = compared(op, given, others[0]);
    const [, spread] = compared(op, x, others[1], "a variance");
    const v = where(lt(spread, 0), Number.NaN, maximum(spread, epsilon));
    const apart = sub(x, y);
    // Divided before multiplying: the square may overflow where the quotient does not.
    const distance = mul(div(apart, v), apart);
    return average(mul(add(log(v), distance), 0.5));
  });
};

/**
 * The negative log-likelihood of Poisson distributions, from the logarithms of their rates: the mean over the elements,
 * without the term that depends only on the target.
 *
 * **Shapes** `logRate` and `target` of one shape, targets of at least 0 `→ []`. **Units** nats.
 * **Math** `eˣ - yx`; gradient `(eˣ - y)/n`.
 * **Fails with** `ShapeMismatch` when compiled, where the shapes do not fit.
 */
export const poissonNegativeLogLikelihood: Comparison<"poissonNegativeLogLikelihood", [], Loss> = (
  logRate,
  target,
) => {
  const [x, y] = compared("poissonNegativeLogLikelihood", logRate, target);
  return average(sub(exp(x), mul(y, x)));
};

/** `unknown` if there may be one item for each time step of the logits, and a `ShapeError` if types know otherwise. */
type PerTimeStep<
  Items extends string,
  A extends Shape,
  B extends Shape,
> = number extends A["length"]
  ? unknown
  : A extends readonly [infer T extends number, number]
    ? Meets<B, readonly [T]> extends true
      ? unknown
      : ShapeError<`sequenceCrossEntropy: the logits are ${ShowShape<A>}, but the ${Items} are ${ShowShape<B>}`>
    : ShapeError<`sequenceCrossEntropy: the logits are ${ShowShape<A>}, and not [time, classes]`>;

/** Options of {@link sequenceCrossEntropy}. */
export type SequenceOptions = Pick<CrossEntropyOptions, "labelSmoothing" | "classWeights">;

/**
 * The cross entropy of a sequence: the mean over its real time steps, weighted by class.
 *
 * **Shapes** `logits: [time, classes]`, `labels: [time]` of i32, `mask: [time]` of bool, which defaults to all real `→ []`.
 * Masked time steps do not matter, whatever their logits and labels. A real label that is not a class makes the loss and
 * its gradient NaN. Without a real time step the loss is 0.
 * **Units** nats per time step. **Math** `Σ m w[y] ℓ / Σ m w[y]`, with `ℓ` as `softmaxCrossEntropy` smooths it.
 * **Fails with** a type error where literal shapes show that lengths differ, `ShapeMismatch` when compiled;
 * `InvalidArgument`, thrown, where `labelSmoothing` is not from 0 to less than 1.
 */
export const sequenceCrossEntropy = <
  const X extends Operand,
  const Y extends Expr,
  const M extends Expr = Expr,
>(
  logits: X,
  labels: Y & PerTimeStep<"labels", ShapeOf<X>, ShapeOf<Y>>,
  mask?: M & PerTimeStep<"masks", ShapeOf<X>, ShapeOf<M>>,
  options: SequenceOptions = {},
): Loss => {
  const op = "sequenceCrossEntropy";
  share(op, { labelSmoothing: options.labelSmoothing });
  notNegative(op, { classWeights: options.classWeights });
  const given: Expr = lift(logits);
  const operands = [given, labels, ...(mask === undefined ? [] : [mask])];
  const expected = `logits [time, classes], labels [time]${mask === undefined ? "" : " and a mask [time]"}`;
  return asOne(op, expected, operands, () =>
    given.shape.length === 2
      ? overTime(given, labels, mask, options)
      : scalarLoss(mistaken(op, expected, given, [])),
  );
};

const overTime = (
  given: Expr,
  labels: Expr,
  mask: Expr | undefined,
  { labelSmoothing: smoothing = 0, classWeights }: SequenceOptions,
): Loss => {
  const op = "sequenceCrossEntropy";
  const [time = 0, number = 0] = given.shape;
  const classes = labelsOf(op, time, labels);
  const seen = mask === undefined ? undefined : maskOf(time, mask);
  const real = (x: Expr, otherwise: number): Expr =>
    seen === undefined ? x : where(seen, x, otherwise);
  // Masked logits are zeroed, so that NaN there cannot reach a derivative.
  const scores = logSoftmax(seen === undefined ? given : where(expandDims(seen, 1), given, 0));
  const weights =
    typeof classWeights === "number"
      ? fill([number], classWeights, scores.dtype)
      : classWeights === undefined
        ? undefined
        : lift(classWeights);
  const counted = weights === undefined ? scores : mul(scores, weights);
  const known = isKnown(classes, number);
  const sure = where(known, fill([time], 1, scores.dtype), Number.NaN);
  // An unknown label reads class 0, so that the gradient of its time step is NaN too.
  const places = expandDims(where(known, classes, 0), 1);
  const own = mul(sub(0, reshape(takeAlongAxis(counted, places, -1), [time])), real(sure, 1));
  const spread = (): Expr => neg(mean(counted, -1));
  const each: Expr = smoothing === 0 ? own : add(mul(own, 1 - smoothing), mul(spread(), smoothing));
  if (mask === undefined && weights === undefined && time > 0) return average(each);
  const ones = weights === undefined ? onesLike(each) : take(weights, classes);
  const count = total(real(ones, 0));
  return scalarLoss(div(total(real(each, 0)), where(eq(count, 0), 1, count)));
};
