import * as Effect from "effect/Effect";
import {
  concat,
  concatMap,
  EMPTY,
  type MonoTypeOperatorFunction,
  materialize,
  of as only,
  throwError,
} from "rxjs";
import { whole } from "../../tensor/validate.ts";
import type { EpochCompleted, TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { saveCheckpoint } from "../state/checkpoint.ts";
import type { TrainState } from "../state/state.ts";

/** Where states are saved, and at the end of which epochs. */
export interface SaveCheckpoints {
  /** One file, replaced each time; or a file for each epoch. */
  readonly path: string | ((epoch: number) => string);
  /** Epochs from one checkpoint to the next. Defaults to 1. */
  readonly every?: number;
}

/**
 * Saves the state at the end of epochs, from which {@link loadCheckpoint} and `resume$` go on, and says
 * `CheckpointSaved` after each. Later events, and the error with which the run may end, wait
 * until the file is written.
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` is no whole number or less than 1;
 * `CheckpointNotSaved`, which ends the stream; the last good checkpoint is as it was.
 */
export const saveCheckpoints = <P, S, E>(
  of: Pipeline<P, S, E>,
  { path, every = 1 }: SaveCheckpoints,
): MonoTypeOperatorFunction<TrainEvent<TrainState<P, S>>> => {
  whole(1)("saveCheckpoints", { every });
  const saved$ = ({ epoch, step, state }: EpochCompleted<TrainState<P, S>>) => {
    const file = typeof path === "string" ? path : path(epoch);
    return observe<TrainEvent<TrainState<P, S>>, unknown>((emit) =>
      Effect.map(saveCheckpoint(of, state, file), () =>
        emit.next({ _tag: "CheckpointSaved", epoch, step, path: file }),
      ),
    );
  };
  const withSaved = (event: TrainEvent<TrainState<P, S>>) =>
    event._tag === "EpochCompleted" && event.epoch % every === 0
      ? concat(only(event), saved$(event))
      : only(event);
  // As values, errors wait too: what a run has reached before it fails is saved.
  return (events$) =>
    events$.pipe(
      materialize(),
      concatMap((note) => {
        if (note.kind === "N") return withSaved(note.value);
        return note.kind === "E" ? throwError(() => note.error) : EMPTY;
      }),
    );
};
