import * as Effect from "effect/Effect";
import { files, reasonOf } from "../../data/files.ts";
import { DataSourceError } from "../../errors.ts";

/** Folders of checkpoints: a file for each step that was saved, of which only the last may be kept. */

const pattern = /^step-(\d+)\.safetensors$/;

/** The file in a folder for the state after a step. Names sort as steps do. */
export const checkpointIn = (folder: string, step: number): string =>
  `${folder}/step-${String(step).padStart(9, "0")}.safetensors`;

/** The steps of the checkpoints in a folder, the last one first. */
const stepsIn = async (folder: string): Promise<readonly number[]> => {
  const names = await files().readdir(folder);
  return names
    .flatMap((name) => {
      const step = Number(pattern.exec(name)?.[1]);
      return Number.isSafeInteger(step) ? [step] : [];
    })
    .sort((a, b) => b - a);
};

/**
 * The checkpoints in a folder that `saveCheckpoints` made, the one after the most steps first; none where there is no
 * folder.
 *
 * **Fails with** `DataSourceError` where the folder cannot be read.
 */
export const checkpointsIn = (folder: string): Effect.Effect<readonly string[], DataSourceError> =>
  Effect.tryPromise({
    try: async () => (await stepsIn(folder)).map((step) => checkpointIn(folder, step)),
    catch: (cause) => cause,
  }).pipe(
    Effect.catch((cause) =>
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? Effect.succeed([])
        : Effect.fail(new DataSourceError({ source: folder, reason: reasonOf(cause, "folder") })),
    ),
  );

/**
 * Removes all but the last `keep` checkpoints up to a step. Those of later steps belong to another course of the run,
 * and are nobody's to remove.
 */
export const pruneCheckpoints = async (
  folder: string,
  step: number,
  keep: number,
): Promise<void> => {
  const old = (await stepsIn(folder)).filter((other) => other <= step).slice(keep);
  for (const other of old) await files().rm(checkpointIn(folder, other), { force: true });
};
