import type { Monoid } from "fp-ts/lib/Monoid.js";
import { struct } from "fp-ts/lib/Monoid.js";
import { MonoidSum } from "fp-ts/lib/number.js";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import {
  abs,
  and,
  div,
  eq,
  ge,
  gt,
  le,
  minimum,
  mul,
  not,
  round,
  square,
  sub,
} from "../../ir/ops/elementwise.ts";
import { takeAlongAxis } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { mean, prod, sum } from "../../ir/ops/reduction.ts";
import { expandDims, reshape } from "../../ir/ops/structural.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import { finite, holding, whole } from "../../tensor/validate.ts";
import { alike, type Classified, classified, type Metric, misfit } from "./metric.ts";

/** A total over examples, and how many there were. */
export interface Ratio {
  readonly [field: string]: number;
  readonly total: number;
  readonly count: number;
}

const monoidShare: Monoid<Ratio> = struct({ total: MonoidSum, count: MonoidSum });

/** `NaN` where there was no example. */
const share = ({ total, count }: Ratio): number => total / count;

const sizeOfBatch = (targets: Expr): Expr => lift(targets.shape[0] ?? 1, "i32");

/**
 * To how many parts of 1 a share is counted: sums of so many are exact in f64 up to 2²⁷ of them, and do not depend on
 * their order.
 */
const parts = 2 ** 26;

/** A metric that is the mean of what each of several places is worth, from 0 to 1. */
const shareOf = (name: string, worths: (outputs: Expr, targets: Expr) => Expr): Metric<Ratio> => ({
  name,
  better: "higher",
  monoid: monoidShare,
  fromBatch: ({ outputs, targets }) => {
    const each = worths(outputs, targets);
    const whole = round(mul(cast(each, "f64"), parts));
    return {
      total: div(sum(whole), parts),
      count: lift(sizeOf(each.shape), "i32"),
    };
  },
  value: share,
});

/**
 * What each place is worth where `k` classes may be named: 1 where fewer than `k` outputs are greater than the
 * label's; where the label's is one of several equal ones of which not all are among the `k`, the share of them that
 * is, which is what naming them by chance would hit. NaN is greater than any number, and no output to be right by.
 */
const hits = ({ outputs, labels }: Classified, k: number): Expr => {
  const own = takeAlongAxis(outputs, expandDims(labels, 1), -1);
  const count = (of: Expr): Expr => cast(sum(cast(of, "i32"), -1), "f64");
  const left = sub(k, count(not(le(outputs, own))));
  const equal = count(eq(outputs, own));
  const among = and(gt(left, 0), gt(equal, 0));
  const worth = minimum(div(left, where(among, equal, 1)), 1);
  return where(and(among, ge(labels, 0)), worth, 0);
};

/** The mean of the losses of the examples. **Units** those of the loss. */
export const meanLoss: Metric<Ratio> = {
  name: "loss",
  better: "lower",
  monoid: monoidShare,
  fromBatch: ({ loss, targets }) => {
    const count = sizeOfBatch(targets);
    return { total: mul(cast(loss, "f64"), cast(count, "f64")), count };
  },
  value: share,
};

/**
 * The share of examples whose greatest output is at their label; of moments, where examples are sequences.
 *
 * Of equal greatest outputs each is worth its part, so that a guess that is the same for all classes is worth one of
 * their number, as in {@link topKAccuracy} of 1. Outputs of NaN are wrong, and so is what is said of a label that is no class.
 *
 * **Shapes** `outputs: [batch, classes]`, `targets: [batch]` whole numbers, or numbers `[batch, classes]` of which
 * the greatest is at the label; `[batch, time, classes]` and `[batch, time]` of sequences.
 * **Fails with** `ShapeMismatch` when compiled, where shapes are others: one logit for each example is for
 * {@link binaryAccuracy}.
 */
export const accuracy: Metric<Ratio> = shareOf("accuracy", (outputs, targets) =>
  hits(classified("accuracy", outputs, targets), 1),
);

/**
 * The share of examples of two classes for which output and target are on the same side: logits of 0,
 * or, with another `threshold`, probabilities. A target is of the second class when above a half.
 *
 * An output on the threshold itself is worth a half, one of NaN nothing; so is any of a target that is not from -1
 * to 1.
 *
 * **Shapes** `outputs` and `targets` `[batch]` or `[batch, 1]`, or of any one shape, of which each element counts.
 * **Fails with** `InvalidArgument`, thrown, where `threshold` is not finite; `ShapeMismatch` when compiled, where
 * shapes differ: a score for each class is for {@link accuracy}.
 */
export const binaryAccuracy = (threshold = 0): Metric<Ratio> => {
  finite("binaryAccuracy", { threshold });
  return shareOf("accuracy", (outputs, targets) => {
    const [x, y] = oneEach("binaryAccuracy", outputs, targets);
    const right = cast(eq(gt(x, threshold), gt(y, 0.5)), "f64");
    const worth = where(eq(x, threshold), lift(0.5, "f64"), right);
    const meant = and(eq(x, x), le(abs(y), 1));
    return where(meant, worth, 0);
  });
};

/** An output for each target, the targets in the shape of the outputs. */
const oneEach = (op: string, outputs: Expr, targets: Expr): readonly [Expr, Expr] => {
  const y = isFloat(targets.dtype) ? targets : cast(targets, "f32");
  if (alike(outputs.shape, targets.shape)) return [outputs, reshape(y, outputs.shape) as Expr];
  const expected = `one output for each target, ${showShape(targets.shape)}`;
  const { shape } = targets;
  const meant = [
    { shape, dtype: outputs.dtype },
    { shape, dtype: y.dtype },
  ] as const;
  const [x, z] = misfit(op, expected, [outputs, targets], meant);
  return [x as Expr, z as Expr];
};

/**
 * The share of sequences of which every moment's greatest output is at its label: as a decoder that says the
 * likeliest token each time says the whole sequence exactly when each is likeliest after those before it, this
 * is the exact-match accuracy of greedy decoding, of a model that is told the sequence itself.
 *
 * A moment is worth what it is in {@link accuracy}, and a sequence the product of its moments.
 *
 * **Shapes** `outputs: [batch, time, classes]`, `targets: [batch, time]` whole numbers; moments whose label is
 * `padding` do not count.
 * **Fails with** `InvalidArgument`, thrown, where `padding` is no whole number; `ShapeMismatch` when compiled.
 */
export const exactMatch = ({ padding }: { readonly padding?: number } = {}): Metric<Ratio> => {
  holding("a whole number", Number.isSafeInteger)("exactMatch", { padding });
  return shareOf("exactMatch", (outputs, targets) => {
    const [batch = 1, time] = outputs.shape;
    if (outputs.shape.length !== 3 || time === undefined) {
      const expected = "outputs [batch, time, classes] and targets [batch, time]";
      return misfit(
        "exactMatch",
        expected,
        [outputs, targets],
        [{ shape: [batch], dtype: "f64" }],
      )[0] as Expr;
    }
    const places = classified("exactMatch", outputs, targets);
    const each = reshape(hits(places, 1), [batch, time]);
    if (padding === undefined) return prod(each, 1);
    const padded = alike(targets.shape, [batch, time])
      ? eq(reshape(targets, [batch, time]), padding)
      : eq(reshape(places.labels, [batch, time]), padding);
    return prod(where(padded, 1, each), 1);
  });
};

/**
 * The share of examples for which fewer than `k` outputs are greater than the label's.
 *
 * Where not all outputs that equal the label's are among the `k`, it is the share of them that are: a guess that is
 * the same for all classes is worth `k` of their number. Outputs of NaN come before all others and are never right.
 *
 * **Shapes** those of {@link accuracy}.
 * **Fails with** `InvalidArgument`, thrown, where `k` is no whole number or less than 1; `ShapeMismatch` when
 * compiled.
 */
export const topKAccuracy = (k: number): Metric<Ratio> => {
  whole(1)("topK", { k });
  return shareOf(`top${k}`, (outputs, targets) => hits(classified(`top${k}`, outputs, targets), k));
};

/**
 * The root of the mean squared difference between outputs and targets, over the examples and the elements of
 * each. **Units** those of the targets.
 *
 * **Shapes** `outputs` and `targets` of one shape, `[batch, ...]`.
 * **Fails with** `ShapeMismatch` when compiled, where shapes differ.
 */
export const rootMeanSquaredError: Metric<Ratio> = {
  name: "rmse",
  better: "lower",
  monoid: monoidShare,
  fromBatch: ({ outputs, targets }) => {
    const [x, y] = oneEach("rootMeanSquaredError", outputs, targets);
    const errors = square(sub(cast(x, "f64"), cast(y, "f64")));
    const each = mean(
      errors,
      errors.shape.slice(1).map((_, i) => i + 1),
    );
    return { total: sum(each), count: sizeOfBatch(targets) };
  },
  value: (seen) => Math.sqrt(share(seen)),
};
