import { several } from "../../../errors/words.ts";
import { colors, emptyPlot, type PlotSpec, plotOf, plotText } from "./spec.ts";

/** A true class and what it was taken for, by their names. */
export interface Mistake {
  readonly truth: string;
  readonly taken: string;
  readonly count: number;
}

/** How a classifier of many classes is mistaken. */
export interface Mistakes {
  /** How many examples it was asked about, and how many of them it got wrong. */
  readonly asked: number;
  readonly wrong: number;
  /** The pairs of classes, of which the most frequent are drawn. */
  readonly pairs: readonly Mistake[];
}

/** The most pairs that are drawn. */
const mostPairs = 20;

/** The most frequent mistakes as bars, for classes that are too many for a confusion matrix. */
export const mistakesPlot = (
  { asked, wrong, pairs }: Mistakes,
  title = "most frequent mistakes",
): PlotSpec => {
  if (pairs.length === 0) return emptyPlot(title);
  const values = pairs
    .toSorted((a, b) => b.count - a.count || (a.truth < b.truth ? -1 : 1))
    .slice(0, mostPairs)
    .map(({ truth, taken, count }) => ({
      pair: `${plotText(truth)} → ${plotText(taken)}`,
      count,
    }));
  return plotOf(
    title,
    [`${wrong} of ${several(asked, "answer")} wrong; a class → what it was taken for`],
    {
      width: 280,
      height: { step: 18 },
      data: { values },
      encoding: {
        y: {
          field: "pair",
          type: "nominal",
          sort: null,
          title: null,
          axis: { labelLimit: 300, ticks: false, domain: false },
        },
        x: {
          field: "count",
          type: "quantitative",
          title: "mistakes",
          axis: { tickMinStep: 1, tickCount: 6 },
        },
      },
      layer: [{ mark: { type: "bar", color: colors[0] } }],
    },
  );
};
