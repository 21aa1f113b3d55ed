/**
 * fluxion: functional, immutable, reactive machine learning.
 *
 * Everything that users of the framework see, room by room. What is not here is how it is done, and may
 * change.
 */

// Trees of values
export { flatten as flattenTree, type Tree, unflatten as unflattenTree } from "./algebra/tree.ts";

// Derivatives
export {
  checkpoint,
  cond,
  custom,
  type Exprs,
  ForwardMode,
  grad,
  hessian,
  hvp,
  type InAxis,
  jacobianForward,
  jacobianReverse,
  jvp,
  ReverseMode,
  scan,
  type Unshaped,
  type VmapOptions,
  valueAndGrad,
  vjp,
  vmap,
} from "./autodiff/index.ts";

// Running programs
export type { CompileOptions, Executable, Plan, Session } from "./backend/backend.ts";
export { type Concrete, compile } from "./backend/compile.ts";
export { Backend } from "./backend/index.ts";
// What crosses a boundary
export { decodeJson, decodeWith } from "./codec/decode.ts";
export { tensorCodec, treeCodec } from "./codec/tensor.ts";
// Data
export { batches$ } from "./data/batches.ts";
export {
  type Batch,
  type Batches,
  type BatchOptions,
  type Dataset,
  dataset,
  type Row,
  type RowOf,
} from "./data/dataset.ts";
export { decodeIdx, type IdxExpectation } from "./data/idx.ts";
export {
  castColumn,
  type FitOptions,
  normalise,
  oneHot as oneHotColumn,
  type Preprocessor,
  preprocessor,
  reshapeColumn,
  standardise,
  unitScale,
} from "./data/preprocess.ts";
export { idxFromBytes, readBytes, readIdx } from "./data/source.ts";
export { decodeTable, type LabelColumn, type RowOfTable, type TableSchema } from "./data/table.ts";
export { type InvalidData, type Requirements, validate } from "./data/validate.ts";
// Errors
export * from "./errors.ts";
// Expressions and programs
export { constant, parameter } from "./ir/build.ts";
export type { Expr, PrimitiveTag, Program, TensorType } from "./ir/expr.ts";
export { program } from "./ir/graph.ts";
export { hash } from "./ir/hash.ts";
export { axisMean, axisSum, cast, stopGradient, where } from "./ir/ops/control.ts";
export {
  abs,
  acos,
  add,
  and,
  asin,
  atan,
  atan2,
  ceil,
  clamp,
  cos,
  div,
  eq,
  erf,
  exp,
  expm1,
  floor,
  ge,
  gt,
  le,
  log,
  log1p,
  logistic,
  lt,
  maximum,
  minimum,
  mul,
  ne,
  neg,
  not,
  or,
  pow,
  reciprocal,
  rem,
  round,
  rsqrt,
  shiftLeft,
  shiftRight,
  sign,
  sin,
  sqrt,
  square,
  sub,
  tan,
  tanh,
  xor,
} from "./ir/ops/elementwise.ts";
export {
  fill,
  iota,
  oneHot,
  onesLike,
  ravel,
  scatterAdd,
  scatterAddAlongAxis,
  take,
  takeAlongAxis,
  zerosLike,
} from "./ir/ops/indexed.ts";
export { dot, einsum, matmul, outer } from "./ir/ops/linear.ts";
export { broadcastTo } from "./ir/ops/operand.ts";
/** Randomness inside programs: the same bits as the functions of the same names on tensors. */
export * as random from "./ir/ops/random.ts";
export {
  argmax,
  argmin,
  argsort,
  cumsum,
  isFinite,
  keepAxes,
  logSoftmax,
  logSumExp,
  max,
  mean,
  min,
  prod,
  softmax,
  sort,
  sortWithIndices,
  sum,
  variance,
} from "./ir/ops/reduction.ts";
export {
  concatenate,
  expandDims,
  index,
  moveAxis,
  pad,
  reshape,
  reverse,
  slice,
  sliceAxis,
  squeeze,
  stack,
  transpose,
} from "./ir/ops/structural.ts";
export { overlapAdd, slidingWindow, type WindowOptions } from "./ir/ops/window.ts";
export { printProgram } from "./ir/print.ts";
export type { Operand, ShapeError, ShapeOf } from "./ir/shapeTypes.ts";
export { scoped } from "./ir/trace.ts";
// Networks
export {
  celu,
  elu,
  gelu,
  geluTanh,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  mish,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softmin,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
} from "./nn/activations.ts";
export type { ParamsOf, Sequential, StateOf } from "./nn/chainTypes.ts";
export {
  fanout,
  frozen,
  named,
  parallel,
  repeat,
  residual,
  scanOver,
  shared,
} from "./nn/combinators.ts";
export {
  type ConvolutionOptions,
  type ConvolutionParams,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  depthwiseConv2d,
  type KernelParams,
  separableConv2d,
  type TransposedOptions,
} from "./nn/convolution.ts";
export {
  type ConvolveOptions,
  type ConvolveTransposedOptions,
  convolve,
  convolveTransposed,
} from "./nn/convolve.ts";
export { type DenseOptions, type DenseParams, dense, type LinearParams } from "./nn/dense.ts";
export { describe, type LayerRow } from "./nn/describe.ts";
/** How params begin. */
export * as initializers from "./nn/initializers.ts";
export type {
  Activation,
  AnyLayer,
  Composable,
  Context,
  Initial,
  Layer,
  SameLayer,
  Symbolic,
} from "./nn/layer.ts";
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  hinge,
  huber,
  klDivergence,
  l1Penalty,
  l2Penalty,
  meanAbsoluteError,
  meanSquaredError,
  negativeLogLikelihood,
  smoothL1,
  softmaxCrossEntropy,
} from "./nn/losses.ts";
export type { Metric, Outcomes, Summary } from "./nn/metric.ts";
export {
  accuracy,
  binaryAccuracy,
  confusionMatrix,
  f1,
  meanLoss,
  precision,
  recall,
  topK,
} from "./nn/metrics.ts";
export {
  type AveragePoolOptions,
  adaptiveAveragePooled,
  adaptiveMaxPooled,
  averagePooled,
  globalAveragePooled,
  globalMaxPooled,
  lpPooled,
  maxPooled,
  type PoolOptions,
  sumPooled,
} from "./nn/pool.ts";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  globalAvgPool,
  globalMaxPool,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
} from "./nn/pooling.ts";
export { dropout, flatten, pure, reshapeLayer } from "./nn/pure.ts";
export {
  type InterpolateOptions,
  interpolate,
  pixelShuffled,
  pixelUnshuffled,
} from "./nn/resample.ts";
export {
  type PadWidths,
  padCircular,
  padConstant,
  padReflect,
  padReplicate,
  pixelShuffle,
  pixelUnshuffle,
  upsample,
} from "./nn/resizing.ts";
export { andThen, identity, sequential } from "./nn/sequential.ts";
export type { Grid, Padding, PerAxis } from "./nn/windows.ts";
// Optimizers
export { type AdamOptions, adam, adamW } from "./optim/adam.ts";
export { adadelta, adagrad, adamax, rmsProp } from "./optim/adaptive.ts";
export type { LearningRate, Schedule } from "./optim/learningRate.ts";
export {
  addDecayedWeights,
  clipByGlobalNorm,
  clipByValue,
  globalNorm,
  scale,
  scaleByLearningRate,
} from "./optim/parts.ts";
export {
  constantRate,
  cosineDecay,
  cosineWarmRestarts,
  exponentialDecay,
  linearWarmup,
  multiStepDecay,
  oneCycle,
  piecewise,
  ratesOf,
  sequence,
  stepDecay,
} from "./optim/schedules.ts";
export { type SgdOptions, sgd } from "./optim/sgd.ts";
export {
  applyUpdates,
  chain,
  type GradientTransformation,
  identityTransformation,
  monoidTransformation,
  stateless,
  transformation,
  type Updated,
} from "./optim/transformation.ts";
export { type FluxionError, render } from "./render.ts";
// Tensors
export {
  arange,
  eye,
  fromTypedArray,
  full,
  linspace,
  ones,
  scalar,
  stackTensors,
  tensor,
  zeros,
} from "./tensor/constructors.ts";
export type { Dtype } from "./tensor/dtype.ts";
export { allClose, eqTensor, equal, type Tolerance } from "./tensor/equality.ts";
export {
  bernoulli,
  categorical,
  foldIn,
  type Key,
  key,
  normal,
  permutation,
  split,
  uniform,
} from "./tensor/key.ts";
export type { Shape } from "./tensor/shape.ts";
export type { Nested, Tensor } from "./tensor/tensor.ts";
// Training
export { initialState } from "./train/carried.ts";
export { loadCheckpoint, saveCheckpoint } from "./train/checkpoint.ts";
export { evaluate } from "./train/evaluate.ts";
export type {
  CheckpointSaved,
  Completed,
  EpochCompleted,
  EpochStarted,
  MetricValues,
  Score,
  Started,
  StepCompleted,
  Stopped,
  TrainEvent,
  Validated,
} from "./train/event.ts";
export { eventLine, type Report, reportCodec } from "./train/eventJson.ts";
export { explain, isFluxionError } from "./train/explain.ts";
export { runMain, subscribeMain } from "./train/main.ts";
export {
  type EarlyStopping,
  earlyStopping,
  type Monitor,
} from "./train/operators/earlyStopping.ts";
export {
  type PrintProgress,
  printProgress,
  type TextStream,
} from "./train/operators/printProgress.ts";
export { type SaveCheckpoints, saveCheckpoints } from "./train/operators/saveCheckpoints.ts";
export {
  type AnyPipeline,
  isPipeline,
  type Pipeline,
  pipeline,
  type Splits,
  startingFrom,
  type Task,
  withAugmentation,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
  withLoss,
  withMetrics,
  withOptimizer,
  withSeed,
  withShuffling,
  withValidation,
} from "./train/pipeline.ts";
export type { TrainState } from "./train/state.ts";
export { type StateJson, stateCodec } from "./train/stateJson.ts";
export { type RunSummary, summarise } from "./train/summary.ts";
export { resume$, type Services, type TrainOptions, train$ } from "./train/train.ts";
