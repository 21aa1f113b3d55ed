import { oneLine, padded, widthOf } from "../terminal.ts";
import { type Aligned, table } from "./table.ts";
import { wrapped } from "./wrap.ts";

/** A name and what is said of it. */
export type Said = readonly [name: string, text: string];

/** The fewest cells beside names in which something can be read; with less room it stands below them. */
const fewestBeside = 24;

/**
 * Formats names, indented by two cells, with what is said of each beside it: wrapped where a line would be wider than
 * `columns`, and below the name where there is little room beside it. Control characters are escaped.
 */
export const explained = (all: readonly Said[], columns: number): readonly string[] => {
  const rows = all.map((row) => row.map(oneLine));
  const width = rows.reduce((most, [name = ""]) => Math.max(most, widthOf(name)), 0);
  const beside = columns - width - 4;
  const lines = rows.flatMap(([name = "", text = ""]) =>
    beside < fewestBeside
      ? wrapped(`  ${name} ${text}`, columns, 4)
      : wrapped(text, beside).map((line, i) => `  ${padded(i === 0 ? name : "", width)}  ${line}`),
  );
  return lines.map((line) => line.trimEnd());
};

/**
 * Formats records that have the same names as a table, or, where that is wider than `columns`, as a paragraph for each below its
 * first text. A paragraph leaves out what is empty.
 */
export const recordsText = (
  records: readonly (readonly Said[])[],
  columns: number,
  options: Aligned = {},
): string => {
  const head = (records[0] ?? []).map(([name]) => name);
  const body = records.map((record) => record.map(([, text]) => text));
  const wide = table(head, body, options);
  if (wide.split("\n").every((line) => widthOf(line) <= columns)) return wide;
  return records
    .map(([first, ...others]) =>
      [
        ...wrapped(oneLine(first?.[1] ?? ""), columns, 4),
        ...explained(
          others.filter(([, text]) => text !== ""),
          columns,
        ),
      ].join("\n"),
    )
    .join("\n\n");
};
