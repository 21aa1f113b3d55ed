import type { Coefficient } from "./ema.ts";
import type { LearningRate } from "./learningRate.ts";
import { chain, type GradientTransformation } from "./transformation.ts";
import { addDecayedWeights, scaleByLearningRate } from "./transforms/parts.ts";

/** Weight decay as parts of a chain: no part if it is 0. */
export const decay = (weightDecay: Coefficient): readonly GradientTransformation[] =>
  weightDecay === 0 ? [] : [addDecayedWeights(weightDecay)];

/** A chain that ends with its learning rate, under an optimizer's name. */
export const descent = (
  name: string,
  learningRate: LearningRate,
  ...parts: readonly GradientTransformation[]
): GradientTransformation => ({
  ...chain(...parts, scaleByLearningRate(learningRate)),
  name,
  atLearningRate: (other) => descent(name, other, ...parts),
});
