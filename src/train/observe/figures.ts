import { flattenTensors } from "../../ir/trees.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import { leafPaths } from "../../tree.ts";
import type { TrainState } from "../state/state.ts";

/** Counts of numbers in bins of equal width between the least and the greatest. */
export interface Histogram {
  readonly least: number;
  readonly greatest: number;
  readonly counts: readonly number[];
}

/** What the numbers of one tensor are like. Infinities and NaN are counted apart, and in nothing else. */
export interface TensorFigures extends Histogram {
  /** The path within the params, such as `0.weight`. */
  readonly path: string;
  readonly size: number;
  readonly mean: number;
  /** The standard deviation. */
  readonly deviation: number;
  /** The square root of the sum of squares. */
  readonly norm: number;
  /** The share of numbers that are exactly 0. */
  readonly zeros: number;
  /** How many are infinite or NaN. */
  readonly nonFinite: number;
}

/** The figures of every param, and of its gradient and update where they are recorded. */
export interface LayerFigures {
  readonly step: number;
  readonly params: readonly TensorFigures[];
  readonly gradients: readonly TensorFigures[];
  readonly updates: readonly TensorFigures[];
}

/** Describes the numbers of a tensor; `bins` defaults to 30. An empty tensor has a mean of NaN and a range of 0. */
export const tensorFigures = (path: string, tensor: Tensor, bins = 30): TensorFigures => {
  whole(1)("tensorFigures", { bins });
  const data = Tensor.read(tensor);
  let [least, greatest, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  let [finite, zeros] = [0, 0];
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    finite += 1;
    sum += x;
    squares += x * x;
    if (x === 0) zeros += 1;
    if (x < least) least = x;
    if (x > greatest) greatest = x;
  }
  if (finite === 0) [least, greatest] = [0, 0];
  const mean = sum / finite;
  const counts = new Array<number>(bins).fill(0);
  // Halves, since the width of a range of finite numbers may be infinite.
  const width = greatest / 2 - least / 2;
  let deviations = 0;
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    deviations += (x - mean) ** 2;
    const share = width === 0 ? 0 : (x / 2 - least / 2) / width;
    const bin = Math.min(bins - 1, Math.floor(share * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return {
    ...{ path, least, greatest, counts, mean },
    size: tensor.size,
    deviation: Math.sqrt(deviations / finite),
    norm: Math.sqrt(squares),
    zeros: zeros / tensor.size,
    nonFinite: tensor.size - finite,
  };
};

const figuresOf = (tree: unknown, bins: number | undefined): readonly TensorFigures[] => {
  const { leaves, shape } = flattenTensors(tree);
  const paths = leafPaths(shape);
  return leaves.flatMap((leaf, i) =>
    isFloat(leaf.dtype) ? [tensorFigures((paths[i] ?? []).join("."), leaf, bins)] : [],
  );
};

type Fields = { readonly [field: string]: unknown };

const fieldsOf = (tree: unknown): Fields | undefined =>
  typeof tree === "object" && tree !== null && !(tree instanceof Tensor)
    ? (tree as Fields)
    : undefined;

/** The first place in a tree with the fields of {@link recorded}. */
const recordedIn = (tree: unknown): Fields | undefined => {
  const fields = fieldsOf(tree);
  if (fields === undefined) return undefined;
  if (["watched", "gradients", "updates"].every((name) => Object.hasOwn(fields, name)))
    return fields;
  for (const part of Object.values(fields)) {
    const found = recordedIn(part);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The options of {@link layerFigures}. */
export interface FiguresOptions {
  /** The number of bins of histograms. Defaults to 30. */
  readonly bins?: number;
}

/**
 * Histograms, means and norms of the params of a state, by path; with an optimizer that is `recorded`, those of its last
 * gradients and updates too. Map the events with a state to it: the run itself is not slower. With `statesEvery` for the
 * states `r` in the middle of epochs, and `f` for the figures:
 *
 * ```text
 * run     s-(pr)-(pr)-1-(pr)-(pr)-2-c|
 * events  f--f----f---f--f----f---f-f|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `bins` is not a whole number above 0.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { filter, lastValueFrom, map, toArray } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor, train$ } from "fluxion";
 * import { recorded } from "fluxion/optim";
 * import { layerFigures, statesEvery } from "fluxion/train";
 * const line = pipeline(
 *   "line",
 *   Effect.succeed({ train: dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) }) }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: recorded(sgd({ learningRate: 0.1 })),
 *   }),
 *   { batchSize: 1 },
 * );
 * const figures$ = train$(line).pipe(
 *   statesEvery({ steps: 2 }),
 *   filter((event) => event._tag === "StateReached"),
 *   map(({ state }) => layerFigures(state)),
 *   toArray(),
 * );
 * const [second] = await lastValueFrom(figures$);
 * second?.gradients.map(({ path }) => path) // => ["bias", "weight"]
 * second?.step // => 2
 * ```
 */
export const layerFigures = (
  { carried, step }: Pick<TrainState, "carried" | "step">,
  { bins }: FiguresOptions = {},
): LayerFigures => {
  const record = recordedIn(carried);
  return {
    step,
    params: figuresOf(fieldsOf(carried)?.params, bins),
    gradients: figuresOf(record?.gradients, bins),
    updates: figuresOf(record?.updates, bins),
  };
};
