import * as Effect from "effect/Effect";
import type { ReverseMode } from "../../autodiff/index.ts";
import type { Backend } from "../../backend/backend.ts";
import type { Row } from "../../data/dataset.ts";
import type { BaselineScore, MetricValues } from "../events/event.ts";
import type { Splits } from "./splits.ts";

/**
 * What a result is to be compared with: a rule that needs no training, or another model, on the same
 * examples.
 */
export interface Baseline<out E = never> {
  /** What it does, as it is printed: `"majority class"`. */
  readonly name: string;
  /**
   * Its figures, from the very examples of the run: a share held out for validation is no longer in
   * `train`. What they have in common with the run's bears the same name, `loss` included.
   */
  readonly evaluate: (
    data: Splits<Row>,
  ) => MetricValues | Effect.Effect<MetricValues, E, Backend | ReverseMode>;
}

/** The figures of every baseline on the examples of a run, in order. */
export const baselineScores = <E>(
  baselines: readonly Baseline<E>[],
  data: Splits<Row>,
): Effect.Effect<readonly BaselineScore[], E, Backend | ReverseMode> =>
  Effect.forEach(baselines, ({ name, evaluate }) =>
    Effect.suspend(() => {
      const made = evaluate(data);
      return Effect.map(
        Effect.isEffect(made) ? made : Effect.succeed(made),
        (metrics): BaselineScore => ({ name, metrics: { ...metrics } }),
      );
    }),
  );
