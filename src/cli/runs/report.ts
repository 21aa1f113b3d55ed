import * as Effect from "effect/Effect";
import { replaceFile, writeAll } from "../../io/replaceFile.ts";
import { oneLine } from "../../terminal.ts";
import { pipelinesIn } from "../../train/events/parts.ts";
import { configured } from "../../train/folder/config.ts";
import { type FolderRun, isRun, readRun, runsIn } from "../../train/folder/recorded.ts";
import { comparedPlots } from "../../train/observe/plots/compared.ts";
import { curvesOf, metricsIn, titleOf } from "../../train/observe/plots/curves.ts";
import {
  confusionIn,
  histogramPlots,
  plotsOf,
  writePlots,
} from "../../train/observe/plots/savePlots.ts";
import { curveText } from "../../train/observe/plots/terminal.ts";
import {
  figuresInCheckpoint,
  lastCheckpoint,
  missingText,
  predictionPlots,
  predictionsOf,
  reportHtml,
} from "../../train/observe/report/index.ts";
import { confusionLines } from "../../train/operators/confusionTable.ts";
import type { AnyPipeline } from "../../train/pipeline/pipeline.ts";
import { loadCheckpoint } from "../../train/state/checkpoint.ts";
import { pipelineNamed } from "../library.ts";
import { brokenText, listedRuns, readRuns } from "./runs.ts";

/** What is said of a run besides its folder. */
export interface About {
  /** The pipeline, where it is not found by the name in the configuration. */
  readonly pipeline?: string;
  readonly output?: string;
}

/** The pipeline of a run as it was configured, whose data are loaded once. */
export const pipelineOf = Effect.fnUntraced(function* (
  { config }: Pick<FolderRun, "config">,
  name?: string,
) {
  const of = configured(yield* pipelineNamed(name ?? config.pipeline ?? ""), config);
  return { ...of, source: yield* Effect.cached(of.source) };
});

/** What the model of a checkpoint says about rows that were held out; or why it cannot be asked. */
export const predictionsFor = <E>(
  pipeline: Effect.Effect<AnyPipeline, E>,
  checkpoint: string | undefined,
) =>
  Effect.gen(function* () {
    if (checkpoint === undefined) return "no predictions: the run saved no checkpoint";
    const of = yield* pipeline;
    const state = yield* loadCheckpoint(of, checkpoint);
    return (
      (yield* predictionsOf(of, state)) ?? "no predictions: its data are no rows to choose from"
    );
  }).pipe(Effect.catch((error) => Effect.succeed(missingText(error))));

/** The figures of the params in a checkpoint; none where it cannot be read, such as while it is replaced. */
export const figuresFor = (checkpoint: string | undefined) =>
  checkpoint === undefined
    ? Effect.succeed([])
    : Effect.orElseSucceed(figuresInCheckpoint(checkpoint), () => []);

/** Writes the report of a run. Returns the text to print. */
export const reported = Effect.fnUntraced(function* (folder: string, about: About) {
  const run = yield* readRun(folder);
  const checkpoint = yield* lastCheckpoint(folder);
  const predictions = yield* predictionsFor(pipelineOf(run, about.pipeline), checkpoint);
  const page = yield* reportHtml(run, { predictions, figures: yield* figuresFor(checkpoint) });
  const path = about.output ?? `${folder}/report.html`;
  yield* replaceFile(path, (file) => writeAll(file, new TextEncoder().encode(page), 0));
  return [
    ...(typeof predictions === "string" ? [oneLine(predictions)] : []),
    `wrote ${oneLine(path)}`,
  ].join("\n");
});

/** The curves of a run for a terminal of so many columns. What is said in a line stands below the line before it. */
const curvesText = ({ events }: FolderRun, columns: number): string => {
  const texts = pipelinesIn(events).flatMap(([, own]) =>
    ["loss", ...metricsIn(own)].flatMap((name) =>
      curvesOf(own, name).map((curve) =>
        curveText({ ...curve, name: titleOf(own, `${name}, ${curve.name}`) }, { columns }),
      ),
    ),
  );
  return texts
    .flatMap((lines, i) => {
      const apart = i > 0 && (lines.length > 1 || (texts[i - 1]?.length ?? 0) > 1);
      return [...(apart ? [""] : []), ...lines];
    })
    .join("\n");
};

/** A line for all plots: there may be one for each tensor of params. */
const wrote = (paths: readonly string[], folder: string): string =>
  `wrote ${paths.length === 1 ? "1 plot" : `${paths.length} plots`} into ${oneLine(folder)}`;

/**
 * Draws a run: into SVG files where there is a folder for them, and into the terminal otherwise. Of a folder with several
 * runs, what they reached is drawn beside their baselines, or listed; those that cannot be read are named. Returns the text to
 * print.
 */
export const plotted = Effect.fnUntraced(function* (folder: string, about: About, columns: number) {
  const several = (yield* isRun(folder)) ? [] : yield* runsIn(folder);
  if (several.length > 0) {
    if (about.output === undefined) return yield* listedRuns(folder, { json: false, columns });
    const { runs, broken } = yield* readRuns(several);
    const drawn = yield* writePlots(comparedPlots(runs.map(({ events }) => events)), about.output);
    return [wrote(drawn, about.output), ...brokenText(broken)].join("\n");
  }
  const run = yield* readRun(folder);
  if (about.output === undefined) {
    const held = confusionIn(run.events);
    const confusion = held?._tag === "Validated" && held.confusion;
    return [
      curvesText(run, Math.min(columns, 100)),
      ...(confusion ? ["", ...confusionLines(confusion, columns)] : []),
    ].join("\n");
  }
  const checkpoint = yield* lastCheckpoint(folder);
  const predictions = yield* predictionsFor(pipelineOf(run, about.pipeline), checkpoint);
  const paths = yield* writePlots(
    {
      ...plotsOf(run.events),
      ...histogramPlots(yield* figuresFor(checkpoint)),
      ...(typeof predictions === "object" && predictionPlots(predictions)),
    },
    about.output,
  );
  return wrote(paths, about.output);
});
