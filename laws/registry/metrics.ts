import { expandDims } from "../../src/ir/ops/structural.ts";
import type * as metrics from "../../src/nn/metrics.ts";
import {
  accuracy,
  binaryAccuracy,
  type Confusion,
  confusionMatrix,
  exactMatch,
  f1,
  meanLoss,
  precision,
  recall,
  topK,
} from "../../src/nn/metrics.ts";
import { binary, type MetricSubject, metricSubject } from "../metrics.ts";

/** A confusion matrix whose value is a function of it for one class. */
const of = (name: string, f: (confusion: Confusion, of: number) => number): MetricSubject =>
  metricSubject(name, { ...confusionMatrix(3), value: (summary) => f(summary, 1) });

const whole = exactMatch({ padding: 0 });

/** Every metric: one that is not here does not compile. */
const settings: { readonly [Name in keyof typeof metrics]: MetricSubject } = {
  meanLoss: metricSubject("meanLoss", meanLoss),
  accuracy: metricSubject("accuracy", accuracy),
  binaryAccuracy: metricSubject("binaryAccuracy", binaryAccuracy(), binary),
  topK: metricSubject("topK", topK(2)),
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
  precision: of("precision", precision),
  recall: of("recall", recall),
  f1: of("f1", f1),
};

export const metricCases: readonly MetricSubject[] = Object.values(settings);
