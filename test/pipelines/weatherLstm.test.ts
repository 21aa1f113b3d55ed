import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { weatherFolder, weatherSplits } from "../../pipelines/data/time/weather.ts";
import { weatherLstm } from "../../pipelines/time/weather-lstm.ts";
import { prepare } from "../../src/data/index.ts";
import { InvalidArgument, TableCorrupt, train$, withData, withEpochs } from "../../src/index.ts";
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

it("the network learns from 150 real days, beside persistence", async () => {
  const { table }: { readonly table: readonly string[] } = JSON.parse(
    readFileSync(new URL("./weather.json", import.meta.url), "utf8"),
  );
  const data = weatherSplits(table.join("\n"), "weather.json", { days: 7, until: "2014-12-29" });
  const [persistence] = weatherLstm.baselines;
  if (persistence === undefined) throw new Error("persistence is the first baseline");
  const few = pipe({ ...weatherLstm, baselines: [persistence] }, withData(data), withEpochs(5));
  const events = await collect(train$(few, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[4]).toBeLessThan(losses[0] ?? 0);
  const { examples, baselines } = lastOf(events, "Started");
  expect(examples).toBe(150 - 7);
  // The last 50 changes of the maximum, by hand.
  const maxima = table.slice(-51).map((line) => Number(line.split(",")[2]));
  const squares = maxima.slice(1).map((high, i) => (high - (maxima[i] ?? 0)) ** 2);
  const mean = squares.reduce((sum, square) => sum + square, 0) / 50;
  expect(baselines).toMatchObject([{ metrics: { rmse: expect.closeTo(Math.sqrt(mean), 4) } }]);
  const texts = events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : []));
  expect(texts[0]).toMatch(/-?\d+\.\d °C: -?\d+\.\d °C forecast/);
});

const there = Effect.runSync(
  Effect.match(weatherFolder, { onFailure: () => false, onSuccess: () => true }),
);
if (!there)
  console.warn(
    'weather-lstm is not trained on all of its data: its data is missing; run "npm install vega-datasets"',
  );

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
