import * as Effect from "effect/Effect";
import { decodeJson } from "../../codec/decode.ts";
import { readText } from "../../data/files.ts";
import { CheckpointNotSaved, type DataSourceError, type DecodeError } from "../../errors.ts";
import { replaceFile, writeAll } from "../../io/replaceFile.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { stateCodec } from "./codec.ts";
import type { TrainState } from "./state.ts";

const notSaved = (path: string, cause: unknown) =>
  new CheckpointNotSaved({ path, reason: cause instanceof Error ? cause.message : String(cause) });

/**
 * Writes a state to a file on Node, either whole or not at all.
 *
 * It writes a temporary file beside the target and renames it once all of it is on the disk. If anything fails,
 * an earlier checkpoint stays unchanged.
 *
 * **Fails with** `CheckpointNotSaved`.
 */
export const saveCheckpoint = <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  path: string,
): Effect.Effect<void, CheckpointNotSaved> =>
  Effect.flatMap(
    Effect.try({
      // This fails where the JSON of a state is longer than a string can be.
      try: () => new TextEncoder().encode(JSON.stringify(stateCodec(of).encode(state))),
      catch: (cause) => notSaved(path, cause),
    }),
    (bytes) =>
      Effect.mapError(
        replaceFile(path, (file) => writeAll(file, bytes, 0)),
        ({ reason }) => new CheckpointNotSaved({ path, reason }),
      ),
  );

/**
 * Reads a state of the pipeline from a file.
 *
 * **Fails with** `DataSourceError`; `DecodeError` where the file is damaged, or holds a state with other params
 * or of another optimizer.
 */
export const loadCheckpoint = <C, E>(
  of: Pipeline<C, E>,
  path: string,
): Effect.Effect<TrainState<C>, DataSourceError | DecodeError> =>
  Effect.flatMap(readText(path), (text) => decodeJson(stateCodec(of), text, path));
