import * as Effect from "effect/Effect";
import { MemoryLimit, WorkerLost } from "../errors.ts";

/** A value, or a promise of it where a device is still at work. What answers at once costs no promise. */
export type Later<A> = A | Promise<A>;

/** The errors of a run of a compiled program: thrown, or what a promise of its results rejects with. */
export type RunFailure = WorkerLost | MemoryLimit;

/** Applies a function to a value as soon as it is there. */
export const mapLater = <A, B>(later: Later<A>, f: (value: A) => Later<B>): Later<B> =>
  later instanceof Promise ? later.then(f) : f(later);

/** A value that is read in its turn: until then, its rejection does not count as one that nobody handles. */
export const heldBack = <A>(later: Later<A>): Later<A> => {
  if (later instanceof Promise) later.catch(() => {});
  return later;
};

/** What a run threw or rejected with, as a typed failure; anything else is a defect. */
export const runFailure = (error: unknown): Effect.Effect<never, RunFailure> =>
  error instanceof WorkerLost || error instanceof MemoryLimit
    ? Effect.fail(error)
    : Effect.die(error);

/** Waits for a promise of a backend. **Fails with** `WorkerLost`, `MemoryLimit`. */
export const awaited = <A>(promise: Promise<A>): Effect.Effect<A, RunFailure> =>
  Effect.callback((resume) => {
    promise.then(
      (value) => resume(Effect.succeed(value)),
      (error) => resume(runFailure(error)),
    );
  });

/** Asks a backend for a value, and waits for it where it comes later. **Fails with** `WorkerLost`, `MemoryLimit`. */
export const answer = <A>(ask: () => Later<A>): Effect.Effect<A, RunFailure> =>
  Effect.suspend(() => {
    try {
      const later = ask();
      return later instanceof Promise ? awaited(later) : Effect.succeed(later);
    } catch (error) {
      return runFailure(error);
    }
  });
