import {
  defer,
  ignoreElements,
  type MonoTypeOperatorFunction,
  type ObservableInput,
  tap,
} from "rxjs";
import type { Started, TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";
import { afterSome } from "./afterEpochs.ts";

/**
 * Works on each event in turn, and lets the run wait: it takes no further step until the work is done. A promise or an
 * Observable says when. No event is lost or passed over, and none pile up: at most those of the steps that a device has
 * taken in already wait.
 *
 * A run does not wait by itself: `concatMap` would keep every event until its turn comes. Where events may be passed
 * over, as in a display, `conflating` lets the run go on.
 *
 * With work `w` of two frames:
 *
 * ```text
 * run     -s-p---1---c|
 * w       --|
 * events  -s-p---1---c-|
 * ```
 *
 * **Fails with** the errors of the work, which end the run.
 */
export const awaiting =
  <C>(
    work: (event: TrainEvent<TrainState<C>>) => ObservableInput<unknown>,
  ): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> =>
  (run$) =>
    defer(() => {
      let hold: Started["hold"];
      return run$.pipe(
        tap((event) => {
          if (event._tag === "Started") hold = event.hold;
        }),
        afterSome(
          (event) => defer(() => work(event)).pipe(ignoreElements()),
          () => hold?.(),
        ),
      );
    });
