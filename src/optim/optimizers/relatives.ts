import { add, div, mul } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { notNegative, passedOn, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate, Schedule } from "../learningRate.ts";
import { described } from "../options.ts";
import type { GradientTransformation } from "../transformation.ts";
import { type AdanScaling, scaleByAdan, scaleByBelief, scaleByYogi } from "../transforms/adams.ts";
import { type SophiaScaling, scaleBySophia } from "../transforms/curvature.ts";
import type { AdamScaling } from "../transforms/scaleBy.ts";

/** The learning rate and the decay of weights beside an optimizer's own options. */
export interface DecayingOptions {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The multiple of the params that decays, decoupled from the gradients. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * AdaBelief: Adam with large steps where gradients are as expected. ε defaults to 1e-16.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `p ← p - η(m̂/(√ŝ + ε) + λp)` with the mean square `s` of `g - m`.
 * **Source** Zhuang et al. (2020), arXiv:2010.07468, algorithm 2.
 */
export const adabelief: (options: AdamScaling & DecayingOptions) => GradientTransformation =
  described(
    "adabelief",
    { learningRate: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-16, weightDecay: 0 },
    (options: AdamScaling & DecayingOptions) => {
      const { learningRate, weightDecay = 0, beta1, beta2, epsilon } = options;
      notNegative("adabelief", { learningRate, weightDecay, epsilon });
      share("adabelief", { beta1, beta2 });
      return descent("adabelief", learningRate, scaleByBelief(options), ...decay(weightDecay));
    },
  );

/**
 * Yogi: Adam whose mean square falls no faster than it rises. ε defaults to 1e-3.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `v ← v - (1-β₂) sign(v - g²) g²`, `p ← p - η(m̂/(√v̂ + ε) + λp)`.
 * **Source** Zaheer et al., "Adaptive Methods for Nonconvex Optimization" (2018), algorithm 2.
 */
export const yogi: (options: AdamScaling & DecayingOptions) => GradientTransformation = described(
  "yogi",
  { learningRate: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-3, weightDecay: 0 },
  (options: AdamScaling & DecayingOptions) => {
    const { learningRate, weightDecay = 0, beta1, beta2, epsilon } = options;
    notNegative("yogi", { learningRate, weightDecay, epsilon });
    share("yogi", { beta1, beta2 });
    return descent("yogi", learningRate, scaleByYogi(options), ...decay(weightDecay));
  },
);

/**
 * Adan: Adam with Nesterov's momentum estimated from differences of gradients. Decays are `β`, where the paper writes
 * `1 - β`: they default to 0.98, 0.92 and 0.99.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `p ← (p - η(m̂ + β₂v̂)/(√n̂ + ε))/(1 + ηλ)`, with means as in `scaleByAdan`.
 * **Source** Xie et al. (2022), arXiv:2208.06677, algorithm 1.
 */
export const adan: (options: AdanScaling & DecayingOptions) => GradientTransformation = described(
  "adan",
  { learningRate: undefined, beta1: 0.98, beta2: 0.92, beta3: 0.99, epsilon: 1e-8, weightDecay: 0 },
  (options: AdanScaling & DecayingOptions) => {
    const { learningRate, weightDecay = 0, beta1, beta2, beta3, epsilon } = options;
    notNegative("adan", { learningRate, weightDecay, epsilon });
    share("adan", { beta1, beta2, beta3 });
    // (p - ηu)/(1 + ηλ) - p = -η/(1 + ηλ) · (u + λp).
    const proximal: Schedule = (t) => {
      const rate = typeof learningRate === "number" ? lift(learningRate, "f64") : learningRate(t);
      return div(rate, add(mul(rate, weightDecay), 1));
    };
    const rate = weightDecay === 0 ? learningRate : proximal;
    return {
      ...descent("adan", rate, scaleByAdan(options), ...decay(weightDecay)),
      atLearningRate: (other) => adan({ ...options, learningRate: other }),
    };
  },
);

/**
 * Sophia: momentum over the curvature of the loss, clipped. The curvature is estimated every few steps by products of
 * the Hessian with random vectors (Hutchinson), which cost about two gradients each.
 *
 * It looks at the loss itself, so it needs a learner with a plain gradient rule.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range; when a step is built, where the function
 * is not known.
 * **Math** `p ← p - ηλp`, `p ← p - η clip(m/max(γh, ε), 1)`.
 * **Source** Liu et al. (2023), arXiv:2305.14342, algorithms 1 and 3.
 */
export const sophia: (options: SophiaScaling & DecayingOptions) => GradientTransformation =
  described(
    "sophia",
    {
      learningRate: undefined,
      beta1: 0.96,
      beta2: 0.99,
      gamma: 0.01,
      epsilon: 1e-12,
      every: 10,
      seed: 0,
      weightDecay: 0,
    },
    (options: SophiaScaling & DecayingOptions) => {
      const { learningRate, weightDecay = 0 } = options;
      notNegative("sophia", { learningRate, weightDecay });
      const scaled = passedOn("sophia", () => scaleBySophia(options));
      return descent("sophia", learningRate, scaled, ...decay(weightDecay));
    },
  );
