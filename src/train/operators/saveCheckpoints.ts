import * as Effect from "effect/Effect";
import type { MonoTypeOperatorFunction } from "rxjs";
import { whole } from "../../tensor/validate.ts";
import type { EpochCompleted, TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { saveCheckpoint } from "../state/checkpoint.ts";
import type { TrainState } from "../state/state.ts";
import { afterEpochs } from "./afterEpochs.ts";

/** The options of {@link saveCheckpoints}. */
export interface SaveCheckpoints {
  /** One file that is replaced each time, or a function from the epoch to a file. */
  readonly path: string | ((epoch: number) => string);
  /** The number of epochs between checkpoints. Defaults to 1. */
  readonly every?: number;
}

/**
 * Saves the state to a file at the end of epochs, and emits `CheckpointSaved` after each.
 *
 * {@link loadCheckpoint} reads the file, and `resume$` continues from it. Later events, and an error that ends
 * the run, wait until the file is written: `k` says that it is.
 *
 * ```text
 * run     -s-1----2----c|
 * events  -s-(1k)-(2k)-c|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` is not a whole number above 0; `CheckpointNotSaved`,
 * which ends the stream and leaves the last good checkpoint unchanged.
 */
export const saveCheckpoints = <C, E>(
  of: Pipeline<C, E>,
  { path, every = 1 }: SaveCheckpoints,
): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  whole(1)("saveCheckpoints", { every });
  return afterEpochs(every, ({ epoch, step, state }: EpochCompleted<TrainState<C>>) => {
    const file = typeof path === "string" ? path : path(epoch);
    return observe<TrainEvent<TrainState<C>>, unknown>((emit) =>
      Effect.map(saveCheckpoint(of, state, file), () =>
        emit.next({ _tag: "CheckpointSaved", epoch, step, path: file }),
      ),
    );
  });
};
