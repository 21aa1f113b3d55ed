import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../codec/decode.ts";
import { natural } from "../../codec/number.ts";
import { files, readText, reasonOf } from "../../data/files.ts";
import { DataSourceError } from "../../errors.ts";
import type { EventJson } from "../events/codec.ts";
import { isPaused } from "./control.ts";
import { holderOfFolder } from "./lock.ts";
import { readEvents } from "./log.ts";
import { configIn, filesOf } from "./run.ts";

/** What the files of a run's folder say of the machine. */
const environmentCodec = t.partial({
  started: t.string,
  backend: t.string,
  node: t.string,
  platform: t.string,
  architecture: t.string,
  processors: t.number,
  memoryBytes: t.number,
});

const extents = t.readonlyArray(natural);

/** The layers of a run, and the plan of its step, as `plan.json` has them. */
const planCodec = t.intersection([
  t.type({
    layers: t.readonlyArray(
      t.type({
        name: t.string,
        depth: t.number,
        input: extents,
        output: extents,
        params: t.number,
      }),
    ),
    parameters: t.number,
    batchSize: t.number,
    plan: t.type({
      operations: t.number,
      bytes: t.type({ planned: t.number, needed: t.number, arguments: t.number }),
      kernels: t.readonlyArray(
        t.type({
          name: t.string,
          within: t.readonlyArray(t.type({ loop: t.number, rounds: t.number })),
          operations: t.number,
          bytes: t.number,
        }),
      ),
    }),
  }),
  t.partial({ examples: t.number }),
]);

/** How a run is doing: a process trains it or lets it wait, or it ended in one of three ways. */
export type RunState = "running" | "paused" | "complete" | "stopped" | "interrupted";

/** A run as the files of its folder tell it. */
export interface FolderRun {
  readonly folder: string;
  readonly state: RunState;
  readonly config: Effect.Success<ReturnType<typeof configIn>>;
  /** `undefined` where the run ended before it was written. */
  readonly environment: t.TypeOf<typeof environmentCodec> | undefined;
  readonly plan: t.TypeOf<typeof planCodec> | undefined;
  readonly events: readonly EventJson[];
}

/** The options of {@link readRun}. */
export interface ReadRun {
  /** Whether all steps are read, and not only the last one, which takes a hundredth of the time. Defaults to true. */
  readonly steps?: boolean;
}

const isThere = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    files()
      .lstat(path)
      .then(
        (found) => found.isFile(),
        () => false,
      ),
  );

/** A file of JSON; `undefined` where there is none. */
const optional = <A>(codec: t.Decoder<unknown, A>, path: string) =>
  Effect.flatMap(isThere(path), (there) =>
    there
      ? Effect.flatMap(readText(path), (text) => decodeJson(codec, text, path))
      : Effect.succeed(undefined),
  );

/** Whether a folder holds a run. */
export const isRun = (folder: string): Effect.Effect<boolean> =>
  Effect.map(
    Effect.all([isThere(filesOf(folder).config), isThere(filesOf(folder).environment)]),
    ([config, environment]) => config && environment,
  );

/** How a run is doing, from whether a process holds its folder, whether it waits, and its events. */
export const stateOf = (held: boolean, paused: boolean, events: readonly EventJson[]): RunState => {
  if (held) return paused ? "paused" : "running";
  const last = events.findLast(({ _tag }) => _tag !== "CheckpointSaved")?._tag;
  return last === "Completed" ? "complete" : last === "Stopped" ? "stopped" : "interrupted";
};

/**
 * Reads the run in a folder: its configuration, environment, plan and events, and whether a process trains it. Nothing in
 * the folder is changed, and the run may be under way.
 *
 * **Fails with** `DataSourceError` where the folder holds no run, or a file cannot be read; `DecodeError` where a file is
 * not what the run wrote.
 */
export const readRun = Effect.fnUntraced(function* (
  folder: string,
  { steps = true }: ReadRun = {},
) {
  const paths = filesOf(folder);
  if (!(yield* isRun(folder)))
    return yield* new DataSourceError({ source: folder, reason: "there is no run in this folder" });
  // The lock first: a run that ends meanwhile is then still said to be under way, and not interrupted.
  const held = (yield* holderOfFolder(folder)) !== undefined;
  const events = (yield* isThere(paths.events)) ? yield* readEvents(paths.events, { steps }) : [];
  return {
    folder,
    state: stateOf(held, held && (yield* isPaused(folder)), events),
    config: yield* configIn(folder),
    environment: yield* optional(environmentCodec, paths.environment),
    plan: yield* optional(planCodec, paths.plan),
    events,
  } satisfies FolderRun;
});

/** How deep runs are looked for below a folder. */
const deepest = 4;

/**
 * The folders of runs in a folder and below it, sorted; the folder itself where it holds a run. Links are not followed.
 *
 * **Fails with** `DataSourceError` where the folder cannot be read.
 */
export const runsIn = Effect.fnUntraced(function* (folder: string) {
  const walk = (path: string, depth: number): Effect.Effect<readonly string[], unknown> =>
    Effect.gen(function* () {
      if (yield* isRun(path)) return [path];
      if (depth > deepest) return [];
      const names = yield* Effect.tryPromise({
        try: () => files().readdir(path),
        catch: (cause) => cause,
      });
      const found: string[] = [];
      for (const name of [...names].sort()) {
        if (name.startsWith(".") || name === "node_modules") continue;
        const status = yield* Effect.promise(() =>
          files()
            .lstat(`${path}/${name}`)
            .catch(() => undefined),
        );
        if (status === undefined || status.isFile() || status.isSymbolicLink()) continue;
        for (const run of yield* Effect.orElseSucceed(walk(`${path}/${name}`, depth + 1), () => []))
          found.push(run);
      }
      return found;
    });
  return yield* Effect.mapError(
    walk(folder, 0),
    (cause) =>
      new DataSourceError({
        ...{ source: folder, reason: reasonOf(cause, "folder") },
        help: "name a folder of runs, as given to --run-dir",
      }),
  );
});
