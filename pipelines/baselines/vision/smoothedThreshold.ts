import type { Baseline, Dataset, Row } from "../../../src/index.ts";
import { connectedRegions, randError, scorePairs } from "../../../src/nn/metrics/index.ts";

/** The levels between which thresholds are tried. */
const levels = 256;

/** A Gaussian of a standard deviation, up to three of them. */
const gaussian = (deviation: number): readonly number[] => {
  const reach = Math.ceil(3 * deviation);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

/** A square image after a Gaussian along both axes; what lies beyond an edge is like the edge. */
export const smoothed = (
  image: ArrayLike<number>,
  extent: number,
  deviation: number,
): Float32Array => {
  const weights = gaussian(deviation);
  const reach = (weights.length - 1) / 2;
  const along = (from: ArrayLike<number>, step: number, across: number): Float32Array => {
    const out = new Float32Array(extent ** 2);
    for (let line = 0; line < extent; line++)
      for (let i = 0; i < extent; i++) {
        let sum = 0;
        for (let k = -reach; k <= reach; k++) {
          const at = Math.min(extent - 1, Math.max(0, i + k));
          sum += (weights[k + reach] as number) * (from[line * across + at * step] as number);
        }
        out[line * across + i * step] = sum;
      }
    return out;
  };
  return along(along(image, 1, extent), extent, 1);
};

/** The images of a dataset, smoothed, and where their membranes are. */
const imagesOf = (rows: Dataset<Row>, deviation: number) => {
  const [image, membrane] = [rows.column("image"), rows.column("membrane")];
  const extent = image.shape[1] ?? 0;
  const [pixels, truths] = [image.toTypedArray(), membrane.toTypedArray()];
  const part = (of: ArrayLike<number>, i: number) =>
    Float32Array.from({ length: extent ** 2 }, (_, k) => of[i * extent ** 2 + k] as number);
  return Array.from({ length: rows.size }, (_, i) => ({
    extent,
    pixels: smoothed(part(pixels, i), extent, deviation),
    truth: part(truths, i),
  }));
};

type Images = ReturnType<typeof imagesOf>;

/** The threshold below which most of the pixels that are either dark or membranes are both. */
const bestThreshold = (images: Images) => {
  const [membranes, others] = [new Float64Array(levels + 1), new Float64Array(levels + 1)];
  for (const { pixels, truth } of images)
    for (const [i, pixel] of pixels.entries()) {
      const counts = truth[i] === 1 ? membranes : others;
      const at = Math.min(levels, Math.max(0, Math.floor(pixel * levels)));
      counts[at] = (counts[at] as number) + 1;
    }
  const all = membranes.reduce((a, b) => a + b, 0);
  let [both, wrong] = [0, 0];
  let best = { overlap: -1, threshold: 0 };
  for (let level = 0; level <= levels; level++) {
    both += membranes[level] as number;
    wrong += others[level] as number;
    const overlap = both / (all + wrong);
    if (overlap > best.overlap) best = { overlap, threshold: (level + 1) / levels };
  }
  return best;
};

/** How well pixels below a threshold are membranes. */
const judged = (images: Images, threshold: number) => {
  let [both, either, wrong, pixelsInAll] = [0, 0, 0, 0];
  const pairs = images.map(({ extent, pixels, truth }) => {
    const dark = pixels.map((pixel) => (pixel < threshold ? 1 : 0));
    for (const [i, said] of dark.entries()) {
      both += said * (truth[i] as number);
      either += Math.max(said, truth[i] as number);
      wrong += said === truth[i] ? 0 : 1;
    }
    pixelsInAll += dark.length;
    const cells = [dark, truth].map((mask) =>
      connectedRegions(
        mask.map((x) => 1 - x),
        extent,
      ),
    );
    return cells as [Int32Array, Int32Array];
  });
  return {
    pixelError: wrong / pixelsInAll,
    iou: both / either,
    randError: scorePairs(randError, pairs),
  };
};

/**
 * Takes the dark pixels of a smoothed image for membranes. The width of the Gaussian and the threshold are those with the
 * greatest intersection over union on the training images.
 */
export const smoothedThreshold = (deviations: readonly number[]): Baseline => ({
  name: "threshold after smoothing",
  evaluate: ({ train, test = train }) => {
    const [best] = deviations
      .map((deviation) => ({ deviation, ...bestThreshold(imagesOf(train, deviation)) }))
      .toSorted((a, b) => b.overlap - a.overlap);
    const { deviation, threshold } = best ?? { deviation: 1, threshold: 0.5 };
    return judged(imagesOf(test, deviation), threshold);
  },
});
