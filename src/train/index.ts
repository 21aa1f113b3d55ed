/** Pipelines, training runs, and the events of runs. */

export type { Advice, ProfiledKernel, StepTimes } from "./diagnose/advice.ts";
export { type BatchSizes, type BatchSpeed, batchSizes$ } from "./diagnose/batchSizes.ts";
export { explainNonFinite, locateNonFinite } from "./diagnose/nonFinite.ts";
export { dryRun, overfitOneBatch } from "./diagnose/oneBatch.ts";
export { type Profile, type ProfileOptions, profile } from "./diagnose/profile.ts";
export {
  type LearningRateRange,
  learningRateRange$,
  type RateLoss,
  steepestRate,
} from "./diagnose/rates.ts";
export { type Recovering, type Recovery, trainRecovering$ } from "./diagnose/recovering.ts";
export { type EventJson, encodeEvent, eventJsonCodec } from "./events/codec.ts";
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
  StateReached,
  StepCompleted,
  Stopped,
  TrainEvent,
  Validated,
} from "./events/event.ts";
export {
  type ExternalState,
  type TrainExternal,
  trainExternal$,
  type Updated,
} from "./external/trainExternal.ts";
export { comparedIn } from "./folder/compared.ts";
export { type RunConfig, readConfig, runConfigCodec } from "./folder/config.ts";
export { isPaused, type Told, tellRun } from "./folder/control.ts";
export { inputsIn, type RunInputs } from "./folder/inputs.ts";
export { type ReadEvents, readEvents } from "./folder/log.ts";
export { type FolderRun, type ReadRun, type RunState, readRun, runsIn } from "./folder/recorded.ts";
export { type TrainIn, trainIn$ } from "./folder/run.ts";
export { type Verdict, type Verify, verify } from "./folder/verify.ts";
export { isPipeline } from "./isPipeline.ts";
export { type CannotCompile, evaluate } from "./loop/evaluate.ts";
export { runMain, subscribeMain } from "./main.ts";
export { type CsvLog, csvLog, csvOf } from "./observe/csvLog.ts";
export {
  type FiguresOptions,
  type Histogram,
  type LayerFigures,
  layerFigures,
  type TensorFigures,
  tensorFigures,
} from "./observe/figures.ts";
export * from "./observe/plots/index.ts";
export {
  figuresInCheckpoint,
  type Predictions,
  predictionsOf,
  type ReportParts,
  reportHtml,
  type Said,
} from "./observe/report/index.ts";
export {
  type PngImage,
  type TensorBoard,
  tensorBoard,
  type Written,
} from "./observe/tensorBoard/index.ts";
export { awaiting } from "./operators/awaiting.ts";
export { conflating } from "./operators/conflating.ts";
export {
  type EarlyStopping,
  earlyStopping,
} from "./operators/earlyStopping.ts";
export { type Fold, folded } from "./operators/fold.ts";
export { type Mode, type Monitor, monitored } from "./operators/monitor.ts";
export {
  type PrintProgress,
  printProgress,
  type TextStream,
} from "./operators/printProgress.ts";
export { type SampleEvery, type Sampler, sampleEvery } from "./operators/sampleEvery.ts";
export {
  type BestCheckpoint,
  type CheckpointPlace,
  type CheckpointTimes,
  type SaveCheckpoints,
  saveCheckpoints,
} from "./operators/saveCheckpoints.ts";
export { type StatesEvery, statesEvery } from "./operators/statesEvery.ts";
export { type StopAfter, stopAfter } from "./operators/stopAfter.ts";
export { type StopWhen, stopWhen } from "./operators/stopWhen.ts";
export { type TextOptions, textSampler } from "./operators/textSampler.ts";
export { type RateOnPlateau, reduceRateOnPlateau } from "./operators/tuning/reduceRateOnPlateau.ts";
export {
  stochasticWeightAveraging,
  type WeightAveraging,
} from "./operators/tuning/stochasticWeightAveraging.ts";
export { type Tuning, tuned } from "./operators/tuning/tuned.ts";
export { asBaseline } from "./pipeline/asBaseline.ts";
export type { Baseline } from "./pipeline/baseline.ts";
export * from "./pipeline/overrides.ts";
export {
  type AnyPipeline,
  type Card,
  type Operator,
  type Pipeline,
  type PipelineOptions,
  pipeline,
} from "./pipeline/pipeline.ts";
export type { BoxOutput, HeldOut, Sources, SpanOutput, Splits } from "./pipeline/splits.ts";
export type { Answer, Classified, Detected, FoundBox, Measured } from "./predict/answers.ts";
export {
  type AnswersEvery,
  answersEvery,
  heldOutRows,
  type NamedRows,
} from "./predict/answersEvery.ts";
export { type AnswerScore, answersScored, type Questions } from "./predict/answersScored.ts";
export { type Model, modelOf } from "./predict/model.ts";
export { decodeModelFile, encodeModelFile, loadModel, saveModel } from "./predict/modelFile.ts";
export {
  type ModelOptions,
  makeModelPredictor,
  type PredictOptions,
  type Predictor,
  predictor,
} from "./predict/predict.ts";
export {
  type Asking,
  type CannotPredict,
  makePredictor,
  type PredictorOptions,
} from "./predict/predictor.ts";
export type { Inputs, InvalidRows, Meaning, RawRow, Rows } from "./predict/rows.ts";
export { loadCheckpoint, saveCheckpoint } from "./state/checkpoint.ts";
export { checkpointsIn } from "./state/checkpointFolder.ts";
export { decodeState, encodeState, type LoadCheckpoint } from "./state/codec.ts";
export { initialState } from "./state/initial.ts";
export type { Memories, Memory } from "./state/memory.ts";
export type { TrainState } from "./state/state.ts";
export { type RunSummary, summarize } from "./summary.ts";
export { resume$, type Services, type TrainOptions, train$ } from "./train.ts";
export { type EffectOptions, train, trainStream } from "./trainStream.ts";
export {
  branch,
  type Compared,
  diff,
  type Parting,
  type RecordedRun,
  type Recording,
  record,
  rewind,
} from "./travel.ts";
export type { WebWorker } from "./worker/hand.ts";
export { type KeptOptions, type KeptWorkers, keptWorkers } from "./worker/keptWorkers.ts";
export { serveTraining, serveTrials } from "./worker/serve.ts";
export { trainInWorker, type WorkerOptions } from "./worker/trainInWorker.ts";
