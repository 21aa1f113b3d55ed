import { InvalidArgument } from "../../errors.ts";
import { notNegative, probability, share } from "../../tensor/validate.ts";
import { decay, descent } from "../descent.ts";
import type { LearningRate } from "../learningRate.ts";
import type { GradientTransformation } from "../transformation.ts";
import { trace } from "../transforms/parts.ts";

/** The options of {@link sgd}. */
export interface SgdOptions {
  /** The learning rate per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The fraction of the last velocity that is kept. Defaults to 0. */
  readonly momentum?: number;
  /** The share of each gradient but the first that does not enter the velocity. Defaults to 0. */
  readonly dampening?: number;
  /** Whether the step looks ahead along the velocity. Defaults to `false`. */
  readonly nesterov?: boolean;
  /** Adds `weightDecay · p` to the gradients. Defaults to 0. */
  readonly weightDecay?: number;
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
export const sgd = (options: SgdOptions): GradientTransformation => {
  const { learningRate, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
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
};
