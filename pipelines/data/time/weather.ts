import { join } from "node:path";
import * as Effect from "effect/Effect";
import {
  dateReader,
  fromRecords,
  parseCsv,
  prepare,
  readText,
  standardScaler,
} from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  InvalidArgument,
  stackTensors,
  TableCorrupt,
  type Tensor,
} from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** The features of a day: four measurements, then its place in the year. */
export const features = 6;

/** An example: some consecutive days and the change to the next. */
export type Forecast<N extends number = number> = {
  /** The features of each day, standardized over the training days. */
  readonly days: Tensor<readonly [N, typeof features]>;
  /** The difference of the next day's maximum temperature to the last day's, in °C. */
  readonly change: Tensor<readonly [1]>;
};

const millisecondsPerDay = 86_400_000;

const readDate = dateReader("YYYY-MM-DD");

/** The number of days from 1970 to a date; `NaN` where the text is not a date. */
const dayNumber = (date: string): number => (readDate(date) ?? Number.NaN) / millisecondsPerDay;

/** Reads the days of a table, which must be consecutive. */
const datesOf = (text: string, file: string): Effect.Effect<readonly number[], TableCorrupt> => {
  const lines = text
    .split(/\r?\n/)
    .map((text, i) => ({ date: text.split(",", 1)[0] ?? "", line: i + 1, text }));
  // Every line counts: a line without a date is reported, not skipped.
  const dated = lines.slice(1).filter(({ text }) => text.trim() !== "");
  const numbers = dated.map(({ date }) => dayNumber(date));
  const astray = numbers.findIndex(
    (day, i) => !(i === 0 ? day >= 0 : day === (numbers[i - 1] as number) + 1),
  );
  const found = dated[astray];
  return found === undefined
    ? Effect.succeed(numbers)
    : Effect.fail(
        new TableCorrupt({
          file,
          line: found.line,
          column: "date",
          expected: astray === 0 ? "a date" : "the day after the previous line's",
          actual: `"${found.date}"`,
        }),
      );
};

/** The features of a day. Rainfall spans orders of magnitude; its logarithm separates a drizzle from a shower. */
const dayFeatures = [
  "temp_max",
  "temp_min",
  { field: "precipitation", as: "log1p" },
  "wind",
  { field: "date", as: "yearSine" },
  { field: "date", as: "yearCosine" },
] as const;

/** The `n` days before each of the days `from, …, to - 1`. */
const windows = <N extends number>(
  days: Dataset<{ readonly day: Tensor<readonly [typeof features]> }>,
  highs: readonly number[],
  n: N,
  from: number,
  to: number,
): Dataset<Forecast<N>> => {
  const targets = Array.from(
    { length: Math.max(0, to - Math.max(from, n)) },
    (_, i) => Math.max(from, n) + i,
  );
  const seen = targets.map((t) =>
    days
      .skip(t - n)
      .take(n)
      .column("day"),
  );
  const changes = targets.map((t) => (highs[t] as number) - (highs[t - 1] as number));
  return dataset({
    days: stackTensors(seen),
    change: fromTypedArray([targets.length, 1], Float32Array.from(changes)),
    // Windows of n days, each with its features.
  }) as Dataset as Dataset<Forecast<N>>;
};

/** The options of the dataset. */
export interface ByTime<N extends number> {
  /** The number of days that a forecast uses. */
  readonly days: N;
  /** The first day of the test examples, such as `"2015-01-01"`. */
  readonly until: string;
}

/**
 * Makes training examples of the days before `until`, and test examples of the days from `until` on. Means and
 * deviations come only from the training days.
 *
 * **Fails with** `TableCorrupt`, also where days do not follow one another; `InvalidArgument` where `until` has
 * too few days of the table before or after it.
 */
export const weatherSplits = Effect.fnUntraced(function* <N extends number>(
  text: string,
  file: string,
  { days, until }: ByTime<N>,
) {
  const columns = ["temp_max", "temp_min", "precipitation", "wind"];
  const decoded = parseCsv(text, { measured: columns }, file);
  if (decoded._tag === "Left") return yield* decoded.left;
  const dates = yield* datesOf(text, file);
  const rows = decoded.right.column("measured").toArray() as readonly (readonly number[])[];
  const border = dates.indexOf(dayNumber(until));
  if (!(Number.isSafeInteger(days) && days > 0 && border > days))
    return yield* new InvalidArgument({
      op: "weatherSplits",
      argument: "until",
      expected: `a day of ${file} with more than days (a whole number, 1 or more) before it`,
      actual: `${until}, with ${days} days`,
    });
  const records = rows.map((row, i) => ({
    ...Object.fromEntries(columns.map((column, j) => [column, row[j] as number])),
    date: new Date((dates[i] as number) * millisecondsPerDay).toISOString().slice(0, 10),
  }));
  const prepared = prepare("day", fromRecords(rows.length, dayFeatures), records);
  if (prepared._tag === "Left") return yield* prepared.left;
  // As many rows as records, of as many features as a day has.
  const all = dataset({ day: prepared.right as Tensor<readonly [number, typeof features]> });
  const scaler = standardScaler.fit(all.take(border), "day");
  const known = scaler.apply(all).materialize();
  const highs = rows.map(([high]) => high as number);
  return {
    train: windows(known, highs, days, 0, border),
    test: windows(known, highs, days, border, rows.length),
    inputs: { days: fromRecords(days, dayFeatures, scaler) },
  };
});

/** The folder of the npm package `vega-datasets`. */
export const weatherFolder = installed("vega-datasets");

/**
 * Daily weather of Seattle, 2012 to 2015: temperatures in °C, rainfall in mm, wind in m/s.
 *
 * **Source** the National Centers for Environmental Information of the United States; the table is that of
 * the npm package `vega-datasets`.
 */
export const seattleWeather = Effect.fnUntraced(function* <N extends number>(by: ByTime<N>) {
  const file = join(yield* weatherFolder, "data", "seattle-weather.csv");
  return yield* weatherSplits(yield* readText(file), file, by);
});
