import * as Effect from "effect/Effect";
import {
  catchError,
  concat,
  defer,
  EMPTY,
  from,
  ignoreElements,
  type MonoTypeOperatorFunction,
  type Observable,
  tap,
  throwError,
} from "rxjs";
import { makeFolder } from "../../../io/replaceFile.ts";
import type { EventJson } from "../../events/codec.ts";
import type { TrainEvent } from "../../events/event.ts";
import { pipelinesIn } from "../../events/parts.ts";
import type { TrainState } from "../../state/state.ts";
import { layerFigures, type TensorFigures } from "../figures.ts";
import { learningRatesPlot, lossPlot, metricsIn, titleOf } from "./curves.ts";
import { savePlot } from "./render.ts";
import type { PlotSpec } from "./spec.ts";
import { confusionPlot, histogramPlot } from "./tables.ts";

/** Plots by name. */
export interface Plots {
  readonly [name: string]: PlotSpec;
}

/** The last confusion matrix of a run; `undefined` where it has none. */
export const confusionIn = (events: readonly EventJson[]) =>
  events.findLast((event) => event._tag === "Validated" && event.confusion !== undefined);

const plotsOfOne = (events: readonly EventJson[]): Plots => {
  const rates = learningRatesPlot(events);
  const held = confusionIn(events);
  return {
    loss: lossPlot(events),
    ...Object.fromEntries(metricsIn(events).map((name) => [name, lossPlot(events, name)])),
    ...(rates && { "learning rate": rates }),
    ...(held?._tag === "Validated" &&
      held.confusion && {
        confusion: confusionPlot(
          held.confusion,
          titleOf(events, `confusion, ${held.on} (held out)`),
        ),
      }),
  };
};

/**
 * The plots of a run, from its events, such as those that `readEvents` reads from its folder: the loss, each metric, the
 * learning rate, and the last confusion matrix. What it began from, such as a pre-training, has plots of its own, whose names
 * begin with its name.
 */
export const plotsOf = (events: readonly EventJson[]): Plots => {
  const parts = pipelinesIn(events);
  const [, own = []] = parts.at(-1) ?? [];
  const before = parts
    .slice(0, -1)
    .flatMap(([name = "before", those]) =>
      Object.entries(plotsOfOne(those)).map(([plot, spec]) => [`${name} ${plot}`, spec] as const),
    );
  return { ...plotsOfOne(own), ...Object.fromEntries(before) };
};

/** The histograms of params, gradients or updates as plots. */
export const histogramPlots = (figures: readonly TensorFigures[], group = "params"): Plots =>
  Object.fromEntries(
    figures.map((one) => {
      const [mean, deviation, norm] = [one.mean, one.deviation, one.norm].map((x) =>
        Number(x.toPrecision(3)),
      );
      const lost = one.nonFinite === 0 ? "" : `, ${one.nonFinite} not finite`;
      const notes = [`mean ${mean}, deviation ${deviation}, norm ${norm}${lost}`];
      return [`${group} ${one.path}`, histogramPlot(one.path, one, notes)];
    }),
  );

/** The name of a file for a plot: a stranger's name leads to no other folder, and each has a file of its own. */
const fileName = (name: string, i: number): string => {
  const plain = name.replaceAll(/[^\w.-]+/g, "-").replace(/^[.-]+/, "");
  return `${plain === "" ? `plot-${i}` : plain.slice(0, 80)}.svg`;
};

/**
 * Draws plots into the SVG files of a folder, which is made where there is none, and returns their paths.
 *
 * **Fails with** `MissingPackage`, `PlotNotDrawn`, `FileNotWritten`.
 */
export const writePlots = Effect.fnUntraced(function* (plots: Plots, folder: string) {
  yield* makeFolder(folder);
  const taken = new Set<string>();
  const paths: string[] = [];
  for (const [i, [name, plot]] of Object.entries(plots).entries()) {
    const plain = fileName(name, i);
    const file = taken.has(plain) ? `${i}-${plain}` : plain;
    taken.add(file);
    yield* savePlot(plot, `${folder}/${file}`);
    paths.push(`${folder}/${file}`);
  }
  return paths;
});

/** The options of {@link savePlots}. */
export interface SavePlots {
  /** The folder of the plots, which is made where there is none. */
  readonly folder: string;
  /** Whether histograms of the last params are drawn; of gradients and updates too where the optimizer is `recorded`. Defaults to true. */
  readonly histograms?: boolean;
}

/**
 * Draws the plots of a run into SVG files when it ends, also where it ends with an error: its loss, metrics, learning rate,
 * last confusion matrix, and histograms of its last params. Events pass unchanged. It needs the packages `vega` and
 * `vega-lite`.
 *
 * ```text
 * run     -s-p-1-c|
 * events  -s-p-1-c-|   (the files are written)
 * ```
 *
 * **Fails with** `MissingPackage`, `FileNotWritten`.
 */
export const savePlots =
  <C>({
    folder,
    histograms = true,
  }: SavePlots): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> =>
  (run$) =>
    defer(() => {
      const events: EventJson[] = [];
      let last: TrainState | undefined;
      const saving$: Observable<never> = defer(() => {
        const figures = last === undefined || !histograms ? undefined : layerFigures(last);
        const plots = {
          ...plotsOf(events),
          ...histogramPlots(figures?.params ?? []),
          ...histogramPlots(figures?.gradients ?? [], "gradients"),
          ...histogramPlots(figures?.updates ?? [], "updates"),
        };
        return from(Effect.runPromise(writePlots(plots, folder)));
      }).pipe(ignoreElements());
      const seen$ = run$.pipe(
        tap((event) => {
          if (!("state" in event)) events.push(event);
          else {
            last = event.state as TrainState; // a tree of tensors, whatever it is called
            const { state: _, ...said } = event;
            events.push(said);
          }
        }),
        // What ended the run says more than what became of its plots.
        catchError((error) =>
          concat(
            saving$.pipe(catchError(() => EMPTY)),
            throwError(() => error),
          ),
        ),
      );
      return concat(seen$, saving$);
    });
