import * as Effect from "effect/Effect";
import { MemoryLimit, WorkerLost } from "../errors.ts";

/** A value, or a promise of it while a device still computes. A backend that answers at once needs no promise. */
export type Later<A> = A | Promise<A>;

/** The errors of a run of a compiled program. They are thrown, or a promise of results rejects with them. */
export type RunFailure = WorkerLost | MemoryLimit;

/** Applies a function to a value once it is available. */
export const mapLater = <A, B>(later: Later<A>, f: (value: A) => Later<B>): Later<B> =>
  later instanceof Promise ? later.then(f) : f(later);

/** Keeps a promise for a later read: until then, a rejection is not reported as unhandled. */
export const heldBack = <A>(later: Later<A>): Later<A> => {
  if (later instanceof Promise) later.catch(() => {});
  return later;
};

/** Converts a thrown or rejected value to a typed failure; unknown errors become defects. */
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

/** Requests a value from a backend, and waits for it if it comes later. **Fails with** `WorkerLost`, `MemoryLimit`. */
export const answer = <A>(ask: () => Later<A>): Effect.Effect<A, RunFailure> =>
  Effect.suspend(() => {
    try {
      const later = ask();
      return later instanceof Promise ? awaited(later) : Effect.succeed(later);
    } catch (error) {
      return runFailure(error);
    }
  });
