import * as Effect from "effect/Effect";

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

/** Yields to the event loop, so that due events and timers run first. */
export const giveWay: Effect.Effect<void> = Effect.callback<void>((resume) => {
  soon(() => resume(Effect.void));
});
