import type { Expr } from "../../../ir/expr.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { declared, noParams, open, stateless, within } from "../../apply.ts";
import {
  exampleOf,
  exampleShape,
  type Grid,
  type PerAxis,
  type Rank,
  requireSliding,
} from "../../functional/geometry.ts";
import type { AveragePoolOptions, PoolOptions } from "../../functional/pool.ts";
import * as functional from "../../functional/pool.ts";
import type { Composable, Layer, OpenLayer } from "../../layer.ts";
import type { Endo, Like } from "../../types/chain.ts";
import type { Moves, Slides } from "../../types/extent.ts";

/**
 * Pooling layers: each window of an example becomes one element, separately for each channel. Channels are the last
 * axis. A wrong size throws `InvalidArgument`. A window larger than the padded example is a type error if both are
 * literal, and otherwise a `ShapeMismatch` with the path of the layer. Types always follow the channels, and follow
 * literal extents if windows do not overlap.
 */
type Pool<R extends Rank, M> = Layer<Grid<R, number>, Grid<R, number>, undefined, undefined> &
  Moves<M>;

/** Adjacent windows without overlap: the default. */
interface Side<K extends PerAxis> {
  readonly pools: {
    readonly size: K;
    readonly stride: K;
    readonly padding: "valid";
    readonly dilation: 1;
  };
}

/** Windows with options: types know only that the channels stay. */
interface Some {
  readonly pools: Slides;
}

interface MakePool<R extends Rank, Options> {
  <const K extends PerAxis>(size: K): Pool<R, Side<K>>;
  (size: PerAxis, options: Options): Pool<R, Some>;
}

const show = (size: PerAxis): string => (typeof size === "number" ? [size] : size).join("×");

/** Builds a pooling layer. The exported makers declare what it does to shapes. */
const pool = <R extends Rank>(
  op: string,
  rank: R,
  size: PerAxis,
  f: (x: Expr) => Expr,
  options: PoolOptions = {},
): Pool<R, never> => {
  requireSliding(op, rank, size, options);
  const takes = `${exampleShape(rank)} with room for ${show(size)}`;
  return stateless(`${op} ${show(size)}`, noParams, (_, x) => f(exampleOf(x, rank)), takes);
};

const makeMaxPool =
  <R extends Rank>(op: string, rank: R): MakePool<R, PoolOptions> =>
  (size: PerAxis, options?: PoolOptions) =>
    pool(op, rank, size, (x) => functional.maxPool(x, size, options), options);

/**
 * Max pooling of sequences: {@link maxPool2d} along one axis. **Shapes** `x: [n, c] → y: [m, c]`. **Fails with** as
 * {@link maxPool2d}.
 */
export const maxPool1d = makeMaxPool("maxPool1d", 1);

/**
 * The maximum of each window of an image. The stride defaults to the window size.
 *
 * **Shapes** `x: [h, w, c] → y: [h′, w′, c]`, one example.
 * **Math** `y = max x` over each window; ties share the derivative.
 * **Source** Ranzato et al. (2007), "Unsupervised learning of invariant feature hierarchies".
 *
 * @example
 * ```ts
 * import { maxPool2d } from "fluxion";
 * import { summary } from "fluxion/nn";
 * summary(maxPool2d(2), [28, 28, 16]).map((row) => row.output) // => [[14, 14, 16]]
 * ```
 */
export const maxPool2d = makeMaxPool("maxPool2d", 2);

/**
 * Max pooling of volumes: {@link maxPool2d} along three axes. **Shapes** `x: [d, h, w, c] → y: [d′, h′, w′, c]`.
 * **Fails with** as {@link maxPool2d}.
 */
export const maxPool3d = makeMaxPool("maxPool3d", 3);

const makeAvgPool =
  <R extends Rank>(op: string, rank: R): MakePool<R, AveragePoolOptions> =>
  (size: PerAxis, options?: AveragePoolOptions) =>
    pool(op, rank, size, (x) => functional.avgPool(x, size, options), options);

/**
 * Average pooling of sequences: {@link avgPool2d} along one axis. **Shapes** `x: [n, c] → y: [m, c]`. **Fails with** as
 * {@link maxPool2d}.
 */
export const avgPool1d = makeAvgPool("avgPool1d", 1);
/**
 * Average pooling of images: the mean of each window. The stride defaults to the window size.
 *
 * **Shapes** `x: [h, w, c] → y: [h′, w′, c]`, one example. **Fails with** as {@link maxPool2d}.
 * **Source** LeCun et al., "Gradient-based learning applied to document recognition" (1998), section II.B, without its
 * params.
 */
export const avgPool2d = makeAvgPool("avgPool2d", 2);
/**
 * Average pooling of volumes: {@link avgPool2d} along three axes. **Shapes** `x: [d, h, w, c] → y: [d′, h′, w′, c]`.
 * **Fails with** as {@link maxPool2d}.
 */
export const avgPool3d = makeAvgPool("avgPool3d", 3);

interface MakeLpPool<R extends Rank> {
  <const K extends PerAxis>(p: number, size: K): Pool<R, Side<K>>;
  (p: number, size: PerAxis, options: PoolOptions): Pool<R, Some>;
}

const makeLpPool =
  <R extends Rank>(op: string, rank: R): MakeLpPool<R> =>
  (p: number, size: PerAxis, options?: PoolOptions) => {
    functional.requireNorm(op, p);
    return pool(op, rank, size, (x) => functional.lpPool(x, p, size, options), options);
  };

/**
 * Power-average pooling of sequences: {@link lpPool2d} along one axis. **Shapes** `x: [n, c] → y: [m, c]`. **Fails
 * with** as {@link lpPool2d}.
 */
export const lpPool1d = makeLpPool("lpPool1d", 1);
/**
 * Power-average pooling of images: the `p`-norm of each window.
 *
 * **Shapes** `x: [h, w, c] → y: [h′, w′, c]`, one example. **Math** `y = (Σ |x|ᵖ)^(1/p)`.
 * **Fails with** as {@link maxPool2d}; `InvalidArgument`, thrown, where `p` is not a finite number above 0.
 * **Source** Sermanet et al. (2012), arXiv:1204.3968.
 */
export const lpPool2d = makeLpPool("lpPool2d", 2);
/**
 * Power-average pooling of volumes: {@link lpPool2d} along three axes. **Shapes** `x: [d, h, w, c] → y: [d′, h′, w′,
 * c]`. **Fails with** as {@link lpPool2d}.
 */
export const lpPool3d = makeLpPool("lpPool3d", 3);

const adaptive =
  <R extends Rank>(op: string, rank: R, f: (x: Expr, size: PerAxis) => Expr) =>
  <const K extends PerAxis>(size: K): Pool<R, { readonly places: K }> =>
    pool(op, rank, size, (x) => f(x, size));

/** The mean of each of `size` nearly equal regions of `[n, channels]`, for any `n`. */
export const adaptiveAvgPool1d = adaptive("adaptiveAvgPool1d", 1, functional.adaptiveAvgPool);
/** The mean of each of `size` nearly equal regions of `[h, w, channels]`, for any extents. */
export const adaptiveAvgPool2d = adaptive("adaptiveAvgPool2d", 2, functional.adaptiveAvgPool);
/** The mean of each of `size` nearly equal regions of `[d, h, w, channels]`, for any extents. */
export const adaptiveAvgPool3d = adaptive("adaptiveAvgPool3d", 3, functional.adaptiveAvgPool);
/** The maximum of each of `size` nearly equal regions of `[n, channels]`. */
export const adaptiveMaxPool1d = adaptive("adaptiveMaxPool1d", 1, functional.adaptiveMaxPool);
/** The maximum of each of `size` nearly equal regions of `[h, w, channels]`. */
export const adaptiveMaxPool2d = adaptive("adaptiveMaxPool2d", 2, functional.adaptiveMaxPool);
/** The maximum of each of `size` nearly equal regions of `[d, h, w, channels]`. */
export const adaptiveMaxPool3d = adaptive("adaptiveMaxPool3d", 3, functional.adaptiveMaxPool);

type GlobalPool = Layer<Shape, readonly [number], undefined, undefined> & Moves<"channels">;

/**
 * The mean of each channel over all positions.
 *
 * **Shapes** `x: [...n, c] → y: [c]`, one example.
 * **Source** Lin, Chen and Yan, "Network in network" (2013), arXiv:1312.4400.
 */
export const globalAvgPool: GlobalPool = stateless(
  "globalAvgPool",
  noParams,
  (_, x) => functional.globalAvgPool(x),
  "[..., channels]",
);

/** The maximum of each channel over all positions. **Shapes** `x: [...n, c] → y: [c]`, one example. */
export const globalMaxPool: GlobalPool = stateless(
  "globalMaxPool",
  noParams,
  (_, x) => functional.globalMaxPool(x),
  "[..., channels]",
);

/**
 * Applies a layer between max pooling and unpooling: its outputs go back to the positions of the maxima. Nested, this
 * is the encoder and decoder of SegNet.
 *
 * **Shapes** for a layer that keeps its shape: `x: [...n, c] → y: [...n, c]`, one example.
 * **Fails with** `ShapeMismatch` when compiled, where the layer changes the shape, or a window is larger than the padded
 * example; `InvalidArgument`, thrown, where a size or an option is invalid.
 * **Source** Badrinarayanan, Kendall and Cipolla (2015), arXiv:1511.00561, figure 3.
 *
 * @example
 * ```ts
 * import { conv2d, relu, sequential } from "fluxion";
 * import { summary, maxUnpool } from "fluxion/nn";
 * const block = sequential(conv2d(4, 4, 3, { padding: "same" }), relu);
 * summary(maxUnpool(2, block), [6, 8, 4])[1] // => { name: "sequential", depth: 1, input: [3, 4, 4], output: [3, 4, 4], params: 148 }
 * ```
 */
export const maxUnpool = <const L extends Composable>(
  size: PerAxis,
  layer: L & Endo<L, "maxUnpool">,
  options: PoolOptions = {},
): Like<L> => {
  const { stride, padding, dilation } = options;
  // The number of axes comes from the options, or else from the example.
  const lists = [size, stride, padding, dilation].filter((given) => typeof given === "object");
  requireSliding("maxUnpool", lists[0]?.length ?? 1, size, options);
  return declared(maxUnpoolOpen(size, open(layer), options));
};

const maxUnpoolOpen = (size: PerAxis, inner: OpenLayer, options: PoolOptions): OpenLayer => ({
  name: "maxUnpool",
  init: inner.init,
  apply: (params, state, x, context) => {
    const [greatest, indices] = functional.maxPoolWithIndices(x, size, options);
    const [y, next] = within(inner.name, inner, params, state, greatest, context);
    return [functional.maxUnpool(y, indices, x.shape.slice(0, -1)), next];
  },
  parts: {
    children: [inner],
    rebuild: ([child = inner]) => maxUnpoolOpen(size, open(child), options),
  },
});
