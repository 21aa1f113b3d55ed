import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import { type Observable, type Subscription, takeWhile, tap } from "rxjs";
import type { ReverseMode } from "../../autodiff/index.ts";
import type { Backend } from "../../backend/backend.ts";
import type { TrainEvent } from "../events/event.ts";
import { type Emit, observe } from "../events/fromEffect.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { initialState } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";

type Services = Backend | ReverseMode;

/** A run of one pipeline before its operators: an effect that emits events. */
type Run<C, E> = (emit: Emit<TrainEvent<TrainState<C>>>) => Effect.Effect<unknown, E, Services>;

/** Emits the values of an observable until it completes. */
export const drained = <A, E>(values$: Observable<A>, emit: Emit<A>): Effect.Effect<void, E> =>
  Effect.callback<void, E>((resume) => {
    const running: Subscription = values$
      .pipe(
        tap(emit.next),
        // This notices at once that the listener is gone, before the fiber runs again.
        takeWhile(() => !emit.closed()),
      )
      .subscribe({
        // An observable's error has no type. It comes from the run or from one of its operators.
        error: (error: unknown) => resume(Effect.fail(error as E)),
        complete: () => resume(Effect.void),
      });
    return Effect.sync(() => running.unsubscribe());
  });

/**
 * Passes the events of a run through the operators of its pipeline, and returns their final state.
 *
 * The operators see the events of this pipeline alone, whatever it is part of.
 *
 * **Fails with** the errors of the run and of its operators.
 */
export const stage = <C, E>(
  of: Pipeline<C, unknown>,
  from: TrainState<C> | undefined,
  emit: Emit<TrainEvent<TrainState<C>>>,
  run: Run<C, E>,
): Effect.Effect<TrainState<C>, E, Services> =>
  Effect.gen(function* () {
    const services: Context.Context<Services> = yield* Effect.context<Services>();
    // The last state that the operators emitted, and the last that the run reached, in case they emit none.
    let said: TrainState<C> | undefined;
    let reached = from;
    const events$ = observe<TrainEvent<TrainState<C>>, E>(
      (own) =>
        Effect.provideContext(
          run({
            next: (event) => {
              if ("state" in event) reached = event.state;
              own.next(event);
            },
            closed: () => own.closed() || emit.closed(),
          }),
          services,
        ),
      "the run",
      (work) => Effect.provideContext(work, services),
    );
    // Operators pass on the events of this pipeline, whose states have its P and S.
    const said$ = of.operators.reduce<Observable<TrainEvent>>(
      (before$, operator) => operator(before$ as Observable<TrainEvent<TrainState<unknown>>>, of),
      events$,
    ) as Observable<TrainEvent<TrainState<C>>>;
    const heard: typeof emit = {
      next: (event) => {
        if ("state" in event) said = event.state;
        emit.next(event);
      },
      closed: emit.closed,
    };
    yield* drained<TrainEvent<TrainState<C>>, E>(said$, heard);
    return said ?? reached ?? initialState(of);
  });
