import { cast } from "../../../src/ir/ops/control.ts";
import { abs, sub } from "../../../src/ir/ops/elementwise.ts";
import { oneHot } from "../../../src/ir/ops/indexing.ts";
import { expandDims, reshape } from "../../../src/ir/ops/structural.ts";
import type * as calibrations from "../../../src/nn/metrics/calibration.ts";
import { calibrationError } from "../../../src/nn/metrics/calibration.ts";
import type * as metrics from "../../../src/nn/metrics/classification.ts";
import {
  accuracy,
  binaryAccuracy,
  exactMatch,
  meanReciprocalRank,
  recallAt,
  topKAccuracy,
} from "../../../src/nn/metrics/classification.ts";
import type * as confusions from "../../../src/nn/metrics/confusion.ts";
import {
  confusionMatrix,
  dice,
  f1,
  intersectionOverUnion,
  precision,
  recall,
} from "../../../src/nn/metrics/confusion.ts";
import type { Metric, Ratio, Summary } from "../../../src/nn/metrics/metric.ts";
import type * as rankings from "../../../src/nn/metrics/ranking.ts";
import { averagePrecision, rocAuc } from "../../../src/nn/metrics/ranking.ts";
import type * as errorMetrics from "../../../src/nn/metrics/regression.ts";
import {
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanLoss,
  meanOf,
  meanSquaredError,
  perplexity,
  prognosticScore,
  r2,
  rootMeanSquaredError,
} from "../../../src/nn/metrics/regression.ts";
import {
  binary,
  type Example,
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

/** A metric of targets with one number for each class: 1 at the label. */
export const ofEachClass = <A extends Summary>(metric: Metric<A>): Metric<A> => ({
  ...metric,
  fromBatch: ({ outputs, targets, ...batch }) =>
    metric.fromBatch({
      ...batch,
      outputs,
      targets: oneHot(targets, outputs.shape.at(-1) ?? 1),
    }),
});

/** A prediction that is as good, where a better one may score worse. */
const same = (example: Example): Example => example;

/** Every metric. Functions that make none are left out. */
export type EveryMetric = Omit<
  typeof metrics & typeof errorMetrics & typeof confusions & typeof rankings & typeof calibrations,
  "thresholdCurve"
>;

/** A subject for every metric. A missing one does not compile. */
const settings: { readonly [Name in keyof EveryMetric]: MetricSubject } = {
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
  intersectionOverUnion: metricSubject("intersectionOverUnion", intersectionOverUnion(3), {
    ...figures,
    lost: 0,
  }),
  dice: metricSubject("dice", dice(3, "micro"), { ...figures, lost: 0 }),
  meanAbsoluteError: metricSubject("meanAbsoluteError", meanAbsoluteError, errors, binary),
  meanSquaredError: metricSubject("meanSquaredError", meanSquaredError, errors, binary),
  meanAbsolutePercentageError: metricSubject(
    "meanAbsolutePercentageError",
    meanAbsolutePercentageError,
    errors,
    binary,
  ),
  perplexity: metricSubject("perplexity", perplexity, { ...errors, range: [1, Infinity] }),
  prognosticScore: metricSubject("prognosticScore", prognosticScore(), errors, binary),
  r2: metricSubject("r2", r2, { ...errors, range: [-Infinity, 1] }, binary),
  meanReciprocalRank: metricSubject("meanReciprocalRank", meanReciprocalRank, {
    ...shareClaims(3),
    constant: 1 / 2,
  }),
  recallAt: metricSubject("recallAt", ofEachClass(recallAt(2)), {
    ...shareClaims(3),
    constant: 2 / 3,
  }),
  rocAuc: metricSubject(
    "rocAuc",
    rocAuc(),
    { range: [0, 1], improved: shareClaims(2).improved },
    binary,
  ),
  // A positive that leaves its ties for a place below many negatives lowers the average precision.
  averagePrecision: metricSubject("averagePrecision", averagePrecision({ of: 1 }), {
    range: [0, 1],
    improved: same,
  }),
  // More confidence in a right answer may be too much.
  calibrationError: metricSubject("calibrationError", calibrationError({ bins: 4 }), {
    range: [0, 1],
    improved: same,
  }),
};

export const metricCases: readonly MetricSubject[] = Object.values(settings);
