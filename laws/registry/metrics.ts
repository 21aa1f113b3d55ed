import { expandDims } from "../../src/ir/ops/structural.ts";
import type * as confusions from "../../src/nn/confusion.ts";
import { confusionMatrix, f1, precision, recall } from "../../src/nn/confusion.ts";
import type * as metrics from "../../src/nn/metrics.ts";
import {
  accuracy,
  binaryAccuracy,
  exactMatch,
  meanLoss,
  rootMeanSquaredError,
  topK,
} from "../../src/nn/metrics.ts";
import { binary, type MetricSubject, metricSubject } from "../metrics.ts";

const whole = exactMatch({ padding: 0 });

/** Every metric: one that is not here does not compile. */
const settings: { readonly [Name in keyof (typeof metrics & typeof confusions)]: MetricSubject } = {
  meanLoss: metricSubject("meanLoss", meanLoss),
  accuracy: metricSubject("accuracy", accuracy),
  binaryAccuracy: metricSubject("binaryAccuracy", binaryAccuracy(), binary),
  topK: metricSubject("topK", topK(2)),
  rootMeanSquaredError: metricSubject("rootMeanSquaredError", rootMeanSquaredError, binary),
  confusionMatrix: metricSubject("confusionMatrix", confusionMatrix(3)),
  // Sequences of one moment.
  exactMatch: metricSubject("exactMatch", {
    ...whole,
    fromBatch: ({ outputs, targets, ...batch }) =>
      whole.fromBatch({
        ...batch,
        outputs: expandDims(outputs, 1),
        targets: expandDims(targets, 1),
      }),
  }),
  precision: metricSubject("precision", precision(3)),
  recall: metricSubject("recall", recall(3, 1)),
  f1: metricSubject("f1", f1(2), binary),
};

export const metricCases: readonly MetricSubject[] = Object.values(settings);
