import { InvalidArgument } from "../../../errors.ts";
import type { Expr } from "../../../ir/expr.ts";
import { add } from "../../../ir/ops/elementwise.ts";
import { type Key, split } from "../../../tensor/key.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { passedOn } from "../../../tensor/validate.ts";
import { takingInput } from "../../apply.ts";
import { named } from "../../combinators/containers.ts";
import { sequential } from "../../combinators/sequential.ts";
import { conv, convTranspose, outputPaddingOf, requireGroups } from "../../functional/conv.ts";
import {
  exampleOf,
  exampleShape,
  type PerAxis,
  perAxis,
  type Rank,
  requireSliding,
} from "../../functional/geometry.ts";
import { type Fan, fanInUniform } from "../../initializers.ts";
import type { AnyLayer, Composable, OpenLayer } from "../../layer.ts";
import type {
  Affine,
  ConvolutionOptions,
  Convolve,
  Depthwise,
  Separable,
  Transpose,
  TransposedOptions,
} from "../../types/conv.ts";

export type {
  ConvolutionOptions,
  ConvolutionParams,
  KernelParams,
  TransposedOptions,
} from "../../types/conv.ts";

/**
 * Convolution layers. Channels are the last axis: `[width, channels]`, `[height, width, channels]`,
 * `[depth, height, width, channels]`. Types check the channels, and follow the extents if they and the windows are
 * literal.
 */

interface Affined {
  readonly weight: Expr;
  readonly bias?: Expr;
}

const requireChannels = (op: string, channels: { readonly [argument: string]: number }): void => {
  for (const [argument, n] of Object.entries(channels))
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new InvalidArgument({
        op,
        argument,
        expected: "a positive whole number",
        actual: String(n),
      });
};

/** A layer with a kernel, used by `product`, and a bias that is added at every position. */
const affine = (
  name: string,
  shape: Shape,
  outputs: number,
  fan: Fan,
  { bias = true, weightInit = fanInUniform, biasInit = fanInUniform }: Affine,
  product: (x: Expr, kernel: Expr) => Expr,
  takes: string,
): OpenLayer => ({
  name,
  init: (key: Key) => {
    const [forWeight, forBias] = split(key, 2);
    const weight = weightInit(bias ? forWeight : key, shape, fan);
    return {
      params: bias ? { weight, bias: biasInit(forBias, [outputs], fan) } : { weight },
      state: undefined,
    };
  },
  apply: (params, state, x, context) => {
    const { weight, bias: offset } = params as Affined; // as `init` made them
    const y = takingInput(name, takes, x, context, () => product(x, weight));
    return [offset === undefined ? y : add(y, offset), state];
  },
});

const convolution =
  (op: string, rank: Rank) =>
  (inputs: number, outputs: number, size: PerAxis, options: ConvolutionOptions = {}): OpenLayer => {
    requireChannels(op, { inputs, outputs });
    const { groups = 1 } = options;
    requireGroups(op, groups, inputs, outputs);
    requireSliding(op, rank, size, options);
    const window = perAxis(op, "size", size, rank);
    const count = sizeOf(window);
    return affine(
      `${op} ${window.join("×")}, ${inputs} → ${outputs}`,
      [...window, inputs / groups, outputs],
      outputs,
      { in: (count * inputs) / groups, out: (count * outputs) / groups },
      options,
      (x, kernel) => conv(exampleOf(x, rank, inputs), kernel, options),
      `${exampleShape(rank, inputs)} with room for ${window.join("×")}`,
    );
  };

const transposed =
  (op: string, rank: Rank) =>
  (inputs: number, outputs: number, size: PerAxis, options: TransposedOptions = {}): OpenLayer => {
    requireChannels(op, { inputs, outputs });
    const { groups = 1 } = options;
    requireGroups(op, groups, inputs, outputs);
    requireSliding(op, rank, size, options);
    outputPaddingOf(op, options, rank);
    const window = perAxis(op, "size", size, rank);
    const count = sizeOf(window);
    return affine(
      `${op} ${window.join("×")}, ${inputs} → ${outputs}`,
      [...window, inputs, outputs / groups],
      outputs,
      { in: (count * outputs) / groups, out: (count * inputs) / groups },
      options,
      (x, kernel) => convTranspose(exampleOf(x, rank, inputs), kernel, options),
      exampleShape(rank, inputs),
    );
  };

// Convolve and Transpose declare what these layers do to shapes; the type tests and the law suite check it.
const convolving = <R extends Rank>(op: string, rank: R): Convolve<R> =>
  convolution(op, rank) as (...args: never) => AnyLayer as Convolve<R>;
const transposing = <R extends Rank>(op: string, rank: R): Transpose<R> =>
  transposed(op, rank) as (...args: never) => AnyLayer as Transpose<R>;

/**
 * A convolution along one axis: multiplies windows of `size` elements and all channels with a learned kernel.
 *
 * **Shapes** `x: [n, inputs] → y: [m, outputs]`, one example; `weight: [size, inputs / groups, outputs]`,
 * `bias: [outputs]`.
 * **Math** as `conv`, plus the bias. Params begin uniform over ±1/√(size · inputs / groups), PyTorch's
 * choice; for deep ReLU networks `initializers.heNormal` keeps the variance (He et al., 2015).
 * **Fails with** `InvalidArgument`, thrown, where a size or an option is invalid. A kernel larger than the
 * padded example is a type error if both are literal, and otherwise a `ShapeMismatch` when compiled, with the layer's path.
 */
export const conv1d: Convolve<1> = convolving("conv1d", 1);

/**
 * A convolution of images: {@link conv1d} along two axes.
 *
 * **Shapes** `x: [h, w, inputs] → y: [h′, w′, outputs]`, one example;
 * `weight: [...size, inputs / groups, outputs]`, `bias: [outputs]`.
 * **Fails with** as {@link conv1d}.
 * **Source** LeCun et al., "Gradient-based learning applied to document recognition" (1998).
 *
 * @example
 * ```ts
 * import { conv2d, key } from "fluxion";
 * import { summary } from "fluxion/nn";
 * const layer = conv2d(1, 16, 3, { padding: "same", stride: 2 });
 * layer.init(key(0)).params.weight.shape // => [3, 3, 1, 16]
 * summary(layer, [28, 28, 1]).map((row) => row.output) // => [[14, 14, 16]]
 * ```
 */
export const conv2d: Convolve<2> = convolving("conv2d", 2);

/**
 * A convolution of volumes: {@link conv1d} along three axes.
 *
 * **Shapes** `x: [d, h, w, inputs] → y: [d′, h′, w′, outputs]`. **Fails with** as {@link conv1d}.
 * **Source** Ji et al., "3D Convolutional Neural Networks for Human Action Recognition" (2010).
 */
export const conv3d: Convolve<3> = convolving("conv3d", 3);

/**
 * A transposed convolution along one axis: it lengthens an example where a strided convolution shortens it.
 *
 * **Shapes** `x: [n, inputs] → y: [m, outputs]`, one example; `weight: [size, inputs, outputs / groups]`,
 * `bias: [outputs]`; `m` as for `convTranspose`.
 * **Math** Params begin uniform over ±1/√(size · outputs / groups), PyTorch's choice.
 * **Fails with** `InvalidArgument`, thrown, where a size or an option is invalid.
 */
export const convTranspose1d: Transpose<1> = transposing("convTranspose1d", 1);

/**
 * A transposed convolution of images: {@link convTranspose1d} along two axes.
 *
 * **Shapes** `x: [h, w, inputs] → y: [h′, w′, outputs]`. **Fails with** as {@link convTranspose1d}.
 */
export const convTranspose2d: Transpose<2> = transposing("convTranspose2d", 2);

/**
 * A transposed convolution of volumes: {@link convTranspose1d} along three axes.
 *
 * **Shapes** `x: [d, h, w, inputs] → y: [d′, h′, w′, outputs]`. **Fails with** as {@link convTranspose1d}.
 */
export const convTranspose3d: Transpose<3> = transposing("convTranspose3d", 3);

type Options = Omit<ConvolutionOptions, "groups" | "bias">;

// Depthwise and Separable declare what these layers do to shapes; the type tests and the law suite check it.
const depthwise = <R extends Rank>(op: string, rank: R): Depthwise<R> => {
  const make = convolution(op, rank);
  const layer = (
    channels: number,
    size: PerAxis,
    { multiplier = 1, ...rest }: Options & { readonly multiplier?: number } = {},
  ) => {
    requireChannels(op, { channels, multiplier });
    return make(channels, channels * multiplier, size, { ...rest, groups: channels });
  };
  return layer as (...args: never) => AnyLayer as Depthwise<R>;
};

const separable = <R extends Rank>(op: string, rank: R): Separable<R> => {
  const [inEach, across] = [depthwise("depthwise", rank), convolution("pointwise", rank)];
  const chain = sequential as (...layers: readonly Composable[]) => Composable;
  const layer = (inputs: number, outputs: number, size: PerAxis, options: Options = {}) => {
    requireChannels(op, { inputs, outputs });
    const both = passedOn(op, () =>
      chain(inEach(inputs, size, options), across(inputs, outputs, 1)),
    );
    return named(`${op} ${inputs} → ${outputs}`, both);
  };
  return layer as (...args: never) => AnyLayer as Separable<R>;
};

/**
 * A depthwise convolution of sequences: {@link depthwiseConv2d} along one axis.
 *
 * **Shapes** `x: [n, channels] → y: [m, channels · multiplier]`, one example;
 * `weight: [size, 1, channels · multiplier]`. **Fails with** as {@link conv1d}.
 */
export const depthwiseConv1d: Depthwise<1> = depthwise("depthwiseConv1d", 1);

/**
 * A depthwise convolution: convolves each channel of an image with `multiplier` kernels of its own. Defaults to 1.
 *
 * **Shapes** `x: [h, w, channels] → y: [h′, w′, channels · multiplier]`, one example;
 * `weight: [...size, 1, channels · multiplier]`; the outputs of one channel are adjacent.
 * **Fails with** as {@link conv1d}.
 * **Source** Chollet, "Xception" (2016), arXiv:1610.02357.
 */
export const depthwiseConv2d: Depthwise<2> = depthwise("depthwiseConv2d", 2);

/**
 * A depthwise separable convolution of sequences: {@link separableConv2d} along one axis.
 *
 * **Shapes** `x: [n, inputs] → y: [m, outputs]`, one example; params are those of both convolutions.
 * **Fails with** as {@link conv1d}.
 * **Source** Kaiser, Gomez and Chollet (2017), arXiv:1706.03059, section 2.
 */
export const separableConv1d: Separable<1> = separable("separableConv1d", 1);

/**
 * A depthwise separable convolution: convolves each channel on its own, then mixes the channels at each position.
 *
 * **Shapes** `x: [h, w, inputs] → y: [h′, w′, outputs]`, one example; params are those of both convolutions.
 * **Fails with** as {@link conv1d}.
 * **Source** Sifre, "Rigid-motion scattering for image classification" (2014); Chollet (2016).
 */
export const separableConv2d: Separable<2> = separable("separableConv2d", 2);
