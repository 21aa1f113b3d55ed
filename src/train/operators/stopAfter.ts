import {
  asyncScheduler,
  defer,
  type MonoTypeOperatorFunction,
  type SchedulerLike,
  Subject,
  switchMap,
  take,
  tap,
  timer,
} from "rxjs";
import { positive, whole } from "../../tensor/validate.ts";
import type { TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";
import { stoppingAt } from "./stoppingAt.ts";
import { stopWhen } from "./stopWhen.ts";

/** The options of {@link stopAfter}. */
export interface StopAfter {
  /** The number of steps of the whole run, those before a resumption included. Defaults to no limit. */
  readonly steps?: number;
  /** The seconds since the `Started` of this part of the run. Defaults to no limit. */
  readonly seconds?: number;
  /** What tells the time. Defaults to the scheduler of the run, and without one to RxJS's `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

const atStep =
  <C>(steps: number): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> =>
  (run$) =>
    run$.pipe(
      tap((event) => {
        if (event._tag === "Started") event.requestState?.(steps);
      }),
      stoppingAt(({ state }) => state.step >= steps, `${steps} steps are over`),
    );

/**
 * Ends a run cleanly after a number of steps, or a time: with `Stopped`, whose state can be resumed from, bit for bit, in
 * the middle of an epoch too. That state is not evaluated on the test examples.
 *
 * After 2 steps, of which the second is followed by the state `r`:
 *
 * ```text
 * run         -s-p-(pr)-p-1-c|
 * events      -s-p-(prx|)
 * subscribed  ^----!
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `steps` is not a whole number above 0 or `seconds` is not above 0.
 */
export const stopAfter = <C>({
  steps,
  seconds,
  scheduler,
}: StopAfter): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  whole(1)("stopAfter", { steps });
  positive("stopAfter", { seconds });
  return (run$) =>
    defer(() => {
      const counted$ = steps === undefined ? run$ : run$.pipe(atStep(steps));
      if (seconds === undefined) return counted$;
      const begun$ = new Subject<SchedulerLike>();
      const over$ = begun$.pipe(
        take(1),
        switchMap((clock) => timer(1000 * seconds, clock)),
      );
      return counted$.pipe(
        tap((event) => {
          if (event._tag === "Started") begun$.next(scheduler ?? event.scheduler ?? asyncScheduler);
        }),
        stopWhen(over$, { reason: `${seconds} seconds are over` }),
      );
    });
};
