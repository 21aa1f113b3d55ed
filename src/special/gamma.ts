import { customDerivative } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import {
  abs,
  add,
  div,
  eq,
  floor,
  ge,
  le,
  log,
  lt,
  mul,
  neg,
  reciprocal,
  round,
  sin,
  square,
  sub,
  tan,
} from "../ir/ops/elementwise.ts";
import { floating, lift } from "../ir/ops/promote.ts";
import type { Operand } from "../ir/types/shape.ts";
import { wholeTo } from "../tensor/validate.ts";
import { polynomial, powerSeries } from "./series.ts";

/**
 * The logarithm of the gamma function and its derivatives. Recurrences move the argument to where a series is
 * accurate; arguments below ½ use reflection, in the distance from the nearest integer, which is exact.
 *
 * **Source** Abramowitz and Stegun, 6.1.33, 6.1.40, 6.3.18, 6.4.11, and the reflections 6.1.17, 6.3.7, 6.4.7.
 */

/** The Bernoulli numbers B₂, B₄, … */
const bernoulli: readonly number[] = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
];

const sumOf = (terms: readonly Expr[]): Expr => terms.reduce((p, q) => add(p, q));
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** Uses `above(x)` for `x ≥ ½`, and `reflected` of `above(1 - x)` for others. */
const reflecting = (x: Expr, above: (x: Expr) => Expr, reflected: (other: Expr) => Expr): Expr => {
  const low = lt(x, 0.5);
  const held = above(where(low, sub(1, x), x));
  return where(low, reflected(held), held);
};

/** The signed distance of `x` from the nearest integer; exact. */
const beyondWhole = (x: Expr): Expr => sub(x, round(x));

/** `cot πx`, accurate both near its poles and near its zeros. */
const cotangent = (x: Expr): Expr => {
  const r = beyondWhole(x);
  const size = abs(r);
  const near = le(size, 0.25);
  const slope = tan(mul(where(near, size, sub(0.5, size)), Math.PI));
  const magnitude = where(near, div(1, where(near, slope, 1)), slope);
  return where(lt(r, 0), neg(magnitude), magnitude);
};

/** From here on Stirling's series is used. */
const large = 8;

/** `ln Γ(x)` for `x` from {@link large} on. */
const stirling = (x: Expr): Expr => {
  const z = reciprocal(x);
  const series = polynomial(
    square(z),
    bernoulli.map((b, i) => b / ((2 * i + 2) * (2 * i + 1))),
  );
  const rest = add(mul(series, z), (Math.log(2 * Math.PI) - 1) / 2);
  return add(mul(sub(x, 0.5), sub(log(x), 1)), rest);
};

/** `ζ(s) - 1`; the terms from 10 on are summed by the Euler–Maclaurin formula. */
const zetaBeyondOne = (s: number): number => {
  const rising = (i: number): number =>
    Array.from({ length: 2 * i + 1 }, (_, j) => s + j).reduce((p, q) => p * q) /
    factorial(2 * i + 2);
  const corrections = bernoulli.map((b, i) => b * rising(i) * 10 ** (-s - 2 * i - 1));
  const head = [9, 8, 7, 6, 5, 4, 3, 2].map((n) => n ** -s);
  return [...corrections, 10 ** -s / 2, 10 ** (1 - s) / (s - 1), ...head].reduce((p, q) => p + q);
};

const eulersConstant = 0.5772156649015329;
/** The coefficients of `ln Γ(2 + r) / r`. */
const aroundTwo: readonly number[] = [
  1 - eulersConstant,
  ...Array.from(
    { length: 29 },
    (_, i) => ((i % 2 === 0 ? 1 : -1) * zetaBeyondOne(i + 2)) / (i + 2),
  ),
];

/** `ln Γ(x)` from ½ to {@link large}: the series around 2 at the argument shifted near 2, and the recurrence back. */
const logGammaBetween = (x: Expr): Expr => {
  const nearest = floor(add(x, 0.5));
  const steps = sub(nearest, 2);
  const r = sub(x, nearest);
  const factors = Array.from({ length: large - 2 }, (_, j) => {
    const wanted = ge(steps, j + 1);
    return where(wanted, sub(x, j + 1), 1);
  });
  const below = lt(steps, 0);
  const product = factors.reduce((p, q) => mul(p, q));
  const recurrence = log(where(below, x, product));
  const base = mul(r, powerSeries(r, aroundTwo, 0.5));
  return add(base, where(below, neg(recurrence), recurrence));
};

/** `ln Γ(x)` for `x ≥ ½`. */
const logGammaAbove = (x: Expr): Expr => {
  const far = ge(x, large);
  return where(far, stirling(where(far, x, large)), logGammaBetween(where(far, 2, x)));
};

const logGammaOf: (x: Expr) => Expr = customDerivative(
  (x: Expr) =>
    reflecting(x, logGammaAbove, (other) => {
      const r = abs(beyondWhole(x));
      // For so small an argument the sine equals it; a subnormal number times π would not be exact.
      const little = lt(r, 2 ** -30);
      const sine = sin(mul(r, Math.PI));
      const share = where(little, r, mul(sine, 1 / Math.PI));
      const whole = eq(r, 0);
      return where(whole, Number.POSITIVE_INFINITY, neg(add(log(share), other)));
    }),
  {
    name: "logGamma",
    jvp: (x, tangent) => mul(polygammaOf(0)(x), tangent),
    vjp: (x, _, w) => mul(w, polygammaOf(0)(x)),
  },
);

/** The number of recurrence steps that move an argument of at least ½ to where the polygamma series is accurate. */
const steps = 10;
const shifted = (x: Expr): readonly Expr[] => Array.from({ length: steps }, (_, k) => add(x, k));

const digammaAbove = (x: Expr): Expr => {
  const y = add(x, steps);
  const z = reciprocal(y);
  const series = polynomial(
    square(z),
    bernoulli.map((b, i) => b / (2 * i + 2)),
  );
  const corrections = add(mul(z, 0.5), mul(series, square(z)));
  const sums = sumOf(shifted(x).map((t) => reciprocal(t)));
  return sub(sub(log(y), corrections), sums);
};

const power = (x: Expr, n: number): Expr =>
  Array.from({ length: n - 1 }).reduce<Expr>((p) => mul(p, x), x);

/** `(-1)ⁿ⁺¹ ψ⁽ⁿ⁾(x) = n! Σ 1/(x + k)ⁿ⁺¹` over all `k ≥ 0`, for `n ≥ 1` and `x ≥ ½`. */
const powerSums = (x: Expr, n: number): Expr => {
  const z = reciprocal(add(x, steps));
  const series = polynomial(
    square(z),
    bernoulli.map((b, i) => (b * factorial(2 * i + 1 + n)) / factorial(2 * i + 2)),
  );
  const first = add(factorial(n - 1), mul(z, factorial(n) / 2));
  const tail = mul(power(z, n), add(first, mul(series, square(z))));
  const terms = shifted(x).map((t) => power(reciprocal(t), n + 1));
  return add(mul(sumOf(terms), factorial(n)), tail);
};

/** The `n`-th derivative of the cotangent as a polynomial of the cotangent `c`, by `c′ = -(1 + c²)`. */
const cotangentSlope = (n: number): readonly number[] =>
  n === 0
    ? [0, 1]
    : cotangentSlope(n - 1).reduce<readonly number[]>(
        (sum, a, i) => plusAt(plusAt(sum, i - 1, -i * a), i + 1, -i * a),
        Array.from({ length: n + 2 }, () => 0),
      );
const plusAt = (xs: readonly number[], at: number, by: number): readonly number[] =>
  xs.map((x, i) => (i === at ? x + by : x));

/** `dⁿ/dxⁿ π cot πx`. */
const steep = (x: Expr, n: number): Expr =>
  mul(polynomial(cotangent(x), cotangentSlope(n)), Math.PI ** (n + 1));

/** The `n`-th derivative of digamma. */
const polygammaOf = (n: number): ((x: Expr) => Expr) =>
  customDerivative(
    (x: Expr) => {
      const even = n % 2 === 0;
      const above = (y: Expr): Expr =>
        n === 0 ? digammaAbove(y) : mul(powerSums(y, n), even ? -1 : 1);
      return reflecting(x, above, (other) => sub(even ? other : neg(other), steep(x, n)));
    },
    {
      name: "polygamma",
      jvp: (x, tangent) => mul(polygammaOf(n + 1)(x), tangent),
      vjp: (x, _, w) => mul(w, polygammaOf(n + 1)(x)),
    },
  );

/**
 * `ln |Γ(x)|`, element by element.
 *
 * **Math** its derivative is {@link digamma}; ∞ at 0 and at negative whole numbers.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { logGamma } from "fluxion/special";
 * import * as Effect from "effect/Effect";
 * const x = tensor([0.5, 3, 5]).cast("f64");
 * const program = compile((a: Expr) => logGamma(a), [x]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(x).toArray() // => [0.5723649429, 0.6931471806, 3.1780538303]
 * ```
 */
export const logGamma = (x: Operand): Expr => logGammaOf(floating("logGamma", lift(x)));

/** `ψ(x) = d ln Γ(x) / dx`; infinite at 0 and at negative whole numbers. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`. */
export const digamma = (x: Operand): Expr => polygammaOf(0)(floating("digamma", lift(x)));

/** The highest supported derivative of digamma. */
const highest = 99;

/**
 * `dⁿψ(x) / dxⁿ`: trigamma for 1, and so on; infinite at 0 and at negative whole numbers.
 *
 * **Fails with** `InvalidArgument`, thrown if `n` is not an integer from 0 to 99; larger factorials overflow.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const polygamma = (n: number, x: Operand): Expr => {
  wholeTo(0, highest)("polygamma", { n });
  return polygammaOf(n)(floating("polygamma", lift(x)));
};

/**
 * `ln Γ_p(x)`, the logarithm of the multivariate gamma function of dimension `p`.
 *
 * **Math** `p(p - 1)/4 · ln π + Σⱼ ln Γ(x + (1 - j)/2)` over `j = 1 … p`.
 * **Fails with** `InvalidArgument`, thrown if `p` is not an integer from 1 to 1000.
 */
export const multivariateLogGamma = (operand: Operand, p: number): Expr => {
  wholeTo(1, 1000)("multivariateLogGamma", { p });
  const x = floating("multivariateLogGamma", lift(operand));
  const terms = Array.from({ length: p }, (_, j) => logGamma(sub(x, j / 2)));
  return add(sumOf(terms), ((p * (p - 1)) / 4) * Math.log(Math.PI));
};
