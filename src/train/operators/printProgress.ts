import { defer, type MonoTypeOperatorFunction, tap } from "rxjs";
import { notNegative } from "../../tensor/validate.ts";
import { durationText, figureText, grouped } from "../../terminal/units.ts";
import { wrapped } from "../../terminal/wrap.ts";
import { fitted, oneLine, printable, widthOf } from "../../terminal.ts";
import type {
  BaselineScore,
  MetricValues,
  Score,
  Started,
  StepCompleted,
  TrainEvent,
  Validated,
} from "../events/event.ts";
import { confusionLines } from "./confusionTable.ts";

/** A stream to print to, such as `process.stdout`. */
export interface TextStream {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** The options of {@link printProgress}. */
export interface PrintProgress {
  /** The stream to print to. Defaults to `process.stdout`. */
  readonly stream?: TextStream;
  /** The minimum time between two redraws of the bar, in milliseconds. Defaults to 80. */
  readonly every?: number;
  /** The minimum time between two lines within an epoch where there is no bar, in milliseconds. Defaults to 30,000. */
  readonly lineEvery?: number;
}

const figuresText = (metrics: MetricValues): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${oneLine(name)} ${figureText(value)}`)
    .join("  ");

/** The metrics of a training step or epoch. One that is NaN had nothing to measure, since the loss is finite. */
const measured = (metrics: MetricValues): MetricValues =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => !Number.isNaN(value)));

const scoreText = ({ loss, metrics }: Score): string => figuresText({ loss, ...metrics });

/** One line per baseline, its scores aligned below those of the run. */
const baselineLines = (baselines: readonly BaselineScore[], width: number): readonly string[] =>
  baselines.map(
    ({ name, metrics }) =>
      `${"baseline".padEnd(width)}  ${figuresText(metrics)}  (${oneLine(name)})`,
  );

/**
 * The text printed for an event, or `undefined` for none. `started` is the first event of the run, and `held` its
 * latest evaluation on held-out examples. A table that is wider than `columns` is made narrower.
 */
export const progressLine = (
  event: TrainEvent<unknown>,
  started: Started<unknown> | undefined,
  held?: Validated,
  columns = Number.POSITIVE_INFINITY,
): string | undefined => {
  const confusion = held?.confusion === undefined ? [] : confusionLines(held.confusion, columns);
  const beside = (width: number) => [
    ...baselineLines(started?.baselines ?? [], width),
    ...(confusion.length === 0 ? [] : ["", ...confusion]),
  ];
  const width = `epoch ${started?.epochs ?? ""}/${started?.epochs ?? ""}`.length;
  const against = started?.judgedIn === undefined ? "" : `  (${oneLine(started.judgedIn)})`;
  const tested = (test: Score | undefined) =>
    test === undefined ? [] : [`${"test".padEnd(width)}  ${scoreText(test)}${against}`];
  switch (event._tag) {
    case "Started":
      return [
        oneLine(event.pipeline),
        ...counted(event.examples, "examples"),
        `${grouped(event.parameters)} parameters`,
        ...counted(event.stepsPerEpoch, "steps per epoch"),
        oneLine(event.backend),
      ].join(" · ");
    case "EpochCompleted": {
      const epoch = `epoch ${event.epoch}/${started?.epochs ?? "?"}`.padEnd(width);
      const held =
        event.validation === undefined ? [] : [`validation ${scoreText(event.validation)}`];
      const rate = `${durationText(event.milliseconds)} (${grouped(event.examplesPerSecond)} examples/s)`;
      const trained = figuresText({ loss: event.loss, ...measured(event.metrics) });
      return [epoch, trained, ...held, rate].join("  ");
    }
    case "Stopped":
      return [
        `stopped at epoch ${event.epoch}, step ${event.step}: ${oneLine(event.reason)}`,
        ...tested(event.test),
        ...beside(width),
      ].join("\n");
    case "CheckpointSaved":
      return `saved ${oneLine(event.path)}`;
    case "Sampled":
      return printable(event.text).replaceAll(/^/gm, "  │ ");
    case "Completed": {
      const lines = [...tested(event.test), ...beside(width)];
      return lines.length === 0 ? undefined : lines.join("\n");
    }
    case "EpochStarted":
    case "StepCompleted":
    case "StateReached":
    case "Validated":
      return undefined;
  }
};

/** A number with its unit, where there is one. */
const counted = (count: number | undefined, unit: string): readonly string[] =>
  count === undefined || count === 0 ? [] : [`${grouped(count)} ${unit}`];

/** As many of the parts, from the first on, as fit into a line. */
const asFits = (parts: readonly string[], cells: number): string => {
  const lines = parts.map((_, i) => parts.slice(0, i + 1).join("  "));
  return lines.findLast((line) => widthOf(line) <= cells) ?? fitted(lines[0] ?? "", cells);
};

/** Where a step stands in its epoch, its scores, and the time that is left where examples tell it. */
const placeOf = (event: StepCompleted, started: Started<unknown>) => {
  const { stepsPerEpoch: total, examples = 0 } = started;
  const scores = Object.entries({ loss: event.loss, ...measured(event.metrics) }).map(
    ([name, value]) => figuresText({ [name]: value }),
  );
  const head = `epoch ${event.epoch}/${started.epochs} `;
  if (total === undefined) return { head, place: `step ${event.step}`, scores, done: undefined };
  const done = ((event.step - 1) % total) + 1;
  const left = (total - done) * (examples / total) * (1000 / event.examplesPerSecond);
  return {
    ...{
      head,
      done: done / total,
      place: `${String(done).padStart(String(total).length)}/${total}`,
    },
    scores: [...scores, ...(examples === 0 ? [] : [`${durationText(left)} left`])],
  };
};

/** The progress bar of a step, narrower than the terminal: what does not fit is left out. */
export const progressBar = (
  event: StepCompleted,
  started: Started<unknown>,
  columns: number,
): string => {
  const { head, place, scores, done } = placeOf(event, started);
  if (done === undefined) return asFits([`${head} ${place}`, ...scores], columns - 1);
  const tail = ` ${[place, ...scores].join("  ")}`;
  const width = Math.min(30, columns - 1 - head.length - widthOf(tail));
  if (width < 5) return asFits([`${head}${place}`, ...scores], columns - 1);
  const filled = Math.round(width * done);
  return `${head}${"━".repeat(filled)}${"─".repeat(width - filled)}${tail}`;
};

/** A step as a line of text, where no bar can be drawn. */
const stepLine = (event: StepCompleted, started: Started<unknown>): string => {
  const { head, place, scores, done } = placeOf(event, started);
  return [`${head} ${done === undefined ? place : `step ${place}`}`, ...scores].join("  ");
};

/** Lines of which none is wider than the terminal, each broken between its words. */
const brokenUp = (text: string, columns: number, hang: number | undefined): string =>
  hang === undefined
    ? text
    : text
        .split("\n")
        .flatMap((line) => wrapped(line, columns, hang))
        .join("\n");

/** Whether the terminal says that it obeys no control sequences. */
const isDumb = (): boolean => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  return process?.env?.TERM === "dumb";
};

const clearLine = "\r\u001b[2K";

/**
 * Prints the progress of a run, and passes every event on unchanged.
 *
 * A terminal shows a bar that moves with the steps and leaves one line per epoch. Any other stream gets only the
 * lines, and one of the step reached after each half a minute without any; and so does a terminal that calls itself `dumb`. Lines are broken between words where the window is narrow, and
 * there are no colors. Control characters in names and texts are escaped. With steps `p`, and `b` for a bar and `l` for lines on a
 * terminal:
 *
 * ```text
 * run      -s-p-p-1-p-p-2-c|
 * events   -s-p-p-1-p-p-2-c|
 * printed  -l-b-b-l-b-b-l-l
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` or `lineEvery` is negative.
 */
export const printProgress = <State>({
  stream = process.stdout,
  every = 80,
  lineEvery = 30_000,
}: PrintProgress = {}): MonoTypeOperatorFunction<TrainEvent<State>> => {
  notNegative("printProgress", { every, lineEvery });
  return (source) =>
    defer(() => {
      const terminal = stream.isTTY === true && !isDumb();
      // Some terminals report 0 columns where they do not know their width.
      const columns = (): number =>
        stream.columns === undefined || stream.columns < 1 ? 80 : stream.columns;
      // The drawing state of one subscription. The events pass through unchanged.
      let started: Started<State> | undefined;
      let held: Validated | undefined;
      // When the bar was drawn last, or, without one, a line was written.
      let shownAt = Number.NEGATIVE_INFINITY;
      let barShown = false;

      const now = (): number => (started?.scheduler ?? performance).now();
      const clear = (): string => {
        const text = barShown ? clearLine : "";
        barShown = false;
        return text;
      };
      const show = (event: StepCompleted, first: Started<State>): void => {
        if (now() - shownAt < (terminal ? every : lineEvery)) return;
        shownAt = now();
        barShown = terminal;
        stream.write(
          terminal
            ? `${clearLine}${progressBar(event, first, columns())}`
            : `${stepLine(event, first)}\n`,
        );
      };

      return source.pipe(
        tap({
          next: (event) => {
            if (event._tag === "Started") [started, held] = [event, undefined];
            if (event._tag === "Validated") held = event;
            if (event._tag === "StepCompleted") {
              if (started !== undefined) show(event, started);
              return;
            }
            const width = terminal ? columns() : Number.POSITIVE_INFINITY;
            const line = progressLine(event, started, held, width);
            // A text that was generated is as wide as it is.
            const hang = event._tag === "Sampled" ? undefined : 4;
            if (line === undefined) return;
            if (!terminal) shownAt = now();
            stream.write(`${clear()}${brokenUp(line, width, hang)}\n`);
          },
          // This clears the bar of a run that ends in the middle of an epoch.
          finalize: () => {
            if (barShown) stream.write(clear());
          },
        }),
      );
    });
};
