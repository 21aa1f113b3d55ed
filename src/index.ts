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
export type {
  Backend as BackendService,
  CompileOptions,
  Executable,
  Plan,
  PlannedKernel,
  Session,
} from "./backend/backend.ts";
export { type Concrete, compile } from "./backend/compile.ts";
export { type Ceilings, type Floor, floorOf, floorOfPlan } from "./backend/floor.ts";
export { Backend } from "./backend/index.ts";
export { measureCeilings } from "./backend/wasm/ceilings.ts";
export type { WasmOptions } from "./backend/wasm/index.ts";
// What crosses a boundary
export { decodeJson, decodeWith } from "./codec/decode.ts";
export { type TensorJson, type TreeJson, tensorCodec, treeCodec } from "./codec/tensor.ts";
// Data
export * from "./data/index.ts";
// Errors
export * from "./errors.ts";
// Expressions and programs
export * from "./ir/index.ts";
// Linear algebra
export * from "./linalg/index.ts";
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
export {
  type Attention,
  type AttentionOptions,
  type AttentionParams,
  type Cache,
  multiHeadAttention,
} from "./nn/attention.ts";
export { importance, loadBalance } from "./nn/balance.ts";
export { type BatchNormOptions, batchNorm, type RunningStatistics } from "./nn/batchNorm.ts";
export {
  type Cell,
  type CellOf,
  type CellOptions,
  type CellParams,
  gruCell,
  lstmCell,
  rnnCell,
} from "./nn/cells.ts";
export type { ParamsOf, Sequential, StateOf } from "./nn/chainTypes.ts";
export {
  checkpointed,
  fanout,
  frozen,
  named,
  parallel,
  repeat,
  scanOver,
  shared,
} from "./nn/combinators.ts";
export type { Comparison } from "./nn/compared.ts";
export { type Confusion, confusionMatrix, f1, precision, recall } from "./nn/confusion.ts";
export { denseConnect, residual } from "./nn/connections.ts";
export { cosineEmbedding, infoNce, triplet } from "./nn/contrastive.ts";
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
export { type CtcOptions, ctc } from "./nn/ctc.ts";
export * from "./nn/decoding/index.ts";
export { type DenseOptions, type DenseParams, dense, type LinearParams } from "./nn/dense.ts";
export { describe, type LayerRow } from "./nn/describe.ts";
export { pathDropout, spatialDropout } from "./nn/drops.ts";
export {
  type EmbeddingOptions,
  type EmbeddingParams,
  embedding,
  learnedPositions,
  type PaddedEmbeddingOptions,
  type PositionParams,
  rotary,
  sinusoidalPositions,
  type TiedParams,
  tiedEmbedding,
} from "./nn/embedding.ts";
export {
  type ExpertsParams,
  type MixtureOfExperts,
  mixtureOfExperts,
  topKRouting,
} from "./nn/experts.ts";
export {
  type FeedForwardOptions,
  type FeedForwardParams,
  feedForward,
  type GatedParams,
  gatedFeedForward,
} from "./nn/feedForward.ts";
export {
  maxout,
  prelu,
  type SlopeParams,
  type SqueezeExciteParams,
  squeezeExcite,
} from "./nn/gating.ts";
export { type GridSampleOptions, gridSample } from "./nn/gridSample.ts";
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
  dice,
  type FocalOptions,
  focal,
  gaussianNegativeLogLikelihood,
  poissonNegativeLogLikelihood,
  type SequenceOptions,
  sequenceCrossEntropy,
} from "./nn/likelihoods.ts";
export type { Loss } from "./nn/loss.ts";
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type CrossEntropyOptions,
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
export type { ConfusionTable, Metric, Outcomes, Summary } from "./nn/metric.ts";
export {
  accuracy,
  binaryAccuracy,
  exactMatch,
  meanLoss,
  rootMeanSquaredError,
  type Share,
  topK,
} from "./nn/metrics.ts";
export { type AlexnetOptions, alexnet } from "./nn/models/alexnet.ts";
export { type LenetOptions, lenet } from "./nn/models/lenet.ts";
export { type MlpOptions, mlp } from "./nn/models/mlp.ts";
export type { Image, Network } from "./nn/models/network.ts";
export { perceptron } from "./nn/models/perceptron.ts";
export { cifarResnet, type ResnetOptions, resnet } from "./nn/models/resnet.ts";
export * from "./nn/models/sequences.ts";
export { type UnetOptions, unet } from "./nn/models/unet.ts";
export { type VitOptions, vit } from "./nn/models/vit.ts";
export {
  groupNorm,
  instanceNorm,
  type LocalResponseOptions,
  layerNorm,
  localResponseNorm,
  type NormOptions,
  rmsNorm,
  type Scale,
} from "./nn/normalisation.ts";
export {
  type AveragePoolOptions,
  adaptiveAveragePooled,
  adaptiveMaxPooled,
  averagePooled,
  globalAveragePooled,
  globalMaxPooled,
  lpPooled,
  maxPooled,
  maxPooledWithIndices,
  maxUnpooled,
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
  unpooled,
} from "./nn/pooling.ts";
export { dropout, flatten, pure, reshapeLayer } from "./nn/pure.ts";
export {
  type Carries,
  gru,
  lstm,
  type Recurred,
  type RecurrenceOptions,
  type RecurrentLayer,
  type RecurrentParams,
  type Run,
  recurrent,
  rnn,
} from "./nn/recurrent.ts";
export {
  type SpectralNormState,
  spectralNorm,
  type WeightNormParams,
  weightNorm,
} from "./nn/reparameterised.ts";
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
export { attentionWeights, causalMask, scaledDotProductAttention } from "./nn/scaledDotProduct.ts";
export type { ScaleOffset } from "./nn/scaleOffset.ts";
export { mapOver, masked, meanOverTime } from "./nn/sequences.ts";
export { andThen, identity, sequential } from "./nn/sequential.ts";
export {
  type DecoderBlock,
  type DecoderOptions,
  type DecoderParams,
  type EncoderBlock,
  type EncoderParams,
  type TransformerOptions,
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "./nn/transformer.ts";
export type { Grid, Padding, PerAxis } from "./nn/windows.ts";
// Optimizers
export { type AdamOptions, adam, adamW } from "./optim/adam.ts";
export { type AdaptiveOptions, adadelta, adagrad, adamax, rmsProp } from "./optim/adaptive.ts";
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
// Special functions
export * from "./special/index.ts";
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
  type UniformOptions,
  uniform,
} from "./tensor/key.ts";
export type { Shape } from "./tensor/shape.ts";
export type { Nested, Tensor } from "./tensor/tensor.ts";
// Training
export * from "./train/index.ts";
