import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { type Reading, windows } from "../../pipelines/data/time/motes.ts";
import { labelledSensorFaults, sensorFaults } from "../../pipelines/time/sensor-faults.ts";
import { train$, withData } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const excerpt: { readonly [column in "humidity" | "temperature" | "label"]: readonly number[] } =
  JSON.parse(readFileSync(new URL("./motes.json", import.meta.url), "utf8"));

/** The event indoors, 13 readings after the first 600. */
const readings: readonly Reading[] = excerpt.humidity.map((humidity, i) => ({
  mote_id: 1,
  humidity,
  temperature: excerpt.temperature[i] ?? Number.NaN,
  label: excerpt.label[i] ?? Number.NaN,
}));

const quiet = readings.slice(0, 600).concat(readings.slice(0, 600));

describe("windows of readings", () => {
  const cut = windows(readings, [1], 16);

  it("end at each reading after the first, with the event of the last", () => {
    expect(cut.size).toBe(70);
    expect([...cut.column("event").toTypedArray()]).toEqual(excerpt.label.slice(600));
  });

  it("are in standard deviations from the mean of the first readings", () => {
    const first = excerpt.humidity.slice(0, 600);
    const mean = first.reduce((sum, value) => sum + value, 0) / 600;
    const deviation = Math.sqrt(first.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 600);
    const [[humidity]] = cut.row(0).readings.toArray().slice(-1) as [[number, number]];
    expect(humidity).toBeCloseTo(((excerpt.humidity[600] ?? 0) - mean) / deviation, 4);
  });
});

it("an autoencoder of quiet readings restores an event badly", async () => {
  const data = Effect.succeed({ train: windows(quiet, [1], 16), test: windows(readings, [1], 16) });
  const events = await collect(
    train$(pipe(sensorFaults, withData(data)), { services: backends.wasm }),
  );
  // A random order of 57 readings of the event and 13 others has a precision of about 57/70.
  expect(lastOf(events, "Completed").test?.metrics.averagePrecision).toBeGreaterThan(0.98);
});

it("a classifier learns the event, and is compared with the z-score", async () => {
  const data = Effect.succeed({ train: windows(readings, [1], 16) });
  const events = await collect(
    train$(pipe(labelledSensorFaults, withData(data)), { services: backends.wasm }),
  );
  expect(lastOf(events, "EpochCompleted").metrics.averagePrecision).toBeGreaterThan(0.95);
  expect(lastOf(events, "Started").baselines.map(({ name }) => name)).toEqual([
    "z-score of the last reading",
  ]);
});
