import { greatestOf } from "../tensor/extremes.ts";
import { indented, oneLine, padded, widthOf } from "../terminal.ts";

/**
 * Formats rows as a table with aligned columns, measured in terminal cells. The columns in `numeric` are
 * right-aligned. The last `foot` rows stand below a rule. Control characters in a cell are escaped.
 */
export const table = (
  head: readonly string[],
  body: readonly (readonly string[])[],
  numeric: readonly number[] = [],
  { foot = 0 }: { readonly foot?: number } = {},
): string => {
  const rows = body.map((row) => row.map(oneLine));
  // A row of one cell is a heading, and does not widen its column.
  const widths = head.map((title, i) =>
    greatestOf([
      widthOf(title),
      ...rows.map((row) => (row.length === 1 ? 0 : widthOf(row[i] ?? ""))),
    ]),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) =>
        numeric.includes(i) ? indented(cell, widths[i] ?? 0) : padded(cell, widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const rule = line(widths.map((width) => "─".repeat(width)));
  const above = rows.slice(0, rows.length - foot).map(line);
  const below = foot === 0 ? [] : [rule, ...rows.slice(rows.length - foot).map(line)];
  return [line(head), rule, ...above, ...below].join("\n");
};
