import * as Effect from "effect/Effect";
import { decodeJson } from "../../codec/decode.ts";
import { files, readText } from "../../data/source.ts";
import { CheckpointNotSaved, type DataSourceError, type DecodeError } from "../../errors.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { stateCodec } from "./codec.ts";
import type { TrainState } from "./state.ts";

const notSaved = (path: string) => (cause: unknown) =>
  new CheckpointNotSaved({ path, reason: cause instanceof Error ? cause.message : String(cause) });

/** The folder of a path, as the path says it. */
const folderOf = (path: string): string => path.replace(/[^/\\]*$/, "") || ".";

/** What a folder holds is on the disk too, where a system can say so of a folder. */
const syncFolder = async (folder: string): Promise<void> => {
  const opened = await files().open(folder, "r");
  await opened.sync().finally(() => opened.close());
};

/** A file with this text, in place of the one that was there: all of it, on the disk, or none. */
const written = async (path: string, text: string, signal: AbortSignal): Promise<void> => {
  // A name that nobody else has: neither another run that saves here, nor who would have it write elsewhere.
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
    // Where it cannot be removed, what went wrong before says more.
    await files()
      .rm(beside, { force: true })
      .catch(() => {});
    throw cause;
  }
  await syncFolder(folderOf(path)).catch(() => {});
};

/**
 * Writes a state to a file, on Node: whole or not at all. It is written beside the file, under a name of its own,
 * and put in its place only when all of it is on the disk, so that whatever happens an earlier checkpoint stays as
 * it was.
 *
 * **Fails with** `CheckpointNotSaved`.
 */
export const saveCheckpoint = <P, S, E>(
  of: Pipeline<P, S, E>,
  state: TrainState<P, S>,
  path: string,
): Effect.Effect<void, CheckpointNotSaved> =>
  Effect.tryPromise({
    // It fails too where a state is larger than the text that a string holds.
    try: (signal) => written(path, JSON.stringify(stateCodec(of).encode(state)), signal),
    catch: notSaved(path),
  });

/**
 * The state that a file holds, of the pipeline that it is to go on with.
 *
 * **Fails with** `DataSourceError`; `DecodeError` where the file is damaged, or holds the state of a pipeline
 * with other params or another optimizer.
 */
export const loadCheckpoint = <P, S, E>(
  of: Pipeline<P, S, E>,
  path: string,
): Effect.Effect<TrainState<P, S>, DataSourceError | DecodeError> =>
  Effect.flatMap(readText(path), (text) => decodeJson(stateCodec(of), text, path));
