import type { Monoid } from "fp-ts/lib/Monoid.js";
import { struct } from "fp-ts/lib/Monoid.js";
import { MonoidSum } from "fp-ts/lib/number.js";
import { InvalidArgument } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { eq, gt, lt, mul, not, or } from "../ir/ops/elementwise.ts";
import { oneHot, takeAlongAxis } from "../ir/ops/indexed.ts";
import { dot } from "../ir/ops/linear.ts";
import { lift } from "../ir/ops/operand.ts";
import { argmax, sum } from "../ir/ops/reduction.ts";
import { expandDims, reshape } from "../ir/ops/structural.ts";
import type { Metric } from "./metric.ts";

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
  monoid: monoidShare,
  fromBatch: ({ loss, targets }) => {
    const count = sizeOfBatch(targets);
    return { total: mul(cast(loss, "f64"), cast(count, "f64")), count };
  },
  value: share,
};

/** Whole-number labels `[batch]`: as given, or the classes of a distribution's greatest probability. */
const labels = (targets: Expr): Expr =>
  targets.shape.length > 1 && targets.shape.at(-1) !== 1
    ? argmax(targets, -1)
    : cast(reshape(targets, [targets.shape[0] ?? 1]) as Expr, "i32");

/**
 * The share of examples whose greatest output is at their label.
 *
 * **Shapes** `outputs: [batch, classes]`, `targets: [batch]` integers or `[batch, classes]`.
 */
export const accuracy: Metric<Share> = shareOf("accuracy", (outputs, targets) =>
  eq(argmax(outputs, -1), labels(targets)),
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
  if (!(Number.isSafeInteger(k) && k > 0))
    throw new InvalidArgument({
      op: "topK",
      argument: "k",
      expected: "a positive whole number",
      actual: String(k),
    });
  return shareOf(`top${k}`, (outputs, targets) => {
    const label = expandDims(labels(targets), 1);
    const own = takeAlongAxis(outputs, label, -1);
    const greater: Expr = sum(cast(gt(outputs, own), "i32"), -1);
    return lt(greater, k);
  });
};

/** How often class `row` was taken for class `column`. */
export interface Confusion {
  readonly [field: string]: readonly (readonly number[])[];
  readonly counts: readonly (readonly number[])[];
}

/**
 * The confusion matrix of a classifier; its value is the accuracy. {@link precision}, {@link recall} and
 * {@link f1} are functions of the summary.
 *
 * **Shapes** `outputs: [batch, classes]`, `targets: [batch]` integers or `[batch, classes]`.
 *
 * @example
 * ```ts
 * import { confusionMatrix, precision, recall } from "fluxion";
 * const { monoid, value } = confusionMatrix(2);
 * const seen = monoid.concat({ counts: [[8, 2], [0, 0]] }, { counts: [[0, 0], [1, 9]] });
 * [value(seen), precision(seen, 0), recall(seen, 1)] // => [0.85, 0.8888889, 0.9]
 * ```
 */
export const confusionMatrix = (classes: number): Metric<Confusion> => {
  const indices = Array.from({ length: classes }, (_, i) => i);
  return {
    name: "confusion",
    monoid: {
      empty: { counts: indices.map(() => indices.map(() => 0)) },
      concat: (a, b) => ({
        counts: a.counts.map((row, i) => row.map((n, j) => n + (b.counts[i]?.[j] ?? 0))),
      }),
    },
    fromBatch: ({ outputs, targets }) => {
      const actual = oneHot(labels(targets), classes, "i32");
      const predicted = oneHot(argmax(outputs, -1), classes, "i32");
      return { counts: dot(actual, predicted, [[0], [0]]) };
    },
    value: (confusion) => total(confusion, (i, j) => i === j) / total(confusion, () => true),
  };
};

const total = ({ counts }: Confusion, where: (row: number, column: number) => boolean): number =>
  counts.reduce((sum, row, i) => row.reduce((s, n, j) => (where(i, j) ? s + n : s), sum), 0);

/** Of the examples taken for a class, the share that are of it; `NaN` where none was. */
export const precision = (confusion: Confusion, of: number): number =>
  total(confusion, (i, j) => i === of && j === of) / total(confusion, (_, j) => j === of);

/** Of the examples of a class, the share taken for it; `NaN` where there is none. */
export const recall = (confusion: Confusion, of: number): number =>
  total(confusion, (i, j) => i === of && j === of) / total(confusion, (i) => i === of);

/** The harmonic mean of precision and recall: `2TP / (2TP + FP + FN)`. */
export const f1 = (confusion: Confusion, of: number): number =>
  (2 * total(confusion, (i, j) => i === of && j === of)) /
  (total(confusion, (i) => i === of) + total(confusion, (_, j) => j === of));
