import { customDerivative } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import {
  abs,
  div,
  exp,
  le,
  minimum,
  mul,
  neg,
  sign,
  sqrt,
  square,
  sub,
} from "../ir/ops/elementwise.ts";
import { floating, lift } from "../ir/ops/promote.ts";
import type { Operand } from "../ir/types/shape.ts";
import { chebyshev, powerSeries } from "./series.ts";

/**
 * The modified Bessel functions of the first kind, of orders 0 and 1. Up to {@link border} they are power series of
 * positive terms; beyond it `√x e⁻ˣ I(x)` is a Chebyshev series in `2·border/x - 1`.
 *
 * **Source** Abramowitz and Stegun, 9.6.10; the coefficients are those of the interpolation in 60 points, to 60
 * digits.
 */
const border = 8;

/** The coefficients `1/(k! (k + order)!)` of `(x/2)^-order I(x)` in powers of `x²/4`. */
const powers = (order: number): readonly number[] =>
  Array.from({ length: 26 }).reduce<readonly number[]>(
    (all, _, k) => [...all, (all[k] as number) / ((k + 1) * (k + 1 + order))],
    [1],
  );

interface Order {
  readonly powers: readonly number[];
  readonly beyond: readonly number[];
}

const order0: Order = {
  powers: powers(0),
  beyond: [
    0.4022452055070544, 0.0033691164782556943, 6.889758346916825e-5, 2.8913705208347567e-6,
    2.0489185894690638e-7, 2.266668990498178e-8, 3.3962320257083865e-9, 4.94060238822497e-10,
    1.1889147107846439e-11, -3.1499165279632416e-11, -1.3215811840447713e-11,
    -1.7941785315068062e-12, 7.180124451383666e-13, 3.8527783827421426e-13, 1.54008621752141e-14,
    -4.150569347287222e-14, -9.554846698828307e-15, 3.8116806693526224e-15, 1.7725601330565263e-15,
    -3.425485619677219e-16, -2.8276239805165836e-16, 3.461222867697461e-17, 4.46562142029676e-17,
    -4.830504485944182e-18, -7.233180487874754e-18,
  ],
};

const order1: Order = {
  powers: powers(1),
  beyond: [
    0.38928811750914005, -0.009761097491361469, -0.00011058893876262371, -3.882564808877691e-6,
    -2.512236237870209e-7, -2.6314688468895196e-8, -3.835380385964237e-9, -5.589743462196584e-10,
    -1.8974958123505413e-11, 3.2526035830154884e-11, 1.4125807436613782e-11, 2.0356285441470896e-12,
    -7.198551776245908e-13, -4.0835511110921974e-13, -2.1015418427726643e-14, 4.272440016711951e-14,
    1.0420276984128802e-14, -3.8144030724370075e-15, -1.8803547755107825e-15,
    3.3082023109209285e-16, 2.96262899764595e-16, -3.209525921993424e-17, -4.6503053684893586e-17,
    4.414348323071708e-18, 7.517296310842105e-18,
  ],
};

/** Chooses by the size of `x`, and applies each function only to sizes in its own range. */
const split = (x: Expr, within: (size: Expr) => Expr, beyond: (size: Expr) => Expr): Expr => {
  const size = abs(x);
  const low = le(size, border);
  return where(low, within(where(low, size, border)), beyond(where(low, border, size)));
};

const series = (size: Expr, { powers }: Order): Expr =>
  powerSeries(square(mul(size, 0.5)), powers, border ** 2 / 4);

/** `e⁻ˣ I(x)` beyond the border. */
const scaled = (size: Expr, { beyond }: Order): Expr =>
  div(chebyshev(sub(div(2 * border, size), 1), beyond), sqrt(size));

/** Above this the functions are ∞ in every float dtype, and the argument is limited so that no ∞ is divided. */
const most = 2000;

/** `eˣ f(x)`, multiplied by `e^(x/2)` twice, which does not overflow before the result does. */
const grown = (size: Expr, f: (size: Expr) => Expr): Expr => {
  const held = minimum(size, most);
  const half = exp(mul(held, 0.5));
  return mul(mul(half, f(held)), half);
};
const shrunk = (size: Expr, order: Order): Expr => mul(exp(neg(size)), series(size, order));
const odd = (x: Expr, size: Expr): Expr => mul(x, size);

/** A function with a custom derivative: the chain rule through its parts would give ∞ - ∞. */
const withSlope = (name: string, f: (x: Expr) => Expr, slope: (x: Expr) => Expr) =>
  customDerivative(f, {
    name,
    jvp: (x: Expr, tangent: Expr) => mul(slope(x), tangent),
    vjp: (x: Expr, _: Expr, w: Expr) => mul(w, slope(x)),
  });

const besselI0Of: (x: Expr) => Expr = withSlope(
  "besselI0",
  (x) =>
    split(
      x,
      (size) => series(size, order0),
      (size) => grown(size, (held) => scaled(held, order0)),
    ),
  (x) => besselI1Of(x),
);

const besselI1Of: (x: Expr) => Expr = withSlope(
  "besselI1",
  (x) => {
    const held = where(le(abs(x), border), x, border);
    return split(
      x,
      (size) => odd(mul(held, 0.5), series(size, order1)),
      (size) =>
        odd(
          sign(x),
          grown(size, (far) => scaled(far, order1)),
        ),
    );
  },
  // I₀(x) - I₁(x)/x.
  (x) =>
    split(
      x,
      (size) => sub(series(size, order0), mul(series(size, order1), 0.5)),
      (size) => grown(size, (far) => sub(scaled(far, order0), div(scaled(far, order1), far))),
    ),
);

/**
 * `I₀(x)`, the modified Bessel function of the first kind and order 0.
 *
 * **Math** `I₀(x) = 1/π ∫₀^π e^(x cos θ) dθ`; its derivative is {@link i1}.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { i0 } from "fluxion/special";
 * import * as Effect from "effect/Effect";
 * const x = tensor([0, 1, 10]).cast("f64");
 * const program = compile((a: Expr) => i0(a), [x]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(x).toArray() // => [1, 1.2660658778, 2815.7166284663]
 * ```
 */
export const i0 = (x: Operand): Expr => besselI0Of(floating("besselI0", lift(x)));

/** `e^-|x| I₀(x)`, which does not overflow. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`. */
export const i0e = (x: Operand): Expr =>
  split(
    floating("besselI0Scaled", lift(x)),
    (size) => shrunk(size, order0),
    (size) => scaled(size, order0),
  );

/**
 * `I₁(x)`, the modified Bessel function of order 1: the derivative of {@link i0}. **Laws** `laws.jvp`, `laws.vjp`,
 * `laws.vmap`.
 */
export const i1 = (x: Operand): Expr => besselI1Of(floating("besselI1", lift(x)));

/** `e^-|x| I₁(x)`, which does not overflow. **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`. */
export const i1e = (operand: Operand): Expr => {
  const x = floating("besselI1Scaled", lift(operand));
  const held = where(le(abs(x), border), x, border);
  return split(
    x,
    (size) => odd(mul(held, 0.5), shrunk(size, order1)),
    (size) => odd(sign(x), scaled(size, order1)),
  );
};
