import { InvalidArgument } from "../../errors.ts";
import { apply1, constant } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { abs, add, div, maximum, mul, pow, sign } from "../../ir/ops/elementwise.ts";
import { fill, scatterAddAlongAxis } from "../../ir/ops/indexing.ts";
import { broadcastTo, floating, lift } from "../../ir/ops/promote.ts";
import { argmax, max, mean, sum } from "../../ir/ops/reduction.ts";
import { moveAxis, pad, reshape as reshapeTo } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { holding, shown } from "../../tensor/validate.ts";
import {
  axesUpTo,
  type Padding,
  type PerAxis,
  perAxis,
  reachOf,
  type Sliding,
  widthsOf,
  windowsOf,
} from "./geometry.ts";
import { averageOver, regionsOf } from "./resample.ts";

/** Pooling: reduces the windows of an example `[...n, channels]`, separately for each channel. */

/**
 * Options of pooling, in elements: one number for all spatial axes, or one for each.
 */
export interface PoolOptions {
  /** The step from one window to the next. Defaults to the size of the window. */
  readonly stride?: PerAxis;
  /** The padding around the example. Defaults to `"valid"`, no padding. */
  readonly padding?: Padding;
  /** The step from one element of a window to the next. Defaults to 1. */
  readonly dilation?: PerAxis;
  /** Whether windows that begin inside may extend past the end. Defaults to `false`. */
  readonly ceil?: boolean;
}

/** Options of average pooling. */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts as zeros. Defaults to `true`. */
  readonly countPadding?: boolean;
}

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape);

interface Plan {
  readonly sliding: Sliding;
  /** The requested padding; `widths` also has what `ceil` adds at the end. */
  readonly asked: readonly (readonly [number, number])[];
  readonly widths: readonly (readonly [number, number])[];
}

const planOf = (op: string, x: Expr, size: PerAxis, options: PoolOptions): Plan => {
  const rank = x.shape.length - 1;
  const { stride = size, padding = "valid", dilation = 1, ceil = false } = options;
  const sliding: Sliding = {
    size: perAxis(op, "size", size, rank),
    stride: perAxis(op, "stride", stride, rank),
    dilation: perAxis(op, "dilation", dilation, rank),
  };
  const extents = x.shape.slice(0, rank);
  const asked = widthsOf(op, padding, extents, sliding);
  const reach = reachOf(sliding);
  const widths = asked.map(([before, after], i) => {
    const [n, step] = [extents[i] as number, sliding.stride[i] as number];
    const spare = n + before + after - (reach[i] as number);
    const count = Math.ceil(spare / step);
    // A last window must begin inside the example or the padding before it.
    const missing = count * step - spare;
    return ceil && spare >= 0 && count * step < n + before
      ? ([before, after + missing] as const)
      : ([before, after] as const);
  });
  const plan = { sliding, asked, widths };
  extents.forEach((n, axis) => {
    const seen = elementsOf(plan, axis, n).map((window) => window.some((p) => p >= 0 && p < n));
    if (n > 0 && !seen.every((some) => some))
      throw new InvalidArgument({
        op,
        argument: "padding",
        expected: "small enough that each window covers an element of the example",
        actual: shown(padding),
      });
  });
  return plan;
};

/** The element indices of each window along an axis, with padding outside `0 … n - 1`; empty if no window fits. */
const elementsOf = (
  { sliding, widths }: Plan,
  axis: number,
  n: number,
): readonly (readonly number[])[] => {
  const [before, after] = widths[axis] as readonly [number, number];
  const [size, stride, dilation] = [sliding.size, sliding.stride, sliding.dilation].map(
    (list) => list[axis] as number,
  ) as [number, number, number];
  const spare = n + before + after - ((size - 1) * dilation + 1);
  return Array.from({ length: Math.max(0, Math.floor(spare / stride) + 1) }, (_, i) =>
    Array.from({ length: size }, (__, k) => i * stride - before + k * dilation),
  );
};

/** The windows of the padded example. */
const paddedWindows = (x: Expr, { sliding, widths }: Plan, value: number): Expr => {
  const padded = widths.some(([a, b]) => a + b > 0) ? pad(x, [...widths, [0, 0]], value) : x;
  return windowsOf(padded, sliding);
};

const insideOf = ({ sliding }: Plan): readonly number[] =>
  sliding.size.map((_, i) => sliding.size.length + i);

/**
 * Max pooling: the maximum of each window. Padding counts as -∞.
 *
 * **Shapes** `x: [...n, c] → y: [...m, c]`, one example, `m = ⌊(n + padding - (k-1)·dilation - 1) / stride⌋ + 1`.
 * **Math** Tied maxima share the derivative.
 * **Fails with** `ShapeMismatch` where a window is larger than the padded example; `InvalidArgument`, thrown, where an
 * option is invalid.
 */
export const maxPool = (operand: Operand, size: PerAxis, options: PoolOptions = {}): Expr => {
  const x = lift(operand);
  const plan = planOf("maxPool", x, size, options);
  return max(paddedWindows(x, plan, Number.NEGATIVE_INFINITY), insideOf(plan));
};

/**
 * Max pooling that also returns the position of each maximum.
 *
 * **Shapes** `x: [...n, c] → [...m, c]` and i32 `[...m, c]`, one example, `m` as for `maxPool`. An index is
 * a row-major position in `[...n]`; of equal elements it is the first.
 * **Fails with** as `maxPool`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { maxPoolWithIndices } from "fluxion/functional";
 * const x = tensor([[1], [4], [3], [2]]);
 * const pool = compile((e: Expr) => maxPoolWithIndices(e, 2), [x]);
 * const [greatest, indices] = Effect.runSync(Effect.provide(pool, Backend.layerReference))(x);
 * greatest.toArray() // => [[4], [3]]
 * indices.toArray() // => [[1], [2]]
 * ```
 */
export const maxPoolWithIndices = (
  operand: Operand,
  size: PerAxis,
  options: PoolOptions = {},
): readonly [greatest: Expr, indices: Expr] => {
  const x = lift(operand);
  const plan = planOf("maxPoolWithIndices", x, size, options);
  const rank = plan.sliding.size.length;
  const inWindow = sizeOf(plan.sliding.size);
  const windows = paddedWindows(x, plan, Number.NEGATIVE_INFINITY);
  const extents = windows.shape.slice(0, rank);
  const places = x.shape.slice(0, rank);
  const table = placesOf(plan, places, extents);
  // `[...m, c, elements of a window]`: padding repeats an element of the example, so that it never wins a tie.
  const flat = reshape(x, [sizeOf(places), ...x.shape.slice(rank)]);
  const padded = plan.widths.some(([a, b]) => a + b > 0);
  const elements = padded
    ? apply1("gather", { axis: 0, batch: 0 }, flat, table)
    : reshape(windows, [...extents, inWindow, ...x.shape.slice(rank)]);
  const first = argmax(moveAxis(elements, rank, -1));
  return [
    max(windows, insideOf(plan)),
    apply1("gather", { axis: rank, batch: rank }, table, first),
  ];
};

/**
 * The row-major position in the example of each element of each window, `[...m, elements of a window]`. Padding gets the
 * position of the nearest element in its window, so that the first position of a window stays first.
 */
const placesOf = (plan: Plan, places: Shape, extents: Shape): Expr => {
  const rank = places.length;
  const size = plan.sliding.size;
  const parts = places.map((n, axis): Expr => {
    const near = elementsOf(plan, axis, n).flatMap((window) => {
      const real = window.filter((p) => p >= 0 && p < n);
      const [low, high] = [real[0] ?? 0, real.at(-1) ?? 0];
      return window.map((p) => Math.min(high, Math.max(low, p)) * sizeOf(places.slice(axis + 1)));
    });
    const shape = axesUpTo(2 * rank).map((a) =>
      a === axis ? (extents[axis] as number) : a === rank + axis ? (size[axis] as number) : 1,
    );
    return constant(Tensor.own(shape, "i32", Int32Array.from(near)));
  });
  const whole = parts.reduce((a: Expr, b: Expr) => add(a, b));
  return reshape(broadcastTo(whole, [...extents, ...size]), [...extents, sizeOf(size)]);
};

/**
 * Max unpooling: puts each element at its index, and 0 elsewhere. It inverts {@link maxPoolWithIndices}, except for the
 * elements that were not maxima. Elements with the same index, as from overlapping windows, add up.
 *
 * **Shapes** `x: [...m, c]`, `indices: [...m, c]` of i32, as `maxPoolWithIndices` gives them, `extents: [...n]`
 * `→ [...n, c]`, one example. Elements with an index out of range are dropped.
 * **Fails with** `ShapeMismatch` where elements and indices differ in shape.
 * **Source** Zeiler, Taylor and Fergus (2011), "Adaptive deconvolutional networks for mid and high level feature
 * learning"; Badrinarayanan, Kendall and Cipolla (2015), arXiv:1511.00561.
 */
export const maxUnpool = (operand: Operand, indices: Expr, extents: Shape): Expr => {
  const x = lift(operand);
  const expected = "an example [..., channels] and its indices, of one shape";
  return asOne("maxUnpool", expected, [x, indices], () => unpooled(x, indices, extents));
};

const unpooled = (x: Expr, indices: Expr, extents: Shape): Expr => {
  const flat = (y: Expr): Expr => reshape(y, [sizeOf(y.shape.slice(0, -1)), ...y.shape.slice(-1)]);
  const nothing = fill([sizeOf(extents), ...x.shape.slice(-1)], 0, x.dtype);
  const filled = scatterAddAlongAxis(nothing, flat(indices), flat(x), 0);
  return reshape(filled, [...extents, ...x.shape.slice(-1)]);
};

/** The number of elements of each window that count, along one axis. */
const counts = (plan: Plan, axis: number, n: number, all: boolean) => {
  const [before, after] = plan.asked[axis] as readonly [number, number];
  const [low, high] = all ? [-before, n + after] : [0, n];
  return elementsOf(plan, axis, n).map(
    (window) => window.filter((p) => p >= low && p < high).length,
  );
};

/** The divisor of each window, `[...m, 1]`; a single number if it is the same for all. */
const divisors = (x: Expr, plan: Plan, extents: Shape, countPadding: boolean): Operand => {
  const each = extents.map((_, i) => counts(plan, i, x.shape[i] as number, countPadding));
  const products = each.reduce<readonly number[]>(
    (all, list) => all.flatMap((n) => list.map((k) => n * k)),
    [1],
  );
  if (products.every((n) => n === products[0])) return products[0] ?? 1;
  const made = Tensor.own([...extents, 1], "f64", Float64Array.from(products));
  return constant(made.cast(x.dtype));
};

/** Sum pooling: the sum of each window. Padding counts as 0. **Shapes** as for {@link maxPool}. */
export const sumPool = (operand: Operand, size: PerAxis, options: PoolOptions = {}): Expr =>
  summedUp("sumPool", operand, size, options);

const summedUp = (op: string, operand: Operand, size: PerAxis, options: PoolOptions): Expr => {
  const x = lift(operand);
  const plan = planOf(op, x, size, options);
  return sum(paddedWindows(x, plan, 0), insideOf(plan));
};

/** Average pooling: the mean of each window. **Shapes** and **Fails with** as for {@link maxPool}. */
export const avgPool = (
  operand: Operand,
  size: PerAxis,
  options: AveragePoolOptions = {},
): Expr => {
  const x = floating("avgPool", lift(operand));
  const plan = planOf("avgPool", x, size, options);
  const total = sum(paddedWindows(x, plan, 0), insideOf(plan));
  const extents = total.shape.slice(0, -1);
  return div(total, divisors(x, plan, extents, options.countPadding ?? true));
};

/** Requires that `p` is a finite number above 0. **Fails with** `InvalidArgument`, thrown. */
export const requireNorm = (op: string, p: number): void => {
  holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n))(op, { p });
};

/**
 * Power-average pooling: the `p`-norm of each window. `p = 1` sums, and `p → ∞` is {@link maxPool}.
 *
 * **Math** `y = (Σ |x|ᵖ)^(1/p)`, with derivative 0 where the window is 0.
 * **Fails with** as {@link maxPool}; `InvalidArgument`, thrown, where `p` is not a finite number above 0.
 * **Source** Sermanet, Chintala and LeCun (2012), arXiv:1204.3968.
 */
export const lpPool = (
  operand: Operand,
  p: number,
  size: PerAxis,
  options: PoolOptions = {},
): Expr => {
  requireNorm("lpPool", p);
  const x = lift(operand);
  // A root has no derivative at 0: the base is kept above it, and the sign makes the result 0.
  const least = x.dtype === "f32" ? 2 ** -126 : 2 ** -1022;
  const root = (y: Expr, exponent: number): Expr => mul(pow(maximum(y, least), exponent), sign(y));
  const powers = p < 1 ? root(abs(x), p) : pow(abs(x), p);
  return root(summedUp("lpPool", powers, size, options), 1 / p);
};

/**
 * Adaptive average pooling: the mean of nearly equal regions, one for each position of an output of the given size.
 *
 * **Shapes** `x: [...n, c] → y: [...size, c]`; region `i` is from `⌊i·n/m⌋` to `⌈(i+1)·n/m⌉`.
 */
export const adaptiveAvgPool = (operand: Operand, size: PerAxis): Expr => {
  const x = floating("adaptiveAvgPool", lift(operand));
  return perAxis("adaptiveAvgPool", "size", size, x.shape.length - 1).reduce(
    (y, m, axis) => averageOver(y, axis, m),
    x,
  );
};

/** Adaptive max pooling: the maximum of each region, with the regions of {@link adaptiveAvgPool}. */
export const adaptiveMaxPool = (operand: Operand, size: PerAxis): Expr => {
  const x = lift(operand);
  return perAxis("adaptiveMaxPool", "size", size, x.shape.length - 1).reduce(
    (y, m, axis) => max(regionsOf(y, axis, m, "last").elements, axis + 1),
    x,
  );
};

const spatialAxes = (x: Expr): readonly number[] => axesUpTo(x.shape.length - 1);

/** The mean of each channel over all positions. **Shapes** `x: [...n, c] → y: [c]`. */
export const globalAvgPool = (operand: Operand): Expr => {
  const x = lift(operand);
  return mean(x, spatialAxes(x));
};

/** The maximum of each channel over all positions. **Shapes** `x: [...n, c] → y: [c]`. */
export const globalMaxPool = (operand: Operand): Expr => {
  const x = lift(operand);
  return max(x, spatialAxes(x));
};
