import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { mul } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { moveAxis, pad, reshape as reshapeTo, slice, transpose } from "../../ir/ops/structural.ts";
import { overlapAdd } from "../../ir/ops/window.ts";
import type { Operand } from "../../ir/types/shape.ts";
import type { Shape } from "../../tensor/shape.ts";
import { wholeTo } from "../../tensor/validate.ts";
import {
  axesUpTo,
  cropsOf,
  exampleOf,
  type Padding,
  type PerAxis,
  perAxis,
  reachOf,
  type Sliding,
  widthsOf,
  windowsOf,
} from "./geometry.ts";

/** Convolutions: products of the windows of an example with a kernel. */

/**
 * Options of a convolution, in elements: one number for all spatial axes, or one for each.
 */
export interface ConvolveOptions {
  /** The step from one window to the next. Defaults to 1. */
  readonly stride?: PerAxis;
  /** The padding around the example. Defaults to `"valid"`, no padding. */
  readonly padding?: Padding;
  /** The step from one element of a window to the next. Defaults to 1. */
  readonly dilation?: PerAxis;
  /** The number of independent groups of channels. Defaults to 1. */
  readonly groups?: number;
}

/**
 * Options of a transposed convolution, in elements of its output.
 */
export interface ConvolveTransposedOptions extends ConvolveOptions {
  /**
   * Extra elements at the end of each axis, to choose among the output sizes that a convolution maps to the same input
   * size. Less than the stride or the dilation. Defaults to 0.
   */
  readonly outputPadding?: PerAxis;
}

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape);
const last = (shape: Shape): number => shape.at(-1) ?? 1;

const slidingOf = (
  op: string,
  kernel: Expr,
  { stride = 1, dilation = 1 }: ConvolveOptions,
): Sliding => {
  const size = kernel.shape.slice(0, -2);
  return {
    size,
    stride: perAxis(op, "stride", stride, size.length),
    dilation: perAxis(op, "dilation", dilation, size.length),
  };
};

/**
 * The extra elements at the end of each axis.
 *
 * **Fails with** `InvalidArgument`, thrown, where one is not less than its stride or its dilation.
 */
export const outputPaddingOf = (
  op: string,
  { stride = 1, dilation = 1, outputPadding = 0 }: ConvolveTransposedOptions,
  rank: number,
): readonly number[] => {
  const extra = perAxis(op, "outputPadding", outputPadding, rank, 0);
  const [strides, dilations] = [
    perAxis(op, "stride", stride, rank),
    perAxis(op, "dilation", dilation, rank),
  ];
  extra.forEach((n, i) => {
    wholeTo(0, Math.max(strides[i] as number, dilations[i] as number) - 1)(op, {
      outputPadding: n,
    });
  });
  return extra;
};

/** Requires that the groups divide the channels. **Fails with** `InvalidArgument`, thrown. */
export const requireGroups = (op: string, groups: number, ...channels: readonly number[]): void => {
  if (!Number.isSafeInteger(groups) || groups < 1 || channels.some((c) => c % groups !== 0))
    throw new InvalidArgument({
      op,
      argument: "groups",
      expected: `a divisor of ${channels.join(" and ")} channels`,
      actual: String(groups),
    });
};

/**
 * Convolves one example with a kernel. As usual in machine learning, the kernel is not flipped.
 *
 * **Shapes** `x: [...n, in]`, `kernel: [...k, in / groups, out]` → `[...m, out]` with
 * `m = ⌊(n + padding - (k - 1) · dilation - 1) / stride⌋ + 1`, for any number of spatial axes `n`.
 * **Math** `y[i, o] = Σ x[i · stride + j · dilation, c] · kernel[j, c, o]` over `j` and `c`, where output
 * channel `o` sees only the input channels of its own group. With a kernel that is not finite, on the wasm backend in f32
 * with stride 1, the gradient with respect to `x` may also be NaN at border elements that the weight does not reach, and
 * NaN instead of infinite.
 * **Fails with** `ShapeMismatch` where the kernel is larger than the padded example or the channels do not
 * match; `InvalidArgument`, thrown, where an option is invalid.
 * **Source** Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016),
 * arXiv:1603.07285.
 */
export const conv = (operand: Operand, weights: Operand, options: ConvolveOptions = {}): Expr => {
  const kernel = lift(weights);
  const { padding = "valid", groups = 1 } = options;
  const sliding = slidingOf("conv", kernel, options);
  const rank = sliding.size.length;
  const example = exampleOf(lift(operand), rank);
  const outputs = last(kernel.shape);
  requireGroups("conv", groups, last(example.shape), outputs);
  const widths = widthsOf("conv", padding, example.shape.slice(0, rank), sliding);
  const x = widths.some(([a, b]) => a + b > 0) ? pad(example, [...widths, [0, 0]]) : example;
  const windows = windowsOf(x, sliding);
  const positions = axesUpTo(rank);
  const inside = positions.map((a) => rank + a);
  const channels = 2 * rank;
  if (groups === 1)
    return dot(windows, kernel, [
      [...inside, channels],
      [...positions, rank],
    ]);
  if (kernel.shape[rank] === 1 && groups === last(x.shape))
    return depthwise(windows, kernel, groups);
  const grouped = reshape(windows, [
    ...windows.shape.slice(0, channels),
    groups,
    last(x.shape) / groups,
  ]);
  const product = dot(
    grouped,
    reshape(kernel, [...kernel.shape.slice(0, -1), groups, outputs / groups]),
    [
      [...inside, channels + 1],
      [...positions, rank],
    ],
    [[channels], [rank + 1]],
  );
  return reshape(moveAxis(product, 0, rank), [...windows.shape.slice(0, rank), outputs]);
};

/** Depthwise convolution: one input channel per group, as an elementwise product, since matrices would have one column. */
const depthwise = (windows: Expr, kernel: Expr, groups: number): Expr => {
  const rank = kernel.shape.length - 2;
  const outputs = last(kernel.shape);
  const products = mul(
    reshape(windows, [...windows.shape, 1]),
    reshape(kernel, [...kernel.shape.slice(0, rank), groups, outputs / groups]),
  );
  const summed = sum(
    products,
    axesUpTo(rank).map((a) => rank + a),
  );
  return reshape(summed, [...windows.shape.slice(0, rank), outputs]);
};

/**
 * The transposed convolution of one example with a kernel: the adjoint of {@link conv} with the same stride, padding and
 * dilation. It adds each element of the example, times the kernel, to a window of the output.
 *
 * **Shapes** `x: [...n, in]`, `kernel: [...k, in, out / groups]` → `[...m, out]` with
 * `m = (n - 1) · stride + (k - 1) · dilation + 1 - padding + outputPadding`; `"same"` gives `n · stride`.
 * **Math** `y[p, o] = Σ x[i, c] · kernel[j, c, o]` over `i · stride + j · dilation = p` and `c`.
 * **Fails with** `ShapeMismatch` where the channels do not match; `InvalidArgument`, thrown, where an
 * option is invalid.
 * **Source** Zeiler et al., "Deconvolutional networks" (2010); Dumoulin and Visin (2016), chapter 4.
 */
export const convTranspose = (
  operand: Operand,
  weights: Operand,
  options: ConvolveTransposedOptions = {},
): Expr => {
  const op = "convTranspose";
  const kernel = lift(weights);
  const { padding = "valid", groups = 1 } = options;
  const sliding = slidingOf(op, kernel, options);
  const rank = sliding.size.length;
  const x = exampleOf(lift(operand), rank);
  const [inputs, outputs] = [last(x.shape), last(kernel.shape) * groups];
  requireGroups(op, groups, inputs);
  const spatial = x.shape.slice(0, rank);
  const extra = outputPaddingOf(op, options, rank);
  const positions = axesUpTo(rank);
  const product = dot(
    reshape(x, [...spatial, groups, inputs / groups]),
    reshape(kernel, [...sliding.size, groups, inputs / groups, last(kernel.shape)]),
    [[rank + 1], [rank + 1]],
    [[rank], [rank]],
  );
  // [groups, ...n, ...k, out / groups]; the channels move between `n` and `k`.
  const ordered = transpose(product, [
    ...positions.map((a) => a + 1),
    0,
    2 * rank + 1,
    ...positions.map((a) => a + 1 + rank),
  ]);
  const reach = reachOf(sliding);
  const extent = spatial.map(
    (n, i) => (n - 1) * (sliding.stride[i] as number) + (reach[i] as number),
  );
  const spread = overlapAdd(reshape(ordered, [...spatial, outputs, ...sliding.size]), {
    axes: positions,
    ...sliding,
    extent,
  });
  const ends = cropsOf(op, padding, spatial, sliding).map(
    ([before, after], i) => [before, after - (extra[i] as number)] as const,
  );
  const longer = ends.some(([, after]) => after < 0)
    ? pad(spread, [...ends.map(([, after]) => [0, Math.max(0, -after)] as const), [0, 0]])
    : spread;
  if (ends.every(([before, after]) => before === 0 && after <= 0)) return longer;
  return slice(
    longer,
    [...ends.map(([before]) => before), 0],
    [...ends.map(([, after], i) => (extent[i] as number) - after), outputs],
  );
};
