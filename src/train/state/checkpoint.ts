import * as Effect from "effect/Effect";
import { decodeJson } from "../../codec/decode.ts";
import { files, readText } from "../../data/files.ts";
import { CheckpointNotSaved, type DataSourceError, type DecodeError } from "../../errors.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { stateCodec } from "./codec.ts";
import type { TrainState } from "./state.ts";

const notSaved = (path: string) => (cause: unknown) =>
  new CheckpointNotSaved({ path, reason: cause instanceof Error ? cause.message : String(cause) });

/** The folder part of a path. */
const folderOf = (path: string): string => path.replace(/[^/\\]*$/, "") || ".";

/** Flushes a folder's entries to disk, on systems that support it. */
const syncFolder = async (folder: string): Promise<void> => {
  const opened = await files().open(folder, "r");
  await opened.sync().finally(() => opened.close());
};

/** Replaces a file by this text: either all of it is on the disk, or the old file is unchanged. */
const written = async (path: string, text: string, signal: AbortSignal): Promise<void> => {
  // A unique name, against other runs that save here and against links planted to redirect the write.
  const beside = `${path}.${crypto.randomUUID()}.partial`;
  const file = await files().open(beside, "wx");
  try {
    try {
      await file.writeFile(text, { signal });
      await file.sync();
    } finally {
      await file.close();
    }
    signal.throwIfAborted();
    await files().rename(beside, path);
  } catch (cause) {
    // If it cannot be removed either, the first error says more.
    await files()
      .rm(beside, { force: true })
      .catch(() => {});
    throw cause;
  }
  await syncFolder(folderOf(path)).catch(() => {});
};

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
  Effect.tryPromise({
    // This also fails where the JSON of a state is longer than a string can be.
    try: (signal) => written(path, JSON.stringify(stateCodec(of).encode(state)), signal),
    catch: notSaved(path),
  });

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
