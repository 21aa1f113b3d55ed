import { InvalidArgument } from "../../../errors.ts";
import { fill } from "../../../ir/ops/indexing.ts";
import { uniform } from "../../../ir/ops/random.ts";
import { shown } from "../../../tensor/validate.ts";
import { noParams, stateless } from "../../apply.ts";
import { fractionalMaxPool } from "../../functional/fractionalPool.ts";
import {
  exampleOf,
  exampleShape,
  type Grid,
  type PerAxis,
  perAxis,
  type Rank,
} from "../../functional/geometry.ts";
import type { Layer } from "../../layer.ts";
import type { Moves } from "../../types/extent.ts";

/** How much fractional pooling leaves: a number of windows along each axis, or a share of its elements. */
export type FractionalOptions =
  | {
      /** The number of windows, for all axes or for each. */
      readonly outputSize: PerAxis;
      readonly outputRatio?: undefined;
    }
  | {
      /** The number of windows as a share of the elements of an axis, above 0 and below 1, rounded down. */
      readonly outputRatio: number | readonly number[];
      readonly outputSize?: undefined;
    };

type Pool<R extends Rank, M> = Layer<Grid<R, number>, Grid<R, number>, undefined, undefined> &
  Moves<M>;

/** Types follow the extents of an `outputSize`, and the channels alone where there is a ratio. */
interface MakePool<R extends Rank> {
  <const K extends PerAxis>(
    size: PerAxis,
    options: { readonly outputSize: K },
  ): Pool<R, { readonly places: K }>;
  (size: PerAxis, options: FractionalOptions): Pool<R, "channels">;
}

const ratiosOf = (op: string, given: number | readonly number[], rank: Rank): readonly number[] => {
  const ratios = typeof given === "number" ? new Array<number>(rank).fill(given) : given;
  if (ratios.length === rank && ratios.every((r) => r > 0 && r < 1)) return ratios;
  const expected = `above 0 and below 1, or ${rank} of them`;
  throw new InvalidArgument({ op, argument: "outputRatio", expected, actual: shown(given) });
};

const makePool =
  <R extends Rank>(op: string, rank: R): MakePool<R> =>
  (size: PerAxis, { outputSize, outputRatio }: FractionalOptions): Pool<R, never> => {
    const window = perAxis(op, "size", size, rank);
    if ((outputSize === undefined) === (outputRatio === undefined))
      throw new InvalidArgument({
        op,
        argument: "options",
        expected: "either outputSize or outputRatio",
        actual: shown(outputSize === undefined ? "neither" : "both"),
      });
    const ratios = outputRatio === undefined ? [] : ratiosOf(op, outputRatio, rank);
    const asked =
      outputSize === undefined ? undefined : perAxis(op, "outputSize", outputSize, rank);
    return stateless(
      `${op} ${window.join("×")}`,
      noParams,
      (_, input, { mode, key }) => {
        const x = exampleOf(input, rank);
        const shape = [x.shape.at(-1) ?? 1, rank];
        const dtype = x.dtype === "f64" ? "f64" : "f32";
        const samples = mode === "train" ? uniform(key, shape, { dtype }) : fill(shape, 0.5, dtype);
        const part = (n: number, i: number) => Math.max(1, Math.floor(n * (ratios[i] ?? 1)));
        return fractionalMaxPool(x, size, asked ?? x.shape.slice(0, rank).map(part), samples);
      },
      `${exampleShape(rank)} with room for the windows, ${window.join("×")}`,
    );
  };

/**
 * Fractional max pooling of images: the maximum of windows that begin at pseudo-random distances, so that an image shrinks
 * by any factor.
 *
 * **Shapes** `x: [h, w, c] → y: [h′, w′, c]`, one example, of `outputSize` windows along each axis, or
 * `⌊h · outputRatio⌋`, of `size` elements.
 * **Math** as `fractionalMaxPool`, with a uniform sample for each example, channel and axis in training. In evaluation each
 * sample is 1/2, so that nothing is drawn; PyTorch draws in evaluation too.
 * **Fails with** `InvalidArgument`, thrown, where a size or a ratio is invalid, or both or neither are given;
 * `ShapeMismatch`, when compiled, where the windows have no room.
 * **Source** Graham (2014), arXiv:1412.6071.
 *
 * @example
 * ```ts
 * import { fractionalMaxPool2d, summary } from "fluxion/nn";
 * const half = fractionalMaxPool2d(2, { outputRatio: Math.SQRT1_2 });
 * summary(half, [28, 28, 16]).map((row) => row.output) // => [[19, 19, 16]]
 * ```
 */
export const fractionalMaxPool2d: MakePool<2> = makePool("fractionalMaxPool2d", 2);

/**
 * Fractional max pooling of volumes: {@link fractionalMaxPool2d} along three axes.
 *
 * **Shapes** `x: [d, h, w, c] → y: [d′, h′, w′, c]`. **Fails with** as {@link fractionalMaxPool2d}.
 */
export const fractionalMaxPool3d: MakePool<3> = makePool("fractionalMaxPool3d", 3);
