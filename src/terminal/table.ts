import { fitted, indented, oneLine, padded, widthOf } from "../terminal.ts";

/** The options of {@link aligned}. */
export interface Aligned {
  /** The columns that are aligned on the right: those of numbers. */
  readonly numeric?: readonly number[];
  /** Blanks between two columns. Defaults to 2. */
  readonly gap?: number;
}

const widthsOf = (
  rows: readonly (readonly string[])[],
  titles: readonly string[] = [],
): readonly number[] => {
  const widths = titles.map(widthOf);
  // A row of one cell is a heading, and does not widen its column.
  for (const row of rows.filter((cells) => cells.length > 1))
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
    });
  return widths;
};

const inColumns = (
  widths: readonly number[],
  { numeric = [], gap = 2 }: Aligned,
): ((cells: readonly string[]) => string) => {
  const between = " ".repeat(gap);
  return (cells) =>
    cells
      .map((cell, i) => (numeric.includes(i) ? indented : padded)(cell, widths[i] ?? 0))
      .join(between)
      .trimEnd();
};

/**
 * Formats rows as lines whose columns line up, measured in terminal cells. A row of one cell is a heading, which may
 * be longer than its column. Control characters are escaped.
 */
export const aligned = (
  body: readonly (readonly string[])[],
  options: Aligned = {},
): readonly string[] => {
  const rows = body.map((row) => row.map(oneLine));
  return rows.map(inColumns(widthsOf(rows), options));
};

/** The options of {@link table}. */
export interface TableOptions extends Aligned {
  /** How many of the last rows stand below a rule. Defaults to 0. */
  readonly foot?: number;
}

/** Formats rows with {@link aligned} below a head and a rule. */
export const table = (
  head: readonly string[],
  body: readonly (readonly string[])[],
  { foot = 0, ...options }: TableOptions = {},
): string => {
  const rows = body.map((row) => row.map(oneLine));
  const titles = head.map(oneLine);
  const widths = widthsOf(rows, titles);
  const line = inColumns(widths, options);
  const rule = line(widths.map((width) => "─".repeat(width)));
  const end = rows.length - foot;
  const below = foot === 0 ? [] : [rule, ...rows.slice(end).map(line)];
  return [line(titles), rule, ...rows.slice(0, end).map(line), ...below].join("\n");
};

/** The names of columns, each cut and aligned to the same width. */
export const titled = (names: readonly string[], width: number): readonly string[] =>
  names.map((name) => indented(fitted(oneLine(name), width), width));
