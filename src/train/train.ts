import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import type { Observable } from "rxjs";
import type { ReverseMode } from "../autodiff/index.ts";
import type { Backend } from "../backend/backend.ts";
import type { BackendUnavailable } from "../errors.ts";
import type { TrainEvent } from "./events/event.ts";
import { observe } from "./events/fromEffect.ts";
import { run } from "./loop/run.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import { defaultServices } from "./services.ts";
import type { TrainState } from "./state/state.ts";

/** What a run needs: something to compute with, and something to take gradients with. */
export type Services = Backend | ReverseMode;

/** What a run computes with, and the state that it goes on from; both may be left out. */
export interface TrainOptions<P, S> {
  /** `Backend.layerWasm` and `ReverseMode.layerTape` where not given. */
  readonly services?: Layer.Layer<Services, BackendUnavailable>;
  /** The state to go on from, where the run is not to begin at the seed. */
  readonly from?: TrainState<P, S>;
}

/**
 * A training run as a cold stream of events: every subscription is a fresh run with the same bits, and
 * unsubscribing ends it before its next step.
 *
 * The run gives way to the event loop every few milliseconds. Its errors are the stream's.
 *
 * **Fails with** `InvalidPipeline`, `EmptyDataset`, `InvalidBatchSize`, `ShapeMismatch`, `LabelOutOfRange`, `NonFiniteData`,
 * `UnknownColumn`, `UnknownToken`, `CompileError`, `BackendUnavailable`, `MemoryLimit`, `StateMismatch` before the first
 * event; `NonFinite` when the loss diverges; `WorkerLost` when a worker of several threads ends; `RunInterrupted`
 * where its data or a baseline interrupts itself; what the pipeline's data fails with, and its operators.
 * **Laws** `laws.training`: `train (a ++ b) = resume (train a) b`, bit for bit; one seed, the same bits.
 */
export const train$ = <P, S, E>(
  of: Pipeline<P, S, E>,
  { services = defaultServices, from }: TrainOptions<P, S> = {},
): Observable<TrainEvent<TrainState<P, S>>> =>
  observe<TrainEvent<TrainState<P, S>>, unknown>((emit) =>
    Effect.provide(run(of, from, emit), services),
  );

/** The run that goes on from a state, which an event of an earlier run of the pipeline carried. */
export const resume$ = <P, S, E>(
  of: Pipeline<P, S, E>,
  from: TrainState<P, S>,
  options: Omit<TrainOptions<P, S>, "from"> = {},
): Observable<TrainEvent<TrainState<P, S>>> => train$(of, { ...options, from });
