import { cast } from "../../../src/ir/ops/control.ts";
import { abs, sub } from "../../../src/ir/ops/elementwise.ts";
import { expandDims, reshape } from "../../../src/ir/ops/structural.ts";
import type * as metrics from "../../../src/nn/metrics/classification.ts";
import {
  accuracy,
  binaryAccuracy,
  exactMatch,
  topKAccuracy,
} from "../../../src/nn/metrics/classification.ts";
import type * as confusions from "../../../src/nn/metrics/confusion.ts";
import { confusionMatrix, f1, precision, recall } from "../../../src/nn/metrics/confusion.ts";
import type { Metric, Ratio } from "../../../src/nn/metrics/metric.ts";
import type * as errorMetrics from "../../../src/nn/metrics/regression.ts";
import { meanLoss, meanOf, rootMeanSquaredError } from "../../../src/nn/metrics/regression.ts";
import {
  binary,
  type MetricClaims,
  type MetricSubject,
  metricSubject,
  shareClaims,
} from "../../networks/metrics.ts";

const whole = exactMatch({ padding: 5 });

const half = (x: number, towards: number): number =>
  Number.isFinite(x) ? towards + (x - towards) / 2 : x;

/** Claims of scores per class; a class that is never predicted has no score. */
const figures: MetricClaims = { range: [0, 1], improved: shareClaims(3).improved };
/** Claims of errors: a prediction nearer to the target is better. */
const errors: MetricClaims = {
  range: [0, Number.POSITIVE_INFINITY],
  improved: (e) => ({
    ...e,
    loss: e.loss / 2,
    outputs: e.outputs.map((x) => half(x, e.target)),
  }),
};

/** The mean of a value that an objective reports: here the distance of an output from its target. */
export const distance: Metric<Ratio> = {
  ...meanOf("distance"),
  fromBatch: (batch) => {
    const { outputs, targets } = batch;
    const output = reshape(outputs, [outputs.shape[0] ?? 1]);
    const values = { distance: abs(sub(output, cast(targets, output.dtype))) };
    return meanOf("distance").fromBatch({ ...batch, values });
  },
};

/** Every metric. A missing one does not compile. */
const settings: {
  readonly [Name in keyof (typeof metrics &
    typeof errorMetrics &
    typeof confusions)]: MetricSubject;
} = {
  meanLoss: metricSubject("meanLoss", meanLoss, errors),
  meanOf: metricSubject("meanOf", distance, errors, binary),
  accuracy: metricSubject("accuracy", accuracy, shareClaims(3)),
  binaryAccuracy: metricSubject("binaryAccuracy", binaryAccuracy(), shareClaims(2), binary),
  topKAccuracy: metricSubject("topK", topKAccuracy(2), { ...shareClaims(3), constant: 2 / 3 }),
  rootMeanSquaredError: metricSubject("rootMeanSquaredError", rootMeanSquaredError, errors, binary),
  confusionMatrix: metricSubject("confusionMatrix", confusionMatrix(3), { ...figures, lost: 0 }),
  // Sequences of length 1.
  exactMatch: metricSubject(
    "exactMatch",
    {
      ...whole,
      fromBatch: ({ outputs, targets, ...batch }) =>
        whole.fromBatch({
          ...batch,
          outputs: expandDims(outputs, 1),
          targets: expandDims(targets, 1),
        }),
    },
    shareClaims(3),
  ),
  precision: metricSubject("precision", precision(3), figures),
  recall: metricSubject("recall", recall(3), { ...figures, lost: 0 }),
  f1: metricSubject("f1", f1(2), { ...figures, lost: 0 }, binary),
};

export const metricCases: readonly MetricSubject[] = Object.values(settings);
