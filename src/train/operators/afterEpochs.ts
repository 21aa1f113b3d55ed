import {
  concat,
  concatMap,
  defer,
  EMPTY,
  finalize,
  type MonoTypeOperatorFunction,
  map,
  materialize,
  type Observable,
  of as only,
  tap,
  throwError,
} from "rxjs";
import type { EpochCompleted, Started, TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";

/**
 * Emits further values after some of a source's. Later values wait for them, and so does an error: what was begun
 * before it is finished. `hold` is called as soon as such a value comes, and what it returns once all was emitted.
 */
export const afterSome =
  <A>(
    /** What follows a value; `undefined` where nothing does. */
    after$: (value: A) => Observable<A> | undefined,
    hold: () => (() => void) | undefined,
  ): MonoTypeOperatorFunction<A> =>
  (source$) =>
    source$.pipe(
      map((value) => {
        const more$ = after$(value);
        // At once, and not when it is its turn: the source would go on until then.
        return more$ === undefined
          ? only(value)
          : concat(only(value), more$.pipe(finalize(hold() ?? (() => {}))));
      }),
      // Errors become values, so that they wait too.
      materialize(),
      concatMap((note) => {
        if (note.kind === "N") return note.value;
        return note.kind === "E" ? throwError(() => note.error) : EMPTY;
      }),
    );

/**
 * Emits further events after every `every`-th epoch, such as those of writing a file.
 *
 * Later events wait for them, and so does an error that ends the run. The run takes no further step meanwhile, so that
 * nothing piles up. Each epoch's events are subscribed to when it is their turn, and unsubscribing ends those that are
 * under way.
 *
 * ```text
 * run         -s-1-----2c|
 * after 1        --w|
 * after 2              ---w|
 * events      -s-1-w---2--w(c|)
 * subscribed  ^----------!
 * ```
 */
export const afterEpochs =
  <C>(
    every: number,
    events$: (epoch: EpochCompleted<TrainState<C>>) => Observable<TrainEvent<TrainState<C>>>,
  ): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> =>
  (run$) =>
    defer(() => {
      let hold: Started["hold"];
      return run$.pipe(
        tap((event) => {
          if (event._tag === "Started") hold = event.hold;
        }),
        afterSome(
          (event) =>
            event._tag === "EpochCompleted" && event.epoch % every === 0
              ? events$(event)
              : undefined,
          () => hold?.(),
        ),
      );
    });
