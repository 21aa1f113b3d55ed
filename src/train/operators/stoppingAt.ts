import { type MonoTypeOperatorFunction, mergeMap, takeWhile } from "rxjs";
import type { TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";

/** An event with the state of a run that goes on. */
type WithState<C> = Extract<
  TrainEvent<TrainState<C>>,
  { readonly _tag: "Started" | "StateReached" | "EpochCompleted" }
>;

const hasState = <C>(event: TrainEvent<TrainState<C>>): event is WithState<C> =>
  "state" in event && event._tag !== "Stopped" && event._tag !== "Completed";

/** Ends a run with the first of its states for which `over` says so. */
export const stoppingAt =
  <C>(
    over: (event: WithState<C>) => boolean,
    reason: string,
  ): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> =>
  (run$) =>
    run$.pipe(
      mergeMap((event): readonly TrainEvent<TrainState<C>>[] => {
        if (!hasState(event) || !over(event)) return [event];
        const { epoch, step, state } = { ...event.state, ...event };
        return [event, { _tag: "Stopped", reason, epoch, step, test: undefined, state }];
      }),
      takeWhile(({ _tag }) => _tag !== "Stopped", true),
    );
