/** Special functions in double precision that JavaScript's `Math` does not have. */

const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);

/** Up to here the power series is used, and the continued fraction beyond. */
const seriesBound = 1.5;

/**
 * The error function by its power series. Every term is positive, so nothing cancels.
 *
 * **Math** `erf x = 2/√π · e^{−x²} Σₙ 2ⁿ x^{2n+1} / (2n+1)!!`
 * **Source** Abramowitz and Stegun, 7.1.6.
 */
const series = (x: number): number => {
  const square = x * x;
  let term = x;
  let sum = x;
  for (let odd = 3; term > sum * 2 ** -55; odd += 2) {
    term *= (2 * square) / odd;
    sum += term;
  }
  return twoOverSqrtPi * Math.exp(-square) * sum;
};

/**
 * The complementary error function by its continued fraction, from its tail inwards.
 *
 * **Math** `√π e^{x²} erfc x = 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + 2/(x + …)))))`
 * **Source** Abramowitz and Stegun, 7.1.14.
 */
const continuedFraction = (x: number): number => {
  // The error after n levels falls like exp(−2x√(2n)).
  const levels = Math.ceil(200 / (x * x)) + 4;
  let tail = x;
  for (let n = levels; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
};

/**
 * The error function, accurate to about 15 digits.
 *
 * **Math** `erf x = 2/√π ∫₀ˣ e^{−t²} dt`, and `erf′ x = 2/√π · e^{−x²}`.
 *
 * **Example**
 * ```ts
 * erf(0.5); // => 0.5204998778130466
 * ```
 */
export const erf = (x: number): number => {
  const magnitude = Math.abs(x);
  if (!(magnitude > 0)) return x; // keeps −0 and NaN
  if (magnitude > 6) return Math.sign(x);
  return (
    Math.sign(x) * (magnitude < seriesBound ? series(magnitude) : 1 - continuedFraction(magnitude))
  );
};

/** The complementary error function `1 − erf x`, accurate even where it is small. */
export const erfc = (x: number): number => {
  if (Number.isNaN(x)) return x;
  if (x < seriesBound) return 1 - erf(x);
  return x > 27.3 ? 0 : continuedFraction(x);
};

/**
 * A first approximation of the inverse error function. **Source** Winitzki (2008), "A handy approximation for the
 * error function and its inverse", eq. 7.
 */
const roughInverse = (complement: number, magnitude: number): number => {
  const a = 0.147;
  const logarithm = Math.log(complement) + Math.log1p(magnitude);
  const half = 2 / (Math.PI * a) + logarithm / 2;
  return Math.sqrt(Math.sqrt(half * half - logarithm / a) - half);
};

/**
 * The inverse of {@link erf} on [−1, 1]: ±∞ at the ends, NaN outside.
 *
 * **Math** Halley's iteration on `erfc y = 1 − |x|`, each step tripling the correct digits; `erfInv′ x = √π/2 ·
 * e^{y²}` at `y = erfInv x`.
 *
 * **Example**
 * ```ts
 * erfInv(0.5); // => 0.4769362762044699
 * ```
 */
export const erfInv = (x: number): number => {
  const magnitude = Math.abs(x);
  if (!(magnitude > 0)) return x; // keeps −0 and NaN
  if (magnitude >= 1) return magnitude === 1 ? x * Number.POSITIVE_INFINITY : Number.NaN;
  const complement = 1 - magnitude; // exact where it is small
  let y = roughInverse(complement, magnitude);
  for (let step = 0; step < 3; step++) {
    const excess = magnitude < 0.5 ? erf(y) - magnitude : complement - erfc(y);
    const newton = excess / (twoOverSqrtPi * Math.exp(-y * y));
    y -= newton / (1 + y * newton);
  }
  return Math.sign(x) * y;
};
