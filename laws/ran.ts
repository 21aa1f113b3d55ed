import { grouped } from "../src/errors/grouped.ts";
import { greatestOf } from "../src/tensor/extremes.ts";
import type { Held } from "./law.ts";

const rows = (held: readonly Held[]): readonly (readonly [string, number, number])[] =>
  [...grouped(held, ({ law }) => law)].map(([law, runs]) => [
    law,
    new Set(runs.map(({ subject }) => subject)).size,
    runs.reduce((total, each) => total + each.runs, 0),
  ]);

const grouping = new Intl.NumberFormat("en");

/**
 * A table of the laws that ran, with the number of subjects and samples for which each held. A family of random
 * functions is one subject.
 *
 * @example
 * ```ts
 * import { checkGradients, tableOfLaws } from "fluxion/laws";
 * import { square } from "fluxion/ops";
 * tableOfLaws(checkGradients(square, [[2]])).split("\n")[1]
 * // => "primal preservation          1       20"
 * ```
 */
export const tableOfLaws = (held: readonly Held[]): string => {
  const cells = [
    ["law", "subjects", "samples"],
    ...rows(held).map(([law, ...counts]) => [law, ...counts.map((n) => grouping.format(n))]),
  ];
  const widths = [0, 1, 2].map((i) => greatestOf(cells.map((row) => row[i]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  "),
    )
    .join("\n");
};
