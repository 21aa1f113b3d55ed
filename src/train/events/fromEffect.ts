import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { Observable } from "rxjs";
import { RunInterrupted } from "../../errors.ts";
import type { Started } from "./event.ts";

/** A sink into which an effect emits values. */
export interface Emit<A> {
  readonly next: (value: A) => void;
  /** Whether the subscriber is gone. Code that runs without yielding checks this between steps. */
  readonly closed: () => boolean;
}

/**
 * Makes a cold observable of the values that an effect emits.
 *
 * Each subscription runs the effect anew. It starts after `subscribe` has returned, so that a subscriber can use
 * its subscription while it handles values. A typed failure becomes the observable's error, unchanged.
 * Unsubscribing interrupts the effect, so that its finalizers run. An effect that is interrupted from elsewhere
 * ends the observable with an error, since the subscriber would otherwise wait forever.
 *
 * The effect runs `within` the surroundings of a run, where these are given: its tracer, and its scheduler.
 *
 * **Fails with** the errors of the effect, and with `RunInterrupted`, whose `during` is the one given here.
 */
export const observe = <A, E>(
  effect: (emit: Emit<A>) => Effect.Effect<unknown, E>,
  during = "the run",
  within: NonNullable<Started["within"]> = (work) => work,
): Observable<A> =>
  new Observable<A>((subscriber) => {
    const emit: Emit<A> = {
      next: (value) => subscriber.next(value),
      closed: () => subscriber.closed,
    };
    const fiber = Effect.runFork(within(Effect.andThen(Effect.yieldNow, effect(emit))));
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) subscriber.complete();
      // After unsubscribing, RxJS drops the error of a closed subscriber.
      else if (Cause.hasInterruptsOnly(exit.cause))
        subscriber.error(new RunInterrupted({ during }));
      else subscriber.error(Cause.squash(exit.cause));
    });
    return () => fiber.interruptUnsafe();
  });
