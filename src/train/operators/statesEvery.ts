import {
  asyncScheduler,
  defer,
  type MonoTypeOperatorFunction,
  type TimestampProvider,
  tap,
} from "rxjs";
import { positive, whole } from "../../tensor/validate.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";

/** The options of {@link statesEvery}. */
export interface StatesEvery {
  /** The number of steps between states: those of the steps that it divides. Defaults to none. */
  readonly steps?: number;
  /** The time between states in seconds, or a little more, since a state comes after a step. Defaults to none. */
  readonly seconds?: number;
  /** What tells the time. Defaults to the scheduler of the run, and without one to RxJS's `asyncScheduler`. */
  readonly scheduler?: TimestampProvider;
}

/**
 * Has the run emit `StateReached` in the middle of epochs: every so many steps, or every so often. All operators see
 * it, such as one that saves it. It passes every event on unchanged.
 *
 * Reading a state costs a copy of it, and a look at each of its numbers. With `r` for a state, every 2 steps:
 *
 * ```text
 * run     -s-p-(pr)-p-1-(pr)-c|
 * events  -s-p-(pr)-p-1-(pr)-c|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `steps` is not a whole number above 0 or `seconds` is not above 0.
 */
export const statesEvery = <C>({
  steps,
  seconds,
  scheduler,
}: StatesEvery): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  whole(1)("statesEvery", { steps });
  positive("statesEvery", { seconds });
  const every = steps ?? Number.POSITIVE_INFINITY;
  const time = 1000 * (seconds ?? Number.POSITIVE_INFINITY);
  return (run$) =>
    defer(() => {
      let request: Started["requestState"];
      let next = every;
      let clock: TimestampProvider = scheduler ?? asyncScheduler;
      let last = clock.now();
      // The next step is asked for before it is taken: a device may be some steps ahead.
      const askAfter = (step: number): void => {
        next = (Math.floor(step / every) + 1) * every;
        if (steps !== undefined) request?.(next);
      };
      return run$.pipe(
        tap((event) => {
          switch (event._tag) {
            case "Started":
              request = event.requestState;
              clock = scheduler ?? event.scheduler ?? asyncScheduler;
              last = clock.now();
              askAfter(event.state.step);
              break;
            case "StateReached":
              if (event.step >= next) askAfter(event.step);
              break;
            case "StepCompleted":
              if (clock.now() - last < time) return;
              last = clock.now();
              request?.();
          }
        }),
      );
    });
};
