import { notNegative, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { Coefficient } from "../ema.ts";
import type { LearningRate } from "../learningRate.ts";
import { described } from "../options.ts";
import type { GradientTransformation } from "../transformation.ts";
import { scaleByAmsgrad, scaleByNadam, scaleByRadam } from "../transforms/adams.ts";
import { type AdamScaling, scaleByAdam } from "../transforms/scaleBy.ts";

/** The options of {@link adam} and {@link adamw}. */
export interface AdamOptions extends AdamScaling {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The multiple of the params that decays. Defaults to 0, and to 0.01 for {@link adamw}. */
  readonly weightDecay?: Coefficient;
  /** Whether to divide by the greatest mean square so far (AMSGrad). Defaults to `false`. */
  readonly amsgrad?: boolean;
}

/** The scaling of Adam's options. */
const scaling = (options: AdamOptions): GradientTransformation =>
  options.amsgrad ? scaleByAmsgrad(options) : scaleByAdam(options);

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
 * **Source** Kingma and Ba (2014), arXiv:1412.6980, algorithm 1; AMSGrad: Reddi, Kale and Kumar (2018),
 * arXiv:1904.09237.
 */
export const adam: (options: AdamOptions) => GradientTransformation = described(
  "adam",
  {
    learningRate: undefined,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    amsgrad: false,
  },
  (options: AdamOptions) => {
    checked("adam", options);
    const { learningRate, weightDecay = 0 } = options;
    return descent("adam", learningRate, ...decay(weightDecay), scaling(options));
  },
);

/**
 * Adam with decoupled weight decay: `p ← p - ηλp` beside Adam's step.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Loshchilov and Hutter (2017), arXiv:1711.05101, algorithm 2.
 */
export const adamw: (options: AdamOptions) => GradientTransformation = described(
  "adamw",
  {
    learningRate: undefined,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    amsgrad: false,
  },
  (options: AdamOptions) => {
    checked("adamw", options);
    const { learningRate, weightDecay = 0.01 } = options;
    return descent("adamw", learningRate, scaling(options), ...decay(weightDecay));
  },
);

/** The options of {@link nadam} and {@link radam}. */
export type AdamLikeOptions = Omit<AdamOptions, "amsgrad">;

/** The options of {@link nadam}. */
export type NadamOptions = AdamLikeOptions & {
  /** How fast the momentum rises to its final value. Defaults to 4e-3. */
  readonly momentumDecay?: number;
};

/**
 * Adam with Nesterov's momentum, which rises to β₁ over the first steps.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Dozat, "Incorporating Nesterov Momentum into Adam" (2016), algorithm 2, as PyTorch 2 computes it.
 */
export const nadam: (options: NadamOptions) => GradientTransformation = described(
  "nadam",
  {
    learningRate: undefined,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    momentumDecay: 4e-3,
  },
  (options: NadamOptions) => {
    checked("nadam", options);
    const { learningRate, weightDecay = 0, momentumDecay } = options;
    notNegative("nadam", { momentumDecay });
    return descent("nadam", learningRate, ...decay(weightDecay), scaleByNadam(options));
  },
);

/**
 * Adam, rectified: plain momentum in the first steps, while too few gradients were seen for an adaptive rate.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Source** Liu et al. (2019), arXiv:1908.03265, algorithm 2.
 */
export const radam: (options: AdamLikeOptions) => GradientTransformation = described(
  "radam",
  { learningRate: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  (options: AdamLikeOptions) => {
    checked("radam", options);
    const { learningRate, weightDecay = 0 } = options;
    return descent("radam", learningRate, ...decay(weightDecay), scaleByRadam(options));
  },
);
