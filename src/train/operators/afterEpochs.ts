import {
  concat,
  concatMap,
  EMPTY,
  type MonoTypeOperatorFunction,
  materialize,
  type Observable,
  of as only,
  throwError,
} from "rxjs";
import type { EpochCompleted, TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";

/**
 * Emits further events after every `every`-th epoch, such as those of writing a file.
 *
 * Later events wait for them, and so does an error that ends the run: what was begun before it is finished. Each
 * epoch's events are subscribed to when it is their turn, and unsubscribing ends those that are under way.
 *
 * ```text
 * run         -s-1-----2c|
 * after 1        --w|
 * after 2              ---w|
 * events      -s-1-w---2--w(c|)
 * subscribed  ^----------!
 * ```
 */
export const afterEpochs = <C>(
  every: number,
  events$: (epoch: EpochCompleted<TrainState<C>>) => Observable<TrainEvent<TrainState<C>>>,
): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  const withMore = (event: TrainEvent<TrainState<C>>) =>
    event._tag === "EpochCompleted" && event.epoch % every === 0
      ? concat(only(event), events$(event))
      : only(event);
  return (run$) =>
    run$.pipe(
      // Errors become values, so that they wait too.
      materialize(),
      concatMap((note) => {
        if (note.kind === "N") return withMore(note.value);
        return note.kind === "E" ? throwError(() => note.error) : EMPTY;
      }),
    );
};
