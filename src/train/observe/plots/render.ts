import * as Effect from "effect/Effect";
import { absent } from "../../../data/packages.ts";
import { MissingPackage, PlotNotDrawn } from "../../../errors.ts";
import { replaceFile, writeAll } from "../../../io/replaceFile.ts";
import type { PlotSpec } from "./spec.ts";

/** The options of {@link renderSvg}. */
export interface RenderOptions {
  /**
   * Whether the plot becomes a part of a page: without a background, and with texts and lines in the color of the text
   * around it. Defaults to false.
   */
  readonly inline?: boolean;
}

const configOf = (inline: boolean) => {
  const ink = inline ? "currentColor" : "#1c2733";
  return {
    // Labels of parts are expressions that texts of strangers would be pasted into.
    aria: false,
    background: inline ? "transparent" : "white",
    padding: 10,
    font: "system-ui, -apple-system, 'Segoe UI', sans-serif",
    view: { stroke: null },
    title: { color: ink, subtitleColor: ink, fontSize: 14, subtitleFontSize: 11, limit: 640 },
    axis: {
      labelColor: ink,
      titleColor: ink,
      titleFontWeight: "normal" as const,
      domainColor: ink,
      domainOpacity: 0.4,
      tickColor: ink,
      tickOpacity: 0.4,
      gridColor: ink,
      gridOpacity: 0.12,
      labelLimit: 160,
    },
    legend: {
      ...{ labelColor: ink, titleColor: ink, titleFontWeight: "normal" as const },
      layout: { bottom: { anchor: "start" as const, direction: "vertical" as const } },
    },
  };
};

/** Loads the two libraries when the first plot is drawn. */
const load = Effect.tryPromise({
  try: () => Promise.all([import("vega").catch(absent), import("vega-lite").catch(absent)]),
  catch: () => new MissingPackage({ by: "renderSvg", packages: ["vega", "vega-lite"] }),
});

/**
 * Draws a plot as the text of an SVG file. It needs no browser, but the packages `vega` and `vega-lite`.
 *
 * **Fails with** `MissingPackage`; `PlotNotDrawn` where the plot is no specification of Vega-Lite.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { curvesPlot, renderSvg } from "fluxion/train";
 * const points = [{ x: 1, y: 2 }, { x: 2, y: 1 }];
 * const plot = curvesPlot({ title: "falling", x: "step", y: "loss", curves: [{ name: "loss", points }] });
 * const svg = await Effect.runPromise(renderSvg(plot));
 * svg.startsWith("<svg") // => true
 * ```
 */
export const renderSvg = Effect.fnUntraced(function* (
  plot: PlotSpec,
  { inline = false }: RenderOptions = {},
) {
  const [vega, lite] = yield* load;
  return yield* Effect.tryPromise({
    try: async () => {
      // Nothing is said on the console: what is wrong is thrown.
      const logger = vega.logger(vega.None);
      // Its type lacks the layout of legends, which Vega reads.
      const config = configOf(inline) as never;
      const { spec } = lite.compile(plot as never, { config, logger });
      const view = new vega.View(vega.parse(spec), { renderer: "none", logger });
      try {
        return await view.toSVG();
      } finally {
        view.finalize();
      }
    },
    catch: (cause) =>
      new PlotNotDrawn({ reason: cause instanceof Error ? cause.message : String(cause) }),
  });
});

/**
 * Draws a plot into an SVG file. An earlier one at the same path is replaced once the new one is whole.
 *
 * **Fails with** the errors of {@link renderSvg}; `FileNotWritten`.
 */
export const savePlot = (plot: PlotSpec, path: string) =>
  Effect.flatMap(renderSvg(plot), (svg) =>
    replaceFile(path, (file) => writeAll(file, new TextEncoder().encode(svg), 0)),
  );
