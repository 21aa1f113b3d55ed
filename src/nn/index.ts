/** Layers, and combinators that build layers from layers. */

export { applyToBatch, type BatchContext } from "./batch.ts";
export {
  fanout,
  frozen,
  named,
  parallel,
  remat,
  repeat,
  scanLayer,
  shared,
} from "./combinators/containers.ts";
export {
  type Adapter,
  type Lora,
  type LoraOptions,
  type LoraParams,
  type LoraState,
  lora,
} from "./combinators/lora.ts";
export { masked, maskedMeanPool, timeDistributed } from "./combinators/overTime.ts";
export {
  type SpectralNormState,
  spectralNorm,
  type WeightNormParams,
  weightNorm,
} from "./combinators/parametrize.ts";
export { andThen, identity, sequential } from "./combinators/sequential.ts";
export { residual, skipConcat } from "./combinators/skip.ts";
export * from "./functional/activation.ts";
export type { Adjacency, EdgeList, Graph } from "./functional/graph.ts";
export type { ScaleOffset } from "./functional/scaleOffset.ts";
export * as initializers from "./initializers.ts";
export type {
  Activation,
  AnyLayer,
  Composable,
  Context,
  Initial,
  Layer,
  SameLayer,
  Symbolic,
} from "./layer.ts";
export {
  type AdaptiveLogSoftmax,
  type AdaptiveLogSoftmaxOptions,
  type AdaptiveLogSoftmaxParams,
  adaptiveLogSoftmax,
} from "./layers/adaptiveLogSoftmax.ts";
export {
  type Attention,
  type AttentionOptions,
  type AttentionParams,
  type Cache,
  multiHeadAttention,
} from "./layers/attention.ts";
export { type Bilinear, bilinear } from "./layers/bilinear.ts";
export { type DenseOptions, type DenseParams, dense, type LinearParams } from "./layers/dense.ts";
export {
  alphaDropout,
  dropPath,
  featureAlphaDropout,
  gaussianDropout,
  gaussianNoise,
  type RandomSlopes,
  rrelu,
  spatialDropout,
} from "./layers/dropout.ts";
export { type EinsumDenseOptions, einsumDense } from "./layers/einsumDense.ts";
export {
  type EmbeddingOptions,
  type EmbeddingParams,
  embedding,
  type PaddedEmbeddingOptions,
  type PositionParams,
  positionEmbedding,
  rotaryEmbedding,
  sinusoidalEncoding,
  type TiedParams,
  tiedEmbedding,
} from "./layers/embedding.ts";
export {
  type EmbeddingBag,
  type EmbeddingBagOptions,
  embeddingBag,
} from "./layers/embeddingBag.ts";
export {
  type FeedForwardOptions,
  type FeedForwardParams,
  feedForward,
  type GatedParams,
  gatedFeedForward,
} from "./layers/feedForward.ts";
export {
  maxout,
  prelu,
  type SlopeParams,
  type SqueezeExciteParams,
  squeezeExcite,
} from "./layers/gating.ts";
export {
  type GraphAttentionOptions,
  type GraphAttentionParams,
  graphAttention,
} from "./layers/graph/graphAttention.ts";
export {
  type GraphConvolutionOptions,
  type GraphLayer,
  graphConvolution,
} from "./layers/graph/graphConvolution.ts";
export { type MessageOptions, messagePassing } from "./layers/graph/messagePassing.ts";
export { dropout, flatten, lambda, reshape } from "./layers/lambda.ts";
export {
  type ExpertsParams,
  type MixtureOfExperts,
  mixtureOfExperts,
  topKRouting,
} from "./layers/moe.ts";
export {
  type BatchNormOptions,
  batchNorm,
  type CumulativeStatistics,
  type RunningStatistics,
} from "./layers/normalization/batchNorm.ts";
export {
  groupNorm,
  instanceNorm,
  type LocalResponseOptions,
  layerNorm,
  localResponseNorm,
  type NormOptions,
  rmsNorm,
  type Scale,
  unitNorm,
} from "./layers/normalization/norm.ts";
export {
  type Cell,
  type CellOf,
  type CellOptions,
  type CellParams,
  gruCell,
  type LstmOptions,
  lstmCell,
  rnnCell,
} from "./layers/recurrent/cells.ts";
export {
  type ConvLstm,
  type ConvLstmOptions,
  convLstm1d,
  convLstm2d,
  convLstm3d,
} from "./layers/recurrent/convLstm.ts";
export {
  gru,
  lstm,
  type RecurrentLayer,
  recurrent,
  rnn,
} from "./layers/recurrent/recurrent.ts";
export type {
  Carries,
  Recurred,
  RecurrenceOptions,
  RecurrentParams,
  Run,
} from "./layers/recurrent/stacked.ts";
export {
  type ConvolutionOptions,
  type ConvolutionParams,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  depthwiseConv1d,
  depthwiseConv2d,
  type KernelParams,
  separableConv1d,
  separableConv2d,
  type TransposedOptions,
} from "./layers/spatial/conv.ts";
export {
  type FractionalOptions,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
} from "./layers/spatial/fractionalPool.ts";
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
  maxUnpool,
} from "./layers/spatial/pool.ts";
export {
  channelShuffle,
  crop,
  type PadWidths,
  padCircular,
  padConstant,
  padReflect,
  padReplicate,
  permute,
  pixelShuffle,
  pixelUnshuffle,
  repeatVector,
  upsample,
} from "./layers/spatial/resize.ts";
export {
  type DecoderBlock,
  type DecoderOptions,
  type DecoderParams,
  type EncoderBlock,
  type EncoderParams,
  type TransformerOptions,
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "./layers/transformerBlock.ts";
export { type Loaded, loadInto, type Misfit, pretrained } from "./pretrained.ts";
export { type LayerRow, summary } from "./summary.ts";
export type { ParamsOf, Sequential, StateOf } from "./types/chain.ts";
