import * as Effect from "effect/Effect";
import { WorkerLost } from "../errors.ts";

/** How long a run may keep the event loop waiting, in milliseconds. */
const turn = 4;

const attempt = <E>(work: (index: number) => E, index: number): E | WorkerLost => {
  try {
    return work(index);
  } catch (error) {
    if (error instanceof WorkerLost) return error;
    throw error;
  }
};

/**
 * Does `work` for `from, …, to - 1`, giving way to the event loop whenever a turn is over: by the time
 * that has passed, so that it does not matter how long one piece of work is.
 *
 * What `work` returns, other than `undefined`, is the failure. Once `closed`, the effect is interrupted
 * before the next piece.
 *
 * **Fails with** `WorkerLost`, which what runs a program can only throw.
 */
export const inTurns = <E>(
  from: number,
  to: number,
  work: (index: number) => E | undefined,
  closed: () => boolean,
): Effect.Effect<void, E | WorkerLost> =>
  Effect.suspend((): Effect.Effect<void, E | WorkerLost> => {
    const until = performance.now() + turn;
    for (let index = from; index < to; index++) {
      if (closed()) return Effect.interrupt;
      const failure = attempt(work, index);
      if (failure !== undefined) return Effect.fail(failure);
      if (performance.now() >= until)
        return Effect.andThen(Effect.yieldNow, inTurns(index + 1, to, work, closed));
    }
    return Effect.void;
  });
