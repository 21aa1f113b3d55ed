import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { abs, add, div, maximum, mul, neg, sqrt, square } from "../ir/ops/elementwise.ts";
import { notNegative, share } from "../tensor/validate.ts";
import { map, zip } from "../tree.ts";
import { biasCorrection } from "./adam.ts";
import { accumulated, averaged, averagedSquare, zerosOf } from "./ema.ts";
import { counted, type LearningRate, noSteps, oneMore, rateAt } from "./learningRate.ts";
import { type GradientTransformation, transformation } from "./transformation.ts";

/** What every optimizer here takes: `weightDecay · p` is added to the gradients. */
export interface AdaptiveOptions {
  readonly learningRate: LearningRate;
  /** Guards a division by zero; what it defaults to is said by each. */
  readonly epsilon?: number;
  /** Defaults to 0. */
  readonly weightDecay?: number;
}

const decay =
  (weightDecay: number) =>
  (g: Expr, p: Expr): Expr =>
    weightDecay === 0 ? g : add(g, mul(p, weightDecay));

/** `-η` in the dtype of `x`. */
const backFor = (rate: Expr, x: Expr): Expr => cast(neg(rate), x.dtype);

/**
 * RMSProp: gradients over the root of their mean square.
 *
 * **Math** `v ← αv + (1-α)g²`, `p ← p - ηg/(√v + ε)`; with momentum, `b ← μb + g/(√v + ε)`,
 * `p ← p - ηb`. α defaults to 0.99, ε to 1e-8 and μ to 0.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Tieleman and Hinton, lecture 6.5 of "Neural Networks for Machine Learning" (2012).
 */
export const rmsprop = (
  options: AdaptiveOptions & { readonly alpha?: number; readonly momentum?: number },
): GradientTransformation => {
  const { learningRate, alpha = 0.99, epsilon = 1e-8, weightDecay = 0, momentum = 0 } = options;
  notNegative("rmsprop", { learningRate, epsilon, weightDecay });
  share("rmsprop", { alpha, momentum });
  return transformation({
    name: "rmsprop",
    init: (params) => ({
      step: noSteps(),
      square: zerosOf(params),
      velocity: momentum === 0 ? undefined : zerosOf(params),
    }),
    update: (gradients, state, params) => {
      const rate = rateAt(learningRate, state.step);
      const g = zip(decay(weightDecay), gradients, params);
      const mean = zip((v, d) => averagedSquare(alpha, v, d), state.square, g);
      const scaled = zip((d, v) => div(d, add(sqrt(v), epsilon)), g, mean);
      const velocity =
        momentum === 0
          ? state.velocity
          : zip((b, d) => accumulated(momentum, b, d), state.velocity, scaled);
      return {
        updates: map((d) => mul(d, backFor(rate, d)), momentum === 0 ? scaled : velocity),
        state: { step: oneMore(state.step), square: mean, velocity },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
  });
};

/**
 * Adagrad: gradients over the root of the sum of all their squares.
 *
 * **Math** `s ← s + g²`, `p ← p - ηg/(√s + ε)`; ε defaults to 1e-10.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011).
 */
export const adagrad = (options: AdaptiveOptions): GradientTransformation => {
  const { learningRate, epsilon = 1e-10, weightDecay = 0 } = options;
  notNegative("adagrad", { learningRate, epsilon, weightDecay });
  return transformation({
    name: "adagrad",
    init: (params) => ({ step: noSteps(), sum: zerosOf(params) }),
    update: (gradients, state, params) => {
      const rate = rateAt(learningRate, state.step);
      const g = zip(decay(weightDecay), gradients, params);
      const sum = zip((s, d) => add(s, square(d)), state.sum, g);
      return {
        updates: zip((d, s) => div(mul(d, backFor(rate, d)), add(sqrt(s), epsilon)), g, sum),
        state: { step: oneMore(state.step), sum },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
  });
};

/**
 * Adadelta: steps in the units of the params, by the ratio of two root mean squares.
 *
 * **Math** `v ← ρv + (1-ρ)g²`, `δ = √(a + ε)/√(v + ε) · g`, `a ← ρa + (1-ρ)δ²`, `p ← p - ηδ`; ρ defaults
 * to 0.9, ε to 1e-6 and η to 1.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Zeiler (2012), arXiv:1212.5701, algorithm 1.
 */
export const adadelta = (
  options: Partial<AdaptiveOptions> & { readonly rho?: number } = {},
): GradientTransformation => {
  const { learningRate = 1, rho = 0.9, epsilon = 1e-6, weightDecay = 0 } = options;
  notNegative("adadelta", { learningRate, epsilon, weightDecay });
  share("adadelta", { rho });
  return transformation({
    name: "adadelta",
    init: (params) => ({ step: noSteps(), square: zerosOf(params), moved: zerosOf(params) }),
    update: (gradients, state, params) => {
      const rate = rateAt(learningRate, state.step);
      const g = zip(decay(weightDecay), gradients, params);
      const mean = zip((v, d) => averagedSquare(rho, v, d), state.square, g);
      const root = (x: Expr): Expr => sqrt(add(x, epsilon));
      const delta = zip((d, v, a) => mul(div(root(a), root(v)), d), g, mean, state.moved);
      return {
        updates: map((d) => mul(d, backFor(rate, d)), delta),
        state: {
          step: oneMore(state.step),
          square: mean,
          moved: zip((a, d) => averagedSquare(rho, a, d), state.moved, delta),
        },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
  });
};

/**
 * Adamax: Adam with the greatest recent gradient in place of the root mean square.
 *
 * **Math** `m ← β₁m + (1-β₁)g`, `u ← max(β₂u, |g| + ε)`, `p ← p - η/(1-β₁ᵗ) · m/u`; β₁ defaults to 0.9,
 * β₂ to 0.999 and ε to 1e-8.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Kingma and Ba (2014), arXiv:1412.6980, algorithm 2.
 */
export const adamax = (
  options: AdaptiveOptions & { readonly beta1?: number; readonly beta2?: number },
): GradientTransformation => {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  notNegative("adamax", { learningRate, epsilon, weightDecay });
  share("adamax", { beta1, beta2 });
  return transformation({
    name: "adamax",
    init: (params) => ({ step: noSteps(), mean: zerosOf(params), greatest: zerosOf(params) }),
    update: (gradients, state, params) => {
      const step = oneMore(state.step);
      const corrected = div(rateAt(learningRate, state.step), biasCorrection(beta1, counted(step)));
      const g = zip(decay(weightDecay), gradients, params);
      const mean = zip((m, d) => averaged(beta1, m, d), state.mean, g);
      const greatest = zip(
        (u, d) => maximum(mul(u, beta2), add(abs(d), epsilon)),
        state.greatest,
        g,
      );
      return {
        updates: zip((m, u) => div(mul(m, backFor(corrected, m)), u), mean, greatest),
        state: { step, mean, greatest },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
  });
};
