import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { type Observable, tap } from "rxjs";
import { ReverseMode } from "../autodiff/index.ts";
import { cText } from "../backend/c/index.ts";
import { Backend } from "../backend/index.ts";
import { rooflineOfPlan } from "../backend/roofline.ts";
import { measurePeaks } from "../backend/wasm/ceilings.ts";
import { formatError } from "../errors/failure.ts";
import { jsonLine } from "../terminal.ts";
import { encodeEvent } from "../train/events/codec.ts";
import type { TrainEvent } from "../train/events/event.ts";
import { subscribeMain, whenUnwritten } from "../train/main.ts";
import { printProgress } from "../train/operators/printProgress.ts";
import {
  withBatchSize,
  withDeterministic,
  withEpochs,
  withLearningRate,
  withSeed,
} from "../train/pipeline/overrides.ts";
import type { AnyPipeline } from "../train/pipeline/pipeline.ts";
import { summarizeStep } from "../train/summary.ts";
import { train$ } from "../train/train.ts";
import { type BackendName, type Invocation, parse, type Settings } from "./commandLine.ts";
import { help } from "./help.ts";
import { library, pipelineNamed } from "./library.ts";
import { listed, listText } from "./list.ts";
import { evaluated, exported, predicted } from "./predict/commands.ts";
import { summaryCodeText, summaryPlanText, summaryText } from "./summary.ts";

const backends = {
  wasm: (threads) => Backend.layerWasmWith(threads === undefined ? {} : { threads }),
  reference: () => Backend.layerReference,
} as const satisfies {
  readonly [B in BackendName]: (threads: number | undefined) => unknown;
};

const servicesOf = ({ backend = "wasm", threads }: Settings) =>
  Layer.merge(backends[backend](threads), ReverseMode.layerTape);

/** Applies the settings of the command line to a pipeline. */
const configured = (of: AnyPipeline, settings: Settings): AnyPipeline => {
  const { epochs, seed, batchSize, learningRate, deterministic } = settings;
  return pipe(
    of,
    epochs === undefined ? same : withEpochs(epochs),
    seed === undefined ? same : withSeed(seed),
    batchSize === undefined ? same : withBatchSize(batchSize),
    learningRate === undefined ? same : withLearningRate(learningRate),
    deterministic === undefined ? same : withDeterministic(deterministic),
  );
};

const same = (of: AnyPipeline): AnyPipeline => of;

const print = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(`${text}\n`);
  });

const list = Effect.fnUntraced(function* ({ json = false }: Settings) {
  const { pipelines, broken } = yield* library;
  const rows = yield* listed(pipelines);
  yield* print(json ? rows.map(jsonLine).join("\n") : listText(rows, broken));
});

const summary = Effect.fnUntraced(function* (name: string, settings: Settings) {
  const of = yield* pipelineNamed(name);
  const step = yield* Effect.provide(summarizeStep(configured(of, settings)), servicesOf(settings));
  const made = step.summary;
  const ceilings = settings.plan === true ? measurePeaks() : undefined;
  const planned = ceilings && { ceilings, floor: rooflineOfPlan(made.plan, ceilings) };
  const code =
    settings.code === true ? cText(step.program, `${made.pipeline} step`, step.carried) : undefined;
  if (settings.json === true)
    return yield* print(jsonLine({ ...made, ...planned, ...(code === undefined ? {} : { code }) }));
  const plan = ceilings && summaryPlanText(made, ceilings);
  yield* print(code === undefined ? (plan ?? summaryText(made)) : summaryCodeText(code, plan));
});

const lines = tap<TrainEvent>((event) => process.stdout.write(`${encodeEvent(event)}\n`));

/** The run of a `train` command, which prints its own events. */
const training = Effect.fnUntraced(function* (name: string, settings: Settings) {
  const of = yield* pipelineNamed(name);
  const events$: Observable<TrainEvent> = train$(configured(of, settings), {
    services: servicesOf(settings),
  });
  return events$.pipe(settings.json === true ? lines : printProgress());
});

/** The commands about trained models: each returns the text to print. */
const trainedModel = { evaluate: evaluated, predict: predicted, export: exported } as const;

const perform = Effect.fnUntraced(function* (asked: Invocation) {
  switch (asked.command) {
    case "help":
      return yield* print(help(asked.about));
    case "list":
      return yield* list(asked.settings);
    case "summary":
      return yield* summary(asked.pipeline, asked.settings);
    case "evaluate":
    case "predict":
    case "export": {
      const { pipeline, settings } = asked;
      const text = trainedModel[asked.command](pipeline, settings);
      return yield* Effect.flatMap(Effect.provide(text, servicesOf(settings)), print);
    }
    case "train":
      return subscribeMain(yield* training(asked.pipeline, asked.settings));
  }
});

/**
 * Runs the command line. The exit code is 0, or 1 after a failure (explained on stderr), 130 after an
 * interruption, and 143 after a request to terminate.
 */
export const main = (args: readonly string[]): Promise<void> => {
  const asked = parse(args);
  // A run stops itself when the output cannot be written. The other commands have nothing to stop.
  if (asked._tag === "Left" || asked.right.command !== "train") whenUnwritten(() => {});
  const work = asked._tag === "Left" ? Effect.fail(asked.left) : perform(asked.right);
  return Effect.runPromise(
    Effect.catchCause(work, (cause) =>
      Effect.sync(() => {
        process.stderr.write(`${formatError(Cause.squash(cause))}\n`);
        process.exitCode = 1;
      }),
    ),
  );
};
