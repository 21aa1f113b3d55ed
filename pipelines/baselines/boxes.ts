import type { Tensor } from "../../src/index.ts";
import {
  type Box,
  type Detection,
  type Metric,
  meanAveragePrecision,
  scorePairs,
} from "../../src/nn/metrics/index.ts";

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

/** The boxes of each row of a column. */
export const boxesOfRows = (column: Tensor): readonly (readonly Box[])[] =>
  (column.toArray() as readonly Rows[]).map(boxesIn);

type Pairs = Iterable<readonly [readonly Detection[], readonly Box[]]>;

/** A figure of the detections and the true boxes of images. */
export interface BoxFigure {
  readonly name: string;
  readonly better: "higher" | "lower";
  readonly of: (pairs: Pairs) => number;
}

/** The mean, over images, of how far the number of detections of a class is from that of its boxes. */
const countError = (name: string, kind: number, least: number): BoxFigure => ({
  name: `${name}CountError`,
  better: "lower",
  of: (pairs) => {
    const errors = Array.from(pairs, ([found, boxes]) => {
      const counted = found.filter((d) => d.class === kind && d.score >= least).length;
      return Math.abs(counted - boxes.filter((box) => box.class === kind).length);
    });
    return errors.reduce((a, b) => a + b, 0) / errors.length;
  },
});

/**
 * Mean average precision at an overlap of 0.5 and averaged from 0.5 to 0.95, and of each class the error of the count of
 * detections with a score of at least `least`.
 */
export const boxFigures = (names: readonly string[], least: number): readonly BoxFigure[] => {
  const classes = names.length;
  const precision = (name: string, overlaps?: readonly number[]): BoxFigure => {
    const metric = meanAveragePrecision({ classes, ...(overlaps && { overlaps }) });
    return { name, better: "higher", of: (pairs) => scorePairs(metric, pairs) };
  };
  return [
    precision("map50", [0.5]),
    precision("map"),
    ...names.map((name, i) => countError(name, i, least)),
  ];
};

/** All figures of some images, by name. */
export const figuresOf = (figures: readonly BoxFigure[], pairs: Pairs) =>
  Object.fromEntries(figures.map(({ name, of }) => [name, of(pairs)]));

/** The outputs and targets of images, as lists. */
type Kept = { readonly found: readonly Rows[]; readonly boxes: readonly Rows[] };

/**
 * A figure as a metric of a run, whose outputs are `[n, 6]` and targets `[m, 5]`: it keeps the boxes of all images until
 * its value is read.
 */
export const asMetric = ({ name, better, of }: BoxFigure): Metric<Kept> => ({
  name,
  better,
  monoid: {
    empty: { found: [], boxes: [] },
    concat: (a, b) => ({
      found: [...a.found, ...b.found],
      boxes: [...a.boxes, ...b.boxes],
    }),
  },
  fromBatch: ({ outputs, targets }) => ({ found: outputs, boxes: targets }),
  value: ({ found, boxes }) =>
    of(found.map((rows, i) => [detectionsIn(rows), boxesIn(boxes[i] ?? [])] as const)),
});
