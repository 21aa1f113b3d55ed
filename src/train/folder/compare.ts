import type { EventJson } from "../events/codec.ts";
import type { Score } from "../events/event.ts";
import { pipelinesIn } from "../events/parts.ts";
import type { FolderRun, RunState } from "./recorded.ts";

/** The last and the best value of something that a run measures. */
export interface Measured {
  readonly name: string;
  readonly last: number;
  readonly best: number;
  /** Its value on test data, where there is some. */
  readonly test: number | undefined;
}

/** Settings of a run by their paths, such as `optimizer.learningRate`. */
export interface SettingsByPath {
  readonly [path: string]: string | number | boolean;
}

/** A run in short. */
export interface RunRow {
  readonly folder: string;
  readonly pipeline: string | undefined;
  readonly state: RunState;
  /** When it was started or resumed last, in ISO 8601. */
  readonly started: string | undefined;
  readonly epoch: number;
  readonly epochs: number | undefined;
  readonly step: number;
  /** What it measured: on validation data, or else over its epochs, or else in its last step. */
  readonly measured: readonly Measured[];
  readonly settings: SettingsByPath;
}

const flat = (
  value: unknown,
  path: readonly string[] = [],
): readonly (readonly [string, string | number | boolean])[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, below]) => flat(below, [...path, key]))
    : typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? [[path.join("."), value]]
      : [];

/** Settings by their paths. */
export const byPath = (settings: object): SettingsByPath => Object.fromEntries(flat(settings));

const numbersOf = ({ loss, metrics }: Score): readonly (readonly [string, number])[] => [
  ["loss", loss],
  ...Object.entries(metrics),
];

/** The better of two numbers. NaN is worse than any. */
const betterOf = (direction: "higher" | "lower" | undefined, a: number, b: number): number => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? b : a;
  return direction === "higher" ? Math.max(a, b) : Math.min(a, b);
};

/** What a run measured, with the best value of each, as the run itself says what is better. */
export const measuredIn = (all: readonly EventJson[]): readonly Measured[] => {
  // Not of what the run began from.
  const [, events = []] = pipelinesIn(all).at(-1) ?? [];
  const started = events.findLast((event) => event._tag === "Started");
  const ended = events.findLast((event) => event._tag === "Completed" || event._tag === "Stopped");
  const held = events.filter((event) => event._tag === "Validated");
  const series: readonly (readonly Score[])[] = [
    held.filter(({ on }) => on === "validation"),
    events.filter((event) => event._tag === "EpochCompleted"),
    events.filter((event) => event._tag === "StepCompleted").slice(-1),
  ];
  const scores = series.find((some) => some.length > 0) ?? [];
  const test = ended?.test ?? held.findLast(({ on }) => on === "test");
  const tested = new Map(test === undefined ? [] : numbersOf(test));
  const found = new Map<string, Measured>();
  for (const score of scores)
    for (const [name, last] of numbersOf(score)) {
      const before = found.get(name)?.best ?? Number.NaN;
      const best = betterOf(started?.better[name], before, last);
      found.set(name, { name, last, best, test: tested.get(name) });
    }
  return [...found.values()];
};

/** A run in short: from its folder, of which not every step need be read. */
export const rowOf = ({ folder, state, config, environment, events }: FolderRun): RunRow => {
  const { pipeline, ...settings } = config;
  const at = events.findLast((event) => "step" in event);
  return {
    folder,
    pipeline,
    state,
    started: environment?.started,
    epoch: at?.epoch ?? 0,
    epochs: config.epochs,
    step: at?.step ?? 0,
    measured: measuredIn(events),
    settings: {
      ...byPath(settings),
      ...(environment?.backend !== undefined && { "backend.name": environment.backend }),
    },
  };
};

/** The paths of the settings that are not the same in all of these runs. */
export const differingSettings = (rows: readonly RunRow[]): readonly string[] => {
  const paths = [...new Set(rows.flatMap(({ settings }) => Object.keys(settings)))];
  return paths.filter((path) => new Set(rows.map(({ settings }) => settings[path])).size > 1);
};
