import { notNegative, passedOn, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate } from "../learningRate.ts";
import { described } from "../options.ts";
import { chain, type GradientTransformation } from "../transformation.ts";
import { scale } from "../transforms/parts.ts";
import {
  type LionScaling,
  type RpropScaling,
  scaleByLion,
  scaleByRprop,
} from "../transforms/signs.ts";

/** The options of {@link lion}. */
export type LionOptions = LionScaling & {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The multiple of the params that decays. Defaults to 0. */
  readonly weightDecay?: number;
};

/**
 * Lion: every param moves by the learning rate, along the sign of its momentum.
 *
 * Rates are three to ten times smaller than Adam's, and weight decay as much larger: it is decoupled, and defaults to 0.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `p ← p - η(sign(β₁m + (1-β₁)g) + λp)`, `m ← β₂m + (1-β₂)g`.
 * **Source** Chen et al. (2023), arXiv:2302.06675, algorithm 2.
 */
export const lion: (options: LionOptions) => GradientTransformation = described(
  "lion",
  { learningRate: undefined, beta1: 0.9, beta2: 0.99, weightDecay: 0 },
  (options: LionOptions) => {
    const { learningRate, weightDecay = 0, beta1, beta2 } = options;
    notNegative("lion", { learningRate, weightDecay });
    share("lion", { beta1, beta2 });
    return descent("lion", learningRate, scaleByLion(options), ...decay(weightDecay));
  },
);

/**
 * Rprop: a step size for each param, which only the signs of gradients change. For gradients of the whole data set.
 *
 * It has no learning rate beside `initialStep`, so a schedule does not apply.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `s ← clip(s·η⁺)` where `g·g₋₁ > 0`; `s ← clip(s·η⁻)` and `g ← 0` where `g·g₋₁ < 0`; `p ← p - s·sign(g)`.
 * **Source** Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning" (1993).
 */
export const rprop = (options: RpropScaling = {}): GradientTransformation => ({
  ...chain(
    passedOn("rprop", () => scaleByRprop(options)),
    scale(-1),
  ),
  name: "rprop",
});
