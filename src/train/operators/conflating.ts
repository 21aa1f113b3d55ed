import {
  defer,
  type MonoTypeOperatorFunction,
  Observable,
  type ObservableInput,
  Subscription,
} from "rxjs";
import type { TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";

/**
 * Works on events one at a time while the run goes on. Of those that come meanwhile, only the newest of each kind waits,
 * and the older are passed over: at most one event for each `_tag`, however slow the work and however long the run. The end
 * is never lost, nor the last epoch. A promise or an Observable says when the work is done.
 *
 * For several slow subscribers, share the run, and let each conflate for itself: `train$(of).pipe(share())`. The events that
 * are passed on are those that are worked on; `awaiting` passes over none, and makes the run wait.
 *
 * With work `w` of five frames:
 *
 * ```text
 * run     -s-1-2-3----c|
 * w       -----|
 * events  -s----2----3----c----|
 * ```
 *
 * **Fails with** the errors of the work, which end the run. An error of the run comes after what waits.
 */
export const conflating =
  <C>(
    work: (event: TrainEvent<TrainState<C>>) => ObservableInput<unknown>,
  ): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> =>
  (run$) =>
    new Observable((out) => {
      // In the order in which they came.
      const waiting = new Map<string, TrainEvent<TrainState<C>>>();
      const running = new Subscription();
      let busy = false;
      let finish: (() => void) | undefined;
      const goOn = (): void => {
        if (busy) return;
        const [next] = waiting.values();
        if (next === undefined) {
          finish?.();
          return;
        }
        waiting.delete(next._tag);
        busy = true;
        out.next(next);
        if (out.closed) return;
        running.add(
          defer(() => work(next)).subscribe({
            error: (error: unknown) => out.error(error),
            complete: () => {
              busy = false;
              goOn();
            },
          }),
        );
      };
      const ending = (end: () => void): void => {
        finish = end;
        goOn();
      };
      running.add(
        run$.subscribe({
          next: (event) => {
            waiting.delete(event._tag);
            waiting.set(event._tag, event);
            goOn();
          },
          error: (error: unknown) => ending(() => out.error(error)),
          complete: () => ending(() => out.complete()),
        }),
      );
      return running;
    });
