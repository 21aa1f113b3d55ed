import { vmap } from "../../../src/autodiff/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { add, div } from "../../../src/ir/ops/elementwise.ts";
import { moveAxis, pad, reshape as reshapeTo, transpose } from "../../../src/ir/ops/structural.ts";
import { slidingWindow } from "../../../src/ir/ops/window.ts";
import { conv, convTranspose } from "../../../src/nn/functional/conv.ts";
import type { Padding, PerAxis } from "../../../src/nn/functional/geometry.ts";
import { type GridSampleOptions, gridSample } from "../../../src/nn/functional/gridSample.ts";
import * as pool from "../../../src/nn/functional/pool.ts";
import {
  type InterpolateOptions,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
} from "../../../src/nn/functional/resample.ts";
import { normalAxis, type Shape } from "../../../src/tensor/shape.ts";
import {
  arg,
  type Call,
  inputOf,
  notHad,
  numbersOf,
  scalarOf,
  type Table,
  tensorOf,
  type Value,
} from "../torch.ts";

/** Convolution, pooling and resizing: PyTorch's channels come first, fluxion's come last. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;

/** Applies a function of one example with channels last to an input `[batch?, channels, ...rank]`. */
const channelsLast = (x: Expr, rank: number, f: (x: Expr) => Expr): Expr => {
  const one = (e: Expr): Expr => moveAxis(f(moveAxis(e, 0, -1)), -1, 0);
  if (x.shape.length === rank + 1) return one(x);
  return vmap((e: Expr) => one(e))(x) as Expr;
};

/** One number, or one for each axis. */
const sizes = (v: Value): PerAxis => {
  const list = numbersOf(v);
  return list.length === 1 ? (list[0] as number) : list;
};

const paddingOf = (v: Value): Padding => {
  if (v === "same" || v === "valid") return v;
  const list = numbersOf(v);
  return list.length === 1 ? (list[0] as number) : list.map((n) => [n, n] as const);
};

/** The options of a convolution, by position after input, weight and bias or by name. */
const sliding = (c: Call, at: number) => ({
  stride: sizes(arg(c, at, "stride", 1)),
  padding: paddingOf(arg(c, at + 1, "padding", 0)),
});

/** A kernel with input and output channels as its last axes, and a bias if there is one. */
const affine = (c: Call, order: readonly number[], f: (x: Expr, kernel: Expr) => Expr): Expr => {
  const weight = tensorOf(arg(c, 0, "weight"));
  const rank = weight.shape.length - 2;
  const kernel = transpose(weight, [...Array.from({ length: rank }, (_, i) => i + 2), ...order]);
  const bias = arg(c, 1, "bias");
  return channelsLast(inputOf(c), rank, (x) => {
    const y = f(x, kernel);
    return bias === null ? y : (add(y, tensorOf(bias)) as Expr);
  });
};

const convWith = (c: Call): Expr =>
  affine(c, [1, 0], (x, kernel) =>
    conv(x, kernel, {
      ...sliding(c, 2),
      dilation: sizes(arg(c, 4, "dilation", 1)),
      groups: scalarOf(arg(c, 5, "groups", 1)),
    }),
  );

const convTransposeWith = (c: Call): Expr =>
  affine(c, [0, 1], (x, kernel) =>
    convTranspose(x, kernel, {
      ...sliding(c, 2),
      outputPadding: sizes(arg(c, 4, "output_padding", 0)),
      groups: scalarOf(arg(c, 5, "groups", 1)),
      dilation: sizes(arg(c, 6, "dilation", 1)),
    }),
  );

const isGiven = (v: Value): boolean => v !== null && !(Array.isArray(v) && v.length === 0);

/** Stride, padding and rounding of a pooling, by position after the size or by name. */
const pooling = (c: Call, ceilAt: number) => {
  const stride = arg(c, 1, "stride");
  return {
    ...(isGiven(stride) ? { stride: sizes(stride) } : {}),
    padding: paddingOf(arg(c, 2, "padding", 0)),
    ceil: arg(c, ceilAt, "ceil_mode", false) === true,
  };
};

const avgPool =
  (rank: number) =>
  (c: Call): Expr => {
    const size = sizes(arg(c, 0, "kernel_size"));
    const options = pooling(c, 3);
    const divisor = arg(c, 5, "divisor_override");
    const countPadding = arg(c, 4, "count_include_pad", true) === true;
    return channelsLast(inputOf(c), rank, (x) =>
      divisor === null
        ? pool.avgPool(x, size, { ...options, countPadding })
        : (div(pool.sumPool(x, size, options), scalarOf(divisor)) as Expr),
    );
  };

const maxPool =
  (rank: number) =>
  (c: Call): Expr | readonly Expr[] => {
    const size = sizes(arg(c, 0, "kernel_size"));
    const options = { ...pooling(c, 4), dilation: sizes(arg(c, 3, "dilation", 1)) };
    const pooled = (part: 0 | 1): Expr =>
      channelsLast(inputOf(c), rank, (x) => pool.maxPoolWithIndices(x, size, options)[part]);
    if (arg(c, 5, "return_indices", false) === true) return [pooled(0), pooled(1)];
    return channelsLast(inputOf(c), rank, (x) => pool.maxPool(x, size, options));
  };

/** Max unpooling. No sample has two elements with one index: PyTorch would keep one of them instead of their sum. */
const unpool =
  (rank: number) =>
  (c: Call): Expr => {
    const [x, indices] = [inputOf(c), tensorOf(arg(c, 0, "indices"))];
    const each = (v: Value): readonly number[] => {
      const list = numbersOf(v);
      return list.length === rank ? list : new Array<number>(rank).fill(list[0] as number);
    };
    const size = each(arg(c, 1, "kernel_size"));
    const given = arg(c, 2, "stride");
    const [stride, padding] = [isGiven(given) ? each(given) : size, each(arg(c, 3, "padding", 0))];
    const wanted = arg(c, 4, "output_size");
    const extents = isGiven(wanted)
      ? numbersOf(wanted).slice(-rank)
      : x.shape
          .slice(-rank)
          .map(
            (n, a) =>
              (n - 1) * (stride[a] as number) - 2 * (padding[a] as number) + (size[a] as number),
          );
    const one = (y: Expr, at: Expr): Expr =>
      moveAxis(pool.maxUnpool(moveAxis(y, 0, -1), moveAxis(at, 0, -1), extents), -1, 0);
    return x.shape.length === rank + 1 ? one(x, indices) : (vmap(one)(x, indices) as Expr);
  };

const adaptive =
  (rank: number, f: (x: Expr, size: PerAxis) => Expr) =>
  (c: Call): Expr => {
    if (arg(c, 1, "return_indices", false) === true) return notHad("where the maxima are");
    const wanted = arg(c, 0, "output_size");
    const x = inputOf(c);
    const extents = x.shape.slice(-rank);
    const size = extents.map((n, i) => {
      const v = Array.isArray(wanted) ? (wanted[i] ?? null) : wanted;
      return v === null ? n : scalarOf(v);
    });
    return channelsLast(x, rank, (e) => f(e, size));
  };

const resized = (
  c: Call,
  method: InterpolateOptions["method"] & string,
  [size, scale, corners]: readonly [Value, Value, Value],
): Expr => {
  const x = inputOf(c);
  const rank = x.shape.length - 2;
  const all = (v: Value): readonly number[] => {
    const list = numbersOf(v);
    return list.length === rank ? list : new Array<number>(rank).fill(list[0] as number);
  };
  const options: InterpolateOptions = {
    method,
    alignCorners: corners === true,
    ...(size === null ? { scale: all(scale) } : { size: all(size) }),
  };
  return channelsLast(x, rank, (e) => interpolate(e, options));
};

const interpolated =
  (method: InterpolateOptions["method"] & string) =>
  (c: Call): Expr =>
    resized(c, method, [
      arg(c, 0, "size"),
      arg(c, 1, "scale_factor"),
      arg(c, 3, "align_corners", false),
    ]);

const both = (v: Value): readonly [number, number] => {
  const [a = 0, b = a] = numbersOf(v);
  return [a, b];
};

/** One image at the positions of its grid; channels come first in PyTorch. */
const sampled = (c: Call): Expr => {
  const method = arg(c, 1, "mode", "bilinear");
  const outside = arg(c, 2, "padding_mode", "zeros");
  if (method === "bicubic") return notHad("cubic sampling");
  const options: GridSampleOptions = {
    method: method === "nearest" ? "nearest" : "linear",
    outside: outside as GridSampleOptions["outside"] & string, // PyTorch has the same names
    alignCorners: arg(c, 3, "align_corners", false) === true,
  };
  return vmap((x: Expr, grid: Expr) =>
    moveAxis(gridSample(moveAxis(x, 0, -1), grid, options), -1, 0),
  )(inputOf(c), tensorOf(arg(c, 0, "grid"))) as Expr;
};

export const spatial: Table = {
  "nn.functional.grid_sample": sampled,
  "nn.functional.conv1d": convWith,
  "nn.functional.conv2d": convWith,
  "nn.functional.conv_transpose1d": convTransposeWith,
  "nn.functional.conv_transpose2d": convTransposeWith,
  "nn.functional.conv_transpose3d": convTransposeWith,
  "nn.functional.avg_pool1d": avgPool(1),
  "nn.functional.avg_pool2d": avgPool(2),
  "nn.functional.avg_pool3d": avgPool(3),
  "nn.functional.max_pool1d": maxPool(1),
  "nn.functional.max_pool2d": maxPool(2),
  "nn.functional.max_pool3d": maxPool(3),
  "nn.functional.max_unpool1d": unpool(1),
  "nn.functional.max_unpool1d.grad": unpool(1),
  "nn.functional.max_unpool2d": unpool(2),
  "nn.functional.max_unpool2d.grad": unpool(2),
  "nn.functional.max_unpool3d": unpool(3),
  "nn.functional.max_unpool3d.grad": unpool(3),
  "nn.functional.adaptive_avg_pool1d": adaptive(1, pool.adaptiveAvgPool),
  "nn.functional.adaptive_avg_pool2d": adaptive(2, pool.adaptiveAvgPool),
  "nn.functional.adaptive_max_pool1d": adaptive(1, pool.adaptiveMaxPool),
  "nn.functional.adaptive_max_pool2d": adaptive(2, pool.adaptiveMaxPool),
  "nn.functional.adaptive_max_pool3d": adaptive(3, pool.adaptiveMaxPool),
  "nn.functional.interpolate.nearest": interpolated("nearest"),
  "nn.functional.interpolate.linear": interpolated("linear"),
  "nn.functional.interpolate.bilinear": interpolated("linear"),
  "nn.functional.interpolate.trilinear": interpolated("linear"),
  "nn.functional.interpolate.bicubic": interpolated("cubic"),
  "nn.functional.interpolate.area": interpolated("area"),
  "nn.functional.upsample_nearest": (c) =>
    resized(c, "nearest", [arg(c, 0, "size"), arg(c, 1, "scale_factor"), false]),
  "nn.functional.upsample_bilinear": (c) =>
    resized(c, "linear", [arg(c, 0, "size"), arg(c, 1, "scale_factor"), true]),
  "nn.functional.pixel_shuffle": (c) =>
    channelsLast(inputOf(c), 2, (x) => pixelShuffle(x, scalarOf(arg(c, 0, "upscale_factor")))),
  "nn.functional.pixel_unshuffle": (c) =>
    channelsLast(inputOf(c), 2, (x) => pixelUnshuffle(x, scalarOf(arg(c, 0, "downscale_factor")))),
  "nn.functional.unfold": (c) => {
    const x = inputOf(c);
    const [before, after] = both(arg(c, 2, "padding", 0));
    const padded = pad(x, [
      [0, 0],
      [0, 0],
      [before, before],
      [after, after],
    ]);
    const windows = slidingWindow(padded, {
      axes: [2, 3],
      size: both(arg(c, 0, "kernel_size")),
      stride: both(arg(c, 3, "stride", 1)),
      dilation: both(arg(c, 1, "dilation", 1)),
    });
    const [n = 1, channels = 1, h = 1, w = 1, kh = 1, kw = 1] = windows.shape;
    return reshape(transpose(windows, [0, 1, 4, 5, 2, 3]), [n, channels * kh * kw, h * w]);
  },
  unfold: (c) => {
    const [x, size, step] = [inputOf(c), scalarOf(arg(c, 1, "size")), scalarOf(arg(c, 2, "step"))];
    const whole = x.shape.length === 0 ? reshape(x, [1]) : x;
    const axis = normalAxis(scalarOf(arg(c, 0, "dimension")), whole.shape.length);
    const windows = slidingWindow(whole, { axes: [axis], size: [size], stride: [step] });
    return x.shape.length === 0 ? reshape(windows, [size]) : windows;
  },
};
