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
  sub,
} from "../../ir/ops/elementwise.ts";
import { takeAlongAxis } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { prod, sum } from "../../ir/ops/reduction.ts";
import { expandDims, reshape } from "../../ir/ops/structural.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { finite, holding, whole } from "../../tensor/validate.ts";
import {
  alike,
  type Classified,
  classified,
  type Metric,
  misfit,
  monoidRatio,
  oneEach,
  type Ratio,
  ratio,
} from "./metric.ts";

/**
 * To how many parts of 1 a share is counted: sums of so many are exact in f64 up to 2²⁷ of them, and do not depend on
 * their order.
 */
const parts = 2 ** 26;

/** A metric that is the mean of what each of several places is worth, from 0 to 1. */
const shareOf = (name: string, worths: (outputs: Expr, targets: Expr) => Expr): Metric<Ratio> => ({
  name,
  better: "higher",
  monoid: monoidRatio,
  fromBatch: ({ outputs, targets }) => {
    const each = worths(outputs, targets);
    const whole = round(mul(cast(each, "f64"), parts));
    return {
      total: div(sum(whole), parts),
      count: lift(sizeOf(each.shape), "i32"),
    };
  },
  value: ratio,
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
