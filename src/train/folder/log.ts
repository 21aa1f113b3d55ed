import * as Effect from "effect/Effect";
import * as E from "fp-ts/lib/Either.js";
import { readText } from "../../data/files.ts";
import { DecodeError, FileNotWritten } from "../../errors.ts";
import { reasonNotWritten, replaceFile, writeAll } from "../../io/replaceFile.ts";
import { type EventJson, encodeEvent, eventJsonCodec } from "../events/codec.ts";
import type { TrainEvent } from "../events/event.ts";
import { pipelinesIn } from "../events/parts.ts";

/** The events of a run as a file: a line of JSON for each. */
export interface EventLog {
  /** Adds an event. Steps are written some at a time, and everything else at once. */
  readonly add: (event: TrainEvent<unknown>) => void;
}

/** The steps that are written together, at most. */
const together = 100;

/**
 * Opens the file of a run's events, and adds to it until the scope closes.
 *
 * **Fails with** `FileNotWritten`, which `add` throws.
 */
export const eventLog = (path: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({
        try: () => {
          const { process } = globalThis as { readonly process?: NodeJS.Process };
          if (process === undefined) throw new Error("there are no files outside of Node");
          const files = process.getBuiltinModule("node:fs");
          const file = files.openSync(path, "a");
          const lines: string[] = [];
          const flush = (): void => {
            if (lines.length === 0) return;
            const text = lines
              .splice(0)
              .map((line) => `${line}\n`)
              .join("");
            files.appendFileSync(file, text);
          };
          return { files, file, flush, push: (line: string) => lines.push(line) };
        },
        catch: (cause) => new FileNotWritten({ path, reason: reasonNotWritten(cause) }),
      }),
      ({ files, file, flush }) =>
        Effect.sync(() => {
          try {
            flush();
          } catch {
            // What ended the run says more.
          }
          files.closeSync(file);
        }),
    ),
    ({ flush, push }): EventLog => ({
      add: (event) => {
        const waiting = push(encodeEvent(event));
        if (event._tag === "StepCompleted" && waiting < together) return;
        try {
          flush();
        } catch (cause) {
          throw new FileNotWritten({ path, reason: reasonNotWritten(cause) });
        }
      },
    }),
  );

const eventOf = (line: string): EventJson | undefined => {
  try {
    const read = eventJsonCodec.decode(JSON.parse(line));
    return E.isRight(read) ? read.right : undefined;
  } catch {
    return undefined;
  }
};

/** The options of {@link readEvents}. */
export interface ReadEvents {
  /** Whether all steps are read, and not only the last one. Defaults to true. */
  readonly steps?: boolean;
}

/** How the line of a step begins. */
const stepStart = '{"_tag":"StepCompleted"';

/**
 * Reads the events of a run. A last line that was not written to its end is left out.
 *
 * **Fails with** `DataSourceError`; `DecodeError` where another line is no event.
 */
export const readEvents = Effect.fnUntraced(function* (
  path: string,
  { steps = true }: ReadEvents = {},
) {
  const lines = (yield* readText(path)).split("\n");
  const lastStep = steps
    ? -1
    : lines.slice(0, -1).findLastIndex((line) => line.startsWith(stepStart));
  const events: EventJson[] = [];
  for (const [i, line] of lines.entries()) {
    // The last has no end of line, and is empty where the one before it is whole.
    if (i === lines.length - 1) break;
    if (!steps && i !== lastStep && line.startsWith(stepStart)) continue;
    const event = eventOf(line);
    if (event === undefined)
      return yield* new DecodeError({
        where: path,
        issues: [{ path: [`line ${i + 1}`], expected: "an event", actual: line.slice(0, 60) }],
      });
    events.push(event);
  }
  return events;
});

/**
 * Removes the events after a step, which a run that was interrupted took but did not save, and takes again; below step 0 all.
 * What the run began from has steps of its own, and stays.
 */
export const cutEvents = Effect.fnUntraced(function* (path: string, step: number) {
  const events = yield* readEvents(path);
  const [, own = []] = pipelinesIn(events).at(-1) ?? [];
  const before = step < 0 ? 0 : events.length - own.length;
  const at = events.findIndex((event, i) => i >= before && "step" in event && event.step > step);
  const kept = at < 0 ? events : events.slice(0, at);
  const text = kept.map((event) => `${JSON.stringify(eventJsonCodec.encode(event))}\n`).join("");
  yield* replaceFile(path, (file) => writeAll(file, new TextEncoder().encode(text), 0));
});
