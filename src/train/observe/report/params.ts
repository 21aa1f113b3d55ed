import * as Effect from "effect/Effect";
import { readSafetensors } from "../../../io/safetensors/file.ts";
import { isFloat } from "../../../tensor/dtype.ts";
import { filesOf } from "../../folder/run.ts";
import { checkpointsIn } from "../../state/checkpointFolder.ts";
import { type TensorFigures, tensorFigures } from "../figures.ts";

/** The most tensors that are described. */
const most = 24;

/** The part of a checkpoint's names that says that something is a param. */
const pattern = /(?:^|\.)params\.(.+)$/;

/**
 * The figures of the params in a checkpoint, for which its pipeline is not needed.
 *
 * **Fails with** the errors of `readSafetensors`.
 */
export const figuresInCheckpoint = (path: string) =>
  Effect.map(readSafetensors(path), ({ tensors }): readonly TensorFigures[] =>
    Object.entries(tensors)
      .flatMap(([name, tensor]) => {
        const own = pattern.exec(name)?.[1];
        return own === undefined || !isFloat(tensor.dtype) ? [] : [[own, tensor] as const];
      })
      .slice(0, most)
      .map(([own, tensor]) => tensorFigures(own, tensor)),
  );

/** The last checkpoint of the run in a folder; `undefined` where it has none. **Fails with** `DataSourceError`. */
export const lastCheckpoint = (folder: string) =>
  Effect.map(checkpointsIn(filesOf(folder).checkpoints), ([last]) => last);
