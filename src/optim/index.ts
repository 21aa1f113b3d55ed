/** Optimizers, gradient transformations and learning-rate schedules. */

export { type AdamOptions, adam, adamw } from "./adam.ts";
export { type AdaptiveOptions, adadelta, adagrad, adamax, rmsprop } from "./adaptive.ts";
export type { LearningRate, Schedule } from "./learningRate.ts";
export { freeze, type GroupOf, masked, partition } from "./partition.ts";
export {
  type AdamScaling,
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByRms,
  scaleByRss,
} from "./scaleBy.ts";
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
} from "./schedules.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
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
export {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  globalNorm,
  scale,
  scaleByLearningRate,
  trace,
} from "./transforms.ts";
