import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import type { Score, TrainEvent } from "../events/event.ts";
import { type RunError, run } from "../loop/run.ts";
import type { Baseline } from "./baseline.ts";
import { withData } from "./overrides.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * The score of a run's final state on test examples, or else validation or training examples.
 */
const lastScore = (events: readonly TrainEvent[]): Score | undefined => {
  const end = events.findLast((event) => event._tag === "Completed" || event._tag === "Stopped");
  const epochs = events.filter((event) => event._tag === "EpochCompleted");
  const epoch = epochs.findLast(({ epoch }) => epoch === end?.state.epoch) ?? epochs.at(-1);
  return end?.test ?? epoch?.validation ?? epoch;
};

/**
 * Makes a baseline of another pipeline.
 *
 * It is trained on the examples of the run that it is compared with, and its scores are its own loss and metrics
 * on the examples held out there. Its own data is not read, and its operators see its own events.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { firstValueFrom } from "rxjs";
 * import {
 *   asBaseline, dataset, dense, initializers, meanSquaredError, pipeline, sgd, supervised, tensor, train$, withBaseline,
 * } from "fluxion";
 *
 * const line = (name: string, start: number) =>
 *   pipeline(
 *     name,
 *     Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
 *     supervised({
 *       input: "x",
 *       target: "y",
 *       model: dense(1, 1, { biasInit: initializers.constant(start), weightInit: initializers.zeros }),
 *       loss: meanSquaredError,
 *       optimizer: sgd({ learningRate: 0 }),
 *     }),
 *     { batchSize: 2 },
 *   );
 * const compared = pipe(line("from nothing", 0), withBaseline(asBaseline(line("always 2", 2))));
 * const first = await firstValueFrom(train$(compared));
 * first._tag === "Started" ? first.baselines : [] // => [{ name: "always 2", metrics: { loss: 1 } }]
 * ```
 */
export const asBaseline = <C, E>(of: Pipeline<C, E>): Baseline<E | RunError> => ({
  name: of.name,
  evaluate: (data) => {
    const events: TrainEvent[] = [];
    const emit = { next: (event: TrainEvent) => events.push(event), closed: () => false };
    // The run's held-out examples are held out here too.
    const beside = pipe(
      { ...of, baselines: [], validationShare: 0 },
      withData(Effect.succeed(data)),
    );
    return Effect.map(run<C, E>(beside, undefined, emit), () => {
      const score = lastScore(events);
      return score === undefined ? {} : { loss: score.loss, ...score.metrics };
    });
  },
});
