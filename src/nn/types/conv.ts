import type { Tensor } from "../../tensor/tensor.ts";
import type { ConvolveOptions, ConvolveTransposedOptions } from "../functional/conv.ts";
import type { Grid, Padding, PerAxis, Rank, Spatial } from "../functional/geometry.ts";
import type { Initializer } from "../initializers.ts";
import type { Layer } from "../layer.ts";
import type { Moves } from "./extent.ts";

/** The types of layers that convolve. */

/** The kernel of a convolution: its windows, input channels of a group, output channels. */
export interface KernelParams<R extends Rank> {
  readonly weight: Tensor<readonly [...Spatial[R], number, number]>;
}

/** The kernel and the offset of each output channel. */
export interface ConvolutionParams<R extends Rank, O extends number> extends KernelParams<R> {
  readonly bias: Tensor<readonly [O]>;
}

/** Whether an offset is added, and how kernel and offset begin. */
export interface Affine {
  /** Whether an offset is added; `true` where not given. */
  readonly bias?: boolean;
  /** Uniform over ±1/√fan where not given, with the fan of the kernel's windows. */
  readonly weightInit?: Initializer;
  /** Uniform over ±1/√fan where not given. */
  readonly biasInit?: Initializer;
}

/** How windows lie over the input, in elements of each spatial axis, and how kernel and offset begin. */
export type ConvolutionOptions = ConvolveOptions & Affine;
/** How windows lie over the output, in elements of each spatial axis, and how kernel and offset begin. */
export type TransposedOptions = ConvolveTransposedOptions & Affine;

/** The params of a convolution with an offset or without. */
type ParamsWith<R extends Rank, O extends number, B> = B extends false
  ? KernelParams<R>
  : ConvolutionParams<R, O>;

/** How windows slide, in types that tell literal options apart. */
export interface Sliding<P, S, D> {
  readonly padding?: P;
  readonly stride?: S;
  readonly dilation?: D;
}

/** What types know of a convolution's windows. */
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

/** What makes a convolution. */
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

/** What makes a transposed convolution. */
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
