import type { Monoid } from "fp-ts/lib/Monoid.js";
import { struct } from "fp-ts/lib/Monoid.js";
import { MonoidSum } from "fp-ts/lib/number.js";
import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { eq, gt, lt, mul, not, or, square, sub } from "../ir/ops/elementwise.ts";
import { takeAlongAxis } from "../ir/ops/indexed.ts";
import { lift } from "../ir/ops/operand.ts";
import { argmax, mean, sum } from "../ir/ops/reduction.ts";
import { expandDims, reshape } from "../ir/ops/structural.ts";
import { whole } from "../tensor/argument.ts";
import { labelsOf, type Metric } from "./metric.ts";

/** A total over examples, and how many there were. */
export interface Share {
  readonly [field: string]: number;
  readonly total: number;
  readonly count: number;
}

const monoidShare: Monoid<Share> = struct({ total: MonoidSum, count: MonoidSum });

/** `NaN` where there was no example. */
const share = ({ total, count }: Share): number => total / count;

const sizeOfBatch = (targets: Expr): Expr => lift(targets.shape[0] ?? 1, "i32");

/** A metric that is the share of examples for which something holds. */
const shareOf = (name: string, holds: (outputs: Expr, targets: Expr) => Expr): Metric<Share> => ({
  name,
  better: "higher",
  monoid: monoidShare,
  fromBatch: ({ outputs, targets }) => ({
    total: sum(cast(holds(outputs, targets), "i32")) as Expr,
    count: sizeOfBatch(targets),
  }),
  value: share,
});

/** The mean of the losses of the examples. **Units** those of the loss. */
export const meanLoss: Metric<Share> = {
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
 * The share of examples whose greatest output is at their label.
 *
 * **Shapes** `outputs: [batch, classes]`, `targets: [batch]` integers or `[batch, classes]`.
 */
export const accuracy: Metric<Share> = shareOf("accuracy", (outputs, targets) =>
  eq(argmax(outputs, -1), labelsOf(targets)),
);

/**
 * The share of examples of two classes for which output and target are on the same side: logits of 0,
 * or, with another `threshold`, probabilities. A target is of the second class when above a half.
 *
 * **Shapes** `outputs` and `targets` `[batch]` or `[batch, 1]`.
 */
export const binaryAccuracy = (threshold = 0): Metric<Share> =>
  shareOf("accuracy", (outputs, targets) => {
    const size = [outputs.shape[0] ?? 1];
    const predicted = gt(reshape(outputs, size) as Expr, threshold);
    return eq(predicted, gt(cast(reshape(targets, size) as Expr, "f32"), 0.5));
  });

/**
 * The share of sequences of which every moment's greatest output is at its label: as a decoder that says the
 * likeliest token each time says the whole sequence exactly when each is likeliest after those before it, this
 * is the exact-match accuracy of greedy decoding, of a model that is told the sequence itself.
 *
 * **Shapes** `outputs: [batch, time, classes]`, `targets: [batch, time]` integers; moments whose label is
 * `padding` do not count.
 */
export const exactMatch = ({ padding }: { readonly padding?: number } = {}): Metric<Share> =>
  shareOf("exactMatch", (outputs, targets) => {
    const right: Expr = eq(argmax(outputs, -1), targets) as Expr;
    const counts = padding === undefined ? right : (or(right, eq(targets, padding)) as Expr);
    const wrong: Expr = sum(cast(not(counts) as Expr, "i32"), -1) as Expr;
    return eq(wrong, 0) as Expr;
  });

/** The share of examples for which fewer than `k` outputs are greater than the label's. */
export const topK = (k: number): Metric<Share> => {
  whole(1)("topK", { k });
  return shareOf(`top${k}`, (outputs, targets) => {
    const label = expandDims(labelsOf(targets), 1);
    const own = takeAlongAxis(outputs, label, -1);
    const greater: Expr = sum(cast(gt(outputs, own), "i32"), -1);
    return lt(greater, k);
  });
};

/**
 * The root of the mean squared difference between outputs and targets, over the examples and the elements of
 * each. **Units** those of the targets.
 *
 * **Shapes** `outputs` and `targets` of one shape, `[batch, ...]`.
 */
export const rootMeanSquaredError: Metric<Share> = {
  name: "rmse",
  better: "lower",
  monoid: monoidShare,
  fromBatch: ({ outputs, targets }) => {
    // The shape that targets must have anyway: `[batch]` against `[batch, 1]` would broadcast.
    const y = reshape(targets, outputs.shape) as Expr;
    const errors = square(sub(cast(outputs, "f64"), cast(y, "f64")) as Expr) as Expr;
    const each = mean(
      errors,
      errors.shape.slice(1).map((_, i) => i + 1),
    );
    return { total: sum(each) as Expr, count: sizeOfBatch(targets) };
  },
  value: (seen) => Math.sqrt(share(seen)),
};
