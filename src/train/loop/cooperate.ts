import * as Effect from "effect/Effect";
import { MemoryLimit, WorkerLost } from "../../errors.ts";

/** How long a run may keep the event loop waiting, in milliseconds. */
const turn = 4;

/**
 * Runs a task after what waits already. A page delays timers by some milliseconds, and prefers what
 * `scheduler.yield` continues even to the messages by which workers start, so that neither is used there.
 */
const soon = (): ((task: () => void) => void) => {
  if (typeof setImmediate === "function") return setImmediate;
  const { port1, port2 } = new MessageChannel();
  let tasks: readonly (() => void)[] = [];
  port1.addEventListener("message", () => {
    const [next, ...rest] = tasks;
    tasks = rest;
    next?.();
  });
  port1.start();
  return (task) => {
    tasks = [...tasks, task];
    port2.postMessage(undefined);
  };
};

let later: ReturnType<typeof soon> | undefined;

/** Gives way to the event loop: events and timers that are due come first. */
export const giveWay: Effect.Effect<void> = Effect.callback<void>((resume) => {
  later ??= soon();
  later(() => resume(Effect.void));
});

/** With what a run of a program fails, which can only throw it. */
type Thrown = WorkerLost | MemoryLimit;

const attempt = <E>(work: (index: number) => E, index: number): E | Thrown => {
  try {
    return work(index);
  } catch (error) {
    if (error instanceof WorkerLost || error instanceof MemoryLimit) return error;
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
 * **Fails with** `WorkerLost`, and `MemoryLimit` where the machine does not give what the program may use.
 */
export const inTurns = <E>(
  from: number,
  to: number,
  work: (index: number) => E | undefined,
  closed: () => boolean,
): Effect.Effect<void, E | Thrown> =>
  Effect.suspend((): Effect.Effect<void, E | Thrown> => {
    const until = performance.now() + turn;
    for (let index = from; index < to; index++) {
      if (closed()) return Effect.interrupt;
      const failure = attempt(work, index);
      if (failure !== undefined) return Effect.fail(failure);
      if (performance.now() >= until)
        return Effect.andThen(giveWay, inTurns(index + 1, to, work, closed));
    }
    return Effect.void;
  });
