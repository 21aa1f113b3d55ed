import { expandDims } from "../../../src/ir/ops/structural.ts";
import type * as metrics from "../../../src/nn/metrics/classification.ts";
import {
  accuracy,
  binaryAccuracy,
  exactMatch,
  topKAccuracy,
} from "../../../src/nn/metrics/classification.ts";
import type * as confusions from "../../../src/nn/metrics/confusion.ts";
import { confusionMatrix, f1, precision, recall } from "../../../src/nn/metrics/confusion.ts";
import type { Metric, Summary } from "../../../src/nn/metrics/metric.ts";
import type * as errorMetrics from "../../../src/nn/metrics/regression.ts";
import { meanLoss, rootMeanSquaredError } from "../../../src/nn/metrics/regression.ts";
import {
  type Example,
  type KnownScore,
  metricSubject,
  shareClaims,
} from "../../networks/metrics.ts";
import { distance } from "../networks/metrics.ts";

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
const logits = rows([[2], 1], [[-1], 0], [[-3], 1], [[0.5], 0], [[0], 1]);

/** Known values of every metric. A missing one does not compile. */
export const knownScores: {
  readonly [Name in keyof (typeof metrics & typeof errorMetrics & typeof confusions)]: readonly [
    KnownScore,
    ...(readonly KnownScore[]),
  ];
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
  rootMeanSquaredError: [
    of(rootMeanSquaredError, rows([[4], 1], [[3], 7]), Math.sqrt((9 + 16) / 2)),
  ],
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
  f1: [of(f1(3), four, (0 + 1 / 2 + 1) / 3), of(f1(2, 1), logits, 2 / 5)],
};

export const knownScoreCases = Object.values(knownScores)
  .flat()
  .map((known, i) => ({ ...known, name: `${known.subject.name}, ${i + 1}` }));
