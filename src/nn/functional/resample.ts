import { InvalidArgument } from "../../errors.ts";
import { constant } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { add, div, mul } from "../../ir/ops/elementwise.ts";
import { take } from "../../ir/ops/indexing.ts";
import { floating, lift } from "../../ir/ops/promote.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { reshape, transpose } from "../../ir/ops/structural.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { axesUpTo } from "./geometry.ts";

/** Other sizes of one example `[...n, channels]`: along each axis an element of the output is a sum of few of the input. */

/** Elements with their weights: what an element of the output is the sum of. */
type Taps = readonly (readonly [element: number, weight: number])[];

/** Beyond every axis: what is read there is 0, and nothing is written there. */
const nowhere = -1;

/** Elements of `n` beyond its ends are those at its ends; those that nothing is taken of are not read. */
const within = (n: number, taps: Taps): Taps => {
  const weights = new Map<number, number>();
  for (const [element, weight] of taps) {
    const inside = Math.min(n - 1, Math.max(0, element));
    weights.set(inside, (weights.get(inside) ?? 0) + weight);
  }
  return [...weights].filter(([, weight]) => weight !== 0);
};

/**
 * Sums of few elements along one axis. Only what has a weight is read, so that an element which is not finite
 * stays where it is.
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

/** `m` regions that cover `n` elements: from `⌊i·n/m⌋` to `⌈(i+1)·n/m⌉`. */
const bounds = (n: number, m: number): readonly (readonly [start: number, end: number])[] =>
  Array.from({ length: m }, (_, i) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)]);

/**
 * The elements of each of `m` regions of an axis, on a new axis after it. A region shorter than the longest is
 * filled up by `more`: its `"last"` element again, or zeros.
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
    // Side by side: nothing has to be moved.
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
 * To which size an example is brought, by `size` or by `scale`, and how what lies between its elements is
 * found.
 */
export interface InterpolateOptions {
  /** Elements along each spatial axis of the output. */
  readonly size?: readonly number[];
  /** How many elements of the output for each of the input, where no size is given. */
  readonly scale?: number | readonly number[];
  /**
   * `"nearest"` repeats elements, `"linear"` draws lines between them (bilinear, trilinear), `"cubic"`
   * cubics, `"area"` takes means of regions.
   */
  readonly method?: "nearest" | "linear" | "cubic" | "area";
  /** Whether the first and last elements of the two stand over one another, or their outer edges do. */
  readonly alignCorners?: boolean;
}

/** How elements of the output lie over those of the input along one axis. */
interface Grid {
  /** The elements of the input, and of the output. */
  readonly n: number;
  readonly m: number;
  /** How many of the output there are for one of the input, where that was asked for and is not `m / n`. */
  readonly scale: number | undefined;
  readonly alignCorners: boolean;
}

/** A place among the input's elements: the whole element before it, and how far it is on the way to the next. */
interface Place {
  readonly element: number;
  readonly rest: number;
}

/** `numerator / denominator`, of whole numbers: nothing is rounded but the rest. */
const quotient = (numerator: number, denominator: number): Place => {
  const element = Math.floor(numerator / denominator);
  const left = numerator - element * denominator;
  // The quotient of numbers too large may have been rounded up, over a whole one.
  return left < 0
    ? { element: element - 1, rest: (left + denominator) / denominator }
    : { element, rest: left / denominator };
};

/** Where the center of output element `i` lies among the inputs. */
const center = (i: number, { n, m, scale, alignCorners }: Grid): Place => {
  if (alignCorners) return m <= 1 ? { element: 0, rest: 0 } : quotient(i * (n - 1), m - 1);
  if (scale === undefined) return quotient((2 * i + 1) * n - m, 2 * m);
  const at = (i + 0.5) / scale - 0.5;
  return { element: Math.floor(at), rest: at - Math.floor(at) };
};

/** For each element of the output those of the input that it comes from. */
type Method = (place: Place) => Taps;

const linear: Method = ({ element, rest }) =>
  // Before the first element is the first.
  element < 0
    ? [[0, 1]]
    : [
        [element, 1 - rest],
        [element + 1, rest],
      ];

/** Keys's kernel. */
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
    actual: JSON.stringify(actual),
  });
};

/** **Fails with** `InvalidArgument`, thrown, where an option can be right for no example. */
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

/** The output's extents, and their ratio to the input's where that is not what they are themselves. */
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
    if (m < 1) return refuse("scale", "one that leaves an element", scale);
    return { m, scale: m === n * own ? undefined : own };
  });
};

/**
 * One example in another size.
 *
 * **Shapes** `x: [...n, c] → y: [...size, c]`, or `⌊n · scale⌋`.
 * **Math** Along each axis the output's element `i` lies at `(i + ½) / scale - ½` of the input, or with
 * `alignCorners` at `i · (n - 1) / (m - 1)`; what is outside is the nearest element.
 * **Fails with** `InvalidArgument`, thrown, where sizes or scales are not positive or not one for each axis.
 * **Source** Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = -¾.
 */
export const interpolate = (operand: Operand, options: InterpolateOptions): Expr => {
  requireInterpolation(options);
  const { method = "nearest", alignCorners = false } = options;
  const given = lift(operand);
  // Between whole numbers lie fractions.
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
 * Channels spread over the places that they stand for, `factor` along each axis.
 *
 * **Shapes** `x: [h, w, c · f²] → y: [h · f, w · f, c]`, for any number of axes.
 * **Math** `y[h·f + i, w·f + j, c] = x[h, w, (c·f + i)·f + j]`.
 * **Fails with** `InvalidArgument`, thrown, where `f²` does not divide the channels.
 * **Source** Shi et al., "Real-time single image and video super-resolution" (2016), arXiv:1609.05158.
 */
export const pixelShuffle = (operand: Operand, factor: number): Expr => {
  const x = lift(operand);
  const [rank, channels] = [x.shape.length - 1, x.shape.at(-1) ?? 1];
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

/** The inverse of {@link pixelShuffle}: places of a neighborhood as channels. */
export const pixelUnshuffle = (operand: Operand, factor: number): Expr => {
  const x = lift(operand);
  const [rank, channels] = [x.shape.length - 1, x.shape.at(-1) ?? 1];
  const spatial = x.shape.slice(0, rank);
  requireFactor("pixelUnshuffle", factor, spatial, factor);
  const parts = reshape(x, [...spatial.flatMap((n) => [n / factor, factor]), channels]);
  const even = axesUpTo(rank).map((a) => 2 * a);
  return reshape(transpose(parts, [...even, 2 * rank, ...even.map((a) => a + 1)]), [
    ...spatial.map((n) => n / factor),
    channels * factor ** rank,
  ]);
};
