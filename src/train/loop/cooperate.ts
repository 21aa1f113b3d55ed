import * as Effect from "effect/Effect";
import { MemoryLimit, WorkerLost } from "../../errors.ts";

/** The longest time that a run blocks the event loop, in milliseconds. */
const turn = 4;

/**
 * Makes a function that runs a task after the tasks that already wait. Browsers delay timers by some
 * milliseconds, and run `scheduler.yield` before the messages by which workers start, so that neither is used
 * there.
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

/** Yields to the event loop, so that due events and timers run first. */
export const giveWay: Effect.Effect<void> = Effect.callback<void>((resume) => {
  later ??= soon();
  later(() => resume(Effect.void));
});

/** The errors that a running program throws. */
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
 * Calls `work` for `from, …, to - 1`, and yields to the event loop every few milliseconds.
 *
 * A result of `work` other than `undefined` is a failure. Once `closed`, the effect is interrupted before the
 * next call.
 *
 * **Fails with** `WorkerLost`, and `MemoryLimit` where the machine does not have the memory that the program may
 * use.
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
