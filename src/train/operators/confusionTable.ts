import { f1, precision, recall } from "../../nn/metrics/confusion.ts";
import type { ConfusionTable } from "../../nn/metrics/metric.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { fitted, indented, oneLine, padded, widthOf } from "../../terminal.ts";

/** The most classes whose table still fits a terminal. */
const most = 20;

const shareText = (share: number): string => (Number.isNaN(share) ? "–" : share.toFixed(4));

/**
 * Formats a confusion matrix as an aligned table.
 *
 * Each class has a row with the counts of its predictions and its precision, recall and F1. Column names are cut
 * to fit. The table is empty for more than 20 classes.
 */
export const confusionLines = (table: ConfusionTable): readonly string[] => {
  const { counts } = table;
  const classes = table.classes.map(oneLine);
  const size = classes.length;
  if (size > most) return [];
  const first = "taken for →";
  const left = Math.max(first.length, greatestOf(classes.map(widthOf)));
  const width = Math.max(3, greatestOf(counts.flat().map((n) => String(n).length)));
  const figures = ["precision", "recall", "F1"];
  const line = (head: string, cells: readonly string[], last: readonly string[]): string =>
    [
      padded(head, left + 1),
      ...cells.map((cell) => indented(fitted(cell, width), width)),
      ...last.map((text, i) => ` ${text.padStart(Math.max(6, figures[i]?.length ?? 0))}`),
    ].join(" ");
  return [
    line(first, classes, figures),
    ...counts.map((row, i) =>
      line(
        classes[i] ?? "",
        row.map((n) => (n === 0 ? "·" : String(n))),
        [precision, recall, f1].map((figure) => shareText(figure(size, i).value({ counts }))),
      ),
    ),
  ];
};
