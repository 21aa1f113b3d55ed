import * as Effect from "effect/Effect";
import type { ReverseMode } from "../../autodiff/index.ts";
import type { Backend } from "../../backend/backend.ts";
import type { Row } from "../../data/dataset.ts";
import type { BaselineScore, MetricValues } from "../events/event.ts";
import type { Splits } from "./splits.ts";

/**
 * Something to compare a result with on the same examples: a rule that needs no training, or another model.
 */
export interface Baseline<out E = never> {
  /** The printed name, such as `"majority class"`. */
  readonly name: string;
  /**
   * Computes scores on the examples of the run. Examples held out for validation are no longer in `train`. A
   * score that the run has too must use the same name, such as `loss`.
   */
  readonly evaluate: (
    data: Splits<Row>,
  ) => MetricValues | Effect.Effect<MetricValues, E, Backend | ReverseMode>;
}

/** Evaluates every baseline on the examples of a run, in order. */
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
