import type { Expr } from "../ir/expr.ts";
import { add, mul, sub } from "../ir/ops/elementwise.ts";
import { fill } from "../ir/ops/indexing.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { greatestOf } from "../tensor/extremes.ts";

/** Evaluates series, with as many terms as the precision of a dtype needs. */

const roundoff = (dtype: Dtype): number => (dtype === "f32" ? 2 ** -26 : 2 ** -55);

/**
 * Drops the last coefficients that do not matter in the dtype, if term `i` is at most `reachⁱ` times its coefficient.
 */
const counted = (
  coefficients: readonly number[],
  reach: number,
  dtype: Dtype,
): readonly number[] => {
  const sizes = coefficients.map((c, i) => Math.abs(c) * reach ** i);
  const least = roundoff(dtype) * greatestOf(sizes);
  const last = sizes.findLastIndex((size) => size > least);
  return coefficients.slice(0, last + 1);
};

/** `Σ cᵢ·zⁱ` by Horner's rule. */
export const polynomial = (z: Expr, coefficients: readonly number[]): Expr =>
  coefficients
    .slice(0, -1)
    .reduceRight<Expr>(
      (p, c) => add(mul(p, z), c),
      fill(z.shape, coefficients.at(-1) ?? 0, z.dtype),
    );

/** {@link polynomial}, with only the terms that matter for `|z| ≤ reach`. */
export const powerSeries = (z: Expr, coefficients: readonly number[], reach: number): Expr =>
  polynomial(z, counted(coefficients, reach, z.dtype));

/**
 * The Chebyshev series `Σ cᵢ·Tᵢ(t)`, with only the terms that matter for `|t| ≤ 1`.
 *
 * **Source** Clenshaw, "A note on the summation of Chebyshev series" (1955).
 */
export const chebyshev = (t: Expr, [first = 0, ...rest]: readonly number[]): Expr => {
  const zero = fill(t.shape, 0, t.dtype);
  const twice = mul(t, 2);
  const [next, after] = counted([first, ...rest], 1, t.dtype)
    .slice(1)
    .reduceRight<readonly [Expr, Expr]>(
      ([b, c], a) => [sub(add(mul(twice, b), a), c), b],
      [zero, zero],
    );
  return sub(add(mul(t, next), first), after);
};
