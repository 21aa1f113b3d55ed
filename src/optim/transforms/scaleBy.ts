import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import {
  abs,
  add,
  div,
  maximum,
  mul,
  reciprocal,
  sqrt,
  square,
  sub,
} from "../../ir/ops/elementwise.ts";
import { full } from "../../tensor/constructors.ts";
import { notNegative, share } from "../../tensor/validate.ts";
import { map, zip } from "../../tree.ts";
import { averaged, averagedSquare, zerosOf } from "../ema.ts";
import { counted, noSteps, oneMore } from "../learningRate.ts";
import { biasCorrection, scalable } from "../scaling.ts";
import { type GradientTransformation, transformation } from "../transformation.ts";

/** How long Adam and its relatives remember. */
export interface AdamScaling {
  /** The decay of the mean gradient per step. Defaults to 0.9. */
  readonly beta1?: number;
  /** The decay per step of the mean square, or in Adamax of the maximum. Defaults to 0.999. */
  readonly beta2?: number;
  /** Added to the divisor, against a division by zero. Defaults to 1e-8. */
  readonly epsilon?: number;
}

/**
 * Divides the mean gradient by the root of the mean squared gradient, both corrected for their start at 0.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `m ← β₁m + (1-β₁)g`, `v ← β₂v + (1-β₂)g²`, updates `m/(1-β₁ᵗ) / (√v/√(1-β₂ᵗ) + ε)`.
 * **Source** Kingma and Ba (2014), arXiv:1412.6980, algorithm 1.
 */
export const scaleByAdam = (options: AdamScaling = {}): GradientTransformation => {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  notNegative("scaleByAdam", { epsilon });
  share("scaleByAdam", { beta1, beta2 });
  return transformation({
    name: "scaleByAdam",
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), square: zerosOf(params) }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const t = counted(step);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const square = zip((v, d) => averagedSquare(beta2, v, d), state.square, g);
      const inverseRoot = reciprocal(sqrt(biasCorrection(beta2, t)));
      return scalable({ step, mean, square }, (factor) => {
        // Once per step and in f64, not once per parameter. Rounding to the params' dtype comes last.
        const corrected = div(factor, biasCorrection(beta1, t));
        const updateOf = (m: Expr, v: Expr): Expr => {
          const root = add(mul(sqrt(v), cast(inverseRoot, v.dtype)), epsilon);
          return div(mul(m, cast(corrected, m.dtype)), root);
        };
        return zip(updateOf, mean, square);
      });
    },
  });
};

/**
 * Divides the mean gradient by the largest recent gradient.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `m ← β₁m + (1-β₁)g`, `u ← max(β₂u, |g| + ε)`, updates `m/(1-β₁ᵗ) / u`.
 * **Source** Kingma and Ba (2014), arXiv:1412.6980, algorithm 2.
 */
export const scaleByAdamax = (options: AdamScaling = {}): GradientTransformation => {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  notNegative("scaleByAdamax", { epsilon });
  share("scaleByAdamax", { beta1, beta2 });
  return transformation({
    name: "scaleByAdamax",
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), greatest: zerosOf(params) }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const largest = (u: Expr, d: Expr): Expr => maximum(mul(u, beta2), add(abs(d), epsilon));
      const greatest = zip(largest, state.greatest, g);
      return scalable({ step, mean, greatest }, (factor) => {
        const corrected = div(factor, biasCorrection(beta1, counted(step)));
        return zip((m, u) => div(mul(m, cast(corrected, m.dtype)), u), mean, greatest);
      });
    },
  });
};

/**
 * Divides gradients by the root of their mean square. α defaults to 0.99 and ε to 1e-8.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `v ← αv + (1-α)g²`, updates `g/(√v + ε)`.
 * **Source** Tieleman and Hinton, lecture 6.5 of "Neural Networks for Machine Learning" (2012).
 */
export const scaleByRms = (
  options: { readonly alpha?: number; readonly epsilon?: number } = {},
): GradientTransformation => {
  const { alpha = 0.99, epsilon = 1e-8 } = options;
  notNegative("scaleByRms", { epsilon });
  share("scaleByRms", { alpha });
  return transformation({
    name: "scaleByRms",
    init: (params) => ({ square: zerosOf(params) }),
    update: (g, state) => {
      const mean = zip((v, d) => averagedSquare(alpha, v, d), state.square, g);
      const updates = zip((d, v) => div(d, add(sqrt(v), epsilon)), g, mean);
      return { updates, state: { square: mean } };
    },
  });
};

/**
 * Divides gradients by their standard deviation: RMSProp, centered. α defaults to 0.99 and ε to 1e-8.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `v ← αv + (1-α)g²`, `m ← αm + (1-α)g`, updates `g/(√(v - m²) + ε)`.
 * **Source** Graves (2013), arXiv:1308.0850, equations 38 to 40, with ε outside of the root, as in PyTorch.
 */
export const scaleByStddev = (
  options: { readonly alpha?: number; readonly epsilon?: number } = {},
): GradientTransformation => {
  const { alpha = 0.99, epsilon = 1e-8 } = options;
  notNegative("scaleByStddev", { epsilon });
  share("scaleByStddev", { alpha });
  return transformation({
    name: "scaleByStddev",
    init: (params) => ({ mean: zerosOf(params), square: zerosOf(params) }),
    update: (g, state) => {
      const mean = zip((m, d) => averaged(alpha, m, d), state.mean, g);
      const squares = zip((v, d) => averagedSquare(alpha, v, d), state.square, g);
      // Rounding may leave a variance below 0.
      const variance = zip((v, m) => maximum(sub(v, square(m)), 0), squares, mean);
      const updates = zip((d, v) => div(d, add(sqrt(v), epsilon)), g, variance);
      return { updates, state: { mean, square: squares } };
    },
  });
};

/**
 * Divides gradients by the root of the sum of their squares since the first step. ε defaults to 1e-10, and
 * the sum starts at `initialSum`, by default 0.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `s ← s + g²`, updates `g/(√s + ε)`.
 * **Source** Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011).
 */
export const scaleByRss = (
  options: { readonly epsilon?: number; readonly initialSum?: number } = {},
): GradientTransformation => {
  const { epsilon = 1e-10, initialSum = 0 } = options;
  notNegative("scaleByRss", { epsilon, initialSum });
  return transformation({
    name: "scaleByRss",
    init: (params) => ({ sum: map((p) => full(p.shape, initialSum, p.dtype), params) }),
    update: (g, state) => {
      const sum = zip((s, d) => add(s, square(d)), state.sum, g);
      const over = (d: Expr, s: Expr): Expr => div(d, add(sqrt(s), epsilon));
      return scalable({ sum }, (factor) =>
        zip((d, s) => over(mul(d, cast(factor, d.dtype)), s), g, sum),
      );
    },
  });
};

/**
 * Scales gradients by the ratio of two root mean squares, past updates over gradients. ρ defaults to 0.9 and ε
 * to 1e-6.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `v ← ρv + (1-ρ)g²`, `δ = √(a + ε)/√(v + ε) · g`, `a ← ρa + (1-ρ)δ²`, updates `δ`.
 * **Source** Zeiler (2012), arXiv:1212.5701, algorithm 1.
 */
export const scaleByAdadelta = (
  options: { readonly rho?: number; readonly epsilon?: number } = {},
): GradientTransformation => {
  const { rho = 0.9, epsilon = 1e-6 } = options;
  notNegative("scaleByAdadelta", { epsilon });
  share("scaleByAdadelta", { rho });
  return transformation({
    name: "scaleByAdadelta",
    init: (params) => ({ square: zerosOf(params), moved: zerosOf(params) }),
    update: (g, state) => {
      const mean = zip((v, d) => averagedSquare(rho, v, d), state.square, g);
      const root = (x: Expr): Expr => sqrt(add(x, epsilon));
      const delta = zip((d, v, a) => mul(div(root(a), root(v)), d), g, mean, state.moved);
      const moved = zip((a, d) => averagedSquare(rho, a, d), state.moved, delta);
      return { updates: delta, state: { square: mean, moved } };
    },
  });
};
