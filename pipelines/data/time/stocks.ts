import { join } from "node:path";
import * as Effect from "effect/Effect";
import { dateReader, fromRecords, parseCsv, readText } from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  InvalidArgument,
  type Splits,
  TableCorrupt,
  type Tensor,
} from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** The prices of a day. */
export const prices = ["high", "low", "close"] as const;

/** The prices of some days or other dates, and the return of the next. */
export type Days<N extends number = number, K extends number = number> = {
  /** The prices of each day, as they were; the last is the close. */
  readonly days: Tensor<readonly [N, number]>;
  /** The logarithm of the next close over the last one, in percent. */
  readonly next: Tensor<readonly []>;
  /**
   * How much the row counts for each of the models of a walk: in training 1/K for those of later years, and in the test 1 for
   * that of its own year.
   */
  readonly counts: Tensor<readonly [K]>;
};

/** The options of the dataset. */
export interface WalkOptions<N extends number> {
  /** The number of days that are looked back on. */
  readonly length: N;
  /** The years to test on, in order. The model of each learns from all days before it. */
  readonly years: readonly number[];
}

const readDate = dateReader("YYYY-MM-DD");

/** Whether a text is a date such as 2015-01-31, which the calendar has. */
export const isDate = (text: string): boolean => readDate(text) !== undefined;

/** Whether a price, in f32, has a logarithm. */
export const isPrice = (price: number): boolean => price > 0 && price < Number.POSITIVE_INFINITY;

/** The dates of a table, in its first column: each is after the one before it. */
const datesOf = Effect.fnUntraced(function* (text: string, file: string) {
  const lines = text.split(/\r?\n/).map((line, i) => ({ date: line.split(",", 1)[0] ?? "", i }));
  const dates = lines.slice(1).filter(({ date }) => date.trim() !== "");
  const astray = dates.find(({ date }, at) => !isDate(date) || date <= (dates[at - 1]?.date ?? ""));
  if (astray !== undefined)
    return yield* new TableCorrupt({
      ...{ file, line: astray.i + 1, column: "date" },
      expected: "a date such as 2015-01-31, after that of the line before",
      actual: `"${astray.date}"`,
    });
  return dates.map(({ date }) => date);
});

/** The prices of something that is traded: some for each of its dates, one after the other, of which the last is the close. */
export interface Series {
  readonly dates: readonly string[];
  readonly prices: Float32Array;
}

/**
 * Prices as a walk through the years: the model of each year is tested on it, and has learned from all dates whose next date
 * is before it. A date has `width` prices.
 *
 * **Fails with** `InvalidArgument` where a year has no dates, or none before it.
 */
export const walkThrough = Effect.fnUntraced(function* <N extends number>(
  series: readonly Series[],
  file: string,
  { length, years, width }: WalkOptions<N> & { readonly width: number },
) {
  const ends = series.flatMap(({ dates, prices }) =>
    dates
      .map((_, end) => ({ prices, end, year: Number(dates[end + 1]?.slice(0, 4)) }))
      .slice(length - 1, -1),
  );
  const empty = years.find(
    (year) => !ends.some((of) => of.year === year) || !ends.some((of) => of.year < year),
  );
  if (empty !== undefined)
    return yield* new InvalidArgument({
      ...{ op: "walkOf", argument: "years" },
      ...{ expected: `years of ${file}, after its first ${length} days`, actual: String(empty) },
    });
  const rowsOf = (
    of: readonly (typeof ends)[number][],
    counts: (year: number, tested: number) => number,
  ): Dataset<Days<N>> => {
    const seen = new Float32Array(of.length * length * width);
    for (const [i, { prices, end }] of of.entries())
      seen.set(prices.slice((end + 1 - length) * width, (end + 1) * width), i * length * width);
    const close = (prices: Float32Array, at: number) => prices[(at + 1) * width - 1] as number;
    const next = of.map(
      ({ prices, end }) => 100 * Math.log(close(prices, end + 1) / close(prices, end)),
    );
    const weights = of.flatMap(({ year }) => years.map((tested) => counts(year, tested)));
    return dataset({
      days: fromTypedArray([of.length, length, width], seen),
      next: fromTypedArray([of.length], Float32Array.from(next)),
      counts: fromTypedArray([of.length, years.length], Float32Array.from(weights)),
    });
  };
  const last = years.at(-1) ?? 0;
  return {
    train: rowsOf(
      ends.filter(({ year }) => year < last),
      (year, tested) => (year < tested ? 1 / years.length : 0),
    ),
    test: rowsOf(
      ends.filter(({ year }) => years.includes(year)),
      (year, tested) => (year === tested ? 1 : 0),
    ),
  } satisfies Splits<Days<N>>;
});

/**
 * The days of a table as a walk through the years. See {@link walkThrough}.
 *
 * **Fails with** `TableCorrupt` where a price is not above 0 or not finite, or dates do not follow one another; `InvalidArgument` where a
 * year has no days, or none before it.
 */
export const walkOf = Effect.fnUntraced(function* <N extends number>(
  text: string,
  file: string,
  { length, years }: WalkOptions<N>,
) {
  const decoded = parseCsv(text, { prices }, file);
  if (decoded._tag === "Left") return yield* decoded.left;
  const dates = yield* datesOf(text, file);
  const [values, width] = [decoded.right.column("prices").toTypedArray(), prices.length];
  const worthless = values.findIndex((price) => !isPrice(price));
  if (worthless >= 0)
    return yield* new TableCorrupt({
      ...{ file, line: Math.floor(worthless / width) + 2, column: prices[worthless % width] ?? "" },
      ...{ expected: "a finite price above 0", actual: String(values[worthless]) },
    });
  const series = { dates, prices: Float32Array.from(values) };
  const splits = yield* walkThrough([series], file, { length, years, width });
  return { ...splits, inputs: { days: fromRecords(length, prices) } };
});

/** The folder of the npm package `vega-datasets`. */
export const stocksFolder = installed("vega-datasets");

/**
 * The index S&P 500 on each day of trade from January 2000 to April 2020.
 *
 * **Source** Yahoo Finance, as the npm package `vega-datasets` has it in `data/sp500-2000.csv`.
 */
export const stockWalk = Effect.fnUntraced(function* <N extends number>(options: WalkOptions<N>) {
  const file = join(yield* stocksFolder, "data", "sp500-2000.csv");
  return yield* walkOf(yield* readText(file), file, options);
});
