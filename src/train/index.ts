/** Pipelines, their runs, and what runs say. */

export { asBaseline } from "./asBaseline.ts";
export type { Baseline } from "./baseline.ts";
export { initialState } from "./carried.ts";
export { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
export { type CannotCompile, evaluate } from "./evaluate.ts";
export type {
  BaselineScore,
  CheckpointSaved,
  Completed,
  Directions,
  EpochCompleted,
  EpochStarted,
  Evaluation,
  MetricValues,
  Sampled,
  Score,
  Started,
  StepCompleted,
  Stopped,
  TrainEvent,
  Validated,
} from "./event.ts";
export { eventLine, type Report, reportCodec } from "./eventJson.ts";
export { explain, isFluxionError } from "./explain.ts";
export { isPipeline } from "./isPipeline.ts";
export { runMain, subscribeMain } from "./main.ts";
export type { Memories, Memory } from "./memory.ts";
export {
  type EarlyStopping,
  earlyStopping,
  type Monitor,
} from "./operators/earlyStopping.ts";
export { type EmitSamples, emitSamples, type Sampler } from "./operators/emitSamples.ts";
export { type Fold, folded } from "./operators/fold.ts";
export {
  type PrintProgress,
  printProgress,
  type TextStream,
} from "./operators/printProgress.ts";
export { type SaveCheckpoints, saveCheckpoints } from "./operators/saveCheckpoints.ts";
export {
  type AnyPipeline,
  type Pipeline,
  pipeline,
  startingFrom,
  type Task,
  withAugmentation,
  withBaseline,
  withBatchSize,
  withData,
  withDeterminism,
  withEpochs,
  withLearningRate,
  withLoss,
  withMetrics,
  withOperator,
  withOptimizer,
  withSeed,
  withShuffling,
  withValidation,
} from "./pipeline.ts";
export type { Splits } from "./splits.ts";
export type { TrainState } from "./state.ts";
export { type StateJson, stateCodec } from "./stateJson.ts";
export { type RunSummary, summarise } from "./summary.ts";
export { type TextOptions, textSampler } from "./textSampler.ts";
export { resume$, type Services, type TrainOptions, train$ } from "./train.ts";
