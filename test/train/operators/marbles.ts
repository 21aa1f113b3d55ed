import { readFileSync } from "node:fs";
import { TestScheduler } from "rxjs/testing";
import type { TrainEvent } from "../../../src/train/events/event.ts";
import { at, completed, type Event, epoch, started, step } from "./events.ts";

/** The marble diagram in the docstring of an operator: its lines by their names. */
export const diagramOf = (name: string, file = name): { readonly [line: string]: string } => {
  const source = readFileSync(
    new URL(`../../../src/train/operators/${file}.ts`, import.meta.url),
    "utf8",
  );
  const [before = ""] = source.split(`export const ${name} = `, 1);
  const [, diagram] =
    /```text\n([^`]*?) \* ```/.exec(before.slice(before.lastIndexOf("/**"))) ?? [];
  if (diagram === undefined) throw new Error(`the docstring of ${name} has no diagram`);
  const lines = diagram.matchAll(/^ \* (.+?) {2,}(\S.*)$/gm);
  return Object.fromEntries(Array.from(lines, ([, label = "", marbles = ""]) => [label, marbles]));
};

const stopped: Event = {
  ...{ _tag: "Stopped", epoch: 1, step: 200, reason: "enough", test: undefined, state: at(1) },
};

/**
 * The events that stand in diagrams. A digit is an epoch: its number, and its loss in tenths.
 */
export const events: { readonly [marble: string]: Event } = {
  s: started,
  p: step(1),
  r: { _tag: "StateReached", epoch: 1, step: 1, state: at(0) },
  c: completed(5),
  x: stopped,
  w: { _tag: "Sampled", epoch: 1, step: 200, text: "w" },
  k: { _tag: "CheckpointSaved", epoch: 1, step: 200, path: "k", skipped: 0 },
  ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [String(n), epoch(n, n / 10)])),
};

/** The marble of an event. */
export const marbleOf = (event: TrainEvent): string => {
  if (event._tag === "EpochCompleted") return String(Math.round(event.loss * 10));
  const found = Object.keys(events).find((marble) => events[marble]?._tag === event._tag);
  if (found === undefined) throw new Error(`no marble for ${event._tag}`);
  return found;
};

/** Marbles that name themselves, for what {@link marbleOf} makes of events. */
export const marbles: { readonly [marble: string]: string } = Object.fromEntries(
  [...Object.keys(events), "b", "l"].map((marble) => [marble, marble]),
);

/** A scheduler of virtual time that compares deeply, by the caller's own `toEqual`. */
export const scheduler = (equal: (actual: unknown, expected: unknown) => void): TestScheduler =>
  new TestScheduler(equal);
