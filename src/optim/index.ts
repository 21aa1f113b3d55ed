/** Optimizers, gradient transformations and learning-rate schedules. */

export type { Coefficient } from "./ema.ts";
export type { LearningRate, Schedule } from "./learningRate.ts";
export type { WolfeOptions } from "./lineSearch.ts";
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
export {
  type AdafactorOptions,
  adafactor,
  type LambOptions,
  type LarsOptions,
  lamb,
  lars,
} from "./optimizers/layerwise.ts";
export { type LbfgsOptions, lbfgs } from "./optimizers/lbfgs.ts";
export { type MuonOptions, muon, shampoo } from "./optimizers/matrices.ts";
export { type ProdigyOptions, prodigy } from "./optimizers/prodigy.ts";
export { adabelief, adan, type DecayingOptions, sophia, yogi } from "./optimizers/relatives.ts";
export {
  type ScheduleFreeAdamwOptions,
  type ScheduleFreeOptions,
  scheduleFreeAdamw,
  scheduleFreeSgd,
} from "./optimizers/scheduleFree.ts";
export { type AsgdOptions, asgd, type SgdOptions, sgd } from "./optimizers/sgd.ts";
export { lion, rprop } from "./optimizers/sign.ts";
export { type CyclicOptions, cyclic, type OneCycleOptions, oneCycle } from "./schedules/cycles.ts";
export {
  constantSchedule,
  cosineDecay,
  cosineWarmRestarts,
  exponentialDecay,
  inverseSquareRoot,
  joinSchedules,
  linearWarmup,
  multiStepDecay,
  piecewiseConstant,
  polynomialDecay,
  sampleSchedule,
  stepDecay,
} from "./schedules/schedules.ts";
export {
  applyUpdates,
  chain,
  type Evaluated,
  type GradientTransformation,
  identity,
  type Minimized,
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
export {
  averageParams,
  type LookaheadOptions,
  lookahead,
  scheduleFree,
} from "./transforms/averages.ts";
export { type SophiaScaling, scaleBySophia } from "./transforms/curvature.ts";
export { addNoise, applyIfFinite, type NoiseOptions } from "./transforms/guards.ts";
export {
  type HyperparametersIn,
  hyperparametersOf,
  injectHyperparameters,
  setHyperparameters,
} from "./transforms/hyperparameters.ts";
export {
  centralize,
  clipByBlockRms,
  clipByUnitNorm,
  scaleByParamRms,
  scaleByTrustRatio,
  type TrustRatioOptions,
  type UnitClipOptions,
} from "./transforms/layerwise.ts";
export {
  type FactoredOptions,
  type OrthogonalizeOptions,
  orthogonalize,
  type ShampooScaling,
  scaleByFactoredRms,
  scaleByShampoo,
} from "./transforms/matrices.ts";
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
export { type PlateauOptions, reduceOnPlateau } from "./transforms/plateau.ts";
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
