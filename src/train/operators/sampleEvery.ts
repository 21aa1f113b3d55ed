import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import { defer, finalize, type Observable, tap } from "rxjs";
import type { Backend, SyncBackend } from "../../backend/backend.ts";
import type { BackendUnavailable } from "../../errors.ts";
import { whole } from "../../tensor/validate.ts";
import type { EpochCompleted, Started, TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import { defaultServices } from "../services.ts";
import type { TrainState } from "../state/state.ts";
import { afterEpochs } from "./afterEpochs.ts";

/** Compiles to a function from a training state to text. */
export type Sampler<C, E1, E2 = E1, R extends Services = Backend> = Effect.Effect<
  (state: TrainState<C>) => Effect.Effect<string, E2>,
  E1,
  R
>;

/** The services that a sampler may need. */
type Services = Backend | SyncBackend;

/** The options of {@link sampleEvery}. */
export interface SampleEvery<R extends Services = Services> {
  /** The number of epochs between samples. Defaults to 1. */
  readonly every?: number;
  /** The services that the sampler runs with. Defaults to `Backend.layerWasm`. */
  readonly services?: Layer.Layer<R, BackendUnavailable>;
}

/** An operator on the events of runs that carry at least a `C`. */
export type SamplerOperator<C> = <D extends C>(
  events$: Observable<TrainEvent<TrainState<D>>>,
) => Observable<TrainEvent<TrainState<D>>>;

/**
 * Emits `Sampled` after epochs, with text generated from the state: what a language model writes, or how it
 * decodes. The sampler is compiled once per subscription. Later events, and an error that ends the run, wait for the
 * text `w`.
 *
 * ```text
 * run     -s-1----2----c|
 * events  -s-(1w)-(2w)-c|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` is not a whole number above 0; and with the errors of
 * the sampler, which end the stream.
 */
export const sampleEvery = <C, E1, E2, R extends Services = Backend>(
  sampler: Sampler<C, E1, E2, R>,
  { every = 1, services = defaultServices }: SampleEvery<R> = {},
): SamplerOperator<C> => {
  whole(1)("sampleEvery", { every });
  return <D extends C>(source: Observable<TrainEvent<TrainState<D>>>) =>
    defer(() => {
      // The sampler is used for as long as the subscription lasts, and so are its services.
      const scope = Scope.makeUnsafe();
      // Held while a sample is taken: an interrupted one ends before its services are released.
      const working = Semaphore.makeUnsafe(1);
      let made: ((state: TrainState<C>) => Effect.Effect<string, E2>) | undefined;
      const ready = Effect.suspend(() =>
        made === undefined
          ? Layer.buildWithScope(services, scope).pipe(
              Effect.flatMap((context) => Effect.provideContext(sampler, context)),
              Effect.tap((f) =>
                Effect.sync(() => {
                  made = f;
                }),
              ),
            )
          : Effect.succeed(made),
      );
      let within: Started["within"];
      const sampled$ = ({ epoch, step, state }: EpochCompleted<TrainState<D>>) =>
        observe<TrainEvent<TrainState<D>>, unknown>(
          (emit) =>
            Effect.map(
              Effect.flatMap(ready, (sample) => sample(state)),
              (text) => emit.next({ _tag: "Sampled", epoch, step, text }),
            ).pipe(working.withPermit),
          "a sample",
          within,
        );
      return source.pipe(
        tap((event) => {
          if (event._tag === "Started") within = event.within;
        }),
        afterEpochs(every, sampled$),
        finalize(() => Effect.runFork(working.withPermit(Scope.close(scope, Exit.void)))),
      );
    });
};
