import { InvalidArgument } from "../../errors.ts";
import { add, div, mul, pow } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { notNegative, probability, share, whole } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { Coefficient } from "../ema.ts";
import type { LearningRate, Schedule } from "../learningRate.ts";
import { described } from "../options.ts";
import { chain, type GradientTransformation } from "../transformation.ts";
import { averageParams } from "../transforms/averages.ts";
import { trace } from "../transforms/parts.ts";

/** The options of {@link sgd}. */
export interface SgdOptions {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The fraction of the last velocity that is kept. Defaults to 0. */
  readonly momentum?: Coefficient;
  /** The share of each gradient but the first that does not enter the velocity. Defaults to 0. */
  readonly dampening?: number;
  /** Whether the step looks ahead along the velocity. Defaults to `false`. */
  readonly nesterov?: boolean;
  /** Adds `weightDecay · p` to the gradients. Defaults to 0. */
  readonly weightDecay?: Coefficient;
}

/**
 * Stochastic gradient descent, with momentum.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range: `0 ≤ momentum < 1`,
 * `0 ≤ dampening ≤ 1`, and nothing is negative.
 * **Math** `v ← μv + (1-τ)g` with dampening τ, `p ← p - ηv`; Nesterov's: `p ← p - η(g + μv)`; without momentum `p ← p - ηg`.
 * **Source** Sutskever et al., "On the importance of initialization and momentum in deep learning"
 * (2013), with velocities in units of the gradient, as in PyTorch.
 */
export const sgd: (options: SgdOptions) => GradientTransformation = described(
  "sgd",
  { learningRate: undefined, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 },
  (options: SgdOptions) => {
    const {
      learningRate,
      momentum = 0,
      dampening = 0,
      nesterov = false,
      weightDecay = 0,
    } = options;
    notNegative("sgd", { learningRate, weightDecay });
    share("sgd", { momentum });
    probability("sgd", { dampening });
    if (nesterov && dampening !== 0)
      throw new InvalidArgument({
        op: "sgd",
        argument: "dampening",
        expected: "0 with nesterov, whose step looks ahead by whole gradients",
        actual: String(dampening),
      });
    const velocity = momentum === 0 ? [] : [trace(momentum, { nesterov, dampening })];
    return descent("sgd", learningRate, ...decay(weightDecay), ...velocity);
  },
);

/** The options of {@link asgd}. */
export interface AsgdOptions {
  /** The learning rate of the first step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The decay of params and rate. Defaults to 1e-4. */
  readonly lambda?: number;
  /** The power by which the rate falls. Defaults to 0.75. */
  readonly alpha?: number;
  /** The step from which params are averaged. Defaults to 1e6. */
  readonly t0?: number;
  /** Adds `weightDecay · p` to the gradients. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * Averaged stochastic gradient descent: learners evaluate and predict with the average of all params from step `t0` on.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `ηₜ = η/(1 + ληt)^α` after `t` steps, `p ← (1 - ληₜ)p - ηₜg`, `a ← a + (p - a)/max(1, t - t₀)`.
 * **Source** Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992), with the rates of
 * Bottou, "Stochastic gradient descent tricks" (2012), as in PyTorch.
 */
export const asgd: (options: AsgdOptions) => GradientTransformation = described(
  "asgd",
  { learningRate: undefined, lambda: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0 },
  (options: AsgdOptions) => {
    const { learningRate, lambda = 1e-4, alpha = 0.75, t0 = 1e6, weightDecay = 0 } = options;
    notNegative("asgd", { learningRate, lambda, alpha, weightDecay });
    whole(0)("asgd", { t0 });
    const falling: Schedule = (t) => {
      const rate = typeof learningRate === "number" ? lift(learningRate, "f64") : learningRate(t);
      return div(rate, pow(add(mul(mul(t, rate), lambda), 1), alpha));
    };
    const step = descent("asgd", falling, ...decay(weightDecay), ...decay(lambda));
    return {
      ...chain(step, averageParams(t0)),
      name: "asgd",
      atLearningRate: (other) => asgd({ ...options, learningRate: other }),
    };
  },
);
