import * as Effect from "effect/Effect";
import { awaited, type Later, type RunFailure, runFailure } from "../../backend/later.ts";

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

/** Work in steps that a device may take later than they are submitted. */
export interface Work<A, E> {
  /** The number of further steps that are submitted before the oldest one's answer is read. */
  readonly ahead: number;
  readonly submit: (step: number) => void;
  /** Reads the answer of the oldest step that was submitted and not read. */
  readonly read: () => Later<A>;
  /** Uses the answer of a step, when `submitted` steps had been submitted. An effect that it returns ends the work. */
  readonly use: (answer: A, step: number, submitted: number) => Effect.Effect<never, E> | undefined;
}

/**
 * Submits the steps `from, …, to - 1` and uses their answers in order, and yields to the event loop every few
 * milliseconds. A backend that answers at once costs neither a promise nor an effect per step.
 *
 * Once `closed`, the effect is interrupted before anything else is submitted or used.
 *
 * **Fails with** what `use` returns; `WorkerLost`, and `MemoryLimit` where the machine does not have the memory that
 * the program may use.
 */
export const inTurns = <A, E>(
  from: number,
  to: number,
  { ahead, submit, read, use }: Work<A, E>,
  closed: () => boolean,
): Effect.Effect<void, E | RunFailure> => {
  type Rest = Effect.Effect<void, E | RunFailure>;
  const go = (first: number, oldest: number, until: number): Rest => {
    // The steps `oldest, …, submitted - 1` are under way.
    let [submitted, step] = [first, oldest];
    const due = (): boolean => performance.now() >= until;
    const afterTurn = (): Rest =>
      Effect.flatMap(giveWay, () => go(submitted, step, performance.now() + turn));
    try {
      while (step < to) {
        if (closed()) return Effect.interrupt;
        if (submitted < to && submitted - step <= ahead) submit(submitted++);
        if (submitted < to && submitted - step <= ahead) {
          if (due()) return afterTurn();
          continue;
        }
        const answer = read();
        if (answer instanceof Promise) return Effect.flatMap(awaited(answer), used);
        const end = use(answer, step++, submitted);
        if (end !== undefined) return end;
        if (due()) return afterTurn();
      }
    } catch (error) {
      return runFailure(error);
    }
    return Effect.void;

    function used(answer: A): Rest {
      if (closed()) return Effect.interrupt;
      const end = use(answer, step++, submitted);
      if (end !== undefined) return end;
      return due() ? afterTurn() : go(submitted, step, until);
    }
  };
  return Effect.suspend(() => go(from, from, performance.now() + turn));
};
