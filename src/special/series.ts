import type { Expr } from "../ir/expr.ts";
import { add, mul, sub } from "../ir/ops/elementwise.ts";
import { fill } from "../ir/ops/indexing.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { greatestOf } from "../tensor/extremes.ts";

/** Sums of series, of as many terms as the digits of a dtype are worth. */

const roundoff = (dtype: Dtype): number => (dtype === "f32" ? 2 ** -26 : 2 ** -55);

/** Coefficients up to the last that counts, where term `i` is at most `reachⁱ` of them. */
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

/** {@link polynomial}, of the terms that count for `|z| ≤ reach`. */
export const powerSeries = (z: Expr, coefficients: readonly number[], reach: number): Expr =>
  polynomial(z, counted(coefficients, reach, z.dtype));

/**
 * `Σ cᵢ·Tᵢ(t)` of the polynomials of Chebyshev, of the terms that count for `|t| ≤ 1`.
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
