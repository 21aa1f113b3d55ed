import * as Effect from "effect/Effect";
import { figureText, grouped } from "../../terminal/units.ts";
import { measuredIn } from "../../train/folder/compare.ts";
import { isPaused } from "../../train/folder/control.ts";
import { holderOfFolder } from "../../train/folder/lock.ts";
import { type FolderRun, stateOf } from "../../train/folder/recorded.ts";
import { configIn, filesOf } from "../../train/folder/run.ts";
import { renderSvg } from "../../train/observe/plots/render.ts";
import { histogramPlots, type Plots, plotsOf } from "../../train/observe/plots/savePlots.ts";
import { lastCheckpoint, predictionPlots } from "../../train/observe/report/index.ts";
import { figuresFor, pipelineOf, predictionsFor } from "../runs/report.ts";
import { followed } from "./follow.ts";

/** The groups of plots on the page. */
export const groups = ["curves", "predictions", "params"] as const;
export type Group = (typeof groups)[number];

/** A plot as the page is told of it: another address is another picture. */
export interface Listed {
  readonly name: string;
  readonly title: string;
  readonly url: string;
}

/** How a run is doing, as the page asks for it. */
export interface Shown {
  readonly name: string;
  readonly state: FolderRun["state"];
  readonly about: string;
  readonly measured: readonly (readonly string[])[];
  readonly plots: readonly Listed[];
  readonly predictions: readonly Listed[];
  readonly predictionsNote: string;
  readonly params: readonly Listed[];
  readonly texts: readonly string[];
}

/** Milliseconds between two drawings of the same curve, while the run goes on. */
const redrawn = 2000;

interface Drawn {
  readonly plots: Plots;
  readonly version: number;
}

const nothing: Drawn = { plots: {}, version: 0 };

const listed = (group: Group, { plots, version }: Drawn): readonly Listed[] =>
  Object.keys(plots).map((name, i) => ({
    name,
    title: `a plot of ${name}`,
    url: `plot/${group}/${i}/${version}.svg`,
  }));

/** The colors of a plot that is an image: those of the reader, since it sees nothing of the page around it. */
const themed = (svg: string): string =>
  svg.replace(
    />/,
    "><style>:root{color:#1c2733}@media(prefers-color-scheme:dark){:root{color:#e4e9ee}}</style>",
  );

/** Follows the run in a folder for those who look at it. */
export interface Watched {
  readonly shown: Effect.Effect<Shown, unknown>;
  /** A plot as SVG; `undefined` where there is none. */
  readonly plot: (group: Group, at: number) => Effect.Effect<string | undefined, unknown>;
}

/**
 * Follows a run. What it is asked for is read and drawn then, once for each change; what a model says about held-out rows
 * is computed beside that, for the newest checkpoint, and shown when it is there.
 */
export const watched = (folder: string, pipeline?: string): Watched => {
  const read = followed(filesOf(folder).events);
  const drawn: { [G in Group]: Drawn } = { curves: nothing, predictions: nothing, params: nothing };
  const rendered = new Map<string, Promise<string>>();
  let [note, seen, at, asking] = ["", -1, Number.NEGATIVE_INFINITY, false];
  let checkpoint: string | undefined;
  let of: ReturnType<typeof pipelineOf> | undefined;

  const draw = (group: Group, plots: Plots): void => {
    drawn[group] = { plots, version: drawn[group].version + 1 };
    for (const key of rendered.keys()) if (key.startsWith(`${group} `)) rendered.delete(key);
  };

  /** Looks at the newest checkpoint, if it is another than before. One at a time. */
  const lookAt = Effect.fnUntraced(function* (newest: string, config: FolderRun["config"]) {
    draw("params", histogramPlots(yield* figuresFor(newest)));
    of ??= yield* Effect.cached(pipelineOf({ config }, pipeline));
    const said = yield* predictionsFor(of, newest);
    note =
      typeof said === "string" ? said : `on ${said.from} data, by ${newest.split(/[/\\]/).at(-1)}`;
    if (typeof said === "object") draw("predictions", predictionPlots(said));
  });

  const shown = Effect.gen(function* () {
    const held = (yield* holderOfFolder(folder)) !== undefined;
    const { events, version } = read();
    const state = stateOf(held, held && (yield* isPaused(folder)), events);
    const config = yield* configIn(folder);
    if (version !== seen && (state !== "running" || performance.now() - at > redrawn)) {
      [seen, at] = [version, performance.now()];
      draw("curves", plotsOf(events));
    }
    const newest = yield* Effect.orElseSucceed(lastCheckpoint(folder), () => undefined);
    if (newest !== undefined && newest !== checkpoint && !asking) {
      [checkpoint, asking] = [newest, true];
      // Beside: nobody waits for it.
      void Effect.runPromise(lookAt(newest, config)).finally(() => {
        asking = false;
      });
    }
    const last = events.findLast((event) => "step" in event);
    const ended = events.findLast((event) => event._tag === "Stopped");
    return {
      name: config.pipeline ?? "a run",
      state,
      about: [
        folder,
        last === undefined
          ? "no step yet"
          : `step ${grouped(last.step)}, epoch ${last.epoch} of ${config.epochs ?? "?"}`,
        ...(state === "stopped" && ended !== undefined ? [ended.reason] : []),
      ].join(" · "),
      measured: measuredIn(events).map(({ name, last: newestValue, best, test }) => [
        name,
        figureText(newestValue),
        figureText(best),
        test === undefined ? "" : figureText(test),
      ]),
      plots: listed("curves", drawn.curves),
      predictions: listed("predictions", drawn.predictions),
      predictionsNote: note,
      params: listed("params", drawn.params),
      texts: events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : [])).slice(-3),
    } satisfies Shown;
  });

  const plot = (group: Group, i: number): Effect.Effect<string | undefined, unknown> => {
    const spec = Object.values(drawn[group].plots)[i];
    if (spec === undefined) return Effect.succeed(undefined);
    const key = `${group} ${i}`;
    const svg =
      rendered.get(key) ?? Effect.runPromise(Effect.map(renderSvg(spec, { inline: true }), themed));
    rendered.set(key, svg);
    return Effect.tryPromise({ try: () => svg, catch: (cause) => cause });
  };

  return { shown, plot };
};
