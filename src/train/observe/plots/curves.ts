import { greatestOf, leastOf } from "../../../tensor/extremes.ts";
import type { EventJson } from "../../events/codec.ts";
import { colors, emptyPlot, type Json, type PlotSpec, plotOf, plotText } from "./spec.ts";
import { drawable, type Point, thinned } from "./thinning.ts";

/** A curve with its name. */
export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Whether its line is thin and pale, beneath the others. Defaults to false. */
  readonly pale?: boolean;
}

/** A plot of curves over the same axis. */
export interface Curves {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** The names of the axes. */
  readonly x: string;
  readonly y: string;
  /** Whether the axes are logarithmic. `y` defaults to whether all is above 0 and spans more than three powers of ten. */
  readonly log?: { readonly x?: boolean; readonly y?: boolean };
  /** What to say below the title. Defaults to nothing. */
  readonly notes?: readonly string[];
}

/** Curves of few points show each of them. */
const fewPoints = 60;
/** The places without a finite value that are marked. */
const mostMarked = 200;

const rangeOf = (points: readonly Point[]): readonly [least: number, greatest: number] =>
  points.reduce<readonly [number, number]>(
    ([least, greatest], { y }) =>
      drawable(y) ? [Math.min(least, y), Math.max(greatest, y)] : [least, greatest],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );

/** What is said of values that no line can show. */
const brokenNote = (points: readonly Point[]): readonly string[] => {
  const broken = points.filter(({ y }) => !drawable(y));
  if (broken.length === 0) return [];
  const places = broken.slice(0, 3).map(({ x }) => String(x));
  const more = broken.length > 3 ? ", …" : "";
  return [
    `not finite ${broken.length === 1 ? "once" : `${broken.length} times`}, at ${places.join(", ")}${more} (red)`,
  ];
};

/**
 * Curves as a plot. A value that is NaN or infinite breaks its line and is marked in red; a curve of more than 2,000 points
 * is thinned, and keeps the least and the greatest value of each stretch; a single point is a dot.
 */
export const curvesPlot = ({ title, curves, x, y, log = {}, notes = [] }: Curves): PlotSpec => {
  const all = curves.flatMap(({ points }) => points);
  if (all.length === 0) return emptyPlot(title);
  const [least, greatest] = rangeOf(all);
  const logY = log.y ?? (least > 0 && greatest / least > 1000);
  const logX = log.x ?? false;
  const shown = (point: Point): boolean =>
    drawable(point.x) && drawable(point.y) && !(logY && point.y <= 0) && !(logX && point.x <= 0);
  const names = curves.map(({ name }) => plotText(name));
  const rows = curves.map(({ points }, i): readonly Json[] =>
    thinned(points)
      .filter((point) => drawable(point.x))
      .map((point) => ({ x: point.x, y: shown(point) ? point.y : null, curve: names[i] ?? "" })),
  );
  const marked = all.filter((point) => drawable(point.x) && !drawable(point.y));
  const axis = {
    x: axisOf(
      x,
      logX,
      all.map((point) => point.x),
    ),
    y: axisOf(y, logY, [least, greatest]),
  };
  const color = {
    field: "curve",
    type: "nominal",
    title: null,
    scale: { domain: names, range: names.map((_, i) => colors[i % colors.length] ?? "") },
    legend: names.length > 1 ? { orient: "top", symbolType: "stroke", symbolStrokeWidth: 3 } : null,
  };
  const line = ({ pale = false }: Curve, i: number): Json => ({
    data: { values: rows[i] ?? [] },
    mark: {
      type: "line",
      strokeWidth: pale ? 1 : 2,
      strokeOpacity: pale ? 0.55 : 1,
      point: (rows[i] ?? []).length <= fewPoints ? { size: 28 } : false,
    },
    encoding: {
      x: { field: "x", type: "quantitative", ...axis.x },
      y: { field: "y", type: "quantitative", ...axis.y },
      color,
    },
  });
  const rule: Json = {
    data: { values: thinned(marked, mostMarked).map((point) => ({ x: point.x })) },
    mark: { type: "rule", color: "#d33", strokeOpacity: 0.6 },
    encoding: { x: { field: "x", type: "quantitative", ...axis.x } },
  };
  return plotOf(title, [...notes, ...brokenNote(all)], {
    layer: [...(marked.length > 0 ? [rule] : []), ...curves.map(line)],
  });
};

/** How the numbers of an axis are written, so that they stay short: in the notation of d3-format. */
const formatOf = (numbers: readonly number[], log: boolean): string => {
  const sizes = numbers.filter((n) => drawable(n) && n !== 0).map(Math.abs);
  const [least, greatest] = [leastOf(sizes), greatestOf(sizes)];
  if (log) return least < 1e-4 || greatest > 1e4 ? "~e" : "~g";
  if (sizes.length > 0 && (greatest < 1e-3 || greatest >= 1e15)) return ".3~e";
  return greatest >= 1e6 ? "~s" : ",.6~f";
};

const axisOf = (
  title: string,
  log: boolean,
  numbers: readonly number[],
): { readonly [field: string]: Json } => {
  return {
    title: plotText(title),
    scale: log ? { type: "log" } : { zero: false },
    axis: { tickCount: log ? 5 : 6, format: formatOf(numbers, log) },
  };
};

type Scored = {
  readonly step: number;
  readonly loss: number;
  readonly metrics: { readonly [name: string]: number };
};

const valueOf = (name: string, { loss, metrics }: Omit<Scored, "step">): number | undefined =>
  name === "loss" ? loss : Object.hasOwn(metrics, name) ? metrics[name] : undefined;

const pointsOf = (name: string, scores: readonly Scored[]): readonly Point[] =>
  scores.flatMap((score) => {
    const y = valueOf(name, score);
    return y === undefined ? [] : [{ x: score.step, y }];
  });

/** The steps, epochs and evaluations of a run. */
const scoresIn = (events: readonly EventJson[]) => {
  const epochs = events.filter((event) => event._tag === "EpochCompleted");
  const held = events.filter((event) => event._tag === "Validated");
  return {
    step: events.filter((event) => event._tag === "StepCompleted"),
    training: epochs,
    validation: held.filter(({ on }) => on === "validation"),
    test: held.filter(({ on }) => on === "test"),
  };
};

/** The curves of a run's loss, or of one of its metrics: of its steps, its epochs, and what was held out. */
export const curvesOf = (events: readonly EventJson[], name = "loss"): readonly Curve[] =>
  Object.entries(scoresIn(events)).flatMap(([from, scores]) => {
    const points = pointsOf(name, scores);
    return points.length === 0 ? [] : [{ name: from, points, pale: from === "step" }];
  });

/** The names of a run's metrics, in the order in which they were first measured. */
export const metricsIn = (events: readonly EventJson[]): readonly string[] => [
  ...new Set(events.flatMap((event) => ("metrics" in event ? Object.keys(event.metrics) : []))),
];

/**
 * The loss of a run over its steps, or one of its metrics: of each step, of epochs, and of held-out examples.
 *
 * @example
 * ```ts
 * import { lossPlot } from "fluxion/train";
 * const step = { _tag: "StepCompleted", epoch: 1, metrics: {}, learningRate: 0.1, examplesPerSecond: 1 } as const;
 * const plot = lossPlot([{ ...step, step: 1, loss: 2 }, { ...step, step: 2, loss: 1 }]);
 * plot.width // => 480
 * ```
 */
export const lossPlot = (events: readonly EventJson[], name = "loss"): PlotSpec =>
  curvesPlot({ title: name, curves: curvesOf(events, name), x: "step", y: name });

/** The learning rate of each step; `undefined` where the optimizer of the run has none. */
export const learningRatesPlot = (events: readonly EventJson[]): PlotSpec | undefined => {
  const points = events.flatMap((event) =>
    event._tag === "StepCompleted" && event.learningRate !== undefined
      ? [{ x: event.step, y: event.learningRate }]
      : [],
  );
  return points.length === 0
    ? undefined
    : curvesPlot({
        title: "learning rate",
        curves: [{ name: "step", points }],
        x: "step",
        y: "rate",
      });
};
