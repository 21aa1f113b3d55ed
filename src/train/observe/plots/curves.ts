import { greatestOf, leastOf } from "../../../tensor/extremes.ts";
import { shortened } from "../../../terminal.ts";
import type { EventJson } from "../../events/codec.ts";
import { colors, emptyPlot, type Json, type PlotSpec, plotOf, plotText } from "./spec.ts";
import { drawable, type Point, thinned } from "./thinning.ts";

/** A curve with its name. */
export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Whether its line is thin and pale, beneath the others. Defaults to false. */
  readonly pale?: boolean;
  /** Whether its line is dashed and has no dots: something to compare with. Defaults to false. */
  readonly dashed?: boolean;
}

/** A plot of curves over the same axis. */
export interface Curves {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** The names of the axes. */
  readonly x: string;
  readonly y: string;
  /**
   * Whether the axes are logarithmic. `y` defaults to whether all is above 0, spans more than three powers of ten, and is for the
   * most part below a tenth of its greatest value.
   */
  readonly log?: { readonly x?: boolean; readonly y?: boolean };
  /** What to say below the title. Defaults to nothing. */
  readonly notes?: readonly string[];
}

/** The area of a ring, which stands for a single point, and lets others be seen through it. */
const ringSize = 70;

/**
 * The names of curves, below them, in two columns where they are short; each beside as much of a line as shows whether it is
 * dashed, or beside a ring.
 */
const legendOf = (names: readonly string[], symbol: "stroke" | "circle") => ({
  ...{ orient: "bottom", columns: names.every((name) => name.length < 36) ? 2 : 1 },
  ...{ columnPadding: 24, labelLimit: 440, offset: 8, symbolStrokeWidth: 2.5 },
  ...{ symbolType: symbol, symbolSize: symbol === "circle" ? ringSize : 700 },
});

/** Curves of few points show each of them, where they are no pale background. */
const fewPoints = 60;
/** The places without a finite value that are marked. */
const mostMarked = 200;

const isRing = ({ points, dashed = false }: Curve): boolean => points.length === 1 && !dashed;

const rangeOf = (points: readonly Point[]): readonly [least: number, greatest: number] =>
  points.reduce<readonly [number, number]>(
    ([least, greatest], { y }) =>
      drawable(y) ? [Math.min(least, y), Math.max(greatest, y)] : [least, greatest],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );

/** Whether most of these values would be at the bottom of a linear axis: not those of a share that begins near 0 and grows. */
const isLow = (points: readonly Point[], greatest: number): boolean => {
  const finite = points.filter(({ y }) => drawable(y));
  return finite.filter(({ y }) => y < greatest / 10).length * 2 > finite.length;
};

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
 * is thinned, and keeps the least and the greatest value of each stretch; a single point is a ring, or, of a dashed curve, a
 * line across the plot.
 */
export const curvesPlot = ({ title, curves, x, y, log = {}, notes = [] }: Curves): PlotSpec => {
  const all = curves.flatMap(({ points }) => points);
  if (all.length === 0) return emptyPlot(title);
  const [least, greatest] = rangeOf(all);
  const logY = log.y ?? (least > 0 && greatest / least > 1000 && isLow(all, greatest));
  const logX = log.x ?? false;
  const shown = (point: Point): boolean =>
    drawable(point.x) && drawable(point.y) && !(logY && point.y <= 0) && !(logX && point.x <= 0);
  const names = curves.map(({ name }) => plotText(name));
  const rows = curves.map((curve, i): readonly Json[] =>
    thinned(curve.points)
      .filter((point) => drawable(point.x))
      .map((point) => ({
        ...{ x: point.x, y: shown(point) ? point.y : null },
        [isRing(curve) ? "ring" : "curve"]: names[i] ?? "",
      })),
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
  // Rings have a legend of their own: all symbols of a legend are alike.
  const byCurve = (ring: boolean, rangeOf: (curve: Curve, i: number) => Json): Json => {
    const own = curves.flatMap((curve, i) => (isRing(curve) === ring ? [{ curve, i }] : []));
    const domain = own.map(({ i }) => names[i] ?? "");
    return {
      ...{ field: ring ? "ring" : "curve", type: "nominal", title: null },
      scale: { domain, range: own.map(({ curve, i }) => rangeOf(curve, i)) },
      legend: names.length < 2 ? null : legendOf(domain, ring ? "circle" : "stroke"),
    };
  };
  const colorOf = (_: Curve, i: number): string => colors[i % colors.length] ?? "";
  const stroke = byCurve(true, colorOf);
  const color = byCurve(false, colorOf);
  const strokeDash = byCurve(false, ({ dashed = false }) => (dashed ? [6, 4] : [1, 0]));
  const placeX = { field: "x", type: "quantitative", ...axis.x };
  const placeY = { field: "y", type: "quantitative", ...axis.y };
  const line = (curve: Curve, i: number): Json => {
    const { points, pale = false, dashed = false } = curve;
    const data = { values: rows[i] ?? [] };
    if (isRing(curve))
      return {
        data,
        mark: { type: "point", filled: false, size: ringSize, strokeWidth: 2.5, opacity: 1 },
        encoding: { x: placeX, y: placeY, stroke },
      };
    if (points.length === 1)
      return {
        data,
        mark: { type: "rule", strokeWidth: 2 },
        encoding: { y: placeY, color, strokeDash },
      };
    const mark = {
      ...{ type: "line", strokeWidth: pale ? 1 : 2, strokeOpacity: pale ? 0.55 : 1 },
      point: dashed || pale || points.length > fewPoints ? false : { size: 28 },
    };
    return { data, mark, encoding: { x: placeX, y: placeY, color, strokeDash } };
  };
  const rule: Json = {
    data: { values: thinned(marked, mostMarked).map((point) => ({ x: point.x })) },
    mark: { type: "rule", color: "#d33", strokeOpacity: 0.6 },
    encoding: { x: placeX },
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

/**
 * What was measured of a metric. One that is NaN beside a finite loss had nothing to measure, such as the return of a step in
 * which no game ended: it has no point.
 */
const pointsOf = (name: string, scores: readonly Scored[]): readonly Point[] =>
  scores.flatMap(({ step, loss, metrics }) => {
    const y = name === "loss" ? loss : Object.hasOwn(metrics, name) ? metrics[name] : undefined;
    const nothing = y === undefined || (name !== "loss" && Number.isNaN(y) && drawable(loss));
    return nothing ? [] : [{ x: step, y }];
  });

/** The steps, epochs and evaluations of a run, by what they are called. */
const scoresIn = (events: readonly EventJson[]) => {
  const epochs = events.filter((event) => event._tag === "EpochCompleted");
  const held = events.filter((event) => event._tag === "Validated");
  return {
    "training, each step": events.filter((event) => event._tag === "StepCompleted"),
    "training, each epoch": epochs,
    "validation (held out)": held.filter(({ on }) => on === "validation"),
    "test (held out)": held.filter(({ on }) => on === "test"),
  };
};

/** The most points of a metric's steps: it jumps from batch to batch, and only means of many show where it goes. */
const mostSteps = 200;

/** A metric of the steps of a run as a curve: of each, or the means of stretches. */
const stepCurve = (points: readonly Point[]): Curve => {
  const each = Math.ceil(points.length / mostSteps);
  const stretches = Math.floor(points.length / each);
  const means = Array.from({ length: stretches }, (_, i): Point => {
    // The last one takes the rest: the mean of one or two steps would jump.
    const part = points.slice(i * each, i + 1 === stretches ? undefined : (i + 1) * each);
    const y = part.reduce((sum, point) => sum + point.y, 0) / part.length;
    return { x: part.at(-1)?.x ?? 0, y };
  });
  return each === 1
    ? { name: "training, each step", points, pale: true }
    : { name: `training, means of ${each} steps`, points: means, pale: true };
};

/**
 * The curves of a run's loss, or of one of its metrics: of its steps, its epochs, and what was held out. The loss of each step
 * is there; of a metric, the means of some steps where there are many.
 */
export const curvesOf = (events: readonly EventJson[], name = "loss"): readonly Curve[] =>
  Object.entries(scoresIn(events)).flatMap(([from, scores]): readonly Curve[] => {
    const points = pointsOf(name, scores);
    if (points.length === 0) return [];
    if (from !== "training, each step") return [{ name: from, points }];
    return [name === "loss" ? { name: from, points, pale: true } : stepCurve(points)];
  });

const startedIn = (events: readonly EventJson[]) =>
  events.findLast((event) => event._tag === "Started");

/** The longest name of a baseline below a plot, in cells: it stands beside its value. */
const longestName = 44;

/** The baselines of a run that have one of its metrics, as lines across its plot. */
const baselinesOf = (
  events: readonly EventJson[],
  name: string,
  curves: readonly Curve[],
): readonly Curve[] => {
  const steps = curves.flatMap(({ points }) => points.map(({ x }) => x));
  return (startedIn(events)?.baselines ?? []).flatMap((baseline) => {
    const y = Object.hasOwn(baseline.metrics, name) ? baseline.metrics[name] : undefined;
    if (y === undefined || !drawable(y) || steps.length === 0) return [];
    const points = [...new Set([leastOf(steps), greatestOf(steps)])].map((x) => ({ x, y }));
    const called = shortened(baseline.name, longestName);
    return [{ name: `${called} (${figure(y)})`, points, dashed: true }];
  });
};

const figure = (y: number): string => String(Number(y.toPrecision(4)));

/** The title of a plot about a run: the pipeline, and what is shown of it. */
export const titleOf = (events: readonly EventJson[], shown: string): string => {
  const name = startedIn(events)?.pipeline;
  return name === undefined ? shown : `${name}: ${shown}`;
};

/** A metric of a run with its unit, where it has one. */
export const withUnit = (events: readonly EventJson[], name: string): string => {
  const { units = {} } = startedIn(events) ?? {};
  return Object.hasOwn(units, name) ? `${name} (${units[name]})` : name;
};

/** The names of a run's metrics, in the order in which they were first measured. */
export const metricsIn = (events: readonly EventJson[]): readonly string[] => [
  ...new Set(events.flatMap((event) => ("metrics" in event ? Object.keys(event.metrics) : []))),
];

/**
 * The loss of a run over its steps, or one of its metrics: of each step, of epochs, and of held-out examples, with a dashed
 * line for each baseline that has it. The title names the pipeline, and the axis the unit.
 *
 * @example
 * ```ts
 * import { lossPlot } from "fluxion/train";
 * const step = { _tag: "StepCompleted", epoch: 1, metrics: {}, learningRate: 0.1, examplesPerSecond: 1 } as const;
 * const plot = lossPlot([{ ...step, step: 1, loss: 2 }, { ...step, step: 2, loss: 1 }]);
 * plot.width // => 480
 * ```
 */
export const lossPlot = (events: readonly EventJson[], name = "loss"): PlotSpec => {
  const curves = curvesOf(events, name);
  const tested = curves.find((curve) => curve.name === "test (held out)")?.points.at(-1);
  return curvesPlot({
    title: titleOf(events, name),
    curves: [...curves, ...baselinesOf(events, name, curves)],
    x: "step",
    y: withUnit(events, name),
    notes: tested === undefined ? [] : [`test (held out): ${figure(tested.y)}`],
  });
};

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
        title: titleOf(events, "learning rate"),
        curves: [{ name: "step", points }],
        x: "step",
        y: "rate",
      });
};
