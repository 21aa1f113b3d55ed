import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../codec/decode.ts";
import { natural } from "../../codec/number.ts";
import { files, readText } from "../../data/files.ts";
import type { TrainState } from "../state/state.ts";
import { type Origin, originCodec } from "./chain.ts";
import { type RunConfig, runConfigCodec } from "./config.ts";

/** A part of a run with the same settings: from where it began, until the next part. */
export interface Segment extends Pick<TrainState, "step" | "epoch" | "batch"> {
  readonly config: RunConfig;
  /** What the run was made of from there on. */
  readonly origin: Origin;
}

const segmentCodec: t.Type<Segment, unknown> = t.strict({
  step: natural,
  epoch: natural,
  batch: natural,
  config: runConfigCodec,
  origin: originCodec,
});

export const historyCodec = t.readonlyArray(segmentCodec, "parts of a run");

/** The settings that can change the bits of a run: not when it is saved, and not on how many threads it computes. */
export const settingsOf = ({ checkpoints: _, backend, ...config }: RunConfig): RunConfig => ({
  ...config,
  ...(backend?.name !== undefined && { backend: { name: backend.name } }),
});

/** What hashes and comparisons see of a segment, with its fields in one order. */
export const segmentText = ({ config, origin }: Pick<Segment, "config" | "origin">): string =>
  JSON.stringify([ordered(settingsOf(config)), ordered(origin)]);

const ordered = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, part]) => [name, ordered(part)])
    : value;

/**
 * The history of a run that begins, or goes on at a step with these settings. What was set at that step or later, and
 * led to nothing that was saved, is forgotten.
 */
export const continued = (history: readonly Segment[], now: Segment): readonly Segment[] => {
  const kept = history.filter(({ step }) => step < now.step);
  const last = kept.at(-1);
  return last !== undefined && segmentText(last) === segmentText(now) ? kept : [...kept, now];
};

/** The part of a run that took a step, where the first step is 1. */
export const segmentAt = (history: readonly Segment[], step: number): Segment | undefined =>
  history.findLast((segment) => segment.step < step) ?? history[0];

/** The files of a folder that its history is in, and of runs that were made before there was one. */
export interface HistoryFiles {
  readonly history: string;
  readonly origin: string;
  readonly config: string;
}

/**
 * Which settings held from which step of a run on.
 *
 * **Fails with** `DataSourceError`, `DecodeError`.
 */
export const historyFrom = Effect.fnUntraced(function* (paths: HistoryFiles) {
  const there = yield* Effect.promise(() =>
    files()
      .lstat(paths.history)
      .then(
        () => true,
        () => false,
      ),
  );
  const read = <A>(codec: t.Type<A, unknown>, path: string) =>
    Effect.flatMap(readText(path), (text) => decodeJson(codec, text, path));
  if (there) return yield* read(historyCodec, paths.history);
  const origin = yield* read(originCodec, paths.origin);
  const config = yield* read(runConfigCodec, paths.config);
  return [{ step: 0, epoch: 0, batch: 0, config, origin }] satisfies readonly Segment[];
});

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null;

/** What a configuration says otherwise than another one. */
export const changesIn = (from: RunConfig, to: RunConfig): RunConfig => {
  const changes = (a: unknown, b: unknown): unknown => {
    if (!isRecord(b)) return Object.is(a, b) ? undefined : b;
    const before = isRecord(a) ? a : {};
    const changed = Object.entries(b).flatMap(([name, part]) => {
      const made = changes(before[name], part);
      return made === undefined ? [] : [[name, made]];
    });
    return changed.length === 0 ? undefined : Object.fromEntries(changed);
  };
  // A part of a configuration, of which every field may be missing, is one.
  return (changes(from, to) ?? {}) as RunConfig;
};
