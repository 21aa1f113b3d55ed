import * as Effect from "effect/Effect";
import type { Baseline, Dataset, Row, Tensor } from "../../../src/index.ts";
import { emojiSpelled, nameScores } from "../../data/multimodal/emojiSpelled.ts";
import { recalls, type Score } from "../../data/multimodal/recall.ts";
import { tfIdf } from "../../data/tfIdf.ts";

/** Baselines for pictures in a column `image`, texts as numbers of words in a column `texts`, and groups in a column `group`. */

/** The side of a thumbnail: images of this many pixels times 4, or another number, are averaged to it. */
const side = 5;

/** Pictures as thumbnails of 5×5 colors, one row each. */
const thumbnails = (rows: Dataset<Row>): readonly Float32Array[] => {
  const images = rows.column("image") as Tensor;
  const [n = 0, height = 0, width = 0, channels = 0] = images.shape;
  const pixels = images.toTypedArray();
  return Array.from({ length: n }, (_, i) => {
    const made = new Float32Array(side * side * channels);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++) {
          const at =
            (Math.floor((y * side) / height) * side + Math.floor((x * side) / width)) * channels;
          made[at + c] =
            (made[at + c] as number) +
            ((pixels[((i * height + y) * width + x) * channels + c] as number) * side ** 2) /
              (height * width);
        }
    return made;
  });
};

/** The rows of `known` whose thumbnails are nearest to each of `asked`, the nearest first. */
export const nearestRows = (
  known: Dataset<Row>,
  asked: Dataset<Row>,
  count: number,
): readonly (readonly number[])[] => {
  const all = thumbnails(known);
  return thumbnails(asked).map((one) =>
    all
      .map((other, i) => [other.reduce((sum, x, d) => sum + (x - (one[d] as number)) ** 2, 0), i])
      .toSorted(([a = 0], [b = 0]) => a - b)
      .slice(0, count)
      .map(([, i = 0]) => i),
  );
};

/** The words of the `kind`-th text of each row. */
const wordsIn = (rows: Dataset<Row>, kind: number): readonly (readonly number[])[] => {
  const texts = rows.column("texts") as Tensor;
  const [n = 0, kinds = 0, length = 0] = texts.shape;
  const all = texts.toTypedArray();
  return Array.from({ length: n }, (_, i) =>
    [...all.subarray((i * kinds + kind) * length, (i * kinds + kind + 1) * length)].filter(
      (word) => word !== 0,
    ),
  );
};

/**
 * Asks for the words of the pictures for training whose thumbnails are nearest, and ranks texts by TF-IDF; and says which group
 * the nearest has.
 */
export const nearestWords = (kind: number, count: number): Baseline => ({
  name: `the words of ${count} similar pictures`,
  evaluate: ({ train, test = train }) => {
    const near = nearestRows(train, test, count);
    const known = wordsIn(train, kind);
    const { scores } = tfIdf(wordsIn(test, kind));
    const found = near.map((rows) => scores(rows.flatMap((row) => known[row] ?? [])));
    const score: Score = (picture, text) => found[picture]?.get(text) ?? 0;
    const [learned, right] = [train, test].map((rows) => rows.column("group").toTypedArray());
    const same = near.filter(([first = 0], i) => learned?.[first] === right?.[i]);
    return { ...recalls(near.length, score), group: same.length / near.length };
  },
});

/** The most frequent group. */
export const frequentGroup: Baseline = {
  name: "the most frequent group",
  evaluate: ({ train, test = train }) => {
    const [learned = [], right = []] = [train, test].map((rows) => [
      ...rows.column("group").toTypedArray(),
    ]);
    const countOf = (group: number) => learned.filter((other) => other === group).length;
    const [most = 0] = [...new Set(learned)].toSorted((a, b) => countOf(b) - countOf(a));
    return { group: right.filter((group) => group === most).length / right.length };
  },
};

/** The name of the picture for training whose thumbnail is nearest. */
export const nearestName = {
  name: "the name of the nearest picture",
  evaluate: () =>
    Effect.map(emojiSpelled, ({ splits: { train, test }, names }) => {
      const pairs = nearestRows(train, test, 1).map(
        ([row = 0], i) => [names.train[row] ?? "", names.test[i] ?? ""] as const,
      );
      return Object.fromEntries(nameScores.map(({ name, of }) => [name, of(pairs)]));
    }),
} satisfies Baseline<unknown>;
