import { existsSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { fromRecords, readText } from "../../../src/data/index.ts";
import { DataSourceError, TableCorrupt } from "../../../src/index.ts";
import { isDate, isPrice, type Series, type WalkOptions, walkThrough } from "./stocks.ts";

/** The companies of the table; those that came to the exchange later have fewer months. */
export const companies = [
  ...["IBM", "AAPL", "MSFT", "XRX", "AMZN", "DELL", "GOOGL", "ADBE"],
] as const;

/** A line of a table. */
interface Line {
  readonly cells: readonly string[];
  readonly line: number;
}

const dateOf = ({ cells }: Line): string => cells[0] ?? "";

/** The first day of the month after that of a date. */
const nextMonth = (date: string): string => {
  const [year = 0, month = 0] = date.split("-").map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
};

/**
 * The monthly prices of companies in a table: a line of a comment, a column `Date` and one for each company. Prices are empty
 * before a company comes to the exchange. Lines of other days than the first of a month do not count: they are dividends, and
 * an unfinished month.
 *
 * **Fails with** `TableCorrupt` where a company has no column or no price, a line has more or fewer cells than the header or no
 * date, there are no months or they do not follow one another, or a price is missing after the first one, not above 0, or not
 * finite, in f32.
 */
export const parseCompanies = Effect.fnUntraced(function* (text: string, file: string) {
  const lines = text.split(/\r?\n/).map((line, i) => ({ cells: line.split(","), line: i + 1 }));
  const [header = { cells: [], line: 1 }, ...rows] = lines.filter(
    ({ cells }) => !/^(#.*|\s*)$/.test(cells.join(",")),
  );
  const corrupt = ({ line }: Line, column: string, expected: string, actual: string) =>
    new TableCorrupt({ file, line, column, expected, actual });
  const missing = companies.find((name) => !header.cells.includes(name));
  if (missing !== undefined)
    return yield* corrupt(header, missing, "a column of this name", "none");
  const width = header.cells.length;
  const uneven = rows.find(({ cells }) => cells.length !== width);
  if (uneven !== undefined)
    return yield* corrupt(
      uneven,
      "",
      `${width} cells, as in line ${header.line}`,
      `${uneven.cells.length}`,
    );
  const undated = rows.find((row) => !isDate(dateOf(row)));
  if (undated !== undefined)
    return yield* corrupt(undated, "Date", "a date such as 2015-01-31", `"${dateOf(undated)}"`);
  const months = rows.filter((row) => dateOf(row).endsWith("-01"));
  const [first] = months;
  if (first === undefined)
    return yield* corrupt(header, "Date", "a line for each month after this one", "none");
  const due = [dateOf(first), ...months.map((row) => nextMonth(dateOf(row)))];
  const late = months.findIndex((row, i) => dateOf(row) !== due[i]);
  const astray = months[late];
  if (astray !== undefined)
    return yield* corrupt(astray, "Date", `${due[late]}, the next month`, `"${dateOf(astray)}"`);
  return yield* Effect.forEach(companies, (name) => {
    const at = header.cells.indexOf(name);
    const priceOf = ({ cells }: Line): string => (cells[at] ?? "").trim();
    const came = months.findIndex((row) => priceOf(row) !== "");
    if (came < 0) return Effect.fail(corrupt(first, name, "a price in some month", "none"));
    const priced = months.slice(came);
    const prices = Float32Array.from(priced, (row) => Number(priceOf(row)));
    const worthless = priced[prices.findIndex((price) => !isPrice(price))];
    return worthless === undefined
      ? Effect.succeed<Series>({ dates: priced.map(dateOf), prices })
      : Effect.fail(
          corrupt(worthless, name, "a finite price above 0, in f32", `"${priceOf(worthless)}"`),
        );
  });
});

const folder = "/usr/share/matplotlib/mpl-data/sample_data";

/** The folder of the Debian package. **Fails with** `DataSourceError`, with the command that installs it, where it is missing. */
export const companiesFolder = Effect.suspend(() =>
  existsSync(join(folder, "Stocks.csv"))
    ? Effect.succeed(folder)
    : Effect.fail(
        new DataSourceError({
          source: "python-matplotlib-data",
          reason: "the Debian package is not installed",
          command: "sudo apt-get install python-matplotlib-data",
        }),
      ),
);

/**
 * Eight companies month by month, from January 1990 to June 2022. Prices are lowered by later splits and dividends, so that
 * returns are what an owner had.
 *
 * **Source** Yahoo Finance, as Debian's package `python-matplotlib-data` has it in `Stocks.csv`.
 */
export const companyWalk = Effect.fnUntraced(function* <N extends number>(options: WalkOptions<N>) {
  const file = join(yield* companiesFolder, "Stocks.csv");
  const series = yield* parseCompanies(yield* readText(file), file);
  const splits = yield* walkThrough(series, file, { ...options, width: 1 });
  return { ...splits, inputs: { days: fromRecords(options.length, ["close"]) } };
});
