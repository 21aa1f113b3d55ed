import { InvalidArgument } from "../../errors.ts";
import { constant } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { add, div, mul } from "../../ir/ops/elementwise.ts";
import { take } from "../../ir/ops/indexing.ts";
import { floating, lift, mistaken } from "../../ir/ops/promote.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { reshape, transpose } from "../../ir/ops/structural.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { at, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { shown } from "../../tensor/validate.ts";
import { axesUpTo, withChannels } from "./geometry.ts";

/** Resizing one example `[...n, channels]`: along each axis an output element is a weighted sum of a few inputs. */

/** The input elements of an output element, with their weights. */
type Taps = readonly (readonly [element: number, weight: number])[];

/** An index outside of every axis: reads 0, and gets no gradient. */
const nowhere = -1;

/** Clamps taps to an axis of `n`, merges equal ones, and drops those of weight 0. */
const within = (n: number, taps: Taps): Taps => {
  const weights = new Map<number, number>();
  for (const [element, weight] of taps) {
    const inside = Math.min(n - 1, Math.max(0, element));
    weights.set(inside, (weights.get(inside) ?? 0) + weight);
  }
  return [...weights].filter(([, weight]) => weight !== 0);
};

/**
 * Weighted sums of a few elements along one axis. Elements of weight 0 are not read, so that one that is not finite does
 * not spread.
 */
const resample = (x: Expr, axis: number, rows: readonly Taps[]): Expr => {
  const n = x.shape[axis] as number;
  const inside = rows.map((taps) => within(n, taps));
  const most = inside.reduce((k, taps) => Math.max(k, taps.length), 1);
  const terms = Array.from({ length: most }, (_, k) => {
    const at = inside.map((taps) => taps[k]?.[0] ?? nowhere);
    const weights = Float64Array.from(inside, (taps) => taps[k]?.[1] ?? 0);
    const along = x.shape.map((_d, a) => (a === axis ? rows.length : 1));
    return mul(rearrange(x, axis, at), constant(Tensor.own(along, "f64", weights).cast(x.dtype)));
  });
  return terms.reduce((a, b) => add(a, b));
};

/** The bounds of `m` regions that cover `n` elements: from `⌊i·n/m⌋` to `⌈(i+1)·n/m⌉`. */
const bounds = (n: number, m: number): readonly (readonly [start: number, end: number])[] =>
  Array.from({ length: m }, (_, i) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)]);

/**
 * The elements of each of `m` regions of an axis, on a new axis after it. `more` pads regions shorter than the longest:
 * with their `"last"` element, or zeros.
 */
export const regionsOf = (
  x: Expr,
  axis: number,
  m: number,
  more: "last" | "zeros",
): { readonly elements: Expr; readonly lengths: readonly number[] } => {
  const n = x.shape[axis] as number;
  const regions = bounds(n, m);
  const lengths = regions.map(([start, end]) => end - start);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 1);
  if (n === m * longest) {
    // Equal regions without overlap: a reshape is enough.
    const shape = [...x.shape.slice(0, axis), m, longest, ...x.shape.slice(axis + 1)];
    return { elements: reshape(x, shape), lengths };
  }
  const indices = regions.flatMap(([start, end]) =>
    Array.from({ length: longest }, (_, k) =>
      start + k < end ? start + k : more === "last" ? end - 1 : nowhere,
    ),
  );
  const table = Tensor.own([m, longest], "i32", Int32Array.from(indices));
  return { elements: take(x, constant(table), axis), lengths };
};

/** The mean of each of `m` regions of an axis. */
export const averageOver = (x: Expr, axis: number, m: number): Expr => {
  const { elements, lengths } = regionsOf(x, axis, m, "zeros");
  const total = sum(elements, axis + 1);
  if (lengths.every((length) => length === lengths[0])) return div(total, lengths[0] ?? 1);
  const along = x.shape.map((_, a) => (a === axis ? m : 1));
  const divisors = Tensor.own(along, "f64", Float64Array.from(lengths)).cast(x.dtype);
  return div(total, constant(divisors));
};

/**
 * Options of {@link interpolate}: the new size, by `size` or `scale`, and the method of interpolation.
 */
export interface InterpolateOptions {
  /** The number of output elements along each spatial axis. */
  readonly size?: readonly number[];
  /** The ratio of output to input size, if no `size` is given. Defaults to 1. */
  readonly scale?: number | readonly number[];
  /**
   * `"nearest"` repeats elements, `"linear"` interpolates linearly (bilinear, trilinear), `"cubic"` by cubic
   * polynomials, and `"area"` takes means of regions. Defaults to `"nearest"`.
   */
  readonly method?: "nearest" | "linear" | "cubic" | "area";
  /** Whether to align the centers of the first and last elements, or else their outer edges. Defaults to `false`. */
  readonly alignCorners?: boolean;
}

/** The mapping of output elements to input elements along one axis. */
interface Grid {
  /** The number of input elements (`n`) and of output elements (`m`). */
  readonly n: number;
  readonly m: number;
  /** The requested ratio of output to input, if it is not exactly `m / n`. */
  readonly scale: number | undefined;
  readonly alignCorners: boolean;
}

/** A fractional input position: the element before it, and the fraction of the way to the next. */
interface Place {
  readonly element: number;
  readonly rest: number;
}

/** The quotient of whole numbers as a position; only the fraction is rounded. */
const quotient = (numerator: number, denominator: number): Place => {
  const element = Math.floor(numerator / denominator);
  const left = numerator - element * denominator;
  // For large numbers the quotient may have been rounded up to the next whole number.
  return left < 0
    ? { element: element - 1, rest: (left + denominator) / denominator }
    : { element, rest: left / denominator };
};

/** The input position of the center of output element `i`. */
const center = (i: number, { n, m, scale, alignCorners }: Grid): Place => {
  if (alignCorners) return m <= 1 ? { element: 0, rest: 0 } : quotient(i * (n - 1), m - 1);
  if (scale === undefined) return quotient((2 * i + 1) * n - m, 2 * m);
  const at = (i + 0.5) / scale - 0.5;
  return { element: Math.floor(at), rest: at - Math.floor(at) };
};

/** The taps of the output element at a position. */
type Method = (place: Place) => Taps;

const linear: Method = ({ element, rest }) =>
  // A position before the first element reads the first.
  element < 0
    ? [[0, 1]]
    : [
        [element, 1 - rest],
        [element + 1, rest],
      ];

/** The parameter `a` of Keys' cubic convolution kernel; `near` and `far` are its two pieces. */
const sharpness = -0.75;
const near = (t: number): number => ((sharpness + 2) * t - (sharpness + 3)) * t * t + 1;
const far = (t: number): number =>
  ((sharpness * t - 5 * sharpness) * t + 8 * sharpness) * t - 4 * sharpness;

const cubic: Method = ({ element, rest }) => [
  [element - 1, far(1 + rest)],
  [element, near(rest)],
  [element + 1, near(1 - rest)],
  [element + 2, far(2 - rest)],
];

const methods = { linear, cubic } as const satisfies { readonly [method: string]: Method };

const nearest = ({ n, m, scale }: Grid): readonly number[] =>
  Array.from({ length: m }, (_, i) => {
    const { element } = scale === undefined ? quotient(i * n, m) : quotient(i, scale);
    return Math.min(n - 1, element);
  });

/** The elements of `x` at `indices` along an axis. */
export const rearrange = (x: Expr, axis: number, indices: readonly number[]): Expr =>
  take(x, constant(Tensor.own([indices.length], "i32", Int32Array.from(indices))), axis);

const refuse = (argument: string, expected: string, actual: unknown): never => {
  throw new InvalidArgument({
    op: "interpolate",
    argument,
    expected,
    actual: shown(actual),
  });
};

/** Checks the options that no example could make valid. **Fails with** `InvalidArgument`, thrown. */
export const requireInterpolation = ({
  size,
  scale,
  method = "nearest",
}: InterpolateOptions): void => {
  const scales = scale === undefined || typeof scale === "number" ? [scale ?? 1] : scale;
  if (size?.some((n) => !Number.isSafeInteger(n) || n < 1))
    refuse("size", "positive whole numbers", size);
  if (!scales.every((s) => Number.isFinite(s) && s > 0)) refuse("scale", "positive numbers", scale);
  if (!["nearest", "linear", "cubic", "area"].includes(method))
    refuse("method", "nearest, linear, cubic or area", method);
};

/** The extents of the output, and the requested scale where rounding changed it. */
const extentsOf = (
  spatial: readonly number[],
  { size, scale = 1 }: InterpolateOptions,
): readonly Pick<Grid, "m" | "scale">[] => {
  if (size !== undefined) {
    if (size.length !== spatial.length || size.some((n) => !Number.isSafeInteger(n) || n < 1))
      return refuse("size", `${spatial.length} positive whole numbers`, size);
    return size.map((m) => ({ m, scale: undefined }));
  }
  const scales = typeof scale === "number" ? spatial.map(() => scale) : scale;
  if (scales.length !== spatial.length || !scales.every((s) => Number.isFinite(s) && s > 0))
    return refuse("scale", `a positive number, or ${spatial.length} of them`, scale);
  return spatial.map((n, i) => {
    const own = scales[i] as number;
    const m = Math.floor(n * own);
    if (m < 1) return refuse("scale", "large enough that the output has an element", scale);
    return { m, scale: m === n * own ? undefined : own };
  });
};

/**
 * Resizes one example.
 *
 * **Shapes** `x: [...n, c] → y: [...size, c]`, or `⌊n · scale⌋`.
 * **Math** Along each axis the output's element `i` lies at `(i + ½) / scale - ½` of the input, or with
 * `alignCorners` at `i · (n - 1) / (m - 1)`. Outside of the input the nearest element is used.
 * **Fails with** `InvalidArgument`, thrown, where sizes or scales are not positive or not one for each axis.
 * **Source** Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = -¾.
 */
export const interpolate = (operand: Operand, options: InterpolateOptions): Expr => {
  requireInterpolation(options);
  const { method = "nearest", alignCorners = false } = options;
  const all = lift(operand);
  const some = all.shape.length === 0 ? [1] : all.shape.map((d) => Math.max(1, d));
  const given = sameShape(all.shape, some)
    ? all
    : mistaken("interpolate", "[..., channels] without empty axes", all, some);
  // Interpolated values of integers are fractions.
  const x = method === "nearest" ? given : floating("interpolate", given);
  const spatial = x.shape.slice(0, -1);
  return extentsOf(spatial, options).reduce<Expr>((y, { m, scale }, axis) => {
    const grid = { n: spatial[axis] as number, m, scale, alignCorners };
    if (method === "area") return averageOver(y, axis, m);
    if (method === "nearest") return rearrange(y, axis, nearest(grid));
    const of: Method = methods[method];
    return resample(
      y,
      axis,
      Array.from({ length: m }, (_, i) => of(center(i, grid))),
    );
  }, x);
};

const requireFactor = (
  op: string,
  factor: number,
  extents: readonly number[],
  by: number,
): void => {
  if (Number.isSafeInteger(factor) && factor >= 1 && extents.every((n) => n % by === 0)) return;
  throw new InvalidArgument({
    op,
    argument: "factor",
    expected: `a positive whole number that divides [${extents.join(", ")}]`,
    actual: String(factor),
  });
};

/**
 * Moves channels into space: each pixel becomes a block of `factor` pixels along each axis.
 *
 * **Shapes** `x: [h, w, c · f²] → y: [h · f, w · f, c]`, for any number of axes.
 * **Math** `y[h·f + i, w·f + j, c] = x[h, w, (c·f + i)·f + j]`.
 * **Fails with** `InvalidArgument`, thrown, where `f²` does not divide the channels.
 * **Source** Shi et al., "Real-time single image and video super-resolution" (2016), arXiv:1609.05158.
 */
export const pixelShuffle = (operand: Operand, factor: number): Expr => {
  const x = withChannels("pixelShuffle", lift(operand));
  const [rank, channels] = [x.shape.length - 1, at(x.shape, x.shape.length - 1)];
  requireFactor("pixelShuffle", factor, [channels], factor ** rank);
  const spatial = x.shape.slice(0, rank);
  const parts: Expr = reshape(x, [
    ...spatial,
    channels / factor ** rank,
    ...spatial.map(() => factor),
  ]);
  const pairs = axesUpTo(rank).flatMap((a) => [a, rank + 1 + a]);
  return reshape(transpose(parts, [...pairs, rank]), [
    ...spatial.map((n) => n * factor),
    channels / factor ** rank,
  ]);
};

/** Moves space into channels: the inverse of {@link pixelShuffle}. */
export const pixelUnshuffle = (operand: Operand, factor: number): Expr => {
  const x = withChannels("pixelUnshuffle", lift(operand));
  const [rank, channels] = [x.shape.length - 1, at(x.shape, x.shape.length - 1)];
  const spatial = x.shape.slice(0, rank);
  requireFactor("pixelUnshuffle", factor, spatial, factor);
  const parts = reshape(x, [...spatial.flatMap((n) => [n / factor, factor]), channels]);
  const even = axesUpTo(rank).map((a) => 2 * a);
  return reshape(transpose(parts, [...even, 2 * rank, ...even.map((a) => a + 1)]), [
    ...spatial.map((n) => n / factor),
    channels * factor ** rank,
  ]);
};
