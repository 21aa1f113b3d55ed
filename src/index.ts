/**
 * fluxion: functional, immutable, reactive machine learning.
 *
 * Exports everything that pipelines need, and each room as a namespace. Each room is also a module
 * (`fluxion/ops`, `fluxion/nn`, …). Everything else is internal and may change.
 */

export * as autodiff from "./autodiff/index.ts";
export {
  cond,
  ForwardMode,
  grad,
  hvp,
  jvp,
  ReverseMode,
  scan,
  valueAndGrad,
  vjp,
  vmap,
} from "./autodiff/index.ts";
export * as backend from "./backend/index.ts";
export { Backend, compile } from "./backend/index.ts";
export * as codec from "./codec/index.ts";
export * as data from "./data/index.ts";
export {
  type Dataset,
  dataset,
  type Row,
  readBytes,
  readIdx,
  rescale,
  reshapeColumn,
} from "./data/index.ts";
export { formatError, isFluxionError } from "./errors/failure.ts";
export type { FluxionError } from "./errors.ts";
export * from "./errors.ts";
export * as io from "./io/index.ts";
export * as ops from "./ir/index.ts";
export { type Expr, tanh } from "./ir/index.ts";
export * as environments from "./learn/environments/index.ts";
export * as learn from "./learn/index.ts";
export { batchObjective, objective, supervised } from "./learn/index.ts";
export * as reinforcement from "./learn/reinforcement/index.ts";
export * as linalg from "./linalg/index.ts";
export * as functional from "./nn/functional/index.ts";
export { gelu, relu } from "./nn/functional/index.ts";
export * as generate from "./nn/generate/index.ts";
export * as nn from "./nn/index.ts";
export {
  batchNorm,
  conv2d,
  dense,
  dropout,
  embedding,
  flatten,
  gru,
  initializers,
  type Layer,
  lambda,
  layerNorm,
  lstm,
  maxPool2d,
  multiHeadAttention,
  named,
  residual,
  sequential,
} from "./nn/index.ts";
export * as losses from "./nn/losses/index.ts";
export {
  binaryCrossEntropyWithLogits,
  meanSquaredError,
  softmaxCrossEntropy,
} from "./nn/losses/index.ts";
export * as metrics from "./nn/metrics/index.ts";
export {
  accuracy,
  binaryAccuracy,
  confusionMatrix,
  rootMeanSquaredError,
} from "./nn/metrics/index.ts";
export * as models from "./nn/models/index.ts";
export * as optim from "./optim/index.ts";
export {
  adam,
  adamw,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  linearWarmup,
  oneCycle,
  sgd,
} from "./optim/index.ts";
export * as special from "./special/index.ts";
export {
  fromTypedArray,
  full,
  type Key,
  key,
  normal,
  ones,
  permutation,
  type Shape,
  scalar,
  split,
  stackTensors,
  type Tensor,
  tensor,
  zeros,
} from "./tensor/index.ts";
export * as train from "./train/index.ts";
export {
  asBaseline,
  type Baseline,
  earlyStopping,
  evaluate,
  loadCheckpoint,
  loadModel,
  type Pipeline,
  pipeline,
  predictor,
  printProgress,
  resume$,
  runMain,
  type Splits,
  sampleEvery,
  saveCheckpoint,
  saveCheckpoints,
  saveModel,
  type TrainEvent,
  type TrainState,
  train$,
} from "./train/index.ts";
export * from "./train/pipeline/overrides.ts";
