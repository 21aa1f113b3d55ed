import { add, mul, pow, sqrt, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { notNegative, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate, Schedule } from "../learningRate.ts";
import { described } from "../options.ts";
import type { GradientTransformation } from "../transformation.ts";
import { scheduleFree } from "../transforms/averages.ts";
import { scaleByRms } from "../transforms/scaleBy.ts";

/** The options of {@link scheduleFreeSgd}. */
export interface ScheduleFreeOptions {
  /** The learning rate per step: a number, or a warmup. It needs no decay. */
  readonly learningRate: LearningRate;
  /** How close to the average gradients are taken, in place of momentum. Defaults to 0.9. */
  readonly beta?: number;
  /** Adds `weightDecay` times the params to the gradients. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * Gradient descent that needs no schedule and no number of steps: learners evaluate with an average of its params.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** as `scheduleFree`, of `u = -γ(g + λy)`.
 * **Source** Defazio et al. (2024), arXiv:2405.15682, equations 4 to 6.
 */
export const scheduleFreeSgd: (options: ScheduleFreeOptions) => GradientTransformation = described(
  "scheduleFreeSgd",
  { learningRate: undefined, beta: 0.9, weightDecay: 0 },
  (options: ScheduleFreeOptions) => {
    const { learningRate, beta = 0.9, weightDecay = 0 } = options;
    notNegative("scheduleFreeSgd", { learningRate, weightDecay });
    share("scheduleFreeSgd", { beta });
    return {
      ...scheduleFree(descent("sgd", learningRate, ...decay(weightDecay)), { beta }),
      name: "scheduleFreeSgd",
      atLearningRate: (other) => scheduleFreeSgd({ ...options, learningRate: other }),
    };
  },
);

/** The options of {@link scheduleFreeAdamw}. */
export interface ScheduleFreeAdamwOptions {
  /** The learning rate per step: a number, or a warmup. It needs no decay. */
  readonly learningRate: LearningRate;
  /** How close to the average gradients are taken, in place of momentum. Defaults to 0.9. */
  readonly beta1?: number;
  /** The decay of the mean square per step. Defaults to 0.999. */
  readonly beta2?: number;
  /** Added to the divisor, against a division by zero. Defaults to 1e-8. */
  readonly epsilon?: number;
  /** The multiple of the params that decays. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * AdamW that needs no schedule and no number of steps: learners evaluate with an average of its params.
 *
 * The reported learning rate is that of the options.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** as `scheduleFree`, of `v ← β₂v + (1-β₂)g²`, `u = -γ(g/(√v + ε) + λy)`, `γ = η√(1-β₂ᵗ)`.
 * **Source** Defazio et al. (2024), arXiv:2405.15682, algorithm 1.
 */
export const scheduleFreeAdamw: (options: ScheduleFreeAdamwOptions) => GradientTransformation =
  described(
    "scheduleFreeAdamw",
    { learningRate: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    (options: ScheduleFreeAdamwOptions) => {
      const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
      notNegative("scheduleFreeAdamw", { learningRate, epsilon, weightDecay });
      share("scheduleFreeAdamw", { beta1, beta2 });
      const corrected: Schedule = (t) => {
        const started = sqrt(sub(1, pow(lift(beta2, "f64"), add(t, 1))));
        return mul(started, typeof learningRate === "number" ? learningRate : learningRate(t));
      };
      const rms = scaleByRms({ alpha: beta2, epsilon });
      return {
        ...scheduleFree(descent("adamw", corrected, rms, ...decay(weightDecay)), { beta: beta1 }),
        name: "scheduleFreeAdamw",
        atLearningRate: (other) => scheduleFreeAdamw({ ...options, learningRate: other }),
      };
    },
  );
