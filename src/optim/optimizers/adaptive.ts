import { add, div, mul } from "../../ir/ops/elementwise.ts";
import { notNegative, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate, Schedule } from "../learningRate.ts";
import { described } from "../options.ts";
import type { GradientTransformation } from "../transformation.ts";
import { trace } from "../transforms/parts.ts";
import {
  scaleByAdadelta,
  scaleByAdamax,
  scaleByRms,
  scaleByRss,
  scaleByStddev,
} from "../transforms/scaleBy.ts";

/** The options that all optimizers with adaptive rates share. */
export interface AdaptiveOptions {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** Added to divisors, against a division by zero. Each optimizer states its default. */
  readonly epsilon?: number;
  /** Adds `weightDecay · p` to the gradients. Defaults to 0. */
  readonly weightDecay?: number;
}

/** The options of {@link rmsprop}. */
export interface RmspropOptions extends AdaptiveOptions {
  /** The decay of the mean square per step. Defaults to 0.99. */
  readonly alpha?: number;
  /** The fraction of the last velocity that is kept. Defaults to 0. */
  readonly momentum?: number;
  /** Whether to divide by the standard deviation in place of the root mean square. Defaults to `false`. */
  readonly centered?: boolean;
}

/**
 * RMSProp: gradients over the root of their mean square.
 *
 * **Math** `v ← αv + (1-α)g²`, `p ← p - ηg/(√v + ε)`; with momentum, `b ← μb + g/(√v + ε)`,
 * `p ← p - ηb`; centered, `v - m²` in place of `v`, with the mean `m ← αm + (1-α)g`. ε defaults to 1e-8.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Tieleman and Hinton, lecture 6.5 of "Neural Networks for Machine Learning" (2012); centered: Graves
 * (2013), arXiv:1308.0850.
 */
export const rmsprop: (options: RmspropOptions) => GradientTransformation = described(
  "rmsprop",
  {
    learningRate: undefined,
    alpha: 0.99,
    epsilon: 1e-8,
    weightDecay: 0,
    momentum: 0,
    centered: false,
  },
  (options: RmspropOptions) => {
    const { learningRate, alpha = 0.99, epsilon = 1e-8, weightDecay = 0, momentum = 0 } = options;
    notNegative("rmsprop", { learningRate, epsilon, weightDecay });
    share("rmsprop", { alpha, momentum });
    const velocity = momentum === 0 ? [] : [trace(momentum)];
    const scaled = (options.centered ? scaleByStddev : scaleByRms)({ alpha, epsilon });
    return descent("rmsprop", learningRate, ...decay(weightDecay), scaled, ...velocity);
  },
);

/** The options of {@link adagrad}. */
export interface AdagradOptions extends AdaptiveOptions {
  /** Divides the rate after `t` steps by `1 + t · learningRateDecay`. Defaults to 0. */
  readonly learningRateDecay?: number;
  /** The sum of squares before the first step. Defaults to 0. */
  readonly initialSum?: number;
}

/**
 * Adagrad: gradients over the root of the sum of all their squares.
 *
 * **Math** `s ← s + g²`, `p ← p - η/(1 + tλ) · g/(√s + ε)` with the decay λ of the rate; ε defaults to 1e-10.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011).
 */
export const adagrad: (options: AdagradOptions) => GradientTransformation = described(
  "adagrad",
  { learningRate: undefined, epsilon: 1e-10, weightDecay: 0, learningRateDecay: 0, initialSum: 0 },
  (options: AdagradOptions) => {
    const { learningRate, epsilon = 1e-10, weightDecay = 0, initialSum = 0 } = options;
    const { learningRateDecay = 0 } = options;
    notNegative("adagrad", { learningRate, epsilon, weightDecay, learningRateDecay, initialSum });
    const rate = learningRateDecay === 0 ? learningRate : slowing(learningRate, learningRateDecay);
    return {
      ...descent("adagrad", rate, ...decay(weightDecay), scaleByRss({ epsilon, initialSum })),
      atLearningRate: (other) => adagrad({ ...options, learningRate: other }),
    };
  },
);

/** A rate over `1 + t · decay`. */
const slowing =
  (rate: LearningRate, decay: number): Schedule =>
  (t) =>
    div(typeof rate === "number" ? rate : rate(t), add(mul(t, decay), 1));

/** The options of {@link adadelta}. */
export type AdadeltaOptions = Partial<AdaptiveOptions> & { readonly rho?: number };

/**
 * Adadelta: steps in the units of the params, by the ratio of two root mean squares.
 *
 * **Math** `v ← ρv + (1-ρ)g²`, `δ = √(a + ε)/√(v + ε) · g`, `a ← ρa + (1-ρ)δ²`, `p ← p - ηδ`; ρ defaults
 * to 0.9, ε to 1e-6 and η to 1.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Zeiler (2012), arXiv:1212.5701, algorithm 1.
 */
export const adadelta: (options?: AdadeltaOptions) => GradientTransformation = described(
  "adadelta",
  { learningRate: 1, rho: 0.9, epsilon: 1e-6, weightDecay: 0 },
  (options: AdadeltaOptions) => {
    const { learningRate = 1, rho = 0.9, epsilon = 1e-6, weightDecay = 0 } = options;
    notNegative("adadelta", { learningRate, epsilon, weightDecay });
    share("adadelta", { rho });
    const ratio = scaleByAdadelta({ rho, epsilon });
    return descent("adadelta", learningRate, ...decay(weightDecay), ratio);
  },
);

/** The options of {@link adamax}. */
export type AdamaxOptions = AdaptiveOptions & { readonly beta1?: number; readonly beta2?: number };

/**
 * Adamax: Adam with the largest recent gradient in place of the root mean square.
 *
 * **Math** `m ← β₁m + (1-β₁)g`, `u ← max(β₂u, |g| + ε)`, `p ← p - η/(1-β₁ᵗ) · m/u`; β₁ defaults to 0.9,
 * β₂ to 0.999 and ε to 1e-8.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Kingma and Ba (2014), arXiv:1412.6980, algorithm 2.
 */
export const adamax: (options: AdamaxOptions) => GradientTransformation = described(
  "adamax",
  { learningRate: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  (options: AdamaxOptions) => {
    const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
    notNegative("adamax", { learningRate, epsilon, weightDecay });
    share("adamax", { beta1, beta2 });
    const scaled = scaleByAdamax({ beta1, beta2, epsilon });
    return descent("adamax", learningRate, ...decay(weightDecay), scaled);
  },
);
