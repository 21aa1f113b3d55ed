import { join } from "node:path";
import * as Effect from "effect/Effect";
import { parseCsv, readText, standardScaler } from "../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  InvalidArgument,
  stackTensors,
  TableCorrupt,
  type Tensor,
} from "../../src/index.ts";
import { installed } from "./installed.ts";

/** What a day was like: four measurements, then where in the year it was. */
export const features = 6;

/** Some days that follow one another, and what the next one brings. */
export type Forecast<N extends number = number> = {
  /** Each number of a day, standardized over the days to learn from. */
  readonly days: Tensor<readonly [N, typeof features]>;
  /** By how many °C the next day's maximum temperature differs from the last one's. */
  readonly change: Tensor<readonly [1]>;
};

const millisecondsPerDay = 86_400_000;

/** The day that a date is, counted from 1970; `NaN` where it is none. */
const dayNumber = (date: string): number =>
  /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(date) / millisecondsPerDay : Number.NaN;

/** The days of a table, of which each is the one after that before. */
const datesOf = (text: string, file: string): Effect.Effect<readonly number[], TableCorrupt> => {
  const lines = text
    .split(/\r?\n/)
    .map((text, i) => ({ date: text.split(",", 1)[0] ?? "", line: i + 1, text }));
  // Each line that the table counts: one without a date is a mistake and not left out.
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
          expected: astray === 0 ? "a date" : "the day after that of the line before",
          actual: `"${found.date}"`,
        }),
      );
};

/** Where in the year a day is, as an angle, for years of 365¼ days. */
const yearAngle = (day: number): number => (2 * Math.PI * day) / 365.25;

/** Rainfall spans orders of magnitude: its logarithm tells a drizzle from a shower. */
const featuresOf = ([high, low, rain, wind]: readonly number[], day: number): readonly number[] => [
  high ?? 0,
  low ?? 0,
  Math.log1p(rain ?? 0),
  wind ?? 0,
  Math.sin(yearAngle(day)),
  Math.cos(yearAngle(day)),
];

/** Every run of `n` days up to the day before each of the days `from, …, to - 1`. */
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
    // Windows of n days, each of as many features.
  }) as Dataset as Dataset<Forecast<N>>;
};

/** How days become forecasts, and which of them are to be learned from. */
export interface ByTime<N extends number> {
  /** Days that a forecast is made from. */
  readonly days: N;
  /** The first day whose weather is to be forecast and was not learned from: `"2015-01-01"`. */
  readonly until: string;
}

/**
 * Forecasts to learn from and to be tested on, which lie after them: nothing is known of the days from
 * `until` on but, each time, of those before the one to be forecast. Means and deviations are those of the
 * days before `until`.
 *
 * **Fails with** `TableCorrupt`, also where days do not follow one another; `InvalidArgument` where `until` is no
 * day with enough of the table's on both sides.
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
  const all = dataset({
    day: fromTypedArray(
      [rows.length, features],
      Float32Array.from(rows.flatMap((row, i) => featuresOf(row, dates[i] as number))),
    ),
  });
  const known = standardScaler.fit(all.take(border), "day").apply(all).materialize();
  const highs = rows.map(([high]) => high as number);
  return {
    train: windows(known, highs, days, 0, border),
    test: windows(known, highs, days, border, rows.length),
  };
});

/** Where the npm package `vega-datasets` is. */
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
