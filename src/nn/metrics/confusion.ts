import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { where } from "../../ir/ops/control.ts";
import { ge } from "../../ir/ops/elementwise.ts";
import { oneHot, zerosLike } from "../../ir/ops/indexing.ts";
import { reshape, sliceAxis, stack } from "../../ir/ops/structural.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Nested } from "../../tensor/tensor.ts";
import { passedOn, shown, whole } from "../../tensor/validate.ts";
import { added, classified, greatest, type Metric, refuseShapes } from "./metric.ts";

/** A confusion matrix: `counts[i][j]` examples of class `i` were predicted as class `j`. The rest has no row or column. */
export interface Confusion {
  readonly [field: string]: Nested;
  readonly counts: readonly (readonly number[])[];
  /** For each class, the number of its examples without a prediction: outputs of NaN. */
  readonly undecided?: readonly number[];
  /** For each class, the number of examples predicted as it whose target is not a class. */
  readonly unlabeled?: readonly number[];
  /** The number of examples with neither a prediction nor a class. */
  readonly neither?: number;
}

const sumOf = (xs: readonly number[] = []): number => xs.reduce((a, b) => a + b, 0);

/** The number of examples of a class. */
const actual = ({ counts, undecided }: Confusion, of: number): number =>
  sumOf(counts[of]) + (undecided?.[of] ?? 0);

/** The number of examples predicted as a class. */
const predicted = ({ counts, unlabeled }: Confusion, of: number): number =>
  sumOf(counts.map((row) => row[of] ?? 0)) + (unlabeled?.[of] ?? 0);

const examples = ({ counts, undecided, unlabeled, neither = 0 }: Confusion): number =>
  sumOf(counts.flat()) + sumOf(undecided) + sumOf(unlabeled) + neither;

const correct = ({ counts }: Confusion, of: number): number => counts[of]?.[of] ?? 0;

/** A score of one class of a confusion matrix; `NaN` if it is undefined. */
type OfClass = (confusion: Confusion, of: number) => number;

const precisionOf: OfClass = (confusion, of) => correct(confusion, of) / predicted(confusion, of);

const recallOf: OfClass = (confusion, of) => correct(confusion, of) / actual(confusion, of);

const f1Of: OfClass = (confusion, of) =>
  (2 * correct(confusion, of)) / (actual(confusion, of) + predicted(confusion, of));

/** Expands single logits, `[batch]` or `[..., 1]`, to scores of two classes: above 0 is the second class. */
const scoresOf = (outputs: Expr, classes: number): Expr => {
  const { shape } = outputs;
  if (classes !== 2 || !(shape.length === 1 || shape.at(-1) === 1)) return outputs;
  const logits = shape.length === 1 ? outputs : reshape(outputs, shape.slice(0, -1));
  return stack([zerosLike(logits), logits], logits.shape.length);
};

const overConfusion = (
  maker: string,
  name: string,
  classes: number,
  value: (confusion: Confusion) => number,
): Metric<Confusion> => {
  whole(1)(maker, { classes });
  const indices = Array.from({ length: classes }, (_, i) => i);
  const none = indices.map(() => 0);
  return {
    name,
    better: "higher",
    monoid: {
      empty: { counts: indices.map(() => none), undecided: none, unlabeled: none, neither: 0 },
      concat: (a, b) => ({
        counts: a.counts.map((row, i) => added(row, b.counts[i])),
        undecided: added(a.undecided, b.undecided),
        unlabeled: added(a.unlabeled, b.unlabeled),
        neither: (a.neither ?? 0) + (b.neither ?? 0),
      }),
    },
    fromBatch: ({ outputs, targets }) => {
      const scores = scoresOf(outputs, classes);
      const fitting =
        scores.shape.at(-1) === classes ? scores : misfitting(maker, outputs, classes);
      const places = classified(maker, fitting, targets);
      // The last row and column collect examples without a class or a prediction.
      const spread = (labels: Expr): Expr =>
        oneHot(where(ge(labels, 0), labels, classes), classes + 1, "i32");
      const all = dot(spread(places.labels), spread(greatest(places.outputs)), [[0], [0]]);
      const part = (row: number, column: number): Expr =>
        sliceAxis(
          sliceAxis(all, 0, row, row === 0 ? classes : classes + 1),
          1,
          column,
          column === 0 ? classes : classes + 1,
        );
      return {
        counts: part(0, 0),
        undecided: reshape(part(0, classes), [classes]),
        unlabeled: reshape(part(classes, 0), [classes]),
        neither: reshape(part(classes, classes), []),
      };
    },
    value,
  };
};

/** Reports outputs with a wrong number of classes, which would otherwise go uncounted. */
const misfitting = (op: string, outputs: Expr, classes: number): Expr => {
  const shape = [...outputs.shape.slice(0, -1), classes];
  const expected = `a score for each class, ${showShape(shape)}`;
  return refuseShapes(op, expected, [outputs], [{ shape, dtype: outputs.dtype }])[0];
};

/**
 * A metric that counts the confusion matrix of a classifier. `classes` is the number of classes, or their names. The value
 * of the metric is the accuracy, under that name; `Validated` events carry the matrix, and progress prints it.
 *
 * The predicted class is the one with the highest output, the first of equal ones; outputs of NaN predict no class. An
 * example without a prediction or whose label is not a class is outside the matrix, but counts in the accuracy.
 *
 * **Shapes** `outputs: [batch, classes]`, or for two classes logits `[batch]` or `[batch, 1]`; `targets: [batch]` integers
 * or `[batch, classes]`; sequences and images as for `accuracy`, with an axis of classes, or of one logit, at the end.
 * **Fails with** `InvalidArgument`, thrown, where `classes` is not a whole number of at least 1, or an empty list;
 * `ShapeMismatch` when compiled, where outputs have another number of classes.
 *
 * @example
 * ```ts
 * import { confusionMatrix } from "fluxion";
 * import { precision, recall } from "fluxion/metrics";
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
    (confusion) =>
      sumOf(confusion.counts.map((_, i) => correct(confusion, i))) / examples(confusion),
  );
  const names =
    typeof classes === "number" ? Array.from({ length: size }, (_, i) => `${i}`) : classes;
  return { ...metric, confusion: ({ counts }) => ({ classes: names, counts }) };
};

/** How the scores of several classes become one. */
export type Averaging = keyof typeof averages;

/** The scores of all classes together; classes whose score is undefined do not count. */
const averages = {
  /** The mean over the classes: each counts the same, however rare. */
  macro: (confusion: Confusion, ofClass: OfClass) => weightedMean(confusion, ofClass, () => 1),
  /** The mean over the classes, each weighted by the number of its examples. */
  weighted: (confusion: Confusion, ofClass: OfClass) => weightedMean(confusion, ofClass, actual),
  /** The score of all classes counted together, as if each decision about each class were one of two classes. */
  micro: (confusion: Confusion, ofClass: OfClass) => ofClass(merged(confusion), 0),
} satisfies { readonly [name: string]: (confusion: Confusion, ofClass: OfClass) => number };

const weightedMean = (confusion: Confusion, ofClass: OfClass, weight: OfClass): number => {
  const scored = confusion.counts.flatMap((_, i) => {
    const score = ofClass(confusion, i);
    return Number.isNaN(score) ? [] : [{ score, weight: weight(confusion, i) }];
  });
  return sumOf(scored.map((x) => x.weight * x.score)) / sumOf(scored.map((x) => x.weight));
};

/** All classes as one: what was right, and what was missed or wrongly predicted of any class. */
const merged = (confusion: Confusion): Confusion => {
  const { counts } = confusion;
  const right = sumOf(counts.map((_, i) => correct(confusion, i)));
  const total = (of: OfClass): number => sumOf(counts.map((_, i) => of(confusion, i)));
  return {
    counts: [[right]],
    undecided: [total(actual) - right],
    unlabeled: [total(predicted) - right],
  };
};

/** The metric of a class score: for one class, or for all classes by an average. */
const classMetric =
  (name: string, ofClass: OfClass) =>
  (classes: number, of: number | Averaging = "macro"): Metric<Confusion> => {
    if (Object.hasOwn(averages, of)) {
      const title = of === "macro" ? name : `${of} ${name}`;
      const average = averages[of as Averaging];
      return overConfusion(name, title, classes, (confusion) => average(confusion, ofClass));
    }
    if (typeof of === "number" && Number.isSafeInteger(of) && of >= 0 && of < classes)
      return overConfusion(name, `${name} of ${of}`, classes, (seen) => ofClass(seen, of));
    const expected = `a class, a whole number from 0 to ${classes - 1}, or one of ${Object.keys(averages).join(", ")}`;
    throw new InvalidArgument({ op: name, argument: "of", expected, actual: shown(of) });
  };

/**
 * Precision: the fraction of the examples predicted as a class that belong to it. Of a class that was never predicted it is `NaN`. `of` is a class, or how the scores of all classes
 * are averaged: `"macro"` (the mean, the default), `"weighted"` (by the number of examples of each class) or `"micro"`
 * (all decisions counted together). An average skips the classes whose score is `NaN`.
 *
 * **Shapes** and **Fails with** as {@link confusionMatrix}; also where `of` is not a class.
 */
export const precision = classMetric("precision", precisionOf);

/**
 * Recall: the fraction of the examples of a class that were predicted as it. Of a class without examples it is `NaN`. `of` is a class, or how the scores of all classes
 * are averaged: `"macro"` (the mean, the default), `"weighted"` (by the number of examples of each class) or `"micro"`
 * (all decisions counted together). An average skips the classes whose score is `NaN`.
 *
 * **Shapes** and **Fails with** as {@link confusionMatrix}; also where `of` is not a class.
 */
export const recall = classMetric("recall", recallOf);

/**
 * The F1 score: the harmonic mean of precision and recall, `2TP / (2TP + FP + FN)`. Of a class that
 * never occurs it is `NaN`. `of` is a class, or how the scores of all classes
 * are averaged: `"macro"` (the mean, the default), `"weighted"` (by the number of examples of each class) or `"micro"`
 * (all decisions counted together). An average skips the classes whose score is `NaN`.
 *
 * **Shapes** and **Fails with** as {@link confusionMatrix}; also where `of` is not a class.
 */
export const f1 = classMetric("f1", f1Of);

/** The share of the examples of a class, or predicted as it, that are both. */
const overlapOf: OfClass = (confusion, of) => {
  const both = correct(confusion, of);
  return both / (actual(confusion, of) + predicted(confusion, of) - both);
};

/**
 * Intersection over union (the Jaccard index), `TP / (TP + FP + FN)`: for segmentation, the pixels of a class that were
 * found, divided by those that are of it or were predicted as it. Of a class that never occurs it is `NaN`. `of` is a class,
 * or an average as for {@link precision}; `"macro"`, the default, is the mean IoU (mIoU).
 *
 * **Shapes** and **Fails with** as {@link precision}. Images are positions too: `outputs: [batch, height, width, classes]`.
 */
export const intersectionOverUnion: ReturnType<typeof classMetric> = (classes, of) =>
  passedOn("intersectionOverUnion", () => classMetric("iou", overlapOf)(classes, of));

/**
 * The Dice coefficient, `2TP / (2TP + FP + FN)`: for segmentation, what {@link f1} is for classification. `of` is a class,
 * or an average as for {@link precision}.
 *
 * **Shapes** and **Fails with** as {@link intersectionOverUnion}.
 */
export const dice = classMetric("dice", f1Of);
