import type { Tensor } from "../../../src/index.ts";
import type { SomeMetric } from "../../../src/learn/index.ts";
import {
  type Box,
  type Detection,
  meanAveragePrecision,
  overOutputs,
  type PairMetric,
  type Ratio,
  type Summary,
  scorePairs,
} from "../../../src/nn/metrics/index.ts";

/** Boxes in tensors, and what is measured of them: the same for a detector and for its baselines. */

type Rows = readonly (readonly number[])[];

/** Boxes of rows of left, top, right, bottom and class; rows of the class -1 are none. */
export const boxesIn = (rows: Rows): readonly Box[] =>
  rows.flatMap(([left = 0, top = 0, right = 0, bottom = 0, kind = -1]) =>
    kind < 0 ? [] : [{ left, top, right, bottom, class: kind }],
  );

/** Detections of rows of left, top, right, bottom, class and score; rows of the score 0 are none. */
export const detectionsIn = (rows: Rows): readonly Detection[] =>
  rows.flatMap(([left = 0, top = 0, right = 0, bottom = 0, kind = -1, score = 0]) =>
    score > 0 ? [{ left, top, right, bottom, class: kind, score }] : [],
  );

/** The boxes of each row of a column `[images, boxes, 5]`. */
export const boxesOfRows = (column: Tensor): readonly (readonly Box[])[] =>
  (column.toArray() as readonly Rows[]).map(boxesIn);

/** The detections and the true boxes of images. */
type Pairs = readonly (readonly [readonly Detection[], readonly Box[]])[];
type BoxMetric<A extends Summary> = PairMetric<readonly Detection[], readonly Box[], A>;

/** The mean, over images, of how far the number of sure enough detections of a class is from that of its boxes. */
const countError = (name: string, kind: number, least: number): BoxMetric<Ratio> => ({
  name: `${name}Count`,
  better: "lower",
  monoid: {
    empty: { total: 0, count: 0 },
    concat: (a, b) => ({ total: a.total + b.total, count: a.count + b.count }),
  },
  of: (found, boxes) => {
    const counted = found.filter((d) => d.class === kind && d.score >= least).length;
    const there = boxes.filter((box) => box.class === kind).length;
    return { total: Math.abs(counted - there), count: 1 };
  },
  value: ({ total, count }) => total / count,
});

/** A figure of boxes: of pairs, and as a metric of a run whose outputs are `[n, 6]` and targets `[m, 5]`. */
export interface BoxFigure {
  readonly name: string;
  readonly of: (pairs: Pairs) => number;
  readonly metric: SomeMetric;
}

const figure = <A extends Summary>(metric: BoxMetric<A>): BoxFigure => ({
  name: metric.name,
  of: (pairs) => scorePairs(metric, pairs),
  metric: overOutputs(metric, (output, target) => [
    detectionsIn(output.toArray() as Rows), // the shapes say so
    boxesIn(target.toArray() as Rows),
  ]),
});

/**
 * Mean average precision at an overlap of 0.5 (`map50`) and averaged from 0.5 to 0.95 (`map`), and for each class the error of
 * the count of detections with a score of at least `least`.
 */
export const boxFigures = (names: readonly string[], least: number): readonly BoxFigure[] => {
  const classes = names.length;
  return [
    figure({ ...meanAveragePrecision({ classes, overlaps: [0.5] }), name: "map50" }),
    figure(meanAveragePrecision({ classes })),
    ...names.map((name, kind) => figure(countError(name, kind, least))),
  ];
};

/** All figures of some images, by name. */
export const figuresOf = (figures: readonly BoxFigure[], pairs: Pairs) =>
  Object.fromEntries(figures.map(({ name, of }) => [name, of(pairs)]));
