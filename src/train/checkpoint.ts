import * as Effect from "effect/Effect";
import { decodeJson } from "../codec/decode.ts";
import { files, readText } from "../data/source.ts";
import { CheckpointNotSaved, type DataSourceError, type DecodeError } from "../errors.ts";
import type { Pipeline } from "./pipeline.ts";
import type { TrainState } from "./state.ts";
import { stateCodec } from "./stateJson.ts";

const notSaved = (path: string) => (cause: unknown) =>
  new CheckpointNotSaved({ path, reason: cause instanceof Error ? cause.message : String(cause) });

/**
 * Writes a state to a file, on Node: whole or not at all. It is written beside the file and put in its
 * place only when all of it is there, so that whatever happens an earlier checkpoint stays as it was.
 *
 * **Fails with** `CheckpointNotSaved`.
 */
export const saveCheckpoint = <P, S, E>(
  of: Pipeline<P, S, E>,
  state: TrainState<P, S>,
  path: string,
): Effect.Effect<void, CheckpointNotSaved> =>
  Effect.gen(function* () {
    const beside = `${path}.partial`;
    // A state may be larger than the text that a string holds.
    const text = yield* Effect.try({
      try: () => JSON.stringify(stateCodec(of).encode(state)),
      catch: notSaved(path),
    });
    const written = Effect.tryPromise({
      try: async (signal) => files().writeFile(beside, text, { signal, flush: true }),
      catch: notSaved(path),
    });
    const placed = Effect.tryPromise({
      try: async () => files().rename(beside, path),
      catch: notSaved(path),
    });
    // Gone already where it was put in its place; where it cannot be removed, the failure above says more.
    const removed = Effect.ignore(
      Effect.tryPromise(async () => files().rm(beside, { force: true })),
    );
    yield* Effect.ensuring(Effect.andThen(written, placed), removed);
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
