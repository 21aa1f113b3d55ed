import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as data from "../../src/data/index.ts";
import * as ops from "../../src/ir/index.ts";
import * as linalg from "../../src/linalg/index.ts";
import * as functional from "../../src/nn/functional/index.ts";
import * as nn from "../../src/nn/index.ts";
import * as losses from "../../src/nn/losses/index.ts";
import * as models from "../../src/nn/models/index.ts";

/** The table of layers in src/nn/README.md names every layer of PyTorch and Keras, and every one of ours. */

const file = fileURLToPath(new URL("../../src/nn/README.md", import.meta.url));
const text = readFileSync(file, "utf8");
const [ours = "", none = ""] = text.split("## Without a counterpart");
const namesIn = (cell: string): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);
const rowsOf = (part: string): readonly (readonly string[])[] =>
  part
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").slice(1, -1));
/** Names in parentheses are options. */
const left = rowsOf(ours).flatMap(([first = ""]) => namesIn(first.replaceAll(/\([^)]*\)/g, "")));
const theirs = new Set([
  ...rowsOf(ours).flatMap(([, ...others]) => others.flatMap(namesIn)),
  ...rowsOf(none).flatMap(([first = ""]) => namesIn(first)),
]);

const each = (list: string): readonly string[] =>
  list
    .split(/\s+/)
    .filter((name) => name !== "")
    .flatMap((name) => {
      const [, stem = name, from, to, end = ""] = /^(.*)\{(\d)-(\d)\}(.*)$/.exec(name) ?? [];
      return from === undefined
        ? [name]
        : [1, 2, 3]
            .filter((d) => d >= Number(from) && d <= Number(to))
            .map((d) => `${stem}${d}${end}`);
    });

/** The subclasses of Module in torch.nn 1.13. */
const torch = each(`
  AdaptiveAvgPool{1-3}d AdaptiveLogSoftmaxWithLoss AdaptiveMaxPool{1-3}d AlphaDropout AvgPool{1-3}d BCELoss
  BCEWithLogitsLoss BatchNorm{1-3}d Bilinear CELU CTCLoss ChannelShuffle ConstantPad{1-3}d Container Conv{1-3}d
  ConvTranspose{1-3}d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CrossMapLRN2d DataParallel Dropout
  Dropout{1-3}d ELU Embedding EmbeddingBag FeatureAlphaDropout Flatten Fold FractionalMaxPool{2-3}d GELU GLU GRU GRUCell
  GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh HingeEmbeddingLoss HuberLoss Identity
  InstanceNorm{1-3}d KLDivLoss L1Loss LPPool{1-2}d LSTM LSTMCell LayerNorm LazyBatchNorm{1-3}d LazyConv{1-3}d
  LazyConvTranspose{1-3}d LazyInstanceNorm{1-3}d LazyLinear LeakyReLU Linear LocalResponseNorm LogSigmoid LogSoftmax
  MSELoss MarginRankingLoss MaxPool{1-3}d MaxUnpool{1-3}d Mish Module ModuleDict ModuleList MultiLabelMarginLoss
  MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention NLLLoss NLLLoss2d PReLU PairwiseDistance ParameterDict
  ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss RNN RNNBase RNNCell RNNCellBase RReLU ReLU ReLU6
  ReflectionPad{1-3}d ReplicationPad{1-3}d SELU Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d
  Softmin Softplus Softshrink Softsign SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder
  TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer TripletMarginLoss TripletMarginWithDistanceLoss
  Unflatten Unfold Upsample UpsamplingBilinear2d UpsamplingNearest2d ZeroPad2d`);

/** The classes of tf.keras.layers in TensorFlow 2. */
const keras = each(`
  AbstractRNNCell Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
  AveragePooling{1-3}D BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Conv{1-3}D
  Conv{1-3}DTranspose ConvLSTM{1-3}D Cropping{1-3}D Dense DenseFeatures DepthwiseConv{1-2}D Discretization Dot Dropout ELU
  EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling{1-3}D
  GlobalMaxPooling{1-3}D GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity Input InputLayer InputSpec
  IntegerLookup LSTM LSTMCell Lambda Layer LayerNormalization LeakyReLU LocallyConnected{1-2}D Masking MaxPooling{1-3}D
  Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RNN RandomBrightness
  RandomContrast RandomCrop RandomFlip RandomFourierFeatures RandomHeight RandomRotation RandomTranslation RandomWidth
  RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SeparableConv{1-2}D SimpleRNN SimpleRNNCell Softmax
  SpatialDropout{1-3}D SpectralNormalization StackedRNNCells StringLookup Subtract TextVectorization ThresholdedReLU
  TimeDistributed UnitNormalization UpSampling{1-3}D Wrapper ZeroPadding{1-3}D`);

describe("src/nn/README.md names", () => {
  test.each([
    ["torch.nn", torch],
    ["tf.keras.layers", keras],
  ] as const)("every class of %s", (_, names) => {
    expect(names.filter((name) => !theirs.has(name))).toEqual([]);
  });

  test("every layer of fluxion/nn", () => {
    expect(Object.keys(nn).filter((name) => !left.includes(name))).toEqual([]);
  });

  test("nothing that is not exported", () => {
    const rooms: { readonly [room: string]: object } = {
      ...{ data, functional, linalg, losses, models, ops },
    };
    const missing = left.filter((name) => {
      const [room = "", own] = name.includes(".") ? name.split(".") : ["nn", name];
      return /^[\w.]+$/.test(name) && !((own ?? "") in (room === "nn" ? nn : (rooms[room] ?? {})));
    });
    expect(missing).toEqual([]);
  });
});
