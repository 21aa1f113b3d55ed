import { notNegative, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate } from "../learningRate.ts";
import type { GradientTransformation } from "../transformation.ts";
import { type AdamScaling, scaleByAdam } from "../transforms/scaleBy.ts";

/** The options of {@link adam} and {@link adamw}. */
export interface AdamOptions extends AdamScaling {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The multiple of the params that decays. Defaults to 0, and to 0.01 for {@link adamw}. */
  readonly weightDecay?: number;
}

/** Checks options against their ranges, and reports errors under the name of the called function. */
const checked = (name: string, options: AdamOptions): void => {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 0, weightDecay = 0 } = options;
  notNegative(name, { learningRate, epsilon, weightDecay });
  share(name, { beta1, beta2 });
};

/**
 * Adam: steps whose size does not depend on the scale of the gradients.
 *
 * `weightDecay` times the params is added to the gradients.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `m ← β₁m + (1-β₁)g`, `v ← β₂v + (1-β₂)g²`,
 * `p ← p - η/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε)`.
 * **Source** Kingma and Ba (2014), arXiv:1412.6980, algorithm 1.
 */
export const adam = (options: AdamOptions): GradientTransformation => {
  checked("adam", options);
  const { learningRate, weightDecay = 0 } = options;
  return descent("adam", learningRate, ...decay(weightDecay), scaleByAdam(options));
};

/**
 * Adam with decoupled weight decay: `p ← p - ηλp` beside Adam's step.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Loshchilov and Hutter (2017), arXiv:1711.05101, algorithm 2.
 */
export const adamw = (options: AdamOptions): GradientTransformation => {
  checked("adamw", options);
  const { learningRate, weightDecay = 0.01 } = options;
  return descent("adamw", learningRate, scaleByAdam(options), ...decay(weightDecay));
};
