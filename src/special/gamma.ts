import { custom } from "../autodiff/control.ts";
import { InvalidArgument } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import {
  abs,
  add,
  div,
  ge,
  log,
  lt,
  mul,
  reciprocal,
  sin,
  sub,
  tan,
} from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/operand.ts";
import type { Operand } from "../ir/shapeTypes.ts";

/**
 * The gamma function's logarithm and its derivatives: recurrences up to where the asymptotic series are
 * exact, and the series there.
 *
 * **Source** Abramowitz and Stegun, 6.1.40, 6.3.18, 6.4.11, and the reflections 6.1.17, 6.3.7.
 */

/** B₂, B₄, … */
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
/** So many steps of a recurrence make a positive argument large. */
const steps = 10;

const sumOf = (terms: readonly Expr[]): Expr => terms.reduce((p, q) => add(p, q) as Expr);
const shifted = (x: Expr, count = steps): readonly Expr[] =>
  Array.from({ length: count }, (_, k) => add(x, k) as Expr);

/** `Σ cᵢ·zⁱ` by Horner's rule. */
const polynomial = (z: Expr, coefficients: readonly number[]): Expr =>
  coefficients.reduceRight<Expr>((p, c) => add(mul(p, z) as Expr, c) as Expr, mul(z, 0) as Expr);

/** `ln Γ(x)` for `x ≥ ½`. */
const logGammaAbove = (x: Expr): Expr => {
  const y = add(x, steps) as Expr;
  const z = reciprocal(y) as Expr;
  const series = polynomial(
    mul(z, z) as Expr,
    bernoulli.map((b, i) => b / ((2 * i + 2) * (2 * i + 1))),
  );
  const stirling = sub(mul(sub(y, 0.5) as Expr, log(y) as Expr) as Expr, y) as Expr;
  const rest = add(mul(series, z) as Expr, Math.log(2 * Math.PI) / 2) as Expr;
  const product = shifted(x).reduce((p, q) => mul(p, q) as Expr);
  return sub(add(stirling, rest) as Expr, log(product) as Expr) as Expr;
};

/** Of `x` from ½ on as `above` says, of others what `reflected` makes of `above(1 - x)`. */
const reflecting = (x: Expr, above: (x: Expr) => Expr, reflected: (other: Expr) => Expr): Expr => {
  const low = lt(x, 0.5);
  const held = above(where(low, sub(1, x) as Expr, x) as Expr);
  return where(low, reflected(held), held) as Expr;
};

const logGammaOf: (x: Expr) => Expr = custom(
  (x: Expr) =>
    reflecting(x, logGammaAbove, (other) => {
      const sine = abs(sin(mul(x, Math.PI) as Expr) as Expr);
      return sub(sub(Math.log(Math.PI), log(sine) as Expr) as Expr, other) as Expr;
    }),
  {
    name: "logGamma",
    jvp: (x, tangent) => mul(polygammaOf(0)(x), tangent) as Expr,
    vjp: (x, _, w) => mul(w, polygammaOf(0)(x)) as Expr,
  },
);

const digammaAbove = (x: Expr): Expr => {
  const y = add(x, steps) as Expr;
  const z = reciprocal(y) as Expr;
  const square = mul(z, z) as Expr;
  const series = polynomial(
    square,
    bernoulli.map((b, i) => b / (2 * i + 2)),
  );
  const large = sub(sub(log(y) as Expr, mul(z, 0.5) as Expr) as Expr, mul(series, square) as Expr);
  return sub(large as Expr, sumOf(shifted(x).map((t) => reciprocal(t) as Expr))) as Expr;
};

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
const power = (x: Expr, n: number): Expr =>
  Array.from({ length: n - 1 }).reduce<Expr>((p) => mul(p, x) as Expr, x);

/** Of sums without a reflection: negative arguments down to this become as large. */
const lowest = -10;

/** `n! Σ 1/(x + k)ⁿ⁺¹` over all `k ≥ 0`, for `n ≥ 1` and `x ≥ -10`. */
const powerSums = (x: Expr, n: number): Expr => {
  const count = steps - lowest;
  const z = reciprocal(add(x, count) as Expr) as Expr;
  const series = polynomial(
    mul(z, z) as Expr,
    bernoulli.map((b, i) => (b * factorial(2 * i + 1 + n)) / factorial(2 * i + 2)),
  );
  const first = add(factorial(n - 1), mul(z, factorial(n) / 2) as Expr) as Expr;
  const tail = mul(power(z, n), add(first, mul(series, mul(z, z) as Expr) as Expr) as Expr) as Expr;
  const terms = shifted(x, count).map((t) => power(reciprocal(t) as Expr, n + 1));
  return add(mul(sumOf(terms), factorial(n)) as Expr, tail) as Expr;
};

/** The `n`-th derivative of digamma. */
const polygammaOf = (n: number): ((x: Expr) => Expr) =>
  custom(
    (x: Expr) => {
      if (n > 0) {
        const sums = mul(powerSums(x, n), n % 2 === 0 ? -1 : 1) as Expr;
        return where(ge(x, lowest), sums, Number.NaN) as Expr;
      }
      return reflecting(x, digammaAbove, (other) => {
        const slope = div(Math.PI, tan(mul(x, Math.PI) as Expr) as Expr) as Expr;
        return sub(other, slope) as Expr;
      });
    },
    {
      name: "polygamma",
      jvp: (x, tangent) => mul(polygammaOf(n + 1)(x), tangent) as Expr,
      vjp: (x, _, w) => mul(w, polygammaOf(n + 1)(x)) as Expr,
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
 * import { Backend, compile, type Expr, logGamma, tensor } from "fluxion";
 * import * as Effect from "effect/Effect";
 * const x = tensor([0.5, 3, 5]).cast("f64");
 * const program = compile((a: Expr) => logGamma(a), [x]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(x).toArray() // => [0.5723649429, 0.6931471806, 3.1780538303]
 * ```
 */
export const logGamma = (x: Operand): Expr => logGammaOf(lift(x));

/** `ψ(x) = d ln Γ(x) / dx`. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`. */
export const digamma = (x: Operand): Expr => polygammaOf(0)(lift(x));

/**
 * `dⁿψ(x) / dxⁿ`: trigamma for 1, and so on; for `n` above 0, NaN where `x < -10`, and so are derivatives of
 * {@link digamma} there.
 *
 * **Fails with** `InvalidArgument`, thrown, where `n` is no whole number from 0 on.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const polygamma = (n: number, x: Operand): Expr => {
  if (!(Number.isSafeInteger(n) && n >= 0))
    throw new InvalidArgument({
      op: "polygamma",
      argument: "n",
      expected: "a whole number from 0 on",
      actual: String(n),
    });
  return polygammaOf(n)(lift(x));
};

/**
 * `ln Γ_p(x)`, of the multivariate gamma function of `p` dimensions.
 *
 * **Math** `p(p - 1)/4 · ln π + Σⱼ ln Γ(x + (1 - j)/2)` over `j = 1 … p`.
 */
export const multivariateLogGamma = (operand: Operand, p: number): Expr => {
  const x = lift(operand);
  const terms = Array.from({ length: p }, (_, j) => logGamma(sub(x, j / 2) as Expr));
  return add(sumOf(terms), ((p * (p - 1)) / 4) * Math.log(Math.PI)) as Expr;
};
