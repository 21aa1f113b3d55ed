import {
  defer,
  from,
  fromEvent,
  ignoreElements,
  type MonoTypeOperatorFunction,
  merge,
  mergeMap,
  type Observable,
  of as only,
  Subject,
  take,
  takeUntil,
  takeWhile,
  tap,
} from "rxjs";
import type { Started, Stopped, TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";

/** The options of {@link stopWhen}. */
export interface StopWhen {
  /** The reason in `Stopped`. Defaults to `"asked to stop"`. */
  readonly reason?: string;
}

/** What an event with the state of a run that goes on has. */
interface WithState {
  readonly _tag: "Started" | "StateReached" | "EpochCompleted";
}

const aborted$ = (signal: AbortSignal): Observable<unknown> =>
  defer(() => (signal.aborted ? only(undefined) : fromEvent(signal, "abort")));

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
  const notifier$ = notifier instanceof AbortSignal ? aborted$(notifier) : notifier;
  const stopped = (
    event: Extract<TrainEvent<TrainState<C>>, WithState>,
  ): Stopped<TrainState<C>> => {
    const { epoch, step, state } = { ...event.state, ...event };
    return { _tag: "Stopped", reason, epoch, step, test: undefined, state };
  };
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
        tap({
          next: (event) => {
            if (event._tag === "Started") request = event.requestState;
          },
          complete: () => over$.next(),
        }),
        mergeMap((event) =>
          asked && "state" in event && event._tag !== "Stopped" && event._tag !== "Completed"
            ? from([event, stopped(event)])
            : from([event]),
        ),
      );
      // Asking comes first: a signal may be aborted already.
      return merge(asking$, events$).pipe(takeWhile(({ _tag }) => _tag !== "Stopped", true));
    });
};
