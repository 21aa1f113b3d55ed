import { InvalidArgument } from "../errors.ts";
import { constant } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import { take } from "../ir/ops/indexed.ts";
import { dot } from "../ir/ops/linear.ts";
import { lift } from "../ir/ops/operand.ts";
import { moveAxis, reshape, transpose } from "../ir/ops/structural.ts";
import type { Operand } from "../ir/shapeTypes.ts";
import { Tensor } from "../tensor/tensor.ts";
import { axesUpTo } from "./windows.ts";

/**
 * Other sizes of one example `[...n, channels]`. What is linear along each axis is a matrix for each axis,
 * `[m, n]`, which knows the output's elements as weighted sums of the input's.
 */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

const matrixOf = (
  rows: number,
  columns: number,
  weights: (row: number) => readonly (readonly [column: number, weight: number])[],
): Matrix => {
  const data = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (const [column, weight] of weights(r)) {
      const c = Math.min(columns - 1, Math.max(0, column));
      data[r * columns + c] = (data[r * columns + c] as number) + weight;
    }
  return { rows, columns, data };
};

/** The matrix applied along one axis. */
export const resample = (x: Expr, axis: number, { rows, columns, data }: Matrix): Expr => {
  const matrix = constant(Tensor.own([rows, columns], "f64", data).cast(x.dtype));
  return moveAxis(dot(matrix, x, [[1], [axis]]), 0, axis);
};

/** `m` regions that cover `n` elements: from `⌊i·n/m⌋` to `⌈(i+1)·n/m⌉`. */
export const bounds = (n: number, m: number): readonly (readonly [start: number, end: number])[] =>
  Array.from({ length: m }, (_, i) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)]);

/** The mean of each of `m` regions of `n` elements. */
export const averageOver = (n: number, m: number): Matrix => {
  const regions = bounds(n, m);
  return matrixOf(m, n, (i) => {
    const [start, end] = regions[i] as readonly [number, number];
    return Array.from({ length: end - start }, (_, k) => [start + k, 1 / (end - start)]);
  });
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

/** Where the centre of output element `i` lies among the inputs. */
const place = (i: number, n: number, m: number, step: number, alignCorners: boolean): number =>
  alignCorners ? (m <= 1 ? 0 : (i * (n - 1)) / (m - 1)) : (i + 0.5) * step - 0.5;

const linear = (n: number, m: number, step: number, alignCorners: boolean): Matrix =>
  matrixOf(m, n, (i) => {
    const at = Math.max(0, place(i, n, m, step, alignCorners));
    const left = Math.floor(at);
    return [
      [left, 1 - (at - left)],
      [left + 1, at - left],
    ];
  });

/** How `m` elements come from `n`, `step` apart. */
type Weights = (n: number, m: number, step: number, alignCorners: boolean) => Matrix;

/** Keys's kernel. */
const sharpness = -0.75;
const near = (t: number): number => ((sharpness + 2) * t - (sharpness + 3)) * t * t + 1;
const far = (t: number): number =>
  ((sharpness * t - 5 * sharpness) * t + 8 * sharpness) * t - 4 * sharpness;

const cubic = (n: number, m: number, step: number, alignCorners: boolean): Matrix =>
  matrixOf(m, n, (i) => {
    const at = place(i, n, m, step, alignCorners);
    const left = Math.floor(at);
    const t = at - left;
    return [
      [left - 1, far(1 + t)],
      [left, near(t)],
      [left + 1, near(1 - t)],
      [left + 2, far(2 - t)],
    ];
  });

const matrices = {
  linear,
  cubic,
  area: averageOver,
} as const satisfies { readonly [method: string]: Weights };

const nearest = (n: number, m: number, step: number): readonly number[] =>
  Array.from({ length: m }, (_, i) => Math.min(n - 1, Math.floor(i * step)));

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

/** The output's extents, and the distance of its elements in the input's. */
const extentsOf = (spatial: readonly number[], { size, scale = 1 }: InterpolateOptions) => {
  if (size !== undefined) {
    if (size.length !== spatial.length || size.some((n) => !Number.isSafeInteger(n) || n < 1))
      return refuse("size", `${spatial.length} positive whole numbers`, size);
    return spatial.map((n, i) => ({ m: size[i] as number, step: n / (size[i] as number) }));
  }
  const scales = typeof scale === "number" ? spatial.map(() => scale) : scale;
  if (scales.length !== spatial.length || !scales.every((s) => Number.isFinite(s) && s > 0))
    return refuse("scale", `a positive number, or ${spatial.length} of them`, scale);
  return spatial.map((n, i) => {
    const m = Math.floor(n * (scales[i] as number));
    return m < 1
      ? refuse("scale", "one that leaves an element", scale)
      : { m, step: 1 / (scales[i] as number) };
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
  const x = lift(operand);
  const { method = "nearest", alignCorners = false } = options;
  const spatial = x.shape.slice(0, -1);
  return extentsOf(spatial, options).reduce<Expr>((y, { m, step }, axis) => {
    const n = spatial[axis] as number;
    return method === "nearest"
      ? rearrange(y, axis, nearest(n, m, step))
      : resample(y, axis, matrices[method](n, m, step, alignCorners));
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
export const pixelShuffled = (operand: Operand, factor: number): Expr => {
  const x = lift(operand);
  const [rank, channels] = [x.shape.length - 1, x.shape.at(-1) ?? 1];
  requireFactor("pixelShuffle", factor, [channels], factor ** rank);
  const spatial = x.shape.slice(0, rank);
  const parts: Expr = reshape(x, [
    ...spatial,
    channels / factor ** rank,
    ...spatial.map(() => factor),
  ]) as Expr;
  const pairs = axesUpTo(rank).flatMap((a) => [a, rank + 1 + a]);
  return reshape(transpose(parts, [...pairs, rank]), [
    ...spatial.map((n) => n * factor),
    channels / factor ** rank,
  ]) as Expr;
};

/** The inverse of {@link pixelShuffled}: places of a neighbourhood as channels. */
export const pixelUnshuffled = (operand: Operand, factor: number): Expr => {
  const x = lift(operand);
  const [rank, channels] = [x.shape.length - 1, x.shape.at(-1) ?? 1];
  const spatial = x.shape.slice(0, rank);
  requireFactor("pixelUnshuffle", factor, spatial, factor);
  const parts = reshape(x, [...spatial.flatMap((n) => [n / factor, factor]), channels]) as Expr;
  const even = axesUpTo(rank).map((a) => 2 * a);
  return reshape(transpose(parts, [...even, 2 * rank, ...even.map((a) => a + 1)]), [
    ...spatial.map((n) => n / factor),
    channels * factor ** rank,
  ]) as Expr;
};
