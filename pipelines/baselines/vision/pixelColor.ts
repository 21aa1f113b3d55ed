import type { Baseline, Dataset, Row } from "../../../src/index.ts";

/** Baselines that look at the color of one pixel: images in a column `image`, and 1 or 0 for each pixel in another. */

/** The pixels of all images: their colors, and whether each belongs to the class. */
const pixelsOf = (rows: Dataset<Row>, column: string) => ({
  colors: rows.column("image").toTypedArray(),
  labels: rows.column(column).toTypedArray(),
});

type Pixels = ReturnType<typeof pixelsOf>;

/** How well a rule for each pixel finds the class: the error, and the overlaps of both classes. */
const judged = ({ labels }: Pixels, isIn: (pixel: number) => boolean) => {
  const counts = [
    [0, 0],
    [0, 0],
  ];
  for (let i = 0; i < labels.length; i++) {
    const row = counts[labels[i] as number] as number[];
    const at = isIn(i) ? 1 : 0;
    row[at] = (row[at] as number) + 1;
  }
  const [[land = 0, flooded = 0] = [], [dried = 0, water = 0] = []] = counts;
  const wrong = flooded + dried;
  return {
    pixelError: wrong / labels.length,
    "iou of 0": land / (land + wrong),
    "iou of 1": water / (water + wrong),
  };
};

/** The difference of blue and red, with the threshold that has the smallest error on the training images. */
export const blueThreshold = (column: string): Baseline => ({
  name: "bluer than a threshold",
  evaluate: ({ train, test = train }) => {
    const above = (of: Pixels, threshold: number) =>
      judged(
        of,
        (i) => (of.colors[3 * i + 2] as number) - (of.colors[3 * i] as number) > threshold,
      );
    const seen = pixelsOf(train, column);
    const tried = Array.from({ length: 41 }, (_, i) => {
      const threshold = (i - 20) / 100;
      return { threshold, error: above(seen, threshold).pixelError };
    });
    const [best] = tried.toSorted((a, b) => a.error - b.error);
    return above(pixelsOf(test, column), best?.threshold ?? 0);
  },
});

/** The numbers of a color that a regression weighs: 1, red, green, blue, and their squares and products. */
const terms = ({ colors }: Pixels, i: number): readonly number[] => {
  const [r, g, b] = [colors[3 * i], colors[3 * i + 1], colors[3 * i + 2]] as [
    number,
    number,
    number,
  ];
  return [1, r, g, b, r * r, g * g, b * b, r * g, r * b, g * b];
};

/** Solves `a x = b` for a symmetric positive definite `a`, by elimination. */
const solved = (a: readonly (readonly number[])[], b: readonly number[]): readonly number[] => {
  const rows = a.map((row, i) => [...row, b[i] as number]);
  for (const [k, pivot] of rows.entries())
    for (const row of rows.slice(k + 1)) {
      const factor = (row[k] as number) / (pivot[k] as number);
      for (let j = k; j <= rows.length; j++)
        row[j] = (row[j] as number) - factor * (pivot[j] as number);
    }
  const x: number[] = [];
  for (const [k, row] of [...rows.entries()].toReversed()) {
    const rest = row.slice(k + 1, -1).reduce((sum, c, j) => sum + c * (x[k + 1 + j] as number), 0);
    x[k] = ((row.at(-1) as number) - rest) / (row[k] as number);
  }
  return x;
};

const weighed = (weights: readonly number[], of: readonly number[]): number =>
  of.reduce((sum, term, i) => sum + term * (weights[i] as number), 0);

/** Logistic regression on the color of a pixel and its squares, by Newton's method on every `stride`-th training pixel. */
export const colorRegression = (column: string, stride = 37): Baseline => ({
  name: "logistic regression on the pixel's color",
  evaluate: ({ train, test = train }) => {
    const seen = pixelsOf(train, column);
    let weights: readonly number[] = terms(seen, 0).map(() => 0);
    for (let iteration = 0; iteration < 12; iteration++) {
      // A little of the squared weights, so that the equations have one solution.
      const slope = weights.map((w) => -1e-3 * w);
      const curvature = weights.map((_, j) => weights.map((_, k) => (j === k ? 1e-3 : 0)));
      for (let i = 0; i < seen.labels.length; i += stride) {
        const x = terms(seen, i);
        const p = 1 / (1 + Math.exp(-weighed(weights, x)));
        for (const [j, term] of x.entries()) {
          slope[j] = (slope[j] as number) + term * ((seen.labels[i] as number) - p);
          const row = curvature[j] as number[];
          for (const [k, other] of x.entries())
            row[k] = (row[k] as number) + p * (1 - p) * term * other;
        }
      }
      const step = solved(curvature, slope);
      weights = weights.map((w, j) => w + (step[j] as number));
    }
    const asked = pixelsOf(test, column);
    return judged(asked, (i) => weighed(weights, terms(asked, i)) > 0);
  },
});
