import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { eq, lt } from "../../ir/ops/elementwise.ts";
import { take } from "../../ir/ops/indexing.ts";
import { argsort } from "../../ir/ops/reduction.ts";
import { index, reshape } from "../../ir/ops/structural.ts";
import { nth } from "../../tensor/list.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Nested } from "../../tensor/tensor.ts";
import { shown } from "../../tensor/validate.ts";
import { classified, type Metric, outputTargetPairs, refuseShapes } from "./metric.ts";

/** The score of every example and whether it is positive, sorted by score. */
export interface Ranking {
  readonly [field: string]: Nested;
  /** Ascending; of equal scores the negatives come first. */
  readonly scores: readonly number[];
  /** 1 for a positive example, 0 for a negative one, and -1 where the score or the target is neither. */
  readonly positive: readonly number[];
}

/** Merges two sorted rankings. */
const merged = (a: Ranking, b: Ranking): Ranking => {
  const [scores, positive]: [number[], number[]] = [[], []];
  const last = (of: Ranking, i: number): boolean => i >= of.scores.length;
  const before = (i: number, j: number): boolean => {
    const [x, y] = [nth(a.scores, i), nth(b.scores, j)];
    return x < y || (x === y && nth(a.positive, i) <= nth(b.positive, j));
  };
  for (let i = 0, j = 0; !last(a, i) || !last(b, j); ) {
    const [from, at] = last(b, j) || (!last(a, i) && before(i, j)) ? [a, i++] : [b, j++];
    scores.push(nth(from.scores, at));
    positive.push(nth(from.positive, at));
  }
  return { scores, positive };
};

/** A point of a curve over thresholds: the counts of examples whose score is at least the threshold. */
export interface Threshold {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/**
 * The counts above each threshold, from the highest score to the lowest: the points of ROC and precision-recall curves. The
 * first point, at ∞, has no examples.
 */
export const thresholdCurve = ({ scores, positive }: Ranking): readonly Threshold[] => {
  const points: Threshold[] = [];
  let at: Threshold = { threshold: Number.POSITIVE_INFINITY, truePositives: 0, falsePositives: 0 };
  for (let i = scores.length - 1; i >= 0; i--) {
    const threshold = nth(scores, i);
    if (threshold !== at.threshold || points.length === 0) points.push(at);
    const hit = nth(positive, i);
    at = {
      threshold,
      truePositives: at.truePositives + hit,
      falsePositives: at.falsePositives + 1 - hit,
    };
  }
  return [...points, at];
};

/** The scores of the positive class, and 1, 0 or -1 for each, both `[n]`. */
interface Scored {
  readonly scores: Expr;
  readonly positive: Expr;
}

const flat = (x: Expr): Expr => reshape(x, [sizeOf(x.shape)]);

/** The scores of a class: one column of several, or single scores. */
const scoresOf = (op: string, outputs: Expr, targets: Expr, of?: number): Scored => {
  const classes = outputs.shape.length > 1 ? (outputs.shape.at(-1) ?? 1) : 1;
  if (classes === 1 && of === undefined) {
    const [scores, labels] = outputTargetPairs(op, outputs, targets);
    const positive = where(eq(labels, 1), 1, where(eq(labels, 0), 0, -1));
    return { scores: flat(scores), positive: flat(positive) };
  }
  const at = of ?? 1;
  if ((of === undefined ? classes === 2 : at < classes) && classes > 1) {
    const places = classified(op, outputs, targets);
    const positive = where(eq(places.labels, at), 1, where(lt(places.labels, 0), -1, 0));
    return { scores: index(places.outputs, at, -1), positive };
  }
  const expected =
    classes === 1
      ? "scores of several classes, [batch, classes], to take one of"
      : `one score for each example, or a positive class \`of\` below ${classes}`;
  const meant = [{ shape: [1], dtype: "f32" } as const, { shape: [1], dtype: "i32" } as const];
  const [scores, positive] = refuseShapes(op, expected, [outputs], meant) as [Expr, Expr]; // as many as were meant
  return { scores, positive };
};

/** The options of {@link rocAuc} and {@link averagePrecision}. */
export interface RankingOptions {
  /** The class that is positive; all others are negative. Defaults to 1, the second of two. */
  readonly of?: number;
}

const rankingMetric =
  (name: string, op: string, value: (curve: readonly Threshold[]) => number) =>
  ({ of }: RankingOptions = {}): Metric<Ranking> => {
    if (of !== undefined && !(Number.isSafeInteger(of) && of >= 0)) {
      const expected = "a class, a whole number, 0 or more";
      throw new InvalidArgument({ op, argument: "of", expected, actual: shown(of) });
    }
    return {
      name: of === undefined ? name : `${name} of ${of}`,
      better: "higher",
      monoid: { empty: { scores: [], positive: [] }, concat: merged },
      fromBatch: ({ outputs, targets }) => {
        const { scores, positive } = scoresOf(op, outputs, targets, of);
        const known = eq(scores, scores);
        const score = where(known, scores, Number.POSITIVE_INFINITY);
        const kind = where(known, positive, -1);
        // A stable sort by kind and then by score sorts by both.
        const byKind = argsort(kind);
        const order = take(byKind, argsort(take(score, byKind)));
        return { scores: cast(take(score, order), "f64"), positive: take(kind, order) };
      },
      value: (ranking) =>
        ranking.positive.includes(-1) ? Number.NaN : value(thresholdCurve(ranking)),
    };
  };

/** The sum of `f` over neighboring points. */
const sumOver = (
  points: readonly Threshold[],
  f: (from: Threshold, to: Threshold) => number,
): number => points.slice(1).reduce((sum, to, i) => sum + f(points[i] as Threshold, to), 0);

/**
 * The area under the ROC curve (ROC-AUC): the probability that a positive example has a higher score than a negative one,
 * ties counted as a half. It is 0.5 for scores without information, and `NaN` without examples of both kinds, with a score
 * of NaN, or with targets other than 0 and 1 (for one score per example).
 *
 * All scores are kept until the value is read, 16 bytes per example. `thresholdCurve` gives the points of the curve.
 *
 * **Shapes** `outputs: [batch]` or `[batch, 1]` scores (logits or probabilities) with `targets` of 0 and 1; or
 * `outputs: [batch, classes]` with `targets: [batch]` whole numbers, for the positive class `of`.
 * **Fails with** `InvalidArgument`, thrown, where `of` is not a class; `ShapeMismatch` when compiled.
 * **Source** Fawcett (2006), An introduction to ROC analysis, algorithm 2.
 *
 * @example
 * ```ts
 * import { rocAuc } from "fluxion/metrics";
 * rocAuc().value({ scores: [0.1, 0.35, 0.4, 0.8], positive: [0, 1, 0, 1] }) // => 0.75
 * ```
 */
export const rocAuc = rankingMetric("rocAuc", "rocAuc", (curve) => {
  const { truePositives, falsePositives } = curve.at(-1) as Threshold; // a curve has a first point
  const area = sumOver(
    curve,
    (from, to) =>
      ((to.falsePositives - from.falsePositives) * (to.truePositives + from.truePositives)) / 2,
  );
  return area / (truePositives * falsePositives);
});

/**
 * Average precision, the area under the precision-recall curve (PR-AUC): the precision at each threshold, weighted by the
 * recall that it adds. It suits rare positives better than {@link rocAuc}: without information it is their share. It is `NaN`
 * without positives, and where `rocAuc` is NaN for its inputs.
 *
 * **Shapes** and **Fails with** as {@link rocAuc}.
 * **Source** scikit-learn's `average_precision_score`: a step function, without interpolation.
 *
 * @example
 * ```ts
 * import { averagePrecision } from "fluxion/metrics";
 * averagePrecision().value({ scores: [0.1, 0.35, 0.4, 0.8], positive: [0, 1, 0, 1] }) // => 0.8333333
 * ```
 */
export const averagePrecision = rankingMetric("averagePrecision", "averagePrecision", (curve) => {
  const { truePositives: positives } = curve.at(-1) as Threshold; // a curve has a first point
  const gained = sumOver(
    curve,
    (from, to) =>
      ((to.truePositives - from.truePositives) * to.truePositives) /
      (to.truePositives + to.falsePositives),
  );
  return gained / positives;
});
