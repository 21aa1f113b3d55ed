import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { ReverseMode } from "../autodiff/index.ts";
import { cText } from "../backend/c/index.ts";
import { Backend } from "../backend/index.ts";
import { rooflineOfPlan } from "../backend/roofline.ts";
import { measurePeaks } from "../backend/wasm/ceilings.ts";
import { formatError } from "../errors/failure.ts";
import { DataSourceError } from "../errors.ts";
import { jsonLine } from "../terminal.ts";
import { profile } from "../train/diagnose/profile.ts";
import { configured } from "../train/folder/config.ts";
import { isRun } from "../train/folder/recorded.ts";
import { whenUnwritten } from "../train/main.ts";
import { summarizeStep } from "../train/summary.ts";
import { type Invocation, parse } from "./commandLine.ts";
import { obtaining } from "./data/data.ts";
import type { Settings } from "./flags.ts";
import { help } from "./help.ts";
import { library, pipelineNamed } from "./library.ts";
import { listed, listedBy, listMarkdown, listText } from "./list.ts";
import { evaluated, exported, predicted } from "./predict/commands.ts";
import { profileText } from "./profile/text.ts";
import { plotted, reported } from "./runs/report.ts";
import { listedRuns } from "./runs/runs.ts";
import { summaryCodeText, summaryPlanText, summaryText } from "./summary.ts";
import { configOf, servicesOf, subscribed, training, verifying } from "./train.ts";
import { watching } from "./watch/server.ts";

const print = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(`${text}\n`);
  });

/** The width of the terminal; where there is none, what the variable COLUMNS says, or 80. */
const columns = (): number => {
  const said = Number(process.env.COLUMNS);
  return process.stdout.columns || (Number.isSafeInteger(said) && said > 0 ? said : 80);
};

const list = Effect.fnUntraced(function* (
  word: string,
  { json = false, markdown = false }: Settings,
) {
  const { pipelines, broken } = yield* library;
  const rows = yield* listed(yield* listedBy(word, pipelines));
  // What is read by programs says nothing of broken modules.
  if (json || markdown) for (const error of broken) process.stderr.write(`${formatError(error)}\n`);
  if (json) return yield* print(rows.map(jsonLine).join("\n"));
  yield* print(markdown ? listMarkdown(rows) : listText(rows, broken, columns()));
});

const summary = Effect.fnUntraced(function* (name: string, settings: Settings) {
  const of = yield* pipelineNamed(name);
  const config = configOf(settings);
  const step = yield* Effect.provide(summarizeStep(configured(of, config)), servicesOf(config));
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

const profiling = Effect.fnUntraced(function* (name: string, settings: Settings) {
  const of = configured(yield* pipelineNamed(name), configOf(settings));
  const { threads, json = false } = settings;
  const found = profile(of, threads === undefined ? {} : { threads });
  const made = yield* Effect.provide(found, Layer.merge(Backend.layerWasm, ReverseMode.layerTape));
  yield* print(json ? jsonLine(made) : profileText(made));
});

/** The commands about trained models: each returns the text to print. */
const trainedModel = { evaluate: evaluated, predict: predicted, export: exported } as const;

/** The commands about the folder of a run: each returns the text to print. */
const aboutFolder = {
  runs: (folder: string, { json = false }: Settings) =>
    listedRuns(folder, { json, columns: columns() }),
  plot: (folder: string, settings: Settings) => plotted(folder, settings, columns()),
  report: reported,
  verify: verifying,
} as const;

/** Serves the page of a run until the process is interrupted. */
const watch = Effect.fnUntraced(function* (folder: string, { pipeline, port }: Settings) {
  if (!(yield* isRun(folder)))
    return yield* new DataSourceError({ source: folder, reason: "there is no run in this folder" });
  const url = yield* watching({ folder, pipeline, port });
  yield* print(`open ${url}\nCtrl-C ends the page; the run goes on`);
  yield* Effect.callback<void>((resume) => {
    const stop = (): void => resume(Effect.void);
    process.once("SIGINT", stop).once("SIGTERM", stop);
  });
});

const perform = Effect.fnUntraced(function* (asked: Invocation) {
  switch (asked.command) {
    case "help":
      return yield* print(help(asked.about, columns()));
    case "list":
      return yield* list(asked.word, asked.settings);
    case "data":
      return yield* print(yield* obtaining(asked.name, { ...asked.settings, columns: columns() }));
    case "summary":
      return yield* summary(asked.pipeline, asked.settings);
    case "profile":
      return yield* profiling(asked.pipeline, asked.settings);
    case "evaluate":
    case "predict":
    case "export": {
      const { pipeline, settings } = asked;
      const text = trainedModel[asked.command](pipeline, settings);
      return yield* Effect.flatMap(Effect.provide(text, servicesOf(configOf(settings))), print);
    }
    case "train":
      return subscribed(training(asked.pipeline, asked.settings));
    case "watch":
      return yield* Effect.scoped(watch(asked.folder, asked.settings));
    case "runs":
    case "plot":
    case "report":
    case "verify": {
      const { command, folder, settings } = asked;
      return yield* print(yield* aboutFolder[command](folder, settings));
    }
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
