import {
  catchError,
  concat,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  type MonoTypeOperatorFunction,
  type Observable,
  switchMap,
  tap,
  throwError,
} from "rxjs";
import { files, type OpenFile } from "../../data/files.ts";
import { FileNotWritten } from "../../errors.ts";
import { reasonNotWritten } from "../../io/replaceFile.ts";
import { whole } from "../../tensor/validate.ts";
import type { EventJson } from "../events/codec.ts";
import type { Score, TrainEvent } from "../events/event.ts";
import { growing } from "./growing.ts";

/** The options of {@link csvLog}. */
export interface CsvLog {
  /** The file, which must not exist: no log is written over. */
  readonly file: string;
  /** The number of steps between the rows of steps. Defaults to 1. */
  readonly every?: number;
}

/** A cell of a table, in quotes where it must be (RFC 4180). */
const cell = (value: string | number): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const line = (cells: readonly (string | number)[]): string => `${cells.map(cell).join(",")}\r\n`;

const head = ["on", "epoch", "step", "loss"];
const tail = ["learning rate", "examples per second"];

/** The row of something that was measured. */
const row = (
  metrics: readonly string[],
  on: string,
  { epoch, step, loss, ...more }: Score & { readonly epoch: number; readonly step: number },
  rest: readonly (number | undefined)[] = [],
): string =>
  line([
    ...[on, epoch, step, loss],
    ...metrics.map((name) => (Object.hasOwn(more.metrics, name) ? (more.metrics[name] ?? "") : "")),
    ...tail.map((_, i) => rest[i] ?? ""),
  ]);

const rowOf = (metrics: readonly string[], event: EventJson): string => {
  switch (event._tag) {
    case "StepCompleted":
      return row(metrics, "step", event, [event.learningRate, event.examplesPerSecond]);
    case "EpochCompleted":
      return row(metrics, "train", event, [undefined, event.examplesPerSecond]);
    case "Validated":
      return row(metrics, event.on, event);
    default:
      return "";
  }
};

/** The names of a run's metrics, from its first event or from all. */
const metricsOf = (events: readonly EventJson[]): readonly string[] =>
  [
    ...new Set(
      events.flatMap((event) =>
        event._tag === "Started"
          ? Object.keys(event.better)
          : "metrics" in event
            ? Object.keys(event.metrics)
            : [],
      ),
    ),
  ].filter((name) => name !== "loss");

/**
 * The events of a run as a table in CSV: a row for each step, epoch and evaluation, with what was measured. The column `on`
 * says which: `step`, `train`, `validation` or `test`.
 *
 * @example
 * ```ts
 * import { csvOf } from "fluxion/train";
 * const step = { _tag: "StepCompleted", epoch: 1, step: 1, loss: 0.5, metrics: { accuracy: 1 } } as const;
 * csvOf([{ ...step, learningRate: 0.1, examplesPerSecond: 9 }]).split("\r\n")[1] // => "step,1,1,0.5,1,0.1,9"
 * ```
 */
export const csvOf = (events: readonly EventJson[]): string => {
  const metrics = metricsOf(events);
  return [
    line([...head, ...metrics, ...tail]),
    ...events.map((event) => rowOf(metrics, event)),
  ].join("");
};

/**
 * Writes what a run measures to a CSV file, as {@link csvOf} does, while it is measured. Events pass unchanged, and the end
 * of the run waits until the file is on the disk.
 *
 * ```text
 * run     -s-p-1-c|
 * events  -s-p-1-c|
 * ```
 *
 * **Fails with** `FileNotWritten`: before the run begins where there is such a file or no such folder, and at its end where
 * something was not written; `InvalidArgument`, thrown, where
 * `every` is not a whole number above 0.
 */
export const csvLog = <State>({
  file,
  every = 1,
}: CsvLog): MonoTypeOperatorFunction<TrainEvent<State>> => {
  whole(1)("csvLog", { every });
  const failed = (cause: unknown) =>
    throwError(() => new FileNotWritten({ path: file, reason: reasonNotWritten(cause) }));
  const logged = (run$: Observable<TrainEvent<State>>, opened: OpenFile) => {
    const log = growing(Promise.resolve(opened));
    let metrics: readonly string[] = [];
    let ended: Promise<void> | undefined;
    const end = (): Promise<void> => {
      ended ??= log.end();
      return ended;
    };
    const write = (text: string): void => {
      if (text !== "") log.push(new TextEncoder().encode(text));
    };
    const ending$ = defer(() => from(end())).pipe(ignoreElements(), catchError(failed));
    const written$ = run$.pipe(
      tap((event) => {
        if (event._tag === "Started") {
          metrics = metricsOf([event]);
          write(line([...head, ...metrics, ...tail]));
        } else if (event._tag !== "StepCompleted" || event.step % every === 0)
          write(rowOf(metrics, event));
      }),
      // What ended the run says more.
      catchError((error) =>
        concat(
          ending$.pipe(catchError(() => EMPTY)),
          throwError(() => error),
        ),
      ),
    );
    // Whoever unsubscribes has what was written until then.
    return concat(written$, ending$).pipe(finalize(() => end().catch(() => {})));
  };
  return (run$) =>
    defer(() => files().open(file, "wx")).pipe(
      catchError(failed),
      switchMap((opened) => logged(run$, opened)),
    );
};
