import type { Exprs } from "../../autodiff/index.ts";
import { type ConfusionTable, type Outcomes, readSummary } from "../../nn/metrics/metric.ts";
import { meanLoss } from "../../nn/metrics/regression.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Directions, Score } from "../events/event.ts";

/** A `Metric` with a summary of any type, which only the metric itself can use. */
export interface SomeMetric {
  readonly name: string;
  readonly better: Directions[string];
  readonly monoid: { readonly empty: unknown; readonly concat: (a: never, b: never) => unknown };
  readonly fromBatch: (batch: Outcomes) => Exprs;
  readonly value: (summary: never) => number;
  readonly confusion?: (summary: never) => ConfusionTable;
}

/** One summary per metric, with that of the loss first. */
export type Summaries = readonly unknown[];

/** Folds the loss and the metrics of a run together. */
export interface Scoring {
  readonly summarize: readonly ((batch: Outcomes) => Exprs)[];
  readonly empty: Summaries;
  readonly concat: (a: Summaries, b: Summaries) => Summaries;
  /** Reads summaries from the outputs of a step. */
  readonly read: (computed: Summaries) => Summaries;
  readonly score: (summaries: Summaries) => Score;
  readonly better: Directions;
  /** The confusion matrix of the first metric that has one. */
  readonly confusion: (summaries: Summaries) => ConfusionTable | undefined;
}

/** Makes the scoring of the mean loss and these metrics. */
export const scoring = (metrics: readonly SomeMetric[]): Scoring => {
  const all: readonly SomeMetric[] = [meanLoss, ...metrics];
  // The casts to `never` are sound: each summary only goes into the metric that made it.
  return {
    summarize: all.map((metric) => metric.fromBatch),
    empty: all.map((metric) => metric.monoid.empty),
    concat: (a, b) => all.map(({ monoid }, i) => monoid.concat(a[i] as never, b[i] as never)),
    read: (computed) =>
      computed.map((summary) => readSummary(summary as { readonly [field: string]: Tensor })),
    score: (summaries) => {
      const values = all.map((metric, i) => metric.value(summaries[i] as never));
      return {
        loss: values[0] as number,
        metrics: Object.fromEntries(metrics.map(({ name }, i) => [name, values[i + 1] as number])),
      };
    },
    better: Object.fromEntries([
      ["loss", meanLoss.better],
      ...metrics.map(({ name, better }) => [name, better] as const),
    ]),
    confusion: (summaries) => {
      const at = all.findIndex(({ confusion }) => confusion !== undefined);
      return all[at]?.confusion?.(summaries[at] as never);
    },
  };
};
