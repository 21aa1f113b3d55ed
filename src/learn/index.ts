/** Learners: pure values that describe how to learn. */

export { type Alternating, alternating } from "./combinators/alternating.ts";
export { augmented } from "./combinators/augmented.ts";
export { type Averaged, averaged } from "./combinators/averaged.ts";
export { copyEvery, type Follower, follow } from "./combinators/follow.ts";
export type { Descending } from "./descending.ts";
export * as environments from "./environments/index.ts";
export { noiseFor, type PrivateRun, privacySpent } from "./gradient/accountant.ts";
export { type Adversary, adversarially, sharpnessAware } from "./gradient/perturbed.ts";
export { type Privacy, privately } from "./gradient/private.ts";
export {
  type Descent,
  type GradientRule,
  gradientOf,
  plainly,
  type Slope,
} from "./gradient/rule.ts";
export type { Circumstances, Judged } from "./judge.ts";
export type {
  Adjustment,
  AnyLearner,
  CarriedOf,
  Columns,
  Learner,
  Limit,
  Moment,
  Report,
  StepContext,
  Stepped,
} from "./learner.ts";
export { type MetaLearned, metaLearned } from "./metaLearned.ts";
export type { Applied, AppliedToBatch } from "./models.ts";
export {
  type BatchObjective,
  batchObjective,
  type LossContext,
  type Objective,
  objective,
} from "./objective.ts";
export { type Computing, inDtype } from "./precision/inDtype.ts";
export { inPrecision } from "./precision/inPrecision.ts";
export { type LossScaled, type LossScaling, lossScaled } from "./precision/lossScaled.ts";
export type { SomeMetric } from "./scoring.ts";
export { type Supervised, supervised } from "./supervised.ts";
