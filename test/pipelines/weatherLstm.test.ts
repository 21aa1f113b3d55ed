import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { weatherFolder, weatherSplits } from "../../pipelines/data/time/weather.ts";
import { weatherLstm } from "../../pipelines/time/weather-lstm.ts";
import { prepare } from "../../src/data/index.ts";
import { InvalidArgument, TableCorrupt, train$ } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const dateOf = (i: number): string => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10);

/** A table of days with the given maximum temperatures. */
const tableOf = (highs: readonly number[], dates = highs.map((_, i) => dateOf(i))): string =>
  [
    "date,precipitation,temp_max,temp_min,wind,weather",
    ...highs.map((high, i) => `${dates[i]},${i % 3},${high},${high - 5},2.5,sun`),
  ].join("\n");

const splitsOf = (text: string, days = 3, until = dateOf(20)) =>
  Effect.runSync(weatherSplits(text, "made.csv", { days, until }));

const failureOf = (text: string, days = 3, until = dateOf(20)) =>
  Effect.runSync(Effect.flip(weatherSplits(text, "made.csv", { days, until })));

const highs = Array.from({ length: 30 }, (_, i) => i ** 2);

describe("forecasts from a table of days", () => {
  it("make the same numbers of records as of the table, to the bit", () => {
    const { test, inputs } = splitsOf(tableOf(highs));
    // The first forecast for testing sees the three days before the border.
    const records = [17, 18, 19].map((i) => ({
      date: dateOf(i),
      precipitation: i % 3,
      temp_max: String(i ** 2),
      temp_min: i ** 2 - 5,
      wind: 2.5,
    }));
    const made = prepare("days", inputs.days, records);
    expect(made._tag === "Right" && made.right.toArray()).toEqual(test.row(0).days.toArray());
  });

  it("forecast each day after the first ones, and test on those from the border on", () => {
    const { train, test } = splitsOf(tableOf(highs));
    const changes = highs.slice(1).map((high, i) => high - (highs[i] as number));
    expect([...train.column("change").toTypedArray()]).toEqual(changes.slice(2, 19));
    expect([...test.column("change").toTypedArray()]).toEqual(changes.slice(19));
  });

  it("see the days just before the forecast day, in order and standardized", () => {
    const { train, test } = splitsOf(tableOf(highs));
    const learned = highs.slice(0, 20);
    const mean = learned.reduce((a, b) => a + b) / 20;
    const deviation = Math.sqrt(learned.reduce((sum, h) => sum + (h - mean) ** 2, 0) / 20);
    const seen = [0, 1, 2].map((day) => test.row(0).days.at(day, 0) * deviation + mean);
    for (const [i, high] of seen.entries()) expect(high).toBeCloseTo(highs[17 + i] as number, 3);
    expect(train.row(0).days.at(0, 0) * deviation + mean).toBeCloseTo(0, 3);
  });

  it("learn nothing from the test days", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -40, max: 50 }), { minLength: 10, maxLength: 10 }),
        (later) => {
          const [one, other] = [highs, [...highs.slice(0, 20), ...later]].map((of) =>
            splitsOf(tableOf(of)).train.all(),
          );
          expect(other?.days.toArray()).toEqual(one?.days.toArray());
          expect(other?.change.toArray()).toEqual(one?.change.toArray());
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([
    [
      "a missing day",
      tableOf(
        highs,
        highs.map((_, i) => dateOf(i < 9 ? i : i + 1)),
      ),
      11,
    ],
    [
      "a repeated day",
      tableOf(
        highs,
        highs.map((_, i) => dateOf(i < 9 ? i : i - 1)),
      ),
      11,
    ],
    [
      "an invalid date",
      tableOf(
        highs,
        highs.map(() => "yesterday"),
      ),
      2,
    ],
  ])("refuse %s, with its line", (_, text, line) => {
    const failure = failureOf(text);
    expect(failure).toBeInstanceOf(TableCorrupt);
    expect(failure).toMatchObject({ line, column: "date" });
  });

  it("refuse a border outside the table, or one without training days", () => {
    const text = tableOf(highs);
    for (const failure of [
      failureOf(text, 3, "1999-01-01"),
      failureOf(text, 3, "soon"),
      failureOf(text, 3, dateOf(3)),
      failureOf(text, 0),
    ])
      expect(failure).toBeInstanceOf(InvalidArgument);
  });
});

const there = Effect.runSync(
  Effect.match(weatherFolder, { onFailure: () => false, onSuccess: () => true }),
);
if (!there)
  console.warn('weather-lstm is not trained: its data is missing; run "npm install vega-datasets"');

describe.skipIf(!there)("weather-lstm", () => {
  it("forecasts an unseen year better than persistence and a weighted sum", async () => {
    const events = await collect(train$(weatherLstm, { services: backends.wasm }));
    const { baselines, examples } = lastOf(events, "Started");
    expect(examples).toBe(3 * 365 + 1 - 7);
    const rmse = lastOf(events, "Completed").test?.metrics.rmse ?? Number.NaN;
    const [persistence, linear] = baselines.map(({ metrics }) => metrics.rmse ?? Number.NaN);
    expect(rmse).toBeLessThan(0.95 * (persistence ?? 0));
    expect(rmse).toBeLessThan(linear ?? 0);
  });
});
