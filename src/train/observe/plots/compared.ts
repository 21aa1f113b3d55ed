import { greatestOf } from "../../../tensor/extremes.ts";
import type { EventJson } from "../../events/codec.ts";
import { pipelinesIn } from "../../events/parts.ts";
import { measuredIn } from "../../folder/compare.ts";
import { withUnit } from "./curves.ts";
import { colors, emptyPlot, type PlotSpec, plotOf, plotText } from "./spec.ts";
import { drawable } from "./thinning.ts";

/** What runs reached, beside one another. */
export interface Compared {
  readonly title: string;
  /** What was measured, with its unit. */
  readonly metric: string;
  /** Several of one name, such as runs with other seeds, are on one line. */
  readonly results: readonly {
    readonly name: string;
    readonly value: number;
    readonly baseline: boolean;
  }[];
}

/** The most figures that are written beside the dots of a name. */
const mostSaid = 4;

/** Results as dots, a line for each name. */
export const comparedPlot = ({ title, metric, results }: Compared): PlotSpec => {
  const shown = results.filter(({ value }) => drawable(value));
  if (shown.length === 0) return emptyPlot(title);
  const kinds = ["a run (held out)", "a baseline"];
  const values = shown.map(({ name, value, baseline }) => ({
    ...{ name: plotText(name), value, kind: kinds[baseline ? 1 : 0] ?? "" },
  }));
  // Said once for each name, beside its greatest.
  const labels = [...new Set(values.map(({ name }) => name))].map((name) => {
    const own = values.filter((one) => one.name === name).map(({ value }) => value);
    const figures = [...new Set(own.map((value) => String(Number(value.toPrecision(3)))))];
    const said = figures.length > mostSaid ? `${figures.length} results` : figures.join(", ");
    return { name, value: greatestOf(own), said };
  });
  const numbers = shown.map(({ value }) => value);
  const same = numbers.every((value) => value === numbers[0]);
  const y = {
    field: "name",
    type: "nominal",
    sort: null,
    title: null,
    axis: { labelLimit: 360, grid: true, ticks: false, domain: false },
  };
  const x = {
    field: "value",
    type: "quantitative",
    title: plotText(metric),
    scale: same ? { zero: true } : { zero: false, padding: 20 },
  };
  return plotOf(title, [], {
    width: 380,
    height: { step: 26 },
    data: { values },
    encoding: { x, y },
    layer: [
      {
        mark: { type: "point", filled: true, size: 90, opacity: 0.9 },
        encoding: {
          color: {
            field: "kind",
            type: "nominal",
            title: null,
            scale: { domain: kinds, range: [colors[0], colors[1]] },
            legend: { orient: "bottom" },
          },
        },
      },
      {
        data: { values: labels },
        mark: { type: "text", align: "left", dx: 9, fontSize: 10, color: "#5a6470" },
        encoding: { text: { field: "said", type: "nominal" } },
      },
    ],
  });
};

/** The plots of several runs beside their baselines: one for the loss and for each metric that was held out, by its name. */
export const comparedPlots = (
  runs: readonly (readonly EventJson[])[],
): { readonly [metric: string]: PlotSpec } => {
  const measured = runs.flatMap((events) => {
    const [name = "a run", own = []] = pipelinesIn(events).at(-1) ?? [];
    const started = own.findLast((event) => event._tag === "Started");
    const baselines = (started?.baselines ?? []).flatMap((baseline) =>
      Object.entries(baseline.metrics).map(([metric, value]) => ({
        ...{ metric, unit: withUnit(own, metric), name: baseline.name, value, baseline: true },
      })),
    );
    const reached = measuredIn(own).flatMap(({ name: metric, test }) =>
      test === undefined
        ? []
        : [{ metric, unit: withUnit(own, metric), name, value: test, baseline: false }],
    );
    return [...reached, ...baselines];
  });
  const metrics = [...new Set(measured.map(({ metric }) => metric))];
  return Object.fromEntries(
    metrics.map((metric) => {
      const results = measured
        .filter((one) => one.metric === metric)
        .toSorted((a, b) => Number(a.baseline) - Number(b.baseline));
      const first = results[0]?.unit ?? metric;
      return [
        metric,
        comparedPlot({
          title: `${metric} of runs (held out) and of baselines`,
          metric: first,
          results,
        }),
      ];
    }),
  );
};
