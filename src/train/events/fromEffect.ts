import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { Observable } from "rxjs";
import { RunInterrupted } from "../../errors.ts";

/** Where an effect puts the values of a stream. */
export interface Emit<A> {
  readonly next: (value: A) => void;
  /** Whether nobody listens any more: what runs without yielding asks this between its steps. */
  readonly closed: () => boolean;
}

/**
 * A cold observable of what an effect emits: the one bridge from Effect to RxJS.
 *
 * Each subscription runs the effect anew, and never before `subscribe` has returned, so that a subscriber
 * may use its subscription in whatever it does with the values. A typed failure is the observable's error, as it is;
 * unsubscribing interrupts the effect, so that its finalizers run. An effect that interrupts itself, or is
 * interrupted by another, is an error too: who still listens would wait forever.
 *
 * **Fails with** what the effect fails with, and `RunInterrupted`, whose `during` is this one's.
 */
export const observe = <A, E>(
  effect: (emit: Emit<A>) => Effect.Effect<unknown, E>,
  during = "the run",
): Observable<A> =>
  new Observable<A>((subscriber) => {
    const emit: Emit<A> = {
      next: (value) => subscriber.next(value),
      closed: () => subscriber.closed,
    };
    const fiber = Effect.runFork(Effect.andThen(Effect.yieldNow, effect(emit)));
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) subscriber.complete();
      // After unsubscribing nobody hears of it: RxJS drops the error of a closed subscriber.
      else if (Cause.hasInterruptsOnly(exit.cause))
        subscriber.error(new RunInterrupted({ during }));
      else subscriber.error(Cause.squash(exit.cause));
    });
    return () => fiber.interruptUnsafe();
  });
