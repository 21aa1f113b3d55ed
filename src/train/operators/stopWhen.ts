import {
  defer,
  ignoreElements,
  type MonoTypeOperatorFunction,
  merge,
  type Observable,
  Subject,
  take,
  takeUntil,
  tap,
} from "rxjs";
import type { Started, TrainEvent } from "../events/event.ts";
import { signaled$ } from "../events/signaled.ts";
import type { TrainState } from "../state/state.ts";
import { stoppingAt } from "./stoppingAt.ts";

/** The options of {@link stopWhen}. */
export interface StopWhen {
  /** The reason in `Stopped`. Defaults to `"asked to stop"`. */
  readonly reason?: string;
}

/**
 * Ends a run cleanly once an Observable emits or an `AbortSignal` is aborted: the step under way is finished, and the
 * run ends with `Stopped`, whose state has every step until then. The run can be resumed from it, bit for bit, in the
 * middle of an epoch too.
 *
 * The state comes with the event before `Stopped`, so that operators which save states need not know of it, and it is
 * not evaluated on the test examples. Unsubscribing ends a run at once, and leaves no state. A state `r` and then `x`
 * for `Stopped`:
 *
 * ```text
 * run         -s-p-p--r-p-p-c|
 * stop        -----n
 * events      -s-p-p--(rx|)
 * subscribed  ^-------!
 * ```
 *
 * An error of the Observable ends the run with that error.
 */
export const stopWhen = <C>(
  notifier: Observable<unknown> | AbortSignal,
  { reason = "asked to stop" }: StopWhen = {},
): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  const notifier$ = signaled$(notifier);
  return (run$) =>
    defer(() => {
      let asked = false;
      let request: Started["requestState"];
      const over$ = new Subject<void>();
      const asking$ = notifier$.pipe(
        take(1),
        tap(() => {
          asked = true;
          request?.();
        }),
        ignoreElements(),
        takeUntil(over$),
      );
      const events$ = run$.pipe(
        tap((event) => {
          if (event._tag === "Started") request = event.requestState;
        }),
        stoppingAt(() => asked, reason),
        // The run may end for another reason, too.
        tap({ complete: () => over$.next() }),
      );
      // Asking comes first: a signal may be aborted already.
      return merge(asking$, events$);
    });
};
