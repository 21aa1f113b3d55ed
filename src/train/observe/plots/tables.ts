import type { ConfusionTable } from "../../../nn/metrics/metric.ts";
import { type Ranking, type Threshold, thresholdCurve } from "../../../nn/metrics/ranking.ts";
import { greatestOf } from "../../../tensor/extremes.ts";
import type { RateLoss } from "../../diagnose/rates.ts";
import { steepestRate } from "../../diagnose/rates.ts";
import type { Histogram } from "../figures.ts";
import { curvesPlot } from "./curves.ts";
import { emptyPlot, type PlotSpec, plotOf, plotText } from "./spec.ts";

/** The most classes whose counts are written into their cells. */
const mostWritten = 15;

/**
 * A confusion matrix as a plot: rows are the true classes, columns what they were taken for, and the color of a cell is the
 * share of its row.
 */
export const confusionPlot = (
  { classes, counts }: ConfusionTable,
  title = "confusion",
): PlotSpec => {
  // Two classes may have the same name.
  const names = classes.map((name, i) =>
    classes.indexOf(name) === i ? plotText(name) : `${plotText(name)} (${i})`,
  );
  const values = counts.flatMap((row, i) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((count, j) => ({
      truth: names[i] ?? String(i),
      taken: names[j] ?? String(j),
      count,
      share: sum === 0 ? 0 : count / sum,
    }));
  });
  if (values.length === 0) return emptyPlot(title);
  const axis = (title: string) => ({
    type: "nominal",
    title,
    scale: { domain: names },
    axis: { labelLimit: 120 },
  });
  const places = {
    x: { field: "taken", ...axis("taken for") },
    y: { field: "truth", ...axis("truth") },
  };
  const size = Math.min(480, Math.max(200, 34 * names.length));
  const cells = {
    mark: { type: "rect" },
    encoding: {
      ...places,
      color: {
        field: "share",
        type: "quantitative",
        title: "share of the row",
        scale: { domain: [0, 1], range: ["#f4f7fa", "#175a8c"] },
        legend: { format: ".0%", gradientLength: Math.min(160, size), tickCount: 3 },
      },
    },
  };
  const written = {
    transform: [{ filter: "datum.count > 0" }],
    mark: { type: "text", fontSize: 11 },
    encoding: {
      ...places,
      text: {
        field: "count",
        type: "quantitative",
        format: greatestOf(counts.flat()) < 10_000 ? "d" : ".2~s",
      },
      color: { condition: { test: "datum.share > 0.5", value: "#ffffff" }, value: "#1c2733" },
    },
  };
  const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const all = values.reduce((sum, { count }) => sum + count, 0);
  return plotOf(title, [`${right} of ${all} right`], {
    width: size,
    height: size,
    data: { values },
    layer: names.length > mostWritten ? [cells] : [cells, written],
  });
};

/** Rates over thresholds, as a curve of points. */
const overThresholds = (
  ranking: Ranking,
  pointOf: (
    at: Threshold,
    positives: number,
    negatives: number,
  ) => { readonly x: number; readonly y: number },
) => {
  const curve = thresholdCurve(ranking);
  const positives = ranking.positive.filter((kind) => kind === 1).length;
  const negatives = ranking.positive.filter((kind) => kind === 0).length;
  return curve
    .map((at) => pointOf(at, positives, negatives))
    .filter(({ x, y }) => !Number.isNaN(x + y));
};

/** Rankings by name: those of the metrics `rocAuc` and `averagePrecision`, such as one of each class. */
export interface Rankings {
  readonly [name: string]: Ranking;
}

const rankingsPlot = (
  title: string,
  [x, y]: readonly [string, string],
  rankings: Rankings,
  pointOf: Parameters<typeof overThresholds>[1],
): PlotSpec =>
  curvesPlot({
    title,
    x,
    y,
    log: { y: false },
    curves: Object.entries(rankings).map(([name, ranking]) => ({
      name,
      points: ranking.positive.includes(-1) ? [] : overThresholds(ranking, pointOf),
    })),
  });

/**
 * ROC curves: the share of positive examples above each threshold, over that of negative ones. A ranking without examples
 * of both kinds has no curve.
 *
 * **Source** Fawcett (2006), An introduction to ROC analysis.
 */
export const rocPlot = (rankings: Rankings, title = "ROC"): PlotSpec =>
  rankingsPlot(
    title,
    ["false positives (share of negatives)", "true positives (share of positives)"],
    rankings,
    ({ truePositives, falsePositives }, positives, negatives) => ({
      x: falsePositives / negatives,
      y: truePositives / positives,
    }),
  );

/** Precision-recall curves: of the examples above each threshold, the share that is positive, over the share of positives found. */
export const precisionRecallPlot = (rankings: Rankings, title = "precision and recall"): PlotSpec =>
  rankingsPlot(
    title,
    ["recall", "precision"],
    rankings,
    ({ truePositives, falsePositives }, positives) => ({
      x: truePositives / positives,
      y: truePositives / (truePositives + falsePositives),
    }),
  );

/** A histogram, such as one of `layerFigures`, as a plot. */
export const histogramPlot = (
  title: string,
  { least, greatest, counts }: Histogram,
  notes: readonly string[] = [],
): PlotSpec => {
  if (counts.every((n) => n === 0)) return emptyPlot(title);
  // Not by the width, which may be infinite.
  const at = (share: number): number => least * (1 - share) + greatest * share;
  const bars = counts.length;
  const values =
    least === greatest
      ? [{ from: least - 0.5, to: least + 0.5, count: counts.reduce((a, b) => a + b, 0) }]
      : counts.map((count, i) => ({ from: at(i / bars), to: at((i + 1) / bars), count }));
  return plotOf(title, notes, {
    height: 150,
    data: { values },
    mark: { type: "bar", color: "#2f7ebc" },
    encoding: {
      x: {
        field: "from",
        type: "quantitative",
        bin: { binned: true },
        title: null,
        axis: { format: "~g", tickCount: 6 },
        scale: { zero: false },
      },
      x2: { field: "to" },
      y: {
        field: "count",
        type: "quantitative",
        title: "count",
        axis: { format: "~s", tickCount: 4 },
      },
    },
  });
};

/** The learning-rate range test of `learningRateRange$`, with the rate at which the loss falls fastest. */
export const learningRateRangePlot = (range: readonly RateLoss[]): PlotSpec => {
  const steepest = steepestRate(range);
  const pointsOf = (of: "loss" | "smoothed") =>
    range.map((at) => ({ x: at.learningRate, y: at[of] }));
  return curvesPlot({
    title: "learning-rate range",
    x: "learning rate",
    y: "loss",
    log: { x: true },
    notes:
      steepest === undefined
        ? []
        : [`the loss falls fastest at ${Number(steepest.toPrecision(3))}`],
    curves: [
      { name: "batch", points: pointsOf("loss"), pale: true },
      { name: "smoothed", points: pointsOf("smoothed") },
    ],
  });
};
