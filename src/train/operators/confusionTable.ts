import { f1, precision, recall } from "../../nn/metrics/confusion.ts";
import type { ConfusionTable } from "../../nn/metrics/metric.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { aligned, titled } from "../../terminal/table.ts";

/** The most classes whose table still fits a terminal. */
const most = 20;

const shareText = (share: number): string => (Number.isNaN(share) ? "–" : share.toFixed(4));

/**
 * Formats a confusion matrix as an aligned table.
 *
 * Each class has a row with the counts of its predictions and its precision, recall and F1. Column names are cut
 * to fit. The table is empty for more than 20 classes.
 */
export const confusionLines = ({ classes, counts }: ConfusionTable): readonly string[] => {
  const size = classes.length;
  if (size > most) return [];
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
