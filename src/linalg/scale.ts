import type { Expr } from "../ir/expr.ts";
import { stopGradient, where } from "../ir/ops/control.ts";
import { abs, and, div, eq, gt, lt, mul, ne, or, sqrt, square } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/promote.ts";
import { type Axes, isFinite, keepDims, max, sum } from "../ir/ops/reduction.ts";
import { isFloat } from "../tensor/dtype.ts";

/**
 * Numbers whose squares, or sums, are out of a float's range are multiplied by a power of two, which is exact,
 * and what comes of them is divided by it again. Ordinary numbers are multiplied by 1, which changes no bit.
 */

/** Magnitudes above and below which a power of two is needed, and which one. */
interface Range {
  readonly above: number;
  readonly below: number;
  readonly factor: number;
}

/** Where squares of the greatest magnitude, and sums of such, are finite and no subnormal numbers. */
const ofSquares: { readonly [D in "f32" | "f64"]: Range } = {
  f32: { above: 2 ** 50, below: 2 ** -40, factor: 2 ** 90 },
  f64: { above: 2 ** 480, below: 2 ** -380, factor: 2 ** 700 },
};

/** Where sums of the greatest magnitude are finite, and its rounding errors are no subnormal numbers. */
const ofSums: typeof ofSquares = {
  f32: { above: 2 ** 96, below: 2 ** -80, factor: 2 ** 64 },
  f64: { above: 2 ** 960, below: 2 ** -900, factor: 2 ** 512 },
};

const factorFor = (greatest: Expr, ranges: typeof ofSquares): Expr => {
  const { dtype } = greatest;
  const one = lift(1, dtype);
  // What has no floats has no overflow of its own; whoever squares it says what is wrong with that.
  if (!isFloat(dtype)) return one;
  const { above, below, factor } = ranges[dtype === "f64" ? "f64" : "f32"];
  const small: Expr = where(lt(greatest, below), lift(factor, dtype), one);
  return where(gt(greatest, above), lift(1 / factor, dtype), small);
};

/** The greatest magnitude along axes, held fixed: a scale that is taken back again has no derivative. */
const greatestOf = (x: Expr, axes?: Axes): Expr => stopGradient(max(abs(x), axes));

const finiteScale =
  (ranges: typeof ofSquares) =>
  (x: Expr): Expr => {
    const greatest = greatestOf(x);
    return where(isFinite(greatest), factorFor(greatest, ranges), Number.NaN);
  };

/** By what a matrix is multiplied before its elements are summed; NaN where one of them is not finite. */
export const scaleOfSums = finiteScale(ofSums);
/** By what a matrix is multiplied before it is multiplied by others of its size. */
export const scaleOfProducts = finiteScale(ofSquares);

/** What does not depend on a matrix's size: as it is, but NaN where the matrix has a NaN and so has its scale. */
export const unlessNaN = (y: Expr, scale: Expr): Expr => mul(y, div(scale, scale));

/** `x` where it is not zero, and `f` of 1 elsewhere left out: a root has no derivative at 0 but 0 as its own. */
export const awayFromZero = (x: Expr, f: (x: Expr) => Expr): Expr => {
  const zero = eq(x, 0);
  return where(zero, 0, f(where(zero, 1, x)));
};

/** Vectors whose squares are in range, their lengths, and what both were multiplied by. */
const measured = (x: Expr, axes: Axes) => {
  const scale = factorFor(greatestOf(x, axes), ofSquares);
  const scaled: Expr = mul(x, keepDims(scale, x, axes));
  return { scale, scaled, length: awayFromZero(sum(square(scaled), axes), sqrt) };
};

/** `√Σ xᵢ²`, wherever it is in range itself; its derivative at 0 is 0. */
export const lengthOf = (x: Expr, axes?: Axes): Expr => {
  const { scale, length } = measured(x, axes);
  return div(length, scale);
};

/**
 * Vectors of length 1 in the directions of vectors of any length, and 0 for 0, where its derivative is 0 as well.
 *
 * **Math** `x/‖x‖`, with derivative `(I - uuᵀ)/‖x‖`.
 */
export const directionOf = (x: Expr, axes?: Axes): Expr => {
  const { scaled, length } = measured(x, axes);
  const none = eq(length, 0);
  const divisor = keepDims(where(none, 1, length), x, axes);
  return div(scaled, divisor);
};

/** How far the greatest (or least) magnitude may be from 1 where its powers are summed up as they are. */
const widest = (dtype: Expr["dtype"], p: number): number =>
  2 ** ((dtype === "f64" ? 480 : 60) / Math.abs(p));

/** By what magnitudes are divided before their `p`-th powers are summed: 1 where those are in range. */
export const unitOfPowers = (decisive: Expr, p: number): Expr => {
  const size = stopGradient(decisive);
  const edge = widest(size.dtype, p);
  const beyond = or(gt(size, edge), and(lt(size, 1 / edge), ne(size, 0)));
  return where(and(beyond, isFinite(size)), size, 1);
};
