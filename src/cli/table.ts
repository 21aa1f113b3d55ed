import { greatestOf } from "../algebra/extremes.ts";
/** Rows of text as columns that line up; numbers, on the right. The last `foot` rows stand below a line. */
export const table = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly number[] = [],
  { foot = 0 }: { readonly foot?: number } = {},
): string => {
  // A row of one cell is a heading among the others, and makes no column wider.
  const widths = head.map((title, i) =>
    greatestOf([
      title.length,
      ...rows.map((row) => (row.length === 1 ? 0 : (row[i] ?? "").length)),
    ]),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) =>
        numeric.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const rule = line(widths.map((width) => "─".repeat(width)));
  const body = rows.slice(0, rows.length - foot).map(line);
  const below = foot === 0 ? [] : [rule, ...rows.slice(rows.length - foot).map(line)];
  return [line(head), rule, ...body, ...below].join("\n");
};
