import type { Expr } from "../ir/expr.ts";
import { stopGradient, where } from "../ir/ops/control.ts";
import { abs, and, div, eq, gt, lt, mul, ne, or, sqrt, square } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/promote.ts";
import { type Axes, isFinite, keepDims, max, sum } from "../ir/ops/reduction.ts";
import { isFloat } from "../tensor/dtype.ts";

/**
 * Scaling against overflow and underflow. Numbers whose squares or sums are out of a float's range are multiplied by
 * a power of two, which is exact, and results are divided by it again. Ordinary numbers are multiplied by 1, which
 * changes no bit.
 */

/** The magnitudes above and below which scaling is needed, and the power of two to scale by. */
interface Range {
  readonly above: number;
  readonly below: number;
  readonly factor: number;
}

/** The range in which squares of the largest magnitude, and their sums, are finite and not subnormal. */
const ofSquares: { readonly [D in "f32" | "f64"]: Range } = {
  f32: { above: 2 ** 50, below: 2 ** -40, factor: 2 ** 90 },
  f64: { above: 2 ** 480, below: 2 ** -380, factor: 2 ** 700 },
};

/** The range in which sums of the largest magnitude are finite, and its rounding errors are not subnormal. */
const ofSums: typeof ofSquares = {
  f32: { above: 2 ** 96, below: 2 ** -80, factor: 2 ** 64 },
  f64: { above: 2 ** 960, below: 2 ** -900, factor: 2 ** 512 },
};

const factorFor = (greatest: Expr, ranges: typeof ofSquares): Expr => {
  const { dtype } = greatest;
  const one = lift(1, dtype);
  // Other dtypes are not scaled; the operation that refuses them reports them.
  if (!isFloat(dtype)) return one;
  const { above, below, factor } = ranges[dtype === "f64" ? "f64" : "f32"];
  const small: Expr = where(lt(greatest, below), lift(factor, dtype), one);
  return where(gt(greatest, above), lift(1 / factor, dtype), small);
};

/** The largest magnitude along axes, without a derivative: a scale that is divided out again has none. */
const greatestOf = (x: Expr, axes?: Axes): Expr => stopGradient(max(abs(x), axes));

const finiteScale =
  (ranges: typeof ofSquares) =>
  (x: Expr): Expr => {
    const greatest = greatestOf(x);
    return where(isFinite(greatest), factorFor(greatest, ranges), Number.NaN);
  };

/** The factor to scale a matrix by before its elements are summed; NaN if an element is not finite. */
export const scaleOfSums = finiteScale(ofSums);
/**
 * The factor to scale a matrix by before products with matrices of its magnitude; NaN if an element is not finite.
 */
export const scaleOfProducts = finiteScale(ofSquares);

/** Turns a result that does not depend on a matrix's scale into NaN if the scale is NaN, as for a matrix with NaN. */
export const unlessNaN = (y: Expr, scale: Expr): Expr => mul(y, div(scale, scale));

/**
 * Applies `f` where `x` is not zero, and gives 0 elsewhere: its derivative at 0 is then 0, where that of a root is
 * infinite.
 */
export const awayFromZero = (x: Expr, f: (x: Expr) => Expr): Expr => {
  const zero = eq(x, 0);
  return where(zero, 0, f(where(zero, 1, x)));
};

/** Vectors scaled so that their squares are in range, their lengths, and the scale. */
const measured = (x: Expr, axes: Axes) => {
  const scale = factorFor(greatestOf(x, axes), ofSquares);
  const scaled: Expr = mul(x, keepDims(scale, x, axes));
  return { scale, scaled, length: awayFromZero(sum(square(scaled), axes), sqrt) };
};

/** The Euclidean length `√Σ xᵢ²`, without intermediate overflow; its derivative at 0 is 0. */
export const lengthOf = (x: Expr, axes?: Axes): Expr => {
  const { scale, length } = measured(x, axes);
  return div(length, scale);
};

/**
 * Normalizes vectors to length 1; a zero vector stays 0, with derivative 0.
 *
 * **Math** `x/‖x‖`, with derivative `(I - uuᵀ)/‖x‖`.
 */
export const directionOf = (x: Expr, axes?: Axes): Expr => {
  const { scaled, length } = measured(x, axes);
  const none = eq(length, 0);
  const divisor = keepDims(where(none, 1, length), x, axes);
  return div(scaled, divisor);
};

/** The factor by which the largest (or smallest) magnitude may differ from 1 without scaling its powers. */
const widest = (dtype: Expr["dtype"], p: number): number =>
  2 ** ((dtype === "f64" ? 480 : 60) / Math.abs(p));

/** The unit to divide magnitudes by before their `p`-th powers are summed: 1 if those are in range. */
export const unitOfPowers = (decisive: Expr, p: number): Expr => {
  const size = stopGradient(decisive);
  const edge = widest(size.dtype, p);
  const beyond = or(gt(size, edge), and(lt(size, 1 / edge), ne(size, 0)));
  return where(and(beyond, isFinite(size)), size, 1);
};
