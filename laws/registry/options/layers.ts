import * as Effect from "effect/Effect";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import type * as combinators from "../../../src/nn/combinators/containers.ts";
import { repeat, shared } from "../../../src/nn/combinators/containers.ts";
import * as adapters from "../../../src/nn/combinators/lora.ts";
import * as looks from "../../../src/nn/functional/attention.ts";
import * as boxes from "../../../src/nn/functional/boxes.ts";
import type * as convolves from "../../../src/nn/functional/conv.ts";
import { conv, convTranspose } from "../../../src/nn/functional/conv.ts";
import * as fractions from "../../../src/nn/functional/fractionalPool.ts";
import * as pools from "../../../src/nn/functional/pool.ts";
import * as resamples from "../../../src/nn/functional/resample.ts";
import * as ctcs from "../../../src/nn/generate/ctc.ts";
import type { Continuation } from "../../../src/nn/generate/decoder.ts";
import type * as samplings from "../../../src/nn/generate/sampling.ts";
import {
  applyTemperature,
  sampleToken,
  topKLogits,
  topPLogits,
} from "../../../src/nn/generate/sampling.ts";
import * as searches from "../../../src/nn/generate/search.ts";
import * as initializers from "../../../src/nn/initializers.ts";
import type * as attentions from "../../../src/nn/layers/attention.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import type * as affines from "../../../src/nn/layers/dense.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as drops from "../../../src/nn/layers/dropout.ts";
import * as embeddings from "../../../src/nn/layers/embedding.ts";
import * as feeds from "../../../src/nn/layers/feedForward.ts";
import * as gates from "../../../src/nn/layers/gating.ts";
import type * as plain from "../../../src/nn/layers/lambda.ts";
import { dropout } from "../../../src/nn/layers/lambda.ts";
import * as experts from "../../../src/nn/layers/moe.ts";
import type * as batches from "../../../src/nn/layers/normalization/batchNorm.ts";
import { batchNorm } from "../../../src/nn/layers/normalization/batchNorm.ts";
import * as norms from "../../../src/nn/layers/normalization/norm.ts";
import { gruCell } from "../../../src/nn/layers/recurrent/cells.ts";
import * as recurrences from "../../../src/nn/layers/recurrent/recurrent.ts";
import * as convolutions from "../../../src/nn/layers/spatial/conv.ts";
import * as layers from "../../../src/nn/layers/spatial/pool.ts";
import * as resizes from "../../../src/nn/layers/spatial/resize.ts";
import type * as transformers from "../../../src/nn/layers/transformerBlock.ts";
import {
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "../../../src/nn/layers/transformerBlock.ts";
import { ones, tensor } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import {
  aboveZero,
  between,
  finiteNumber,
  fromZero,
  type Option,
  optionsOf,
  wholeFrom,
} from "../../options.ts";
import { graphOptions } from "../graphs/options.ts";
import { portedOptions } from "../ported/options.ts";
import type { OptionTable, Use } from "./table.ts";

const size = wholeFrom(1);
const rate = between(0, 1, { high: true });
const x = (...shape: readonly number[]): Expr => constant(ones(shape) as Tensor);

type Makes = (options: object) => unknown;
/** The options of sliding windows, for a layer of one axis and for the program that it makes. */
const sliding = (make: Makes): { readonly [K in "stride" | "padding" | "dilation"]: Use } => ({
  stride: [size, (stride) => make({ stride })],
  padding: [wholeFrom(0), (padding) => make({ padding })],
  dilation: [size, (dilation) => make({ dilation })],
});
const convolving = (make: (inputs: number, size: number, options: object) => unknown) =>
  ({
    inputs: [size, (n: number) => make(n, 2, {})],
    size: [size, (n: number) => make(2, n, {})],
    groups: [wholeFrom(1, 2), (groups: number) => make(2, 2, { groups })],
    ...sliding((options) => make(2, 2, options)),
  }) as const;
const outputPadding = (make: Makes): Use => [
  wholeFrom(0, 2),
  (n) => make({ stride: 3, outputPadding: n }),
];
const pooling = (make: (size: number, options: object) => unknown) =>
  ({
    size: [size, (n: number) => make(n, {})],
    stride: [size, (stride: number) => make(2, { stride })],
    padding: [wholeFrom(0, 1), (padding: number) => make(2, { padding })],
    dilation: [size, (dilation: number) => make(2, { dilation })],
  }) as const;
/** A pooling layer is refused only when it is applied: it does not know the size of its examples before. */
const poolLayer = (make: (size: number, options: object) => unknown) =>
  ({
    ...pooling(make),
    padding: [wholeFrom(0), (padding: number) => make(2, { padding })],
  }) as const;
const normalizing = (make: (features: number, options: object) => unknown) =>
  ({
    features: [size, (n: number) => make(n, {})],
    epsilon: [fromZero, (epsilon: number) => make(2, { epsilon })],
  }) as const;
const none = {};

const line = [64, 2] as const;

/** Layers and their parts. */
const layerOptions: OptionTable<
  typeof adapters &
    typeof affines &
    typeof attentions &
    typeof batches &
    typeof combinators &
    typeof convolutions &
    typeof drops &
    typeof embeddings &
    typeof experts &
    typeof feeds &
    typeof gates &
    typeof initializers &
    typeof layers &
    typeof norms &
    typeof plain &
    typeof recurrences &
    typeof resizes &
    typeof transformers
> = {
  dense: {
    inputs: [size, (n) => dense(n, 2)],
    outputs: [size, (n) => dense(2, n)],
  },
  multiHeadAttention: {
    width: [size, (n) => multiHeadAttention(n)],
    heads: [wholeFrom(1, 2), (heads) => multiHeadAttention(2, { heads })],
    keyValueHeads: [
      wholeFrom(1, 2),
      (keyValueHeads) => multiHeadAttention(2, { heads: 2, keyValueHeads }),
    ],
    memoryWidth: [size, (memoryWidth) => multiHeadAttention(2, { memoryWidth })],
    dropout: [rate, (n) => multiHeadAttention(2, { dropout: n })],
  },
  batchNorm: {
    ...normalizing(batchNorm),
    momentum: [between(0, 1), (momentum) => batchNorm(2, { momentum })],
  },
  lora: {
    rank: [wholeFrom(1, 2), (rank) => adapters.lora(dense(2, 2), { rank }).init(key(0))],
    alpha: [finiteNumber, (alpha) => adapters.lora(dense(2, 2), { rank: 1, alpha })],
    stacked: [
      wholeFrom(0, 1),
      (stacked) => adapters.lora(repeat(2, dense(2, 2)), { rank: 1, stacked }).init(key(0)),
    ],
  },
  named: none,
  frozen: none,
  remat: none,
  scanLayer: none,
  parallel: none,
  fanout: none,
  repeat: { times: [size, (n) => repeat(n, dense(2, 2))] },
  shared: { times: [size, (n) => shared(n, dense(2, 2))] },
  conv1d: convolving((n, k, o) => convolutions.conv1d(n, 2, k, o)),
  conv2d: convolving((n, k, o) => convolutions.conv2d(n, 2, k, o)),
  conv3d: convolving((n, k, o) => convolutions.conv3d(n, 2, k, o)),
  convTranspose1d: {
    ...convolving((n, k, o) => convolutions.convTranspose1d(n, 2, k, o)),
    outputPadding: outputPadding((o) => convolutions.convTranspose1d(2, 2, 2, o)),
  },
  convTranspose2d: {
    ...convolving((n, k, o) => convolutions.convTranspose2d(n, 2, k, o)),
    outputPadding: outputPadding((o) => convolutions.convTranspose2d(2, 2, 2, o)),
  },
  convTranspose3d: {
    ...convolving((n, k, o) => convolutions.convTranspose3d(n, 2, k, o)),
    outputPadding: outputPadding((o) => convolutions.convTranspose3d(2, 2, 2, o)),
  },
  depthwiseConv1d: {
    channels: [size, (n) => convolutions.depthwiseConv1d(n, 2)],
    multiplier: [size, (multiplier) => convolutions.depthwiseConv1d(2, 2, { multiplier })],
    ...sliding((o) => convolutions.depthwiseConv1d(2, 2, o)),
  },
  depthwiseConv2d: {
    channels: [size, (n) => convolutions.depthwiseConv2d(n, 2)],
    multiplier: [size, (multiplier) => convolutions.depthwiseConv2d(2, 2, { multiplier })],
    ...sliding((o) => convolutions.depthwiseConv2d(2, 2, o)),
  },
  separableConv1d: {
    inputs: [size, (n) => convolutions.separableConv1d(n, 2, 2)],
    outputs: [size, (n) => convolutions.separableConv1d(2, n, 2)],
    ...sliding((o) => convolutions.separableConv1d(2, 2, 2, o)),
  },
  separableConv2d: {
    inputs: [size, (n) => convolutions.separableConv2d(n, 2, 2)],
    outputs: [size, (n) => convolutions.separableConv2d(2, n, 2)],
    ...sliding((o) => convolutions.separableConv2d(2, 2, 2, o)),
  },
  spatialDropout: { rate: [rate, drops.spatialDropout] },
  dropPath: { rate: [rate, drops.dropPath] },
  gaussianNoise: { deviation: [fromZero, drops.gaussianNoise] },
  gaussianDropout: { rate: [rate, drops.gaussianDropout] },
  featureAlphaDropout: { rate: [rate, drops.featureAlphaDropout] },
  alphaDropout: { rate: [rate, drops.alphaDropout] },
  rrelu: {
    low: [
      between(Number.NEGATIVE_INFINITY, 0.5, { low: true }),
      (low) => drops.rrelu({ low, high: 0.5 }),
    ],
    high: [
      between(0.25, Number.POSITIVE_INFINITY, { high: true }),
      (high) => drops.rrelu({ low: 0.25, high }),
    ],
  },
  unitNorm: none,
  dropout: { rate: [rate, dropout] },
  lambda: none,
  flatten: none,
  reshape: none,
  embedding: {
    vocabulary: [size, (n) => embeddings.embedding(n, 2)],
    width: [size, (n) => embeddings.embedding(2, n)],
    padding: [wholeFrom(0, 4), (padding) => embeddings.embedding(5, 2, { padding })],
    maxNorm: [aboveZero, (maxNorm) => embeddings.embedding(5, 2, { maxNorm })],
    normType: [
      between(0, Number.POSITIVE_INFINITY, { low: true }),
      (normType) => embeddings.embedding(5, 2, { maxNorm: 1, normType }),
    ],
  },
  tiedEmbedding: {
    vocabulary: [size, (n) => embeddings.tiedEmbedding(n, 2, dense(2, 2))],
    width: [size, (n) => embeddings.tiedEmbedding(2, n, dense(2, 2))],
  },
  positionEmbedding: {
    length: [size, (n) => embeddings.positionEmbedding(n, 2)],
    width: [size, (n) => embeddings.positionEmbedding(2, n)],
  },
  sinusoidalEncoding: none,
  rotaryEmbedding: { base: [aboveZero, (base) => embeddings.rotaryEmbedding(x(3, 4), x(3), base)] },
  topKRouting: { k: [wholeFrom(1, 3), (k) => experts.topKRouting(x(3), k)] },
  mixtureOfExperts: {
    experts: [size, (n) => experts.mixtureOfExperts(2, dense(2, 2), { experts: n, k: 1 })],
    k: [wholeFrom(1, 3), (k) => experts.mixtureOfExperts(2, dense(2, 2), { experts: 3, k })],
  },
  feedForward: { hidden: [size, (n) => feeds.feedForward(2, n)] },
  gatedFeedForward: { hidden: [size, (n) => feeds.gatedFeedForward(2, n)] },
  prelu: { features: [size, gates.prelu] },
  maxout: { pieces: [size, (n) => gates.maxout(2, 2, n)] },
  squeezeExcite: { reduction: [wholeFrom(1, 2), (n) => gates.squeezeExcite(2, n)] },
  fanOf: none,
  zeros: none,
  ones: none,
  constant: { value: [finiteNumber, initializers.constant] },
  uniform: {
    low: [between(Number.NEGATIVE_INFINITY, 1, { low: true }), (n) => initializers.uniform(n, 1)],
    high: [
      between(-1, Number.POSITIVE_INFINITY, { high: true }),
      (n) => initializers.uniform(-1, n),
    ],
  },
  normal: {
    deviation: [fromZero, (n) => initializers.normal(n)],
    mean: [finiteNumber, (n) => initializers.normal(1, n)],
  },
  truncatedNormal: { deviation: [fromZero, initializers.truncatedNormal] },
  orthogonal: { gain: [finiteNumber, initializers.orthogonal] },
  glorotUniform: none,
  glorotNormal: none,
  heUniform: none,
  heNormal: none,
  lecunUniform: none,
  lecunNormal: none,
  fanInUniform: none,
  maxPool1d: poolLayer(layers.maxPool1d),
  maxPool2d: poolLayer(layers.maxPool2d),
  maxPool3d: poolLayer(layers.maxPool3d),
  avgPool1d: poolLayer(layers.avgPool1d),
  avgPool2d: poolLayer(layers.avgPool2d),
  avgPool3d: poolLayer(layers.avgPool3d),
  lpPool1d: {
    ...poolLayer((k, o) => layers.lpPool1d(2, k, o)),
    p: [aboveZero, (p) => layers.lpPool1d(p, 2)],
  },
  lpPool2d: {
    ...poolLayer((k, o) => layers.lpPool2d(2, k, o)),
    p: [aboveZero, (p) => layers.lpPool2d(p, 2)],
  },
  lpPool3d: {
    ...poolLayer((k, o) => layers.lpPool3d(2, k, o)),
    p: [aboveZero, (p) => layers.lpPool3d(p, 2)],
  },
  adaptiveAvgPool1d: { size: [size, layers.adaptiveAvgPool1d] },
  adaptiveAvgPool2d: { size: [size, layers.adaptiveAvgPool2d] },
  adaptiveAvgPool3d: { size: [size, layers.adaptiveAvgPool3d] },
  adaptiveMaxPool1d: { size: [size, layers.adaptiveMaxPool1d] },
  adaptiveMaxPool2d: { size: [size, layers.adaptiveMaxPool2d] },
  adaptiveMaxPool3d: { size: [size, layers.adaptiveMaxPool3d] },
  globalAvgPool: none,
  globalMaxPool: none,
  maxUnpool: poolLayer((k, o) => layers.maxUnpool(k, dense(2, 2), o)),
  layerNorm: normalizing(norms.layerNorm),
  groupNorm: {
    ...normalizing((n, o) => norms.groupNorm(1, n, o)),
    groups: [wholeFrom(1, 2), (n) => norms.groupNorm(n, 2)],
  },
  instanceNorm: normalizing(norms.instanceNorm),
  rmsNorm: normalizing(norms.rmsNorm),
  localResponseNorm: {
    size: [size, (n) => norms.localResponseNorm({ size: n })],
    alpha: [fromZero, (alpha) => norms.localResponseNorm({ alpha })],
    beta: [fromZero, (beta) => norms.localResponseNorm({ beta })],
    k: [fromZero, (k) => norms.localResponseNorm({ k })],
  },
  recurrent: {
    layers: [size, (n) => recurrences.recurrent(gruCell, 2, 2, { layers: n })],
    dropout: [rate, (n) => recurrences.recurrent(gruCell, 2, 2, { dropout: n })],
  },
  rnn: {
    inputs: [size, (n) => recurrences.rnn(n, 2)],
    hidden: [size, (n) => recurrences.rnn(2, n)],
    layers: [size, (n) => recurrences.rnn(2, 2, { layers: n })],
    dropout: [rate, (n) => recurrences.rnn(2, 2, { dropout: n })],
  },
  lstm: {
    layers: [size, (n) => recurrences.lstm(2, 2, { layers: n })],
    dropout: [rate, (n) => recurrences.lstm(2, 2, { dropout: n })],
    projSize: [wholeFrom(1, 4), (projSize) => recurrences.lstm(2, 5, { projSize })],
  },
  gru: {
    layers: [size, (n) => recurrences.gru(2, 2, { layers: n })],
    dropout: [rate, (n) => recurrences.gru(2, 2, { dropout: n })],
  },
  upsample: { scale: [aboveZero, (scale) => resizes.upsample({ scale })] },
  pixelShuffle: { factor: [size, resizes.pixelShuffle] },
  channelShuffle: { groups: [size, resizes.channelShuffle] },
  crop: { widths: [wholeFrom(0), resizes.crop] },
  permute: none,
  repeatVector: { times: [size, resizes.repeatVector] },
  pixelUnshuffle: { factor: [size, resizes.pixelUnshuffle] },
  padConstant: { widths: [wholeFrom(0), (n) => resizes.padConstant(n)] },
  padReflect: { widths: [wholeFrom(0), resizes.padReflect] },
  padReplicate: { widths: [wholeFrom(0), resizes.padReplicate] },
  padCircular: { widths: [wholeFrom(0), resizes.padCircular] },
  transformerEncoderBlock: {
    heads: [wholeFrom(1, 2), (heads) => transformerEncoderBlock(2, { heads })],
    keyValueHeads: [
      wholeFrom(1, 2),
      (keyValueHeads) => transformerEncoderBlock(2, { heads: 2, keyValueHeads }),
    ],
    hidden: [size, (hidden) => transformerEncoderBlock(2, { hidden })],
    dropout: [rate, (n) => transformerEncoderBlock(2, { dropout: n })],
    attentionDropout: [rate, (n) => transformerEncoderBlock(2, { attentionDropout: n })],
    epsilon: [fromZero, (epsilon) => transformerEncoderBlock(2, { epsilon })],
  },
  transformerDecoderBlock: {
    heads: [wholeFrom(1, 2), (heads) => transformerDecoderBlock(2, { heads })],
    keyValueHeads: [
      wholeFrom(1, 2),
      (keyValueHeads) => transformerDecoderBlock(2, { heads: 2, keyValueHeads }),
    ],
    hidden: [size, (hidden) => transformerDecoderBlock(2, { hidden })],
    memoryWidth: [size, (memoryWidth) => transformerDecoderBlock(2, { memoryWidth })],
    dropout: [rate, (n) => transformerDecoderBlock(2, { dropout: n })],
    attentionDropout: [rate, (n) => transformerDecoderBlock(2, { attentionDropout: n })],
    epsilon: [fromZero, (epsilon) => transformerDecoderBlock(2, { epsilon })],
  },
};

const anchors: boxes.AnchorOptions = { cells: [1, 2], stride: 4, sizes: [2] };

/** Layers as functions. Some have the same name as their layer. */
const functionalOptions: OptionTable<
  typeof boxes &
    typeof looks &
    typeof pools &
    typeof fractions &
    typeof resamples &
    typeof convolves
> = {
  boxArea: none,
  boxIou: none,
  encodeBoxes: none,
  decodeBoxes: {
    limit: [
      between(0, Number.POSITIVE_INFINITY, { low: true }),
      (limit) => boxes.decodeBoxes(x(2, 4), x(2, 4), { limit }),
    ],
  },
  nonMaximumSuppression: {
    overlap: [between(0, 1), (overlap) => boxes.nonMaximumSuppression(x(2, 4), x(2), { overlap })],
  },
  anchorBoxes: {
    stride: [aboveZero, (stride) => boxes.anchorBoxes({ ...anchors, stride })],
    rows: [size, (rows) => boxes.anchorBoxes({ ...anchors, cells: [rows, 1] })],
    columns: [size, (columns) => boxes.anchorBoxes({ ...anchors, cells: [1, columns] })],
    size: [aboveZero, (n) => boxes.anchorBoxes({ ...anchors, sizes: [n] })],
    ratio: [aboveZero, (ratio) => boxes.anchorBoxes({ ...anchors, ratios: [1, ratio] })],
  },
  attentionWeights: none,
  scaledDotProductAttention: none,
  attentionOf: none,
  causalMask: none,
  alibiSlopes: { heads: [size, looks.alibiSlopes] },
  alibiBias: { heads: [size, (heads) => looks.alibiBias(heads, x(3), x(2))] },
  maxPool: pooling((k, o) => pools.maxPool(x(...line), k, o)),
  maxPoolWithIndices: pooling((k, o) => pools.maxPoolWithIndices(x(...line), k, o)),
  maxUnpool: none,
  sumPool: pooling((k, o) => pools.sumPool(x(...line), k, o)),
  avgPool: pooling((k, o) => pools.avgPool(x(...line), k, o)),
  requireNorm: none,
  lpPool: {
    ...pooling((k, o) => pools.lpPool(x(...line), 2, k, o)),
    p: [aboveZero, (p) => pools.lpPool(x(...line), p, 2)],
  },
  adaptiveAvgPool: { size: [size, (n) => pools.adaptiveAvgPool(x(...line), n)] },
  adaptiveMaxPool: { size: [size, (n) => pools.adaptiveMaxPool(x(...line), n)] },
  fractionalMaxPool: {
    size: [wholeFrom(1, 63), (n) => fractions.fractionalMaxPool(x(...line), n, 2, x(2, 1))],
    places: [wholeFrom(1, 63), (n) => fractions.fractionalMaxPool(x(...line), 2, n, x(2, 1))],
  },
  globalAvgPool: none,
  globalMaxPool: none,
  regionsOf: none,
  averageOver: none,
  rearrange: none,
  requireInterpolation: {
    scale: [aboveZero, (scale) => resamples.requireInterpolation({ scale })],
  },
  interpolate: {
    scale: [
      aboveZero,
      // A valid scale leaves at least one element of this example.
      (scale) =>
        resamples.interpolate(x(...line), { scale: scale > 0 && scale < 0.1 ? 0.1 : scale }),
    ],
  },
  pixelShuffle: { factor: [wholeFrom(1, 2), (n) => resamples.pixelShuffle(x(4, 2), n)] },
  pixelUnshuffle: { factor: [wholeFrom(1, 2), (n) => resamples.pixelUnshuffle(x(2, 2), n)] },
  outputPaddingOf: {
    groups: [size, (groups) => convolutions.convTranspose1d(groups, groups, 2, { groups })],
    ...sliding((o) => convolutions.convTranspose1d(2, 2, 2, o)),
    outputPadding: outputPadding((o) => convolutions.convTranspose1d(2, 2, 2, o)),
  },
  requireGroups: none,
  conv: {
    groups: [wholeFrom(1, 1), (groups) => conv(x(...line), x(2, 2, 1), { groups })],
    ...sliding((o) => conv(x(...line), x(2, 2, 1), o)),
  },
  convTranspose: {
    groups: [wholeFrom(1, 2), (groups) => convTranspose(x(...line), x(2, 2, 1), { groups })],
    ...sliding((o) => convTranspose(x(...line), x(99, 2, 1), o)),
    outputPadding: outputPadding((o) => convTranspose(x(...line), x(2, 2, 1), o)),
  },
};

const fixed = tensor([0, 1, 2]);
const model: Continuation<undefined> = {
  name: "fixed",
  vocabulary: 3,
  start: undefined,
  next: () => Effect.succeed({ logits: fixed, state: undefined }),
};
const span = { from: [0], length: 1 };
const spanned = (say: (span: searches.Span) => unknown) =>
  ({
    length: [wholeFrom(0), (length: number) => say({ ...span, length })],
    until: [wholeFrom(0, 2), (until: number) => say({ ...span, until })],
  }) as const;

/** Two time steps of three classes. */
const steps = ones([1, 2, 3]) as Tensor;

/** Decoding functions. */
const decodingOptions: OptionTable<typeof ctcs & typeof searches & typeof samplings> = {
  ctcGreedySearch: { blank: [wholeFrom(0, 2), (blank) => ctcs.ctcGreedySearch(steps, { blank })] },
  ctcBeamSearch: {
    width: [size, (width) => ctcs.ctcBeamSearch(steps, { width })],
    blank: [wholeFrom(0, 2), (blank) => ctcs.ctcBeamSearch(steps, { width: 1, blank })],
    bonus: [finiteNumber, (bonus) => ctcs.ctcBeamSearch(steps, { width: 1, bonus })],
  },
  generate: spanned((s) => searches.generate(model, s, () => 0)),
  greedySearch: spanned((s) => searches.greedySearch(model, s)),
  sampleSequence: {
    ...spanned((s) => searches.sampleSequence(model, key(1), s)),
    temperature: [
      aboveZero,
      (temperature) => searches.sampleSequence(model, key(1), { ...span, temperature }),
    ],
    topK: [size, (topK) => searches.sampleSequence(model, key(1), { ...span, topK })],
    topP: [
      between(0, 1, { low: true }),
      (topP) => searches.sampleSequence(model, key(1), { ...span, topP }),
    ],
  },
  beamSearch: {
    ...spanned((s) => searches.beamSearch(model, { ...s, width: 2 })),
    width: [size, (width) => searches.beamSearch(model, { ...span, width })],
    lengthPenalty: [
      finiteNumber,
      (lengthPenalty) => searches.beamSearch(model, { ...span, width: 2, lengthPenalty }),
    ],
  },
  requireSampling: {
    temperature: [aboveZero, (temperature) => sampleToken(fixed, { temperature })],
    topK: [size, (topK) => sampleToken(fixed, { topK })],
    topP: [between(0, 1, { low: true }), (topP) => sampleToken(fixed, { topP })],
  },
  likeliestOf: none,
  applyTemperature: { temperature: [aboveZero, (n) => applyTemperature(fixed, n)] },
  topKLogits: { k: [size, (k) => topKLogits(fixed, k)] },
  topPLogits: { p: [between(0, 1, { low: true }), (p) => topPLogits(fixed, p)] },
  sampleToken: {
    temperature: [aboveZero, (temperature) => sampleToken(fixed, { temperature })],
    topK: [size, (topK) => sampleToken(fixed, { topK })],
    topP: [between(0, 1, { low: true }), (topP) => sampleToken(fixed, { topP })],
  },
};

/** Every numeric option of layers, their parts and decoding. */
export const layerOptionCases: readonly Option[] = [
  layerOptions,
  functionalOptions,
  decodingOptions,
  portedOptions,
  graphOptions,
].flatMap((table) => Object.entries(table).flatMap(([op, options]) => optionsOf(op, options)));
