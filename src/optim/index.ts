/** Optimizers, gradient transformations and learning-rate schedules. */

export type { LearningRate, Schedule } from "./learningRate.ts";
export {
  type AdamLikeOptions,
  type AdamOptions,
  adam,
  adamw,
  nadam,
  radam,
} from "./optimizers/adam.ts";
export {
  type AdagradOptions,
  type AdaptiveOptions,
  adadelta,
  adagrad,
  adamax,
  type RmspropOptions,
  rmsprop,
} from "./optimizers/adaptive.ts";
export { type SgdOptions, sgd } from "./optimizers/sgd.ts";
export { lion, rprop } from "./optimizers/sign.ts";
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
export {
  type AdanScaling,
  type NadamScaling,
  scaleByAdan,
  scaleByAmsgrad,
  scaleByBelief,
  scaleByNadam,
  scaleByRadam,
  scaleByYogi,
} from "./transforms/adams.ts";
export { freeze, type GroupOf, masked, partition } from "./transforms/partition.ts";
export {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  globalNorm,
  scale,
  scaleByLearningRate,
  type TraceOptions,
  trace,
} from "./transforms/parts.ts";
export { type Recorded, recorded } from "./transforms/recorded.ts";
export {
  type AdamScaling,
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByRms,
  scaleByRss,
  scaleByStddev,
} from "./transforms/scaleBy.ts";
export {
  type LionScaling,
  type RpropScaling,
  scaleByLion,
  scaleByRprop,
} from "./transforms/signs.ts";
