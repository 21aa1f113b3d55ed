import { expandDims } from "../../../src/ir/ops/structural.ts";
import {
  accuracy,
  averagePrecision,
  binaryAccuracy,
  calibrationError,
  confusionMatrix,
  dice,
  exactMatch,
  f1,
  intersectionOverUnion,
  type Metric,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanLoss,
  meanReciprocalRank,
  meanSquaredError,
  perplexity,
  precision,
  prognosticScore,
  r2,
  recall,
  recallAt,
  rocAuc,
  rootMeanSquaredError,
  type Summary,
  topKAccuracy,
} from "../../../src/nn/metrics/index.ts";
import {
  type Example,
  type KnownScore,
  metricSubject,
  shareClaims,
} from "../../networks/metrics.ts";
import { distance, type EveryMetric, ofEachClass } from "../networks/metrics.ts";

/** Known values of metrics, by hand, as scikit-learn defines them, except for ties, which earn a fraction. */

const rows = (...examples: readonly (readonly [outputs: readonly number[], target: number])[]) =>
  examples.map(([outputs, target]): Example => ({ outputs, target, loss: 0.5 }));

const of = <A extends Summary>(
  metric: Metric<A>,
  examples: readonly Example[],
  expected: number,
): KnownScore => ({
  subject: metricSubject(metric.name, metric, shareClaims(3)),
  examples,
  expected,
});

/** Two of four right. Class 1 is predicted twice, once correctly; class 0 is predicted once, where 1 is right. */
const four = rows([[1, 7, 2], 1], [[5, 3, 2], 1], [[2, 3, 5], 2], [[4, 5, 1], 0]);
const tied = rows([[1, 1, 1], 0], [[2, 2, 1], 1], [[0, 3, 3], 0]);
/** NaN counts as greater than any number. */
const lost = rows([[Number.NaN, 1, 0], 1]);
const errors = rows([[4], 1], [[3], 7]);
const logits = rows([[2], 1], [[-1], 0], [[-3], 1], [[0.5], 0], [[0], 1]);

/** Known values of every metric. A missing one does not compile. */
export const knownScores: {
  readonly [Name in keyof EveryMetric]: readonly [KnownScore, ...(readonly KnownScore[])];
} = {
  meanLoss: [of(meanLoss, four, 0.5)],
  meanOf: [of(distance, rows([[4], 1], [[3], 7]), 3.5)],
  accuracy: [
    of(accuracy, four, 2 / 4),
    of(accuracy, lost, 0),
    of(accuracy, tied, (1 / 3 + 1 / 2 + 0) / 3),
  ],
  topKAccuracy: [
    of(topKAccuracy(1), four, 2 / 4),
    of(topKAccuracy(2), four, 1),
    of(topKAccuracy(2), tied, (2 / 3 + 1 + 0) / 3),
    of(topKAccuracy(3), tied, 1),
    of(topKAccuracy(2), lost, 1),
    of(topKAccuracy(1), lost, 0),
  ],
  binaryAccuracy: [of(binaryAccuracy(), logits, 2.5 / 5), of(binaryAccuracy(1), logits, 3 / 5)],
  rootMeanSquaredError: [of(rootMeanSquaredError, errors, Math.sqrt((9 + 16) / 2))],
  exactMatch: [
    of(
      {
        ...exactMatch(),
        fromBatch: ({ outputs, targets, ...rest }) =>
          exactMatch().fromBatch({
            ...rest,
            outputs: expandDims(outputs, 0),
            targets: expandDims(targets, 0),
          }),
      },
      rows([[0, 1, 0], 1], [[2, 2, 0], 0]),
      1 / 2,
    ),
  ],
  confusionMatrix: [of(confusionMatrix(3), four, 2 / 4)],
  precision: [
    of(precision(3), four, (0 + 1 / 2 + 1) / 3),
    of(precision(3, 1), four, 1 / 2),
    of(precision(2, 1), logits, 1 / 2),
  ],
  recall: [
    of(recall(3), four, (0 + 1 / 2 + 1) / 3),
    of(recall(3, 0), four, 0),
    of(recall(2, 1), logits, 1 / 3),
  ],
  f1: [
    of(f1(3), four, (0 + 1 / 2 + 1) / 3),
    of(f1(2, 1), logits, 2 / 5),
    of(f1(3, "micro"), four, 2 / 4),
    of(f1(3, "weighted"), four, (1 * 0 + 2 * (1 / 2) + 1 * 1) / 4),
  ],
  intersectionOverUnion: [
    of(intersectionOverUnion(3), four, (0 + 1 / 3 + 1) / 3),
    of(intersectionOverUnion(3, "micro"), four, 2 / 6),
  ],
  dice: [of(dice(3), four, (0 + 1 / 2 + 1) / 3), of(dice(3, 1), four, 1 / 2)],
  meanAbsoluteError: [of(meanAbsoluteError, errors, (3 + 4) / 2)],
  meanSquaredError: [of(meanSquaredError, errors, (9 + 16) / 2)],
  meanAbsolutePercentageError: [
    of(meanAbsolutePercentageError, errors, (3 / 1 + 4 / 7) / 2),
    of(meanAbsolutePercentageError, rows([[0], 0]), 0),
  ],
  perplexity: [of(perplexity, four, Math.exp(0.5))],
  // An engine said to live 20 cycles too long, one 26 too short, and one right.
  prognosticScore: [
    of(
      prognosticScore(),
      rows([[30], 10], [[14], 40], [[7], 7]),
      Math.exp(2) - 1 + (Math.exp(2) - 1),
    ),
    of(prognosticScore({ early: 2, late: 1 }), rows([[0], 4], [[3], 2]), Math.exp(2) + Math.E - 2),
  ],
  // The targets 1 and 7 have a mean of 4, and deviate by 3 each.
  r2: [of(r2, errors, 1 - (9 + 16) / (9 + 9)), of(r2, rows([[2], 3], [[3], 3]), 0)],
  meanReciprocalRank: [
    of(
      meanReciprocalRank,
      rows([[5, 4, 3], 1], [[5, 4, 3], 2], [[1, 4, 3], 1]),
      (1 / 2 + 1 / 3 + 1) / 3,
    ),
    of(meanReciprocalRank, rows([[1, 1, 1], 0], [[2, 2, 1], 1]), (1 / 2 + 1 / 1.5) / 2),
    of(meanReciprocalRank, lost, 1 / 2),
  ],
  recallAt: [
    of(ofEachClass(recallAt(2)), rows([[5, 4, 3], 1], [[5, 4, 3], 2]), 1 / 2),
    of(ofEachClass(recallAt(1)), tied, (1 / 3 + 1 / 2 + 0) / 3),
  ],
  // Of six pairs of a positive and a negative, three are in order: both of 2, and one of 0.
  rocAuc: [
    of(rocAuc(), logits, (2 + 0 + 1) / 6),
    of(rocAuc(), rows([[1], 1], [[1], 0]), 1 / 2),
    of(rocAuc({ of: 2 }), four, 1),
  ],
  // Positives at places 1, 3 and 5.
  averagePrecision: [
    of(averagePrecision(), logits, (1 / 1 + 2 / 3 + 3 / 5) / 3),
    of(averagePrecision(), rows([[1], 1], [[1], 0]), 1 / 2),
  ],
  // Confidences 1, 1 and 0.75 (log 3 against log 1); right, wrong, right.
  calibrationError: [
    of(
      calibrationError({ bins: 10 }),
      rows([[99, 0], 0], [[99, 0], 1], [[Math.log(3), 0], 0]),
      (Math.abs(2 - 1) + Math.abs(0.75 - 1)) / 3,
    ),
    of(
      calibrationError({ bins: 1, probabilities: true }),
      rows([[0.9, 0.1], 0], [[0.2, 0.8], 0]),
      Math.abs(1.7 - 1) / 2,
    ),
  ],
};

export const knownScoreCases = Object.values(knownScores)
  .flat()
  .map((known, i) => ({ ...known, name: `${known.subject.name}, ${i + 1}` }));
