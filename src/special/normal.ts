import { customDerivative } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import {
  abs,
  add,
  div,
  eq,
  erf,
  exp,
  gt,
  le,
  log,
  log1p,
  lt,
  minimum,
  mul,
  neg,
  reciprocal,
  sqrt,
  square,
  sub,
} from "../ir/ops/elementwise.ts";
import { floating, lift } from "../ir/ops/promote.ts";
import type { Operand } from "../ir/types/shape.ts";
import { chebyshev, polynomial } from "./series.ts";

/** The complementary error function, and the normal distribution. */

/**
 * Makes a function of one operand with a custom derivative, given as a function of the point and of the value there.
 */
const withSlope = (
  name: string,
  f: (x: Expr) => Expr,
  slope: (x: Expr) => Expr,
): ((x: Expr) => Expr) =>
  customDerivative(f, {
    name,
    jvp: (x, tangent) => mul(slope(x), tangent),
    vjp: (x, _, w) => mul(w, slope(x)),
  });

/** `x` rounded to half of its dtype's digits; the remainder is exact. */
const halfOf = (x: Expr): Expr => {
  const split = mul(x, x.dtype === "f32" ? 2 ** 12 + 1 : 2 ** 27 + 1);
  return sub(split, sub(split, x));
};

/**
 * `e^(c·x²)` for a power `c` of 2. The square of half the digits is exact and the rest of `x²` is small, so the
 * rounding error does not grow with the exponent.
 *
 * **Source** Cody, "Rational Chebyshev approximations for the error function" (1969); halves: Dekker, "A
 * floating-point technique for extending the available precision" (1971).
 */
const expSquare = (c: number): ((x: Expr) => Expr) =>
  withSlope(
    "expSquare",
    (x) => {
      // Beyond 64 the exponential overflows, or is 0, in every dtype.
      const size = minimum(abs(x), 64);
      const half = halfOf(size);
      const rest = mul(mul(sub(size, half), add(size, half)), c);
      return mul(exp(mul(square(half), c)), polynomial(rest, [1, 1, 1 / 2, 1 / 6]));
    },
    (x) => mul(mul(x, 2 * c), expSquare(c)(x)),
  );

/** Chebyshev coefficients of `(x + 3)·e^(x²)·erfc x` for `x ≥ 0`, in `(x - 3)/(x + 3)`. */
const complement: readonly number[] = [
  1.413438223980872, -1.1314768490746974, 0.35410810034248635, -0.08508704009908545,
  0.014615273272816639, -0.0013795571636296329, -6.429066714315945e-5, 3.9043421097724045e-5,
  -2.642785074856054e-6, -8.239440143910853e-7, 1.3247975697671355e-7, 1.919522515672645e-8,
  -5.030507163745393e-9, -5.842006410267007e-10, 1.8742323910408168e-10, 2.4373672656733487e-11,
  -6.990943839667697e-12, -1.2573115617676e-12, 2.458000580643909e-13, 7.005741632378779e-14,
  -6.732775694749609e-15, -3.843430589415152e-15, 3.3163748896188907e-18, 1.9337385406947118e-16,
  1.957552792661546e-17,
];

/** `e^(x²)·erfc x` for `x ≥ 0`. */
const erfcxAbove = (x: Expr): Expr => {
  const above = add(x, 3);
  return div(chebyshev(sub(1, div(6, above)), complement), above);
};

/**
 * The scaled complementary error function `e^(x²)·erfc x`, which does not underflow.
 *
 * **Math** its derivative is `2x·erfcx x - 2/√π`; `1/(x√π)` for large `x`.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞" (1981);
 * the coefficients are those of the interpolation in 80 points, to 60 digits.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { erfcx } from "fluxion/special";
 * import * as Effect from "effect/Effect";
 * const x = tensor([0, 1, 100]).cast("f64");
 * const program = compile((a: Expr) => erfcx(a), [x]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(x).toArray() // => [1, 0.4275835762, 0.0056416138]
 * ```
 */
export const erfcx = (operand: Operand): Expr => {
  const x = floating("erfcx", lift(operand));
  const low = lt(x, 0);
  const above = erfcxAbove(where(low, neg(x), x));
  const held = where(low, x, 0);
  return where(low, sub(mul(expSquare(1)(held), 2), above), above);
};

const erfcOf = withSlope(
  "erfc",
  (x) => {
    const low = lt(x, 0.5);
    const held = where(low, 1, x);
    return where(low, sub(1, erf(x)), mul(expSquare(-1)(held), erfcxAbove(held)));
  },
  (x) => mul(expSquare(-1)(x), -2 / Math.sqrt(Math.PI)),
);

/**
 * The complementary error function `1 - erf x`, accurate to the last digits even where it is small.
 *
 * **Math** its derivative is `-2/√π · e^(-x²)`. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const erfc = (x: Operand): Expr => erfcOf(floating("erfc", lift(x)));

/** The density of the standard normal distribution, `e^(-x²/2)/√(2π)`. */
const density = (x: Expr): Expr => mul(expSquare(-0.5)(x), 1 / Math.sqrt(2 * Math.PI));

/**
 * Coefficients of `e^(x²/2)·Φ(-x)/u` for `x ≥ 0`, in powers of `u = 1/(1 + 0.45x/√2)`: a minimax approximation of
 * relative error 2⁻²⁴·⁹.
 */
const short: readonly number[] = [
  0.1269426604, 0.1269415814, 0.1141358208, 0.0876260639, 0.0599752239, -0.01117901698,
  0.07120060275, -0.1502913927, 0.0953440417, -0.02069557808,
];

/** `e^(x²/2)·Φ(x)` for `x = -size`; in f32 by as few operations as possible, since GELU layers use it. */
const tailOf = (size: Expr): Expr => {
  if (size.dtype !== "f32") return mul(erfcxAbove(mul(size, Math.SQRT1_2)), 0.5);
  const u = reciprocal(add(mul(size, 0.45 * Math.SQRT1_2), 1));
  return mul(u, polynomial(u, short));
};

const normalCdfOf = withSlope(
  "ndtr",
  (x) => {
    const tail = mul(expSquare(-0.5)(x), tailOf(abs(x)));
    return where(lt(x, 0), tail, sub(1, tail));
  },
  density,
);

/**
 * The cumulative distribution function `Φ(x)` of the standard normal distribution, accurate to the last digits in its
 * left tail.
 *
 * **Math** `Φ(x) = ½ erfc(-x/√2)`; its derivative is the density `e^(-x²/2)/√(2π)`.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const ndtr = (x: Operand): Expr => normalCdfOf(floating("ndtr", lift(x)));

const logNormalCdfOf = withSlope(
  "logNdtr",
  (x) => {
    const tail = tailOf(abs(x));
    const right = log1p(neg(mul(expSquare(-0.5)(x), tail)));
    const left = sub(log(tail), mul(square(x), 0.5));
    return where(lt(x, 0), left, right);
  },
  (x) => {
    const low = lt(x, 0);
    const held = where(low, 0, x);
    const left = div(1 / Math.sqrt(2 * Math.PI), tailOf(abs(x)));
    return where(low, left, div(density(held), normalCdfOf(held)));
  },
);

/**
 * The logarithm of {@link ndtr}, `log Φ(x)`, finite far into the left tail.
 *
 * **Math** its derivative is the density over `Φ(x)`, the inverse of Mills's ratio.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const logNdtr = (x: Operand): Expr => logNormalCdfOf(floating("logNdtr", lift(x)));

/** A quotient of polynomials, each with the lowest power first. */
interface Rational {
  readonly over: readonly number[];
  readonly under: readonly number[];
}
const rational = (z: Expr, { over, under }: Rational): Expr =>
  div(polynomial(z, over), polynomial(z, under));

const middle: Rational = {
  over: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
    45921.95393154987, 67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  under: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597,
    39307.89580009271, 28729.085735721943, 5226.495278852546,
  ],
};
const tail: Rational = {
  over: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
    1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  under: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008,
    0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9,
  ],
};
const farTail: Rational = {
  over: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
    0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  under: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

const normalQuantileOf: (p: Expr) => Expr = withSlope(
  "ndtri",
  (p) => {
    const apart = sub(p, 0.5);
    const central = le(abs(apart), 0.425);
    const q = where(central, apart, 0);
    const near = mul(q, rational(sub(0.180625, square(q)), middle));
    const least = minimum(p, sub(1, p));
    const r = sqrt(neg(log(least)));
    const far = gt(r, 5);
    const outer = where(
      far,
      rational(sub(where(far, r, 5), 5), farTail),
      rational(sub(where(far, 5, r), 1.6), tail),
    );
    const ended = where(eq(least, 0), Number.POSITIVE_INFINITY, outer);
    return where(central, near, where(lt(p, 0.5), neg(ended), ended));
  },
  // `p` itself is more accurate than the density at the rounded result.
  (p) => {
    const ratio = mul(tailOf(abs(normalQuantileOf(p))), Math.sqrt(2 * Math.PI));
    const least = minimum(p, sub(1, p));
    // At the ends the derivative is ∞; the ratio alone would be 0/0.
    return div(where(eq(least, 0), 1, ratio), least);
  },
);

/**
 * The quantile function of the standard normal distribution, the inverse of {@link ndtr}: -∞ at 0, ∞ at 1, NaN
 * outside.
 *
 * **Math** its derivative is `√(2π)·e^(x²/2)` where its value is `x`. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Wichura, "Algorithm AS 241: the percentage points of the normal distribution" (1988), PPND16.
 */
export const ndtri = (p: Operand): Expr => normalQuantileOf(floating("ndtri", lift(p)));
