import type { Tensor } from "../../tensor/tensor.ts";
import type { ConvolveOptions, ConvolveTransposedOptions } from "../functional/conv.ts";
import type { Grid, Padding, PerAxis, Rank, Spatial } from "../functional/geometry.ts";
import type { Initializer } from "../initializers.ts";
import type { Layer } from "../layer.ts";
import type { Moves } from "./extent.ts";

/** The types of convolution layers. */

/** The params of a convolution without bias: a kernel of window extents, input channels per group, output channels. */
export interface KernelParams<R extends Rank> {
  readonly weight: Tensor<readonly [...Spatial[R], number, number]>;
}

/** The params of a convolution: its kernel, and a bias for each output channel. */
export interface ConvolutionParams<R extends Rank, O extends number> extends KernelParams<R> {
  readonly bias: Tensor<readonly [O]>;
}

/** Options of the params of a convolution: whether it has a bias, and how params begin. */
export interface Affine {
  /** Whether to add a bias. Defaults to `true`. */
  readonly bias?: boolean;
  /** How the kernel begins. Defaults to uniform over ±1/√fan, with the fan-in of its windows. */
  readonly weightInit?: Initializer;
  /** How the bias begins. Defaults to uniform over ±1/√fan. */
  readonly biasInit?: Initializer;
}

/** Options of a convolution layer: its windows over the input, its bias and initializers. */
export type ConvolutionOptions = ConvolveOptions & Affine;
/** Options of a transposed convolution layer: its windows over the output, its bias and initializers. */
export type TransposedOptions = ConvolveTransposedOptions & Affine;

/** The params of a convolution, with or without bias. */
type ParamsWith<R extends Rank, O extends number, B> = B extends false
  ? KernelParams<R>
  : ConvolutionParams<R, O>;

/** The options of sliding windows as type parameters, to infer literal values. */
export interface Sliding<P, S, D> {
  readonly padding?: P;
  readonly stride?: S;
  readonly dilation?: D;
}

/** The static description of the windows of a convolution. */
export type Convolves<
  K extends PerAxis,
  P extends Padding,
  S extends PerAxis,
  D extends PerAxis,
> = Moves<
  [P, S] extends ["same", 1]
    ? "kept"
    : {
        readonly windows: {
          readonly size: K;
          readonly stride: S;
          readonly padding: P;
          readonly dilation: D;
        };
      }
>;

/** The type of a constructor of convolution layers. */
export type Convolve<R extends Rank> = <
  const I extends number,
  const O extends number,
  const K extends PerAxis,
  const P extends Padding = "valid",
  const S extends PerAxis = 1,
  const D extends PerAxis = 1,
  const B extends boolean = true,
>(
  inputs: I,
  outputs: O,
  size: K,
  options?: Omit<ConvolutionOptions, keyof Sliding<P, S, D> | "bias"> &
    Sliding<P, S, D> & { readonly bias?: B },
) => Layer<Grid<R, I>, Grid<R, O>, ParamsWith<R, O, B>, undefined> & Convolves<K, P, S, D>;

/** The type of a constructor of transposed convolution layers. */
export type Transpose<R extends Rank> = <
  const I extends number,
  const O extends number,
  const B extends boolean = true,
>(
  inputs: I,
  outputs: O,
  size: PerAxis,
  options?: Omit<TransposedOptions, "bias"> & { readonly bias?: B },
) => Layer<Grid<R, I>, Grid<R, O>, ParamsWith<R, O, B>, undefined>;

type Multiplied<C extends number, M extends number> = M extends 1 ? C : number;
/** Options without those that follow from the kind of convolution, and with the windows as type parameters. */
type WindowOptions<P, S, D> = Omit<ConvolutionOptions, keyof Sliding<P, S, D> | "groups" | "bias"> &
  Sliding<P, S, D>;

/** The type of a constructor of depthwise convolutions. There are C · M outputs; types know the number only for M = 1. */
export type Depthwise<R extends Rank> = <
  const C extends number,
  const K extends PerAxis,
  const M extends number = 1,
  const P extends Padding = "valid",
  const S extends PerAxis = 1,
  const D extends PerAxis = 1,
>(
  channels: C,
  size: K,
  options?: WindowOptions<P, S, D> & { readonly multiplier?: M },
) => Layer<
  Grid<R, C>,
  Grid<R, Multiplied<C, M>>,
  ConvolutionParams<R, Multiplied<C, M>>,
  undefined
> &
  Convolves<K, P, S, D>;

/** The type of a constructor of depthwise separable convolutions. */
export type Separable<R extends Rank> = <
  const I extends number,
  const O extends number,
  const K extends PerAxis,
  const P extends Padding = "valid",
  const S extends PerAxis = 1,
  const D extends PerAxis = 1,
>(
  inputs: I,
  outputs: O,
  size: K,
  options?: WindowOptions<P, S, D>,
) => Layer<
  Grid<R, I>,
  Grid<R, O>,
  readonly [ConvolutionParams<R, I>, ConvolutionParams<R, O>],
  readonly [undefined, undefined]
> &
  Convolves<K, P, S, D>;
