import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { lastValue, smoothedVolatility } from "../../pipelines/baselines/time/quantiles.ts";
import {
  companies,
  companiesFolder,
  companyWalk,
  parseCompanies,
} from "../../pipelines/data/time/companies.ts";
import { stocksFolder, walkOf } from "../../pipelines/data/time/stocks.ts";
import { stocks } from "../../pipelines/time/stocks.ts";
import { stocksCompanies } from "../../pipelines/time/stocks-companies.ts";
import { InvalidArgument, TableCorrupt, train$, withEpochs } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/**
 * A table of days in December 2019 and January 2020, whose close doubles and halves. It is made, since no license is stated for
 * the real one, of which no part may lie here.
 */
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
    ["an infinite price", table.replace("2019-12-24,1,3,1,1", "2019-12-24,1,3,1,1e39"), 4],
    ["an invalid date", table.replace("2019-12-23", "yesterday"), 3],
    ["a day that no month has", table.replace("2019-12-31", "2019-12-32"), 11],
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

/** Lines as those of the table: a month, a dividend, a month in which one company is not there yet, and an unfinished one. */
const months = `# Data source: https://finance.yahoo.com
Date,${companies.join(",")},^GSPC
1990-01-01,1,1,1,1,,1,1,1,300
1990-01-08,,,,,,,,,
1990-02-01,2,1,1,1,,1,1,1,310
1990-03-01,1,1,1,1,5,1,1,1,320
1990-03-28,9,9,9,9,9,9,9,9,999
`;

describe("companies", () => {
  const parsed = (text: string) => Effect.runSync(parseCompanies(text, "made.csv"));

  it("have the months for which they have a price", () => {
    const [ibm] = parsed(months);
    expect(ibm?.dates).toEqual(["1990-01-01", "1990-02-01", "1990-03-01"]);
    expect([...(ibm?.prices ?? [])]).toEqual([1, 2, 1]);
    expect(parsed(months)[companies.indexOf("AMZN")]?.dates).toEqual(["1990-03-01"]);
  });

  it.each([
    ["a price of 0", months.replace("1990-02-01,2", "1990-02-01,0"), 5, "IBM"],
    ["a price in words", months.replace("1990-02-01,2", "1990-02-01,two"), 5, "IBM"],
    ["a repeated month", months.replace("1990-02-01", "1990-01-01"), 5, "Date"],
    ["a price that is ∞", months.replace("1990-02-01,2", "1990-02-01,Infinity"), 5, "IBM"],
    ["a price that f32 holds as ∞", months.replace("1990-02-01,2", "1990-02-01,1e39"), 5, "IBM"],
    ["a price that f32 holds as 0", months.replace("1990-02-01,2", "1990-02-01,1e-60"), 5, "IBM"],
    [
      "a month without a price between two",
      months.replace("1990-02-01,2", "1990-02-01,"),
      5,
      "IBM",
    ],
    ["no price at the end", months.replace("1990-03-01,1", "1990-03-01,"), 6, "IBM"],
    ["a company without a price", months.replace("1,5,1", "1,,1"), 3, "AMZN"],
    ["a company without a column", months.replace("IBM", "ICM"), 2, "IBM"],
    ["a missing month", months.replace("1990-02-01", "1989-12-01"), 5, "Date"],
    ["a missing month at the end", months.replace("1990-03-01", "1990-04-01"), 6, "Date"],
    ["a month of three", months.replace("1990-02-01", "1990-04-01"), 5, "Date"],
    ["a 13th month", months.replace("1990-03-01", "1990-13-01"), 6, "Date"],
    ["a day in words", months.replace("1990-03-01", "March"), 6, "Date"],
    ["a line without a date", months.replace("1990-03-01", ""), 6, "Date"],
    ["a line that ends early", months.replace("1,1,1,320", "1"), 6, ""],
    ["no months", months.split("\n").slice(0, 2).join("\n"), 2, "Date"],
    ["nothing", "", 1, "IBM"],
  ])("are refused with %s, and its line", (_, text, line, column) => {
    const failure = Effect.runSync(Effect.flip(parseCompanies(text, "made.csv")));
    expect(failure).toBeInstanceOf(TableCorrupt);
    expect(failure).toMatchObject({ line, column });
  });

  it("follow one another over a year's end", () => {
    const over = months
      .replace("1990-01-01", "1989-11-01")
      .replace("1990-02-01", "1989-12-01")
      .replace("1990-03-01", "1990-01-01");
    expect(parsed(over)[0]?.dates).toEqual(["1989-11-01", "1989-12-01", "1990-01-01"]);
  });
});

const told = Effect.runSync(
  Effect.match(companiesFolder, { onFailure: () => false, onSuccess: () => true }),
);
if (!told)
  console.warn(
    'stocks-companies is not trained: its data is missing; run "sudo apt-get install python-matplotlib-data"',
  );

it.skipIf(!told)(
  "companies are forecast better than no change, from their prices alone",
  async () => {
    const walk = companyWalk({ length: 25, years: [2010] });
    const { train, test } = await Effect.runPromise(walk);
    expect([train.column("days").shape.slice(1), test.size]).toEqual([[25, 1], 12 * 7]);
    // As counted by hand from the table: 390 months, of which each company has those after it came.
    const years = Array.from({ length: 13 }, (_, i) => 2010 + i);
    const all = await Effect.runPromise(companyWalk({ length: 25, years }));
    expect(all.train.size).toBe(2287);
    const events = await collect(
      train$(withEpochs(2)(stocksCompanies), { services: backends.wasm }),
    );
    const [still, normal] = lastOf(events, "Started").baselines.map(({ metrics }) => metrics);
    const loss = lastOf(events, "Completed").test?.loss ?? Number.NaN;
    expect(loss).toBeLessThan(0.7 * (still?.loss ?? 0));
    expect(loss).toBeLessThan(1.01 * (normal?.loss ?? 0));
  },
);

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
