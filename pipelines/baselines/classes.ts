import type { Baseline, Dataset, Row } from "../../src/index.ts";

/** Baselines for images in a column `image` and classes in a column `label`. */

const labelsOf = (rows: Dataset<Row>, column = "label"): readonly number[] => [
  ...rows.column(column).toTypedArray(),
];

const shareOf = (guesses: readonly number[], labels: readonly number[]): number =>
  guesses.filter((guess, i) => guess === labels[i]).length / labels.length;

/** Always predicts the most frequent class of the training examples. */
export const majorityClass: Baseline = {
  name: "majority class",
  evaluate: ({ train, test = train }) => {
    const counts = new Map<number, number>();
    for (const label of labelsOf(train)) counts.set(label, (counts.get(label) ?? 0) + 1);
    const [[guess] = [0]] = [...counts].toSorted(([, a], [, b]) => b - a);
    const labels = labelsOf(test);
    return {
      accuracy: shareOf(
        labels.map(() => guess),
        labels,
      ),
    };
  },
};

/** Labels each image like its nearest neighbor in `known`, by squared distance. */
const nearest = (
  known: ArrayLike<number>,
  labels: readonly number[],
  asked: ArrayLike<number>,
): readonly number[] => {
  const n = known.length / labels.length;
  return Array.from({ length: asked.length / n }, (_, i) => {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (const [j, label] of labels.entries()) {
      let distance = 0;
      for (let k = 0; k < n && distance < least; k++)
        distance += ((known[j * n + k] as number) - (asked[i * n + k] as number)) ** 2;
      if (distance < least) [best, least] = [label, distance];
    }
    return best;
  });
};

/** Predicts the class of the nearest training image, pixel by pixel. For small data. */
export const nearestNeighbor: Baseline = {
  name: "nearest neighbor",
  evaluate: ({ train, test = train }) => {
    const [known, asked] = [train, test].map((rows) => rows.column("image").toTypedArray());
    return {
      accuracy: shareOf(nearest(known ?? [], labelsOf(train), asked ?? []), labelsOf(test)),
    };
  },
};

/** Predicts the class whose mean of the column `input` is nearest, for classes in the column `target`. */
export const nearestMeanOf = (
  input: string,
  { name = "nearest mean", target = "label" } = {},
): Baseline => ({
  name,
  evaluate: ({ train, validation = train, test = validation }) => {
    const labels = labelsOf(train, target);
    const images = train.column(input).toTypedArray();
    const n = images.length / labels.length;
    const classes = [...new Set(labels)].toSorted((a, b) => a - b);
    const place = new Map(classes.map((label, i) => [label, i]));
    const means = new Float64Array(classes.length * n);
    const counts = classes.map((c) => labels.filter((label) => label === c).length);
    for (const [i, label] of labels.entries()) {
      const c = place.get(label) as number;
      for (let k = 0; k < n; k++)
        means[c * n + k] =
          (means[c * n + k] as number) + (images[i * n + k] as number) / (counts[c] as number);
    }
    const asked = test.column(input).toTypedArray();
    return { accuracy: shareOf(nearest(means, classes, asked), labelsOf(test, target)) };
  },
});

/** Predicts the class whose mean training image is nearest. */
export const nearestMean: Baseline = nearestMeanOf("image", { name: "nearest mean image" });
