import type { Exprs } from "../autodiff/index.ts";
import { type ConfusionTable, type Outcomes, readSummary } from "../nn/metrics/metric.ts";
import { nth } from "../tensor/list.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Metric values by name. */
export type MetricValues = { readonly [name: string]: number };

/** A loss (in nats, or in the unit of the loss) and metrics. */
export interface Score {
  readonly loss: number;
  readonly metrics: MetricValues;
}

/** Whether higher or lower is better, for the loss and each metric by name. */
export type Directions = { readonly [name: string]: "higher" | "lower" };

/** A `Metric` with a summary of any type, which only the metric itself can use. */
export interface SomeMetric {
  readonly name: string;
  readonly better: Directions[string];
  readonly monoid: { readonly empty: unknown; readonly concat: (a: never, b: never) => unknown };
  readonly fromBatch: (batch: Outcomes) => Exprs;
  /** The summary of what `fromBatch` computed. Defaults to its numbers. */
  readonly read?: (computed: { readonly [field: string]: Tensor }) => unknown;
  readonly value: (summary: never) => number;
  readonly confusion?: (summary: never) => ConfusionTable;
}

/** One summary per metric, with that of the loss first. */
export type Summaries = readonly unknown[];

/** Folds the loss and the metrics of a run together. */
export interface Scoring {
  readonly empty: Summaries;
  readonly concat: (a: Summaries, b: Summaries) => Summaries;
  /** Reads summaries from the outputs of a step. */
  readonly read: (computed: Summaries) => Summaries;
  readonly score: (summaries: Summaries) => Score;
  readonly better: Directions;
  /** The confusion matrix of the first metric that has one. */
  readonly confusion: (summaries: Summaries) => ConfusionTable | undefined;
}

/** Makes the scoring of a learner's metrics, of which the first is the loss. */
export const scoring = (all: readonly SomeMetric[]): Scoring => {
  const metrics = all.slice(1);
  // The casts to `never` are sound: each summary only goes into the metric that made it.
  return {
    empty: all.map((metric) => metric.monoid.empty),
    concat: (a, b) => all.map(({ monoid }, i) => monoid.concat(a[i] as never, b[i] as never)),
    read: (computed) =>
      computed.map((summary, i) =>
        (nth(all, i).read ?? readSummary)(summary as { readonly [field: string]: Tensor }),
      ),
    score: (summaries) => {
      const values = all.map((metric, i) => metric.value(summaries[i] as never));
      return {
        loss: nth(values, 0),
        metrics: Object.fromEntries(metrics.map(({ name }, i) => [name, nth(values, i + 1)])),
      };
    },
    better: Object.fromEntries([
      ...all.map(({ name, better }, i) => [i === 0 ? "loss" : name, better] as const),
    ]),
    confusion: (summaries) => {
      const at = all.findIndex(({ confusion }) => confusion !== undefined);
      return all[at]?.confusion?.(summaries[at] as never);
    },
  };
};
