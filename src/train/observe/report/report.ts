import * as Effect from "effect/Effect";
import { isFluxionError } from "../../../errors/failure.ts";
import { several } from "../../../errors/words.ts";
import { showShape } from "../../../tensor/shape.ts";
import {
  bytesText,
  countText,
  durationText,
  figureText,
  grouped,
} from "../../../terminal/units.ts";
import { rowOf } from "../../folder/compare.ts";
import type { FolderRun } from "../../folder/recorded.ts";
import type { TensorFigures } from "../figures.ts";
import { mistakesPlot } from "../plots/mistakes.ts";
import { regionsPlot } from "../plots/regions.ts";
import { renderSvg } from "../plots/render.ts";
import { samplesPlot } from "../plots/samples.ts";
import { histogramPlots, type Plots, plotsOf } from "../plots/savePlots.ts";
import { precisionRecallPlot, rocPlot } from "../plots/tables.ts";
import { type Html, html, htmlTable, rawHtml } from "./html.ts";
import type { Predictions } from "./predictions.ts";
import { pageStyle } from "./style.ts";

/** What a report tells besides the files of a run's folder. */
export interface ReportParts {
  /** What its model says about rows that were held out; a text says why there is nothing. */
  readonly predictions?: Predictions | string;
  /** The figures of its last params. Defaults to none. */
  readonly figures?: readonly TensorFigures[];
}

/** The plots of what a model says. */
export const predictionPlots = (predictions: Predictions): Plots => {
  const { of, from, pictures, rankings, plane, mistakes } = predictions;
  const rows = from === "train" ? "training rows" : `${from} (held out)`;
  const title = (shown: string): string => `${of}: ${shown}, ${rows}`;
  return {
    ...(pictures.length > 0 && { samples: samplesPlot(pictures, title("predictions")) }),
    ...(plane && { regions: regionsPlot(plane, title("regions")) }),
    ...(mistakes && { mistakes: mistakesPlot(mistakes, title("most frequent mistakes")) }),
    ...(Object.keys(rankings).length > 0 && {
      ROC: rocPlot(rankings, title("ROC")),
      "precision and recall": precisionRecallPlot(rankings, title("precision and recall")),
    }),
  };
};

/** The most kernels that are listed, the longest first by what they read and write. */
const mostKernels = 12;

const section = (title: string, ...parts: readonly (Html | undefined)[]): Html =>
  parts.some((part) => part !== undefined)
    ? html`<section><h2>${title}</h2>${parts}</section>`
    : html``;

const drawn = Effect.fnUntraced(function* (plots: Plots) {
  const svgs: Html[] = [];
  for (const [name, plot] of Object.entries(plots)) {
    const svg = yield* renderSvg(plot, { inline: true });
    svgs.push(html`<div class="plot" role="img" aria-label="${name}">${rawHtml(svg)}</div>`);
  }
  return svgs.length === 0 ? undefined : html`<div class="plots">${svgs}</div>`;
});

const planHtml = ({ plan }: FolderRun): Html | undefined => {
  if (plan === undefined) return undefined;
  const { layers, parameters, batchSize, plan: step } = plan;
  const kernels = [...step.kernels].sort((a, b) => b.bytes - a.bytes).slice(0, mostKernels);
  const more = step.kernels.length - kernels.length;
  return html`${htmlTable(
    ["layer", "input", "output", "parameters"],
    layers.map(({ name, depth, input, output, params }) => [
      `${"\u00a0\u00a0".repeat(Math.max(0, Math.min(8, depth)))}${name}`,
      showShape(input),
      showShape(output),
      params,
    ]),
  )}
<p class="quiet">${grouped(parameters)} parameters. A step of ${grouped(batchSize)} examples takes ${countText(step.operations)} operations in ${several(step.kernels.length, "kernel")}, and ${bytesText(step.bytes.planned)} of memory.</p>
<details><summary>the kernels that read and write most</summary>${htmlTable(
    ["kernel", "rounds", "operations", "bytes"],
    kernels.map(({ name, within, operations, bytes }) => [
      name,
      within.reduce((n, { rounds }) => n * rounds, 1),
      operations,
      bytes,
    ]),
  )}${more > 0 ? html`<p class="quiet">and ${more} more</p>` : ""}</details>`;
};

const saidHtml = (predictions: Predictions | string | undefined): Html | undefined => {
  if (predictions === undefined) return undefined;
  if (typeof predictions === "string") return html`<p class="quiet">${predictions}</p>`;
  // Of an answer such as sound nothing is told in words.
  const isTold = predictions.said.some(({ predicted }) => predicted !== "");
  if (!isTold || predictions.pictures.length > 0) return undefined;
  return htmlTable(
    [`row (${predictions.from})`, "predicted", "truth", "probability"],
    predictions.said.map(({ row, predicted, truth, probability }) => [
      row,
      predicted,
      truth ?? "",
      probability === undefined ? "" : probability.toFixed(4),
    ]),
  );
};

/** The texts that a run generated, the last ones. */
const textsHtml = ({ events }: FolderRun): Html | undefined => {
  const texts = events.filter((event) => event._tag === "Sampled").slice(-3);
  return texts.length === 0
    ? undefined
    : html`${texts.map(({ epoch, text }) => html`<p class="quiet">after epoch ${epoch}</p><pre>${text.split("\n").map((line, i) => html`${i === 0 ? "" : rawHtml("\n")}${line}`)}</pre>`)}`;
};

const baselineRows = ({ events }: FolderRun): readonly (readonly string[])[] => {
  const started = events.findLast((event) => event._tag === "Started");
  return (started?.baselines ?? []).map(({ name, metrics }) => [
    name,
    Object.entries(metrics)
      .map(([metric, value]) => `${metric} ${figureText(value)}`)
      .join(", "),
  ]);
};

/**
 * A report of a run as one page of HTML: its metrics, plots, samples, settings, machine, layers and plan. It has no script
 * and asks for nothing from outside; texts of the run are escaped. The plots need the packages `vega` and `vega-lite`.
 *
 * **Fails with** `MissingPackage`, `PlotNotDrawn`.
 */
export const reportHtml = Effect.fnUntraced(function* (
  run: FolderRun,
  { predictions, figures = [] }: ReportParts = {},
) {
  const row = rowOf(run);
  const name = row.pipeline ?? "a run";
  const said = typeof predictions === "object" ? predictions : undefined;
  const ended = run.events.findLast((event) => event._tag === "Completed");
  const stopped = run.events.findLast((event) => event._tag === "Stopped");
  const curves = yield* drawn(plotsOf(run.events));
  const asked = said === undefined ? undefined : yield* drawn(predictionPlots(said));
  const histograms = yield* drawn(histogramPlots(figures));
  const baselines = baselineRows(run);
  const about = [
    run.folder,
    ...(row.started === undefined ? [] : [`started ${row.started}`]),
    `${grouped(row.step)} steps, epoch ${row.epoch} of ${row.epochs ?? "?"}`,
    ...(ended === undefined ? [] : [durationText(ended.milliseconds)]),
    ...(stopped === undefined || run.state !== "stopped" ? [] : [stopped.reason]),
  ].join(" · ");
  const body = html`<header><h1>${name} <span class="state">${run.state}</span></h1><p class="quiet">${about}</p></header>
${htmlTable(
  ["", "last", "best", "test"],
  row.measured.map(({ name: metric, last, best, test }) => [
    metric,
    figureText(last),
    figureText(best),
    test === undefined ? "" : figureText(test),
  ]),
)}
${baselines.length === 0 ? "" : html`<p class="quiet">to compare with</p>${htmlTable(["baseline", ""], baselines)}`}
${section("Curves", curves)}
${section("Predictions", asked, saidHtml(predictions))}
${section("Texts", textsHtml(run))}
${section("Params", histograms)}
${section(
  "Settings",
  htmlTable(
    [],
    Object.entries(row.settings).map(([path, value]) => [path, String(value)]),
  ),
)}
${section(
  "Machine",
  run.environment === undefined
    ? undefined
    : htmlTable(
        [],
        Object.entries(run.environment).map(([key, value]) => [key, String(value)]),
      ),
)}
${section("Layers and plan", planHtml(run))}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<title>${html`${name}`.html}: a run of fluxion</title>
<style>${pageStyle}</style>
</head>
<body>
${body.html}
</body>
</html>
`;
});

/** Why there is something missing in a report, in one line. */
export const missingText = (error: unknown): string =>
  isFluxionError(error)
    ? `no predictions: ${error.account.what}`
    : `no predictions: ${error instanceof Error ? error.message : String(error)}`;
