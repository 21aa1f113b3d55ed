import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  accuracy,
  averagePrecision,
  f1,
  intersectionOverUnion,
  type Metric,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanReciprocalRank,
  meanSquaredError,
  perplexity,
  precision,
  r2,
  recall,
  rocAuc,
  rootMeanSquaredError,
  type Summary,
  thresholdCurve,
  topKAccuracy,
} from "../../../src/nn/metrics/index.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Nested } from "../../../src/tensor/tensor.ts";
import { summaryOf } from "./summaryOf.ts";

/** What scikit.py wrote. */
interface Scored {
  readonly labels: readonly number[];
  readonly scores: readonly (readonly number[])[];
  readonly positive: readonly number[];
  readonly figures: readonly (readonly number[])[];
  readonly guesses: readonly (readonly number[])[];
  readonly loss: number;
  readonly scored: { readonly [metric: string]: number };
  readonly curve: {
    readonly falsePositiveRate: readonly number[];
    readonly truePositiveRate: readonly number[];
    readonly thresholds: readonly number[];
  };
}

const table: Scored = JSON.parse(
  readFileSync(new URL("./scikit.json", import.meta.url), "utf8"),
) as Scored;
const classes = 4;
const apart = table.scores.map((row) => row.map((x, i) => x + 1e-3 * i));
const logits = table.scores.map(([x = 0]) => x);

/** The value over examples that come in two batches, the later ones first. */
const valueOf = <A extends Summary>(
  metric: Metric<A>,
  outputs: readonly Nested[],
  targets: readonly Nested[],
  loss = 0,
): number => {
  const part = (from: number, to: number) =>
    summaryOf(
      metric,
      tensor(outputs.slice(from, to), "f64"),
      tensor(targets.slice(from, to), "f64"),
      loss,
    );
  return metric.value(metric.monoid.concat(part(23, outputs.length), part(0, 23)));
};

describe("metrics have the values of scikit-learn", () => {
  const averaged = { precision, recall, f1, iou: intersectionOverUnion };
  const cases: readonly (readonly [name: string, value: number])[] = [
    ...Object.entries(averaged).flatMap(([name, of]) =>
      (["macro", "micro", "weighted"] as const).map(
        (average) =>
          [`${name} ${average}`, valueOf(of(classes, average), apart, table.labels)] as const,
      ),
    ),
    ["accuracy", valueOf(accuracy, apart, table.labels)],
    ["top2", valueOf(topKAccuracy(2), apart, table.labels)],
    ["mrr", valueOf(meanReciprocalRank, apart, table.labels)],
    ["rocAuc", valueOf(rocAuc(), logits, table.positive)],
    ["averagePrecision", valueOf(averagePrecision(), logits, table.positive)],
    ["mae", valueOf(meanAbsoluteError, table.guesses, table.figures)],
    ["mse", valueOf(meanSquaredError, table.guesses, table.figures)],
    ["rmse", valueOf(rootMeanSquaredError, table.guesses, table.figures)],
    ["mape", valueOf(meanAbsolutePercentageError, table.guesses, table.figures)],
    ["r2", valueOf(r2, table.guesses, table.figures)],
    ["perplexity", valueOf(perplexity, apart, table.labels, table.loss)],
  ];

  it.each(cases)("%s", (name, value) => {
    expect(value).toBeCloseTo(table.scored[name] as number, 6);
  });

  it("and every value of the table is checked", () => {
    expect(cases.map(([name]) => name).toSorted()).toEqual(Object.keys(table.scored).toSorted());
  });

  it("the ROC curve", () => {
    const curve = thresholdCurve(
      summaryOf(rocAuc(), tensor(logits, "f64"), tensor(table.positive, "f64")),
    );
    const of = (key: "truePositives" | "falsePositives") =>
      curve.map((at) => at[key] / (curve.at(-1)?.[key] ?? 1));
    expect(curve.slice(1).map((at) => at.threshold)).toEqual(table.curve.thresholds);
    const { truePositiveRate, falsePositiveRate } = table.curve;
    const close = (xs: readonly number[]) => xs.map((x) => expect.closeTo(x, 12));
    expect(of("truePositives")).toEqual(close(truePositiveRate));
    expect(of("falsePositives")).toEqual(close(falsePositiveRate));
  });
});
