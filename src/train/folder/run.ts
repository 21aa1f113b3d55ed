import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import { merge, NEVER, type Observable, tap } from "rxjs";
import type { ReverseMode } from "../../autodiff/index.ts";
import { Backend } from "../../backend/backend.ts";
import { files } from "../../data/files.ts";
import { type BackendUnavailable, RunExists, StateMismatch } from "../../errors.ts";
import { makeFolder, replaceFile, writeAll } from "../../io/replaceFile.ts";
import type { TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import { signaled$ } from "../events/signaled.ts";
import { drained } from "../loop/stage.ts";
import { saveCheckpoints } from "../operators/saveCheckpoints.ts";
import { stopWhen } from "../operators/stopWhen.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { checkSettings } from "../pipeline/validate.ts";
import { defaultServices } from "../services.ts";
import { loadCheckpoint } from "../state/checkpoint.ts";
import { checkpointsIn } from "../state/checkpointFolder.ts";
import type { TrainState } from "../state/state.ts";
import { summarize } from "../summary.ts";
import { train$ } from "../train.ts";
import { chained, chainName, originOf, relinked } from "./chain.ts";
import { effectiveConfig, type RunConfig, readConfig } from "./config.ts";
import { hearing } from "./control.ts";
import { continued, historyCodec, historyFrom, type Segment, segmentText } from "./history.ts";
import { encodeInputs } from "./inputs.ts";
import { lockFolder } from "./lock.ts";
import { cutEvents, eventLog } from "./log.ts";

/** The files of a run's folder. */
export const filesOf = (folder: string) =>
  ({
    /** The configuration that it runs with: the effective one. */
    config: `${folder}/config.json`,
    /** What it is made of, as hashes. */
    origin: `${folder}/origin.json`,
    /** Which settings held from which step on. */
    history: `${folder}/history.json`,
    /** The machine and the versions that it ran on last. */
    environment: `${folder}/environment.json`,
    /** How raw values become its columns, as fitted on its training data. */
    inputs: `${folder}/inputs.json`,
    /** Its layers, and the plan of its step. */
    plan: `${folder}/plan.json`,
    events: `${folder}/events.jsonl`,
    checkpoints: `${folder}/checkpoints`,
    best: `${folder}/best.safetensors`,
  }) as const;

/** The options of {@link trainIn$}. */
export interface TrainIn {
  /** The folder of the run, which is made where there is none. */
  readonly folder: string;
  /** Whether the run goes on from its last checkpoint, where it has one. Defaults to false: a new run. */
  readonly resume?: boolean;
  /** When checkpoints are saved, and how many are kept. What it says of the pipeline is only noted. Defaults to every epoch, and 3. */
  readonly config?: RunConfig;
  /** Ends the run cleanly: with its last state saved. Defaults to never. */
  readonly stop?: Observable<unknown> | AbortSignal;
  /** Defaults to `Backend.layerWasm` and `ReverseMode.layerTape`. */
  readonly services?: Layer.Layer<Backend | ReverseMode, BackendUnavailable>;
}

const writeJson = (path: string, value: unknown) =>
  replaceFile(path, (file) =>
    writeAll(file, new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`), 0),
  );

const environment = (backend: string) => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  const os = process?.getBuiltinModule("node:os");
  return {
    started: new Date().toISOString(),
    backend,
    node: process?.version,
    platform: process?.platform,
    architecture: process?.arch,
    processors: os?.cpus().length,
    memoryBytes: os?.totalmem(),
  };
};

/** Whether there is a file. A folder that cannot be looked into is reported when it is written to. */
const exists = (path: string) =>
  Effect.promise(() =>
    files()
      .lstat(path)
      .then(
        () => true,
        () => false,
      ),
  );

/** The last state of the run in a folder; `undefined` for a run that saved none. */
const lastState = Effect.fnUntraced(function* <C, E>(of: Pipeline<C, E>, folder: string) {
  const [last] = yield* checkpointsIn(filesOf(folder).checkpoints);
  return last === undefined ? undefined : yield* loadCheckpoint(of, last);
});

/** The configuration of the run in a folder; an empty one where it was ended before it had any. See {@link readConfig}. */
export const configIn = Effect.fnUntraced(function* (folder: string) {
  const { config } = filesOf(folder);
  return (yield* exists(config)) ? yield* readConfig(config) : ({} satisfies RunConfig);
});

/** Removes what a process that was killed had not finished to write. The folder must be locked. */
const swept = (folder: string): Effect.Effect<void> =>
  Effect.promise(async () => {
    for (const name of await files()
      .readdir(folder)
      .catch(() => []))
      if (name.endsWith(".partial")) await files().rm(`${folder}/${name}`, { force: true });
  });

/**
 * Which settings held from which step of the run in a folder on.
 *
 * **Fails with** `DataSourceError`, `DecodeError`.
 */
export const historyIn = (folder: string) => historyFrom(filesOf(folder));

/** A state to go on from, in whose chain are the settings that hold from there on. */
export const goingOn = <S extends Pick<TrainState, "memory" | "step">>(
  state: S,
  history: readonly Segment[],
): S => {
  const now = history.at(-1);
  if (now === undefined || now.step !== state.step) return state;
  if (history.length > 1) return relinked(state, segmentText(now));
  // A run that took no step begins its chain again.
  const { [chainName]: _, ...memory } = state.memory;
  return { ...state, memory };
};

const anothers = (pipeline: string, actual: string) =>
  new StateMismatch({
    pipeline,
    part: "folder",
    path: [],
    expected: `a run of "${pipeline}"`,
    actual: `one of "${actual}"`,
  });

/**
 * Trains a pipeline in a folder, which then holds the run: its configuration, its environment, its events as lines of
 * JSON, its layers and plan, what was fitted on its training data, its last checkpoints, the best one where there is validation data, and a hash chain from its data, its
 * program and its seed to its last step, which {@link verify} confirms.
 *
 * The folder is locked while the run lasts: another process that wants it is refused, and one that died holds nothing.
 *
 * {@link tellRun} pauses it and ends it cleanly from another process.
 *
 * **Fails with** `RunLocked`; `RunExists` where the folder holds a run that is not resumed; `FileNotWritten`,
 * `CheckpointNotSaved`; where it is resumed, with the errors of `loadCheckpoint`, and `StateMismatch` where the folder
 * is another pipeline's; and with the errors of the run.
 * **Laws** `laws.training`: a run that is killed at any moment and resumed ends as one that was not, bit for bit.
 */
export const trainIn$ = <C, E>(
  pipeline: Pipeline<C, E>,
  { folder, resume = false, config = {}, stop = NEVER, services = defaultServices }: TrainIn,
): Observable<TrainEvent<TrainState<C>>> =>
  observe<TrainEvent<TrainState<C>>, unknown>((emit) =>
    Effect.gen(function* () {
      const paths = filesOf(folder);
      // What cannot be run leaves no folder behind.
      yield* checkSettings(pipeline);
      yield* makeFolder(folder);
      yield* lockFolder(folder);
      for (const part of [folder, paths.checkpoints]) yield* swept(part);
      if (!resume && (yield* exists(paths.config))) return yield* new RunExists({ folder });
      // Read once, for its hash and for the run.
      const sources = yield* pipeline.source;
      const of: Pipeline<C, E> = { ...pipeline, source: Effect.succeed(sources) };
      const from = resume ? yield* lastState(of, folder) : undefined;
      // Without a checkpoint it begins anew, in place of what its folder holds: that must be its own.
      if (resume && from === undefined) {
        const { pipeline: actual = of.name } = yield* configIn(folder);
        if (actual !== of.name) return yield* anothers(of.name, actual);
      }
      const origin = yield* originOf(of, sources);
      const before = from === undefined ? [] : yield* historyFrom(paths);
      const { step = 0, epoch = 0, batch = 0 } = from ?? {};
      const now: Segment = { step, epoch, batch, config: effectiveConfig(of, config), origin };
      const history = continued(before, now);
      yield* writeJson(paths.history, historyCodec.encode(history));
      yield* writeJson(paths.config, now.config);
      yield* writeJson(paths.environment, environment((yield* Backend).name));
      if (from === undefined) yield* writeJson(paths.origin, origin);
      const inputs = encodeInputs(sources);
      if (inputs !== undefined) yield* writeJson(paths.inputs, inputs);
      // What it fails with, the run does, too.
      const summary = yield* Effect.orElseSucceed(summarize(of), () => undefined);
      if (summary !== undefined) yield* writeJson(paths.plan, summary);
      const heard = yield* hearing(folder);
      if (yield* exists(paths.events)) yield* cutEvents(paths.events, from?.step ?? -1);
      const log = yield* eventLog(paths.events);
      const { keep = 3, ...times } = config.checkpoints ?? {};
      const evaluates = of.validationShare > 0 || sources.validation !== undefined;
      const run$ = train$(of, { services, ...(from && { from: goingOn(from, history) }) }).pipe(
        // A state that is resumed from brings its chain.
        chained<C>(segmentText(history[0] ?? now)),
        heard.pausing,
        stopWhen(merge(signaled$(stop), heard.stop$).pipe(tap(heard.goOn))),
        saveCheckpoints(of, {
          folder: paths.checkpoints,
          keep,
          every: Object.keys(times).length === 0 ? 1 : times,
          ...(evaluates && { best: { path: paths.best } }),
        }),
        tap((event) => log.add(event)),
      );
      yield* drained<TrainEvent<TrainState<C>>, unknown>(run$, emit);
    }).pipe(Effect.scoped, Effect.provide(services)),
  );
