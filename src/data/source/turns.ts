import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Fibers from "effect/Scheduler";
import type { SchedulerLike } from "rxjs";

/** The longest time that a run blocks the event loop, in milliseconds. */
export const turn = 4;

/**
 * Makes a function that runs a task after the tasks that already wait. Browsers delay timers by some
 * milliseconds, and run `scheduler.yield` before the messages by which workers start, so that neither is used
 * there.
 */
const laterTasks = (): ((task: () => void) => void) => {
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

let tasks: ReturnType<typeof laterTasks> | undefined;

/** Runs a task after the tasks that already wait. */
export const soon = (task: () => void): void => {
  tasks ??= laterTasks();
  tasks(task);
};

/** What tells a run the time, and when it goes on after it gave way to others. */
export interface Turns {
  /** The time in milliseconds since some moment. */
  readonly now: () => number;
  /** Runs a task after the tasks that already wait. */
  readonly soon: (task: () => void) => void;
  /** The RxJS scheduler that does both, where one was given. */
  readonly scheduler: SchedulerLike | undefined;
}

/** The turns of a run. They default to the machine's clock and to its event loop. */
export const Turns: Context.Reference<Turns> = Context.Reference<Turns>("fluxion/Turns", {
  defaultValue: () => ({ now: () => performance.now(), soon, scheduler: undefined }),
});

/**
 * Has an effect take its time, and its turns, from an RxJS scheduler: in virtual time it does all that it does within the
 * `flush` of a `VirtualTimeScheduler`, if nothing in it waits for a promise.
 */
export const withScheduler =
  (scheduler: SchedulerLike) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const later = (task: () => void): (() => void) => {
      const scheduled = scheduler.schedule(task);
      return () => scheduled.unsubscribe();
    };
    const turns: Turns = { now: () => scheduler.now(), soon: later, scheduler };
    return effect.pipe(
      Effect.provideService(Turns, turns),
      // Fibers yield too, of their own accord.
      Effect.provideService(Fibers.Scheduler, new Fibers.MixedScheduler("async", later)),
    );
  };

/** Yields to the event loop, so that due events and timers run first. */
export const giveWay: Effect.Effect<void> = Effect.flatMap(Turns, (turns) =>
  Effect.callback<void>((resume) => {
    turns.soon(() => resume(Effect.void));
  }),
);
