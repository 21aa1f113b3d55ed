import { existsSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { fromRecords, readText } from "../../../src/data/index.ts";
import { DataSourceError, TableCorrupt } from "../../../src/index.ts";
import { type Series, type WalkOptions, walkThrough } from "./stocks.ts";

/** The companies of the table; those that came to the exchange later have fewer months. */
export const companies = [
  ...["IBM", "AAPL", "MSFT", "XRX", "AMZN", "DELL", "GOOGL", "ADBE"],
] as const;

/**
 * The monthly prices of companies in a table: a line of a comment, a column `Date` and one for each company. Prices that are
 * not there are empty. Lines of other days than the first of a month do not count: they are dividends, and an unfinished month.
 *
 * **Fails with** `TableCorrupt` where a company has no column, a price is not above 0, or months do not follow one another.
 */
export const parseCompanies = Effect.fnUntraced(function* (text: string, file: string) {
  const lines = text.split(/\r?\n/).map((line, i) => ({ cells: line.split(","), line: i + 1 }));
  const [header, ...rows] = lines.filter(({ cells: [first = ""] }) => !/^(#|$)/.test(first));
  const months = rows.filter(({ cells: [date = ""] }) => /^\d{4}-\d{2}-01$/.test(date));
  const dateOf = ({ cells }: (typeof rows)[number]) => cells[0] ?? "";
  const astray = months.find((row, i) => i > 0 && dateOf(row) <= dateOf(months[i - 1] ?? row));
  const line = header?.line ?? 1;
  if (astray !== undefined)
    return yield* new TableCorrupt({
      ...{ file, line: astray.line, column: "Date", actual: `"${dateOf(astray)}"` },
      expected: "the first of a month, after that of the line before",
    });
  return yield* Effect.forEach(companies, (name) => {
    const at = header?.cells.indexOf(name) ?? -1;
    if (at < 0)
      return Effect.fail(
        new TableCorrupt({
          ...{ file, line, column: name, expected: "a column of this name", actual: "none" },
        }),
      );
    const priced = months.filter(({ cells }) => (cells[at] ?? "") !== "");
    const worthless = priced.find(({ cells }) => !(Number(cells[at]) > 0));
    return worthless === undefined
      ? Effect.succeed<Series>({
          dates: priced.map(dateOf),
          prices: Float32Array.from(priced, ({ cells }) => Number(cells[at])),
        })
      : Effect.fail(
          new TableCorrupt({
            ...{ file, line: worthless.line, column: name },
            ...{ expected: "a price above 0", actual: `"${worthless.cells[at]}"` },
          }),
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
