import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import type { Observable, SchedulerLike } from "rxjs";
import type { ReverseMode } from "../autodiff/index.ts";
import type { Backend } from "../backend/backend.ts";
import { withScheduler } from "../data/source/turns.ts";
import type { BackendUnavailable } from "../errors.ts";
import type { TrainEvent } from "./events/event.ts";
import { observe } from "./events/fromEffect.ts";
import { run } from "./loop/run.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import { defaultServices } from "./services.ts";
import type { TrainState } from "./state/state.ts";

/** The services that a run needs: a backend to compute with and a mode to take gradients with. */
export type Services = Backend | ReverseMode;

/** The services of a run, and a state to resume from; both are optional. */
export interface TrainOptions<C> {
  /** The services that the run uses. Defaults to `Backend.layerWasm` and `ReverseMode.layerTape`. */
  readonly services?: Layer.Layer<Services, BackendUnavailable>;
  /** A state to resume from. Defaults to the initial state, which the seed determines. */
  readonly from?: TrainState<C>;
  /**
   * What tells the time, and when the run goes on after it gave way to others: a `VirtualTimeScheduler` takes a run
   * through virtual time, with the same bits. The operators of the run take their time from it too. Defaults to the
   * machine's clock and its event loop.
   */
  readonly scheduler?: SchedulerLike;
}

/**
 * Trains a pipeline, as a cold stream of events. Every subscription is a fresh run with the same bits, and
 * unsubscribing ends it before its next step.
 *
 * The run yields to the event loop every few milliseconds. Its errors are the errors of the stream. The last sound state
 * is then in the latest event that has one. Where data fail, or the evaluation of an epoch, that is the state of the last
 * step; where numbers or a worker do, it is that of the last epoch, or a later one that `statesEvery` asked for.
 *
 * **Fails with** `InvalidPipeline`, `EmptyDataset`, `InvalidBatchSize`, `ShapeMismatch`, `LabelOutOfRange`, `NonFiniteData`,
 * `UnknownColumn`, `UnknownToken`, `CompileError`, `BackendUnavailable`, `MemoryLimit`, `StateMismatch` before the first
 * event; `NonFinite` when the loss diverges; `WorkerLost` when a worker of several threads ends; `RunInterrupted`
 * where its data or a baseline interrupts itself; and with the errors of the pipeline's data and operators.
 * **Laws** `laws.training`: `train (a ++ b) = resume (train a) b`, bit for bit; one seed, the same bits.
 */
export const train$ = <C, E>(
  of: Pipeline<C, E>,
  { services = defaultServices, from, scheduler }: TrainOptions<C> = {},
): Observable<TrainEvent<TrainState<C>>> =>
  observe<TrainEvent<TrainState<C>>, unknown>(
    (emit) => Effect.provide(run(of, from, emit), services),
    "the run",
    scheduler && withScheduler(scheduler),
  );

/** Resumes a run from a state that an event of an earlier run carried. */
export const resume$ = <C, E>(
  of: Pipeline<C, E>,
  from: TrainState<C>,
  options: Omit<TrainOptions<C>, "from"> = {},
): Observable<TrainEvent<TrainState<C>>> => train$(of, { ...options, from });
