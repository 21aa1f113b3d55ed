import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type Observable, Subject, tap } from "rxjs";
import { ReverseMode } from "../autodiff/index.ts";
import { Backend } from "../backend/index.ts";
import { formatError } from "../errors/failure.ts";
import { DataSourceError, InvalidFlag } from "../errors.ts";
import { encodeEvent } from "../train/events/codec.ts";
import type { TrainEvent } from "../train/events/event.ts";
import {
  configured,
  mergedConfig,
  type RunConfig,
  readConfig,
  withSettings,
} from "../train/folder/config.ts";
import { isRun } from "../train/folder/recorded.ts";
import { configIn, filesOf, historyIn, trainIn$ } from "../train/folder/run.ts";
import { verify } from "../train/folder/verify.ts";
import { whenUnwritten } from "../train/main.ts";
import { printProgress } from "../train/operators/printProgress.ts";
import { checkpointsIn } from "../train/state/checkpointFolder.ts";
import { train$ } from "../train/train.ts";
import { trainInWorker } from "../train/worker/trainInWorker.ts";
import type { BackendName, Settings } from "./flags.ts";
import { pipelineNamed } from "./library.ts";

const backends = {
  wasm: (threads) => Backend.layerWasmWith(threads === undefined ? {} : { threads }),
  reference: () => Backend.layerReference,
} as const satisfies {
  readonly [B in BackendName]: (threads: number | undefined) => unknown;
};

/** The services that a configuration asks for. */
export const servicesOf = ({ backend = {} }: RunConfig) =>
  Layer.merge(backends[backend.name ?? "wasm"](backend.threads), ReverseMode.layerTape);

/** The flags of the command line as a configuration. */
export const configOf = ({
  epochs,
  seed,
  batchSize,
  learningRate,
  deterministic,
  backend: name,
  threads,
}: Settings): RunConfig => ({
  ...(epochs !== undefined && { epochs }),
  ...(seed !== undefined && { seed }),
  ...(batchSize !== undefined && { batchSize }),
  ...(deterministic !== undefined && { deterministic }),
  ...(learningRate !== undefined && { optimizer: { learningRate } }),
  ...((name !== undefined || threads !== undefined) && {
    backend: { ...(name && { name }), ...(threads && { threads }) },
  }),
});

const lines = tap<TrainEvent>((event) => process.stdout.write(`${encodeEvent(event)}\n`));

/** The exit codes after an interruption from the terminal and after a request to terminate. */
const interrupted = { SIGINT: 130, SIGTERM: 143 } as const;

/** A run as the purpose of this process: an event stream, and what ends it cleanly. */
export interface Running {
  readonly events$: Observable<TrainEvent>;
  /** Asks the run to end with its last state saved; `undefined` where it saves none, and ends at once. */
  readonly stop$: Subject<void> | undefined;
  /** What to say of a run that was interrupted, once it has ended. */
  readonly resume: Effect.Effect<string>;
}

/**
 * The events of the run of a `train` command. The run in a folder ends by itself, with its state saved, where `stop`
 * emits.
 *
 * The configuration is that of the run which is resumed, then of the file, then of `--set`, then of the other flags:
 * what comes later counts.
 */
export const runOf = Effect.fnUntraced(function* (
  name: string,
  settings: Settings,
  stop: Observable<void>,
) {
  const { runDir: folder, resume = false } = settings;
  if (resume && folder === undefined)
    return yield* new InvalidFlag({
      flag: "--run-dir",
      value: undefined,
      absent: true,
      expected: "the folder of the run that --resume goes on with",
    });
  const before = resume && folder !== undefined ? yield* configIn(folder) : {};
  const file = settings.config === undefined ? {} : yield* readConfig(settings.config);
  const set = yield* withSettings(mergedConfig(before, file), settings.set ?? []);
  const config = mergedConfig(set, configOf(settings));
  const of = configured(yield* pipelineNamed(name), config);
  const services = servicesOf(config);
  const events$: Observable<TrainEvent> =
    folder === undefined
      ? train$(of, { services })
      : trainIn$(of, { folder, resume, config, stop, services });
  return events$;
});

/** What the worker of a run is told. */
export interface WorkerTold {
  readonly name: string;
  readonly settings: Settings;
}

/** The module that a worker runs. In the build this one is joined with others, in a folder beside that of the command line. */
const workerModule = new URL(
  import.meta.url.endsWith(".ts") ? "./trainWorker.ts" : "../cli/trainWorker.js",
  import.meta.url,
);

/**
 * The run of a `train` command, which prints its own events. It computes in a worker, so that progress and signals are
 * answered during long steps.
 */
export const training = (name: string, settings: Settings): Running => {
  const { runDir: folder } = settings;
  const stop$ = folder === undefined ? undefined : new Subject<void>();
  const workerData: WorkerTold = { name, settings };
  const events$ = trainInWorker(workerModule, { workerData, ...(stop$ && { stop$ }) });
  return {
    events$: events$.pipe(settings.json === true ? lines : printProgress()),
    stop$,
    resume: Effect.map(
      Effect.orElseSucceed(checkpointsIn(filesOf(folder ?? "").checkpoints), () => []),
      ({ length }) =>
        length > 0
          ? `the run can go on: fluxion train ${name} --run-dir ${folder} --resume`
          : `stopped before its first checkpoint: fluxion train ${name} --run-dir ${folder} --resume begins anew`,
    ),
  };
};

/**
 * Subscribes to a run as the purpose of this process.
 *
 * An error is explained and sets the exit code to 1. The first interruption ends a run in a folder after the step under
 * way, with its state saved, and says how it goes on; a second one ends the process. Any other run ends at once.
 */
export const subscribed = ({ events$, stop$, resume }: Running): void => {
  const running = events$.subscribe({
    error: (error: unknown) => {
      console.error(formatError(error));
      process.exitCode = 1;
    },
  });
  const stop = (signal: keyof typeof interrupted): void => {
    process.exitCode = interrupted[signal];
    if (stop$ === undefined) running.unsubscribe();
    else {
      stop$.next();
      running.add(() => {
        if (process.exitCode !== interrupted[signal]) return;
        void Effect.runPromise(resume).then((text) => console.error(text));
      });
    }
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  whenUnwritten(() => running.unsubscribe());
  running.add(() => {
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
  });
};

/** Replays a run, and says whether it is as it was recorded. The exit code is 1 where it is not. */
export const verifying = Effect.fnUntraced(function* (folder: string, settings: Settings) {
  if (!(yield* isRun(folder)))
    return yield* new DataSourceError({
      source: folder,
      reason: "there is no run in this folder",
      help: "name the folder of a run, as given to --run-dir",
    });
  const [beginning] = yield* historyIn(folder);
  const config = mergedConfig(beginning?.config ?? {}, configOf(settings));
  const of = configured(yield* pipelineNamed(settings.pipeline ?? config.pipeline ?? ""), config);
  const verdict = yield* verify(of, folder, { services: servicesOf(config) });
  if (verdict._tag === "Differs") process.exitCode = 1;
  if (settings.json === true) return JSON.stringify(verdict);
  return verdict._tag === "Confirmed"
    ? `confirmed: ${verdict.steps} steps${verdict.chain === undefined ? "" : `, hash chain ${verdict.chain}`}`
    : `it differs first ${verdict.step === 0 ? "before the first step" : `at step ${verdict.step}`}, in ${verdict.what}: recorded ${verdict.recorded}, replayed ${verdict.replayed}`;
});
