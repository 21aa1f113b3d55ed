import { InvalidArgument } from "../../errors.ts";
import { monoidRatio, type Ratio, ratio } from "./metric.ts";
import type { PairMetric } from "./pairs.ts";

/** Regions of an image, pixel by pixel and row by row: the number of its region, or 0 on a border between regions. */
export type Regions = ArrayLike<number>;

/**
 * The connected regions of the pixels that are not 0, numbered from 1 in the order of their first pixels; 0 elsewhere. Pixels
 * are connected by their sides, and with `diagonal` by their corners too.
 *
 * **Fails with** `InvalidArgument`, thrown, where there are not `width` pixels in each row.
 *
 * @example
 * ```ts
 * import { connectedRegions } from "fluxion/metrics";
 * const mask = [1, 0, 1, 1, 0, 0, 0, 0, 1];
 * [...connectedRegions(mask, 3)] // => [1, 0, 2, 1, 0, 0, 0, 0, 3]
 * ```
 */
export const connectedRegions = (
  mask: ArrayLike<number>,
  width: number,
  { diagonal = false }: { readonly diagonal?: boolean } = {},
): Int32Array => {
  const height = mask.length / width;
  if (!(Number.isSafeInteger(width) && width > 0 && Number.isSafeInteger(height)))
    throw new InvalidArgument({
      op: "connectedRegions",
      argument: "width",
      expected: `the number of pixels in a row of ${mask.length}`,
      actual: String(width),
    });
  const regions = new Int32Array(mask.length);
  let found = 0;
  // The pixels of a region whose neighbors are still to be visited.
  const waiting: number[] = [];
  const visit = (x: number, y: number): void => {
    const at = y * width + x;
    if (x < 0 || x >= width || y < 0 || y >= height || mask[at] === 0 || regions[at] !== 0) return;
    regions[at] = found;
    waiting.push(at);
  };
  for (let first = 0; first < mask.length; first++) {
    if (mask[first] === 0 || regions[first] !== 0) continue;
    found++;
    visit(first % width, Math.floor(first / width));
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)];
      for (const [dx, dy] of diagonal ? corners : sides) visit(x + dx, y + dy);
    }
  }
  return regions;
};

type Neighbors = readonly (readonly [dx: number, dy: number])[];
const sides: Neighbors = [
  [0, -1],
  [-1, 0],
  [1, 0],
  [0, 1],
];
const corners: Neighbors = [...sides, [-1, -1], [1, -1], [-1, 1], [1, 1]];

/** How often each number occurs. */
const countsOf = (keys: Iterable<number>): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

const squares = (counts: ReadonlyMap<number, number>): number =>
  [...counts.values()].reduce((sum, n) => sum + n * n, 0);

/**
 * The adapted Rand error of a segmentation: whether pairs of pixels that belong together are together. A border that is
 * broken in one pixel joins two regions, which an error of pixels hardly sees.
 *
 * **Math** `1 - 2 Σ pᵢⱼ² / (Σ aᵢ² + Σ bⱼ²)`, where `pᵢⱼ` is the number of pixels in the true region `i` and the predicted
 * region `j`, and `a` and `b` are their sums. Only pixels of true regions count; of these, each that was predicted as a border
 * is a region of its own. It is the mean over the images that have regions, from 0 to 1.
 * **Fails with** `InvalidArgument`, thrown, where two images have different numbers of pixels.
 * **Source** Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for connectomics" (2015),
 * `V^Rand_Fscore`; pixels predicted as borders as in the script of the SNEMI3D challenge.
 *
 * @example
 * ```ts
 * import { connectedRegions, randError, scorePairs } from "fluxion/metrics";
 * const cells = connectedRegions([1, 1, 0, 1, 1], 5);
 * // One region where there are two of two pixels: 1 - 2 (2² + 2²) / (2² + 2² + 4²).
 * scorePairs(randError, [[[1, 1, 1, 1, 1], cells]]) // => 0.3333333
 * ```
 */
export const randError: PairMetric<Regions, Regions, Ratio> = {
  name: "randError",
  better: "lower",
  monoid: monoidRatio,
  of: (predicted, reference) => {
    if (predicted.length !== reference.length)
      throw new InvalidArgument({
        op: "randError",
        argument: "the predicted regions",
        expected: `${reference.length} pixels, as the reference has`,
        actual: `${predicted.length} pixels`,
      });
    const inside = Array.from(reference, (_, i) => i).filter((i) => reference[i] !== 0);
    const shown = inside.filter((i) => predicted[i] !== 0);
    const borders = inside.length - shown.length;
    // Predicted regions by the order in which they occur, so that two of any numbers are never one.
    const known = new Map(
      [...new Set(shown.map((i) => predicted[i] as number))].map((n, i) => [n, i]),
    );
    const trues = new Map(
      [...new Set(inside.map((i) => reference[i] as number))].map((n, i) => [n, i]),
    );
    const a = squares(countsOf(inside.map((i) => reference[i] as number)));
    const b = squares(countsOf(shown.map((i) => predicted[i] as number))) + borders;
    const both = shown.map(
      (i) =>
        (trues.get(reference[i] as number) as number) * known.size +
        (known.get(predicted[i] as number) as number),
    );
    const p = squares(countsOf(both)) + borders;
    return inside.length === 0 ? monoidRatio.empty : { total: 1 - (2 * p) / (a + b), count: 1 };
  },
  value: ratio,
};
