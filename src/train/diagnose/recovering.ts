import { catchError, defer, type Observable, tap, throwError } from "rxjs";
import { NonFinite } from "../../errors.ts";
import { whole } from "../../tensor/validate.ts";
import type { TrainEvent } from "../events/event.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { TrainState } from "../state/state.ts";
import { type TrainOptions, train$ } from "../train.ts";

/**
 * How a run goes on after its loss stopped being finite:
 *
 * - `"skip"` leaves out the batches from the last sound state to the failing one;
 * - a function returns to that state with another pipeline, such as one with a lower learning rate.
 */
export type Recovery<C, E> =
  | "skip"
  | ((of: Pipeline<C, E>, times: number, error: NonFinite) => Pipeline<C, E>);

/** The options of {@link trainRecovering$}. */
export interface Recovering<C, E> extends TrainOptions<C> {
  readonly recovery: Recovery<C, E>;
  /** The greatest number of recoveries; the next failure ends the run. Defaults to 3. */
  readonly atMost?: number;
}

/**
 * Trains a pipeline, and goes on where its loss stops being finite: from the last state that an event carried, without
 * the failing batches or with a changed pipeline. Where not one step succeeds from there, it returns to the state before.
 * Let the pipeline reach states in the middle of epochs (`statesEvery`), or it returns to the start of the epoch.
 *
 * Each recovery emits `Started` again, with the state it goes on from. Of four steps of an epoch, the third fails:
 *
 * ```text
 * run     s-p-p-#
 * skip    s-p-p-s-p-1-c|
 * return  s-p-p-s-p-p-p-p-1-c|
 * ```
 *
 * **Fails with** as {@link train$}; `NonFinite` after `atMost` recoveries. `InvalidArgument`, thrown, where `atMost` is not
 * a whole number.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { filter, lastValueFrom, map, toArray } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor, withLearningRate } from "fluxion";
 * import { trainRecovering$ } from "fluxion/train";
 * const steep = pipeline(
 *   "steep",
 *   Effect.succeed({ train: dataset({ x: tensor([[1], [2]]), y: tensor([[1], [2]]) }) }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 1e30 }),
 *   }),
 *   { epochs: 2, batchSize: 2 },
 * );
 * const recovery = (of: typeof steep) => pipe(of, withLearningRate(0.1));
 * const tags$ = trainRecovering$(steep, { recovery }).pipe(
 *   map(({ _tag }) => _tag),
 *   filter((tag) => tag === "Started" || tag === "Completed"),
 *   toArray(),
 * );
 * await lastValueFrom(tags$) // => ["Started", "Started", "Started", "Completed"]
 * ```
 */
export const trainRecovering$ = <C, E>(
  of: Pipeline<C, E>,
  { recovery, atMost = 3, ...options }: Recovering<C, E>,
): Observable<TrainEvent<TrainState<C>>> => {
  whole(0)("trainRecovering$", { atMost });
  /** A run from the last of some states that were reached; from the start where there are none. */
  const run$ = (
    pipeline: Pipeline<C, E>,
    states: readonly TrainState<C>[],
    times: number,
  ): Observable<TrainEvent<TrainState<C>>> =>
    defer(() => {
      let reached = states;
      let steps = 0;
      const from = states.at(-1);
      return train$(pipeline, { ...options, ...(from && { from }) }).pipe(
        tap((event) => {
          if (event._tag === "StepCompleted") steps += 1;
          if ("state" in event && event.state !== from)
            reached = [...reached, event.state].slice(-kept);
        }),
        catchError((error: unknown) => {
          // A finite state may be beyond help: if no step succeeds from it, the one before is the next to try.
          const stuck = recovery !== "skip" && steps === 0 && reached.length > 1;
          const before = stuck ? reached.slice(0, -1) : reached;
          const last = before.at(-1);
          if (!(error instanceof NonFinite) || last === undefined || times >= atMost)
            return throwError(() => error);
          return recovery === "skip"
            ? run$(pipeline, [...before.slice(0, -1), skipped(last, error.step)], times + 1)
            : run$(recovery(of, times + 1, error), before, times + 1);
        }),
      );
    });
  return run$(of, options.from === undefined ? [] : [options.from], 0);
};

/** How many of the last states are held. */
const kept = 4;

/** The state as if the steps up to and with the failing one had changed nothing. */
const skipped = <C>(state: TrainState<C>, failing: number): TrainState<C> => ({
  ...state,
  batch: state.batch + failing - state.step,
  step: failing,
});
