import * as Effect from "effect/Effect";
import {
  type CheckpointMismatch,
  CheckpointNotSaved,
  type DataSourceError,
  type DecodeError,
  type MemoryLimit,
  type SafetensorsCorrupt,
} from "../../errors.ts";
import { readSafetensors, writeSafetensors } from "../../io/safetensors/file.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { decodeState, encodeState, type LoadCheckpoint } from "./codec.ts";
import type { TrainState } from "./state.ts";

/**
 * Writes a state to a safetensors file on Node, either whole or not at all.
 *
 * It writes a temporary file beside the target and renames it once all of it is on the disk. If anything fails,
 * an earlier checkpoint stays unchanged. The bytes are written in pieces, so that it takes hardly any memory and the
 * event loop goes on. Permissions of a file that is replaced are kept, and a symbolic link is refused.
 *
 * **Fails with** `CheckpointNotSaved`.
 */
export const saveCheckpoint = <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  path: string,
): Effect.Effect<void, CheckpointNotSaved> =>
  Effect.mapError(
    Effect.flatMap(
      Effect.try({
        try: () => writeSafetensors(path, encodeState(of, state)),
        // A name that is too long, or a leaf that is no tensor.
        catch: (cause) => ({ reason: cause instanceof Error ? cause.message : String(cause) }),
      }),
      (write) => write,
    ),
    ({ reason }) => new CheckpointNotSaved({ path, reason }),
  );

/**
 * Reads a state of the pipeline from a file, in pieces: it takes the memory of the state.
 *
 * **Fails with** `DataSourceError`; `SafetensorsCorrupt` where the file is damaged or changed, or older than
 * version 3; `DecodeError` where it is no checkpoint; `CheckpointMismatch` where it is one of another pipeline;
 * `MemoryLimit`.
 */
export const loadCheckpoint = <C, E>(
  of: Pipeline<C, E>,
  path: string,
  options: LoadCheckpoint = {},
): Effect.Effect<
  TrainState<C>,
  DataSourceError | SafetensorsCorrupt | MemoryLimit | DecodeError | CheckpointMismatch
> => Effect.flatMap(readSafetensors(path), (file) => decodeState(of, file, path, options));
