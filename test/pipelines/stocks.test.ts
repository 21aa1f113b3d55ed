import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { lastValue, smoothedVolatility } from "../../pipelines/baselines/time/quantiles.ts";
import { stocksFolder, walkOf } from "../../pipelines/data/time/stocks.ts";
import { stocks } from "../../pipelines/time/stocks.ts";
import { InvalidArgument, TableCorrupt, train$, withEpochs } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** A table of days in December 2019 and January 2020, whose close doubles and halves. */
const dates = Array.from({ length: 20 }, (_, i) =>
  new Date(Date.UTC(2019, 11, 22 + i)).toISOString().slice(0, 10),
);
const table = [
  "date,open,high,low,close,adjclose,volume",
  ...dates.map((date, i) => `${date},1,3,1,${i % 2 === 0 ? 1 : 2},1,100`),
].join("\n");

const cut = (text = table, years: readonly number[] = [2020]) =>
  walkOf(text, "made.csv", { length: 3, years });

describe("a walk through the years", () => {
  const { train, test } = Effect.runSync(cut());

  it("learns from the days before a year, and is tested on the days in it", () => {
    // Ten days of 2019: the first three are looked back on. Ten of 2020 are forecast.
    expect([train.size, test.size]).toEqual([7, 10]);
    const [next] = train.column("next").toTypedArray();
    expect(next).toBeCloseTo(100 * Math.log(2), 4);
    expect([...test.column("counts").toTypedArray()]).toEqual(Array(10).fill(1));
  });

  it("never learns a year from itself or a later one", () => {
    const both = Effect.runSync(cut(table.replaceAll("2019-12-2", "2018-12-2"), [2019, 2020]));
    // The rows of 2018 are for both models, those of 2019 for that of 2020 alone.
    const counts = both.train.column("counts").toArray() as readonly (readonly number[])[];
    expect(new Set(counts.map(String))).toEqual(new Set(["0.5,0.5", "0,0.5"]));
    const asked = both.test.column("counts").toArray() as readonly (readonly number[])[];
    expect(new Set(asked.map(String))).toEqual(new Set(["1,0", "0,1"]));
  });

  it.each([
    ["a price of 0", table.replace("2019-12-24,1,3,1,1", "2019-12-24,1,3,0,1"), 4],
    ["a repeated day", table.replace("2019-12-25", "2019-12-24"), 5],
    ["an invalid date", table.replace("2019-12-23", "yesterday"), 3],
  ])("is refused with %s, and its line", (_, text, line) => {
    const failure = Effect.runSync(Effect.flip(cut(text)));
    expect(failure).toBeInstanceOf(TableCorrupt);
    expect(failure).toMatchObject({ line });
  });

  it("is refused where a year has no days, or none before it", () => {
    for (const year of [2021, 2019 - 1])
      expect(Effect.runSync(Effect.flip(cut(table, [year])))).toBeInstanceOf(InvalidArgument);
  });

  it("is compared with no change, and with the volatility", () => {
    // Half of the returns are +69.3 %, half -69.3 %: each quantile of 0 loses a half of it, on average.
    const change = 100 * Math.log(2);
    const still = lastValue([0.25, 0.5, 0.75]).evaluate({ train, test }) as {
      readonly loss: number;
    };
    expect(still.loss).toBeCloseTo(change / 2, 3);
    // The volatility is always 69.3 %: a quantile of -1 or 1 times that loses 0 or twice its share.
    const moved = smoothedVolatility([0.25, 0.5, 0.75], [-1, 0, 1]).evaluate({ train, test });
    expect((moved as { readonly loss: number }).loss).toBeCloseTo(
      (change * (0.25 + 0.5 + 0.25)) / 3,
      3,
    );
  });
});

const there = Effect.runSync(
  Effect.match(stocksFolder, { onFailure: () => false, onSuccess: () => true }),
);
if (!there)
  console.warn('stocks is not trained: its data is missing; run "npm install vega-datasets"');

it.skipIf(!there)(
  "the quantiles are better than those of the volatility, and the median is not",
  async () => {
    const events = await collect(train$(withEpochs(6)(stocks), { services: backends.wasm }));
    const [still, normal] = lastOf(events, "Started").baselines.map(({ metrics }) => metrics);
    const score = lastOf(events, "Completed").test;
    expect(score?.loss ?? Number.NaN).toBeLessThan(0.99 * (normal?.loss ?? 0));
    // Nobody knows which way prices go: within one in a hundred, it is the last value.
    expect(Math.abs((score?.metrics.median ?? 0) / (still?.median ?? 1) - 1)).toBeLessThan(0.01);
  },
);
