import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import {
  abs,
  add,
  and,
  div,
  eq,
  ge,
  gt,
  le,
  maximum,
  minimum,
  mul,
  ne,
  not,
  round,
  sub,
} from "../../ir/ops/elementwise.ts";
import { takeAlongAxis } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { prod, sum } from "../../ir/ops/reduction.ts";
import { topK } from "../../ir/ops/sorting.ts";
import { expandDims, index, reshape } from "../../ir/ops/structural.ts";
import { sameShape, sizeOf } from "../../tensor/shape.ts";
import { finite, holding, whole } from "../../tensor/validate.ts";
import {
  alike,
  type Classified,
  classified,
  type Metric,
  monoidRatio,
  outputTargetPairs,
  type Ratio,
  ratio,
  refuseShapes,
} from "./metric.ts";

/**
 * Shares are rounded to multiples of 1/`parts`: sums of up to 2²⁷ of them are then exact in f64, and do not depend on the
 * order.
 */
const parts = 2 ** 26;

/** A metric that is the mean of a score from 0 to 1 at each position. */
const meanScore = (
  name: string,
  scoresOf: (outputs: Expr, targets: Expr) => Expr,
): Metric<Ratio> => ({
  name,
  better: "higher",
  monoid: monoidRatio,
  fromBatch: ({ outputs, targets }) => {
    const each = scoresOf(outputs, targets);
    const whole = round(mul(cast(each, "f64"), parts));
    return {
      total: div(sum(whole), parts),
      count: lift(sizeOf(each.shape), "i32"),
    };
  },
  value: ratio,
});

/**
 * The top-`k` score of each position: 1 if fewer than `k` outputs are greater than the label's. If ties of the label's
 * output do not all fit among the `k`, it is the fraction that fits, the expected value of choosing among them at random.
 * NaN counts as greater than any number, and as wrong.
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
 * The fraction of examples whose highest output is at their label; for sequences, the fraction of time steps.
 *
 * Tied outputs share the score: equal outputs for `n` classes score `1/n`, as in {@link topKAccuracy} with 1. Outputs of
 * NaN are wrong, and so is every output for a label that is not a class.
 *
 * **Shapes** `outputs: [batch, classes]`, `targets: [batch]` whole numbers, or `[batch, classes]` with the maximum at the
 * label; for sequences `[batch, time, classes]` and `[batch, time]`.
 * **Fails with** `ShapeMismatch` when compiled, where shapes differ from these. For one logit per example use
 * {@link binaryAccuracy}.
 */
export const accuracy: Metric<Ratio> = meanScore("accuracy", (outputs, targets) =>
  hits(classified("accuracy", outputs, targets), 1),
);

/**
 * The accuracy for two classes: the fraction of elements whose output is on the right side of `threshold`. It defaults to
 * 0, for logits; use 0.5 for probabilities. A target above 0.5 is the second class.
 *
 * An output equal to the threshold scores a half, and NaN scores 0. An output for a target that is not from -1 to 1 scores
 * 0.
 *
 * **Shapes** `outputs` and `targets` `[batch]` or `[batch, 1]`, or both of any one shape, where each element counts.
 * **Fails with** `InvalidArgument`, thrown, where `threshold` is not finite; `ShapeMismatch` when compiled, where shapes
 * differ. For a score per class use {@link accuracy}.
 */
export const binaryAccuracy = (threshold = 0): Metric<Ratio> => {
  finite("binaryAccuracy", { threshold });
  return meanScore("accuracy", (outputs, targets) => {
    const [x, y] = outputTargetPairs("binaryAccuracy", outputs, targets);
    const right = cast(eq(gt(x, threshold), gt(y, 0.5)), "f64");
    const worth = where(eq(x, threshold), lift(0.5, "f64"), right);
    const meant = and(eq(x, x), le(abs(y), 1));
    return where(meant, worth, 0);
  });
};

/**
 * The fraction of sequences that are right at every time step. For a model trained with teacher forcing this equals the
 * exact-match accuracy of greedy decoding.
 *
 * A time step scores as in {@link accuracy}, and a sequence scores the product of its time steps.
 *
 * **Shapes** `outputs: [batch, time, classes]`, `targets: [batch, time]` whole numbers. Time steps whose label is
 * `padding` do not count; `padding` defaults to none.
 * **Fails with** `InvalidArgument`, thrown, where `padding` is not a whole number; `ShapeMismatch` when compiled.
 */
export const exactMatch = ({ padding }: { readonly padding?: number } = {}): Metric<Ratio> => {
  holding("a whole number", Number.isSafeInteger)("exactMatch", { padding });
  return meanScore("exactMatch", (outputs, targets) => {
    const [batch = 1, time] = outputs.shape;
    if (outputs.shape.length !== 3 || time === undefined) {
      const expected = "outputs [batch, time, classes] and targets [batch, time]";
      return refuseShapes(
        "exactMatch",
        expected,
        [outputs, targets],
        [{ shape: [batch], dtype: "f64" }],
      )[0];
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
 * The fraction of examples whose label is among the `k` highest outputs.
 *
 * If ties of the label's output do not all fit among the `k`, an example scores the fraction that fits: equal outputs for
 * `n` classes score `k/n`. Outputs of NaN come before all others and are never right.
 *
 * **Shapes** as for {@link accuracy}.
 * **Fails with** `InvalidArgument`, thrown, where `k` is not a whole number of at least 1; `ShapeMismatch` when
 * compiled.
 */
export const topKAccuracy = (k: number): Metric<Ratio> => {
  whole(1)("topKAccuracy", { k });
  return meanScore(`top${k}`, (outputs, targets) =>
    hits(classified(`top${k}`, outputs, targets), k),
  );
};

/**
 * The mean reciprocal rank (MRR): the mean over examples of one divided by the place of the label among all classes, sorted by
 * output. A label whose output is tied is placed in the middle of the tied ones. Outputs of NaN come before all others, and
 * an example whose label is not a class scores 0.
 *
 * **Shapes** and **Fails with** as for {@link accuracy}.
 * **Source** ties: Berrendorf et al. (2020), arXiv 2002.06914, the realistic rank.
 */
export const meanReciprocalRank: Metric<Ratio> = meanScore("mrr", (outputs, targets) => {
  const { outputs: scores, labels } = classified("meanReciprocalRank", outputs, targets);
  const own = takeAlongAxis(scores, expandDims(labels, 1), -1);
  const count = (of: Expr): Expr => cast(sum(cast(of, "i32"), -1), "f64");
  const [ahead, equal] = [count(not(le(scores, own))), count(eq(scores, own))];
  const known = and(ge(labels, 0), gt(equal, 0));
  return where(known, div(1, add(ahead, div(add(equal, 1), 2))), 0);
});

/**
 * Recall at `k`: the fraction of the relevant items that are among the `k` highest outputs, averaged over the examples that
 * have relevant items. Of items tied at the end, the fraction that fits counts. An example with outputs of NaN scores 0.
 *
 * **Shapes** `outputs: [batch, items]` scores, `targets: [batch, items]`, above 0.5 where an item is relevant.
 * **Fails with** `InvalidArgument`, thrown, where `k` is not a whole number of at least 1; `ShapeMismatch` when compiled,
 * where shapes differ or there are fewer than `k` items.
 */
export const recallAt = (k: number): Metric<Ratio> => {
  whole(1)("recallAt", { k });
  return {
    name: `recall@${k}`,
    better: "higher",
    monoid: monoidRatio,
    fromBatch: ({ outputs, targets }) => {
      const [batch = 1, items = 0] = outputs.shape;
      const fits = sameShape(outputs.shape, targets.shape) && outputs.shape.length === 2;
      const [scores, relevances] =
        fits && items >= k
          ? [outputs, targets]
          : refuseShapes(
              "recallAt",
              `outputs and targets of one shape [batch, items], with ${k} items or more`,
              [outputs, targets],
              [
                { shape: [batch, k], dtype: outputs.dtype },
                { shape: [batch, k], dtype: targets.dtype },
              ],
            );
      const relevant = cast(gt(relevances, 0.5), "f64");
      const least = index(topK(scores, k).values, k - 1, -1);
      const [above, tied] = [gt, eq].map((of) => cast(of(scores, expandDims(least, 1)), "f64")) as [
        Expr,
        Expr,
      ]; // of two, two are made
      const fitting = div(sub(k, sum(above, -1)), maximum(sum(tied, -1), 1));
      const found = sum(mul(relevant, add(above, mul(tied, expandDims(fitting, 1)))), -1);
      const all = sum(relevant, -1);
      const known = eq(sum(cast(ne(scores, scores), "i32"), -1), 0);
      const each = where(and(known, gt(all, 0)), div(found, maximum(all, 1)), 0);
      return {
        total: div(sum(round(mul(each, parts))), parts),
        count: sum(cast(gt(all, 0), "i32")),
      };
    },
    value: ratio,
  };
};
