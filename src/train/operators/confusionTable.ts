import { f1, precision, recall } from "../../nn/metrics/confusion.ts";
import type { ConfusionTable } from "../../nn/metrics/metric.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { aligned, titled } from "../../terminal/table.ts";
import { widthOf } from "../../terminal.ts";

/** The most classes whose table still fits a terminal. */
const most = 20;

const shareText = (share: number): string => (Number.isNaN(share) ? "–" : share.toFixed(4));

/**
 * Formats a confusion matrix as an aligned table.
 *
 * Each class has a row with the counts of its predictions and its precision, recall and F1. Column names are cut
 * to fit. The table is empty for more than 20 classes. Where it is wider than `columns`, the counts are left out, then
 * precision and recall, and then all of it.
 */
export const confusionLines = (
  table: ConfusionTable,
  columns = Number.POSITIVE_INFINITY,
): readonly string[] => {
  const fits = (lines: readonly string[]): boolean =>
    lines.every((line) => widthOf(line) <= columns);
  if (table.classes.length > most) return [];
  return [wholeTable, figuresTable, f1Table].map((make) => make(table)).find(fits) ?? [];
};

/** A table of some figures of each class. */
const figuresOnly =
  (figures: readonly (readonly [string, typeof f1])[]) =>
  ({ classes, counts }: ConfusionTable): readonly string[] =>
    aligned(
      [
        ["", ...figures.map(([name]) => name)],
        ...counts.map((_, i) => [
          classes[i] ?? "",
          ...figures.map(([, figure]) => shareText(figure(classes.length, i).value({ counts }))),
        ]),
      ],
      { numeric: figures.map((__, i) => i + 1) },
    );

const figuresTable = figuresOnly([
  ["precision", precision],
  ["recall", recall],
  ["F1", f1],
]);
const f1Table = figuresOnly([["F1", f1]]);

const wholeTable = ({ classes, counts }: ConfusionTable): readonly string[] => {
  const size = classes.length;
  const width = Math.max(3, greatestOf(counts.flat().map((n) => String(n).length)));
  // Counts stand close together, and the figures after them a little apart.
  const apart = (texts: readonly string[]) => texts.map((text) => ` ${text}`);
  const row = (name: string, cells: readonly string[], figures: readonly string[]) => [
    name,
    "",
    ...cells,
    ...apart(figures),
  ];
  const rows = counts.map((of, i) =>
    row(
      classes[i] ?? "",
      of.map((n) => (n === 0 ? "·" : String(n))),
      [precision, recall, f1].map((figure) => shareText(figure(size, i).value({ counts }))),
    ),
  );
  const head = row("taken for →", titled(classes, width), ["precision", "recall", "    F1"]);
  return aligned([head, ...rows], {
    numeric: Array.from({ length: size + 3 }, (_, i) => i + 2),
    gap: 1,
  });
};
