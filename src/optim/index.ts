/** Optimizers, gradient transformations and learning-rate schedules. */

export type { LearningRate, Schedule } from "./learningRate.ts";
export { type AdamOptions, adam, adamw } from "./optimizers/adam.ts";
export { type AdaptiveOptions, adadelta, adagrad, adamax, rmsprop } from "./optimizers/adaptive.ts";
export { type SgdOptions, sgd } from "./optimizers/sgd.ts";
export {
  constantSchedule,
  cosineDecay,
  cosineWarmRestarts,
  exponentialDecay,
  joinSchedules,
  linearWarmup,
  multiStepDecay,
  oneCycle,
  piecewiseConstant,
  sampleSchedule,
  stepDecay,
} from "./schedules/schedules.ts";
export {
  applyUpdates,
  chain,
  type GradientTransformation,
  identity,
  MonoidGradientTransformation,
  optimizerStep,
  type Scaled,
  stateless,
  transformation,
  type UpdateResult,
} from "./transformation.ts";
export { freeze, type GroupOf, masked, partition } from "./transforms/partition.ts";
export {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  globalNorm,
  scale,
  scaleByLearningRate,
  trace,
} from "./transforms/parts.ts";
export {
  type AdamScaling,
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByRms,
  scaleByRss,
} from "./transforms/scaleBy.ts";
