import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { gt } from "../ir/ops/elementwise.ts";
import { oneHot } from "../ir/ops/indexed.ts";
import { dot } from "../ir/ops/linear.ts";
import { argmax } from "../ir/ops/reduction.ts";
import { reshape } from "../ir/ops/structural.ts";
import { holding, whole } from "../tensor/argument.ts";
import { labelsOf, type Metric } from "./metric.ts";

/** How often class `row` was taken for class `column`. */
export interface Confusion {
  readonly [field: string]: readonly (readonly number[])[];
  readonly counts: readonly (readonly number[])[];
}

const total = ({ counts }: Confusion, where: (row: number, column: number) => boolean): number =>
  counts.reduce((sum, row, i) => row.reduce((s, n, j) => (where(i, j) ? s + n : s), sum), 0);

const right = (confusion: Confusion, of: number): number =>
  total(confusion, (i, j) => i === of && j === of);

/** A figure of a confusion matrix for one of its classes; `NaN` where it has none. */
type OfClass = (confusion: Confusion, of: number) => number;

const precisionOf: OfClass = (confusion, of) =>
  right(confusion, of) / total(confusion, (_, j) => j === of);

const recallOf: OfClass = (confusion, of) =>
  right(confusion, of) / total(confusion, (i) => i === of);

const f1Of: OfClass = (confusion, of) =>
  (2 * right(confusion, of)) /
  (total(confusion, (i) => i === of) + total(confusion, (_, j) => j === of));

/** The classes that a single output names: the second where it is above 0, a logit. */
const predictedOf = (outputs: Expr): Expr =>
  outputs.shape.length > 1 && outputs.shape.at(-1) !== 1
    ? argmax(outputs, -1)
    : cast(gt(reshape(outputs, [outputs.shape[0] ?? 1]) as Expr, 0) as Expr, "i32");

const overConfusion = (
  maker: string,
  name: string,
  classes: number,
  value: (confusion: Confusion) => number,
): Metric<Confusion> => {
  whole(1)(maker, { classes });
  const indices = Array.from({ length: classes }, (_, i) => i);
  return {
    name,
    better: "higher",
    monoid: {
      empty: { counts: indices.map(() => indices.map(() => 0)) },
      concat: (a, b) => ({
        counts: a.counts.map((row, i) => row.map((n, j) => n + (b.counts[i]?.[j] ?? 0))),
      }),
    },
    fromBatch: ({ outputs, targets }) => {
      const actual = oneHot(labelsOf(targets), classes, "i32");
      const predicted = oneHot(predictedOf(outputs), classes, "i32");
      return { counts: dot(actual, predicted, [[0], [0]]) };
    },
    value,
  };
};

/**
 * The confusion matrix of a classifier, of so many classes or of classes with these names. Its value is the
 * accuracy and bears that name; `Validated` carries the matrix, and progress prints it below the result.
 *
 * **Shapes** `outputs: [batch, classes]`, or for two classes logits `[batch]` or `[batch, 1]`;
 * `targets: [batch]` integers or `[batch, classes]`.
 * **Fails with** `InvalidArgument`, thrown, where `classes` is no whole number or less than 1, or no names.
 *
 * @example
 * ```ts
 * import { confusionMatrix, precision, recall } from "fluxion";
 * const { monoid, value } = confusionMatrix(2);
 * const seen = monoid.concat({ counts: [[8, 2], [0, 0]] }, { counts: [[0, 0], [1, 9]] });
 * [value(seen), precision(2, 0).value(seen), recall(2, 1).value(seen)] // => [0.85, 0.8888889, 0.9]
 * ```
 */
export const confusionMatrix = (classes: number | readonly string[]): Metric<Confusion> => {
  const size = typeof classes === "number" ? classes : classes.length;
  const metric = overConfusion(
    "confusionMatrix",
    "accuracy",
    size,
    (confusion) => total(confusion, (i, j) => i === j) / total(confusion, () => true),
  );
  const names =
    typeof classes === "number" ? Array.from({ length: size }, (_, i) => `${i}`) : classes;
  return { ...metric, confusion: ({ counts }) => ({ classes: names, counts }) };
};

/** The mean of what classes have, without those that have none. */
const macro = (confusion: Confusion, ofClass: OfClass): number => {
  const values = confusion.counts
    .map((_, i) => ofClass(confusion, i))
    .filter((x) => !Number.isNaN(x));
  return values.reduce((a, b) => a + b, 0) / values.length;
};

/** The metric that a figure of classes makes: that of one class, or their mean. */
const figure =
  (name: string, ofClass: OfClass) =>
  (classes: number, of?: number): Metric<Confusion> => {
    const expected = `a class, a whole number from 0 to ${classes - 1}`;
    holding(expected, (n) => Number.isSafeInteger(n) && n >= 0 && n < classes)(name, { of });
    return of === undefined
      ? overConfusion(name, name, classes, (confusion) => macro(confusion, ofClass))
      : overConfusion(name, `${name} of ${of}`, classes, (confusion) => ofClass(confusion, of));
  };

/**
 * Of the examples taken for a class, the share that are of it: for the class `of`, `NaN` where none was taken
 * for it; else the mean over the classes that some were taken for.
 *
 * **Shapes** and **Fails with** those of {@link confusionMatrix}; also where `of` is no class.
 */
export const precision = figure("precision", precisionOf);

/**
 * Of the examples of a class, the share taken for it: for the class `of`, `NaN` where there is none of it;
 * else the mean over the classes that there are.
 *
 * **Shapes** and **Fails with** those of {@link confusionMatrix}; also where `of` is no class.
 */
export const recall = figure("recall", recallOf);

/**
 * The harmonic mean of precision and recall, `2TP / (2TP + FP + FN)`: for the class `of`, `NaN` where it
 * occurs nowhere; else the mean over the classes that occur.
 *
 * **Shapes** and **Fails with** those of {@link confusionMatrix}; also where `of` is no class.
 */
export const f1 = figure("f1", f1Of);
