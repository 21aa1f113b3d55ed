import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { add, mul, neg } from "../ir/ops/elementwise.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { notNegative, share } from "../tensor/validate.ts";
import { map, type Tree, zip } from "../tree.ts";
import { accumulated, zerosOf } from "./ema.ts";
import { type LearningRate, noSteps, oneMore, rateAt } from "./learningRate.ts";
import { type GradientTransformation, transformation } from "./transformation.ts";

/** The rate of a step, and what is added to the gradient before it is taken. */
export interface SgdOptions {
  /** Per step: a number, or a schedule. */
  readonly learningRate: LearningRate;
  /** The share of the last velocity that is kept. Defaults to 0. */
  readonly momentum?: number;
  /** Whether the step looks ahead along the velocity. Defaults to `false`. */
  readonly nesterov?: boolean;
  /** Adds `weightDecay · p` to the gradients. Defaults to 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent, with momentum.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range: a momentum from 0 to less than 1,
 * anything else not negative.
 * **Math** `v ← μv + g`, `p ← p - ηv`; Nesterov's: `p ← p - η(g + μv)`; without momentum `p ← p - ηg`.
 * **Source** Sutskever et al., "On the importance of initialization and momentum in deep learning"
 * (2013), with velocities in units of the gradient, as PyTorch has them.
 */
export const sgd = (options: SgdOptions): GradientTransformation => {
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  notNegative("sgd", { learningRate, weightDecay });
  share("sgd", { momentum });
  const decayed = (g: Expr, p: Expr): Expr => (weightDecay === 0 ? g : add(g, mul(p, weightDecay)));
  const velocities = (params: Tree<Tensor>) => (momentum === 0 ? undefined : zerosOf(params));
  return transformation({
    name: "sgd",
    init: (params) => ({ step: noSteps(), velocity: velocities(params) }),
    update: (gradients, { step, velocity }, params) => {
      const back = neg(rateAt(learningRate, step));
      const g = zip(decayed, gradients, params);
      const v = momentum === 0 ? velocity : zip((a, b) => accumulated(momentum, a, b), velocity, g);
      const ahead =
        momentum === 0 ? g : nesterov ? zip((a, b) => add(a, mul(b, momentum)), g, v) : v;
      return {
        updates: map((d) => mul(d, cast(back, d.dtype)), ahead),
        state: { step: oneMore(step), velocity: v },
      };
    },
    learningRate: ({ step }) => rateAt(learningRate, step),
  });
};
