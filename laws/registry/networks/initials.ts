import type { Expr } from "../../../src/ir/expr.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import * as combinators from "../../../src/nn/combinators/containers.ts";
import * as adapters from "../../../src/nn/combinators/lora.ts";
import * as sequences from "../../../src/nn/combinators/overTime.ts";
import * as weights from "../../../src/nn/combinators/parametrize.ts";
import * as composed from "../../../src/nn/combinators/sequential.ts";
import * as connections from "../../../src/nn/combinators/skip.ts";
import * as attentions from "../../../src/nn/layers/attention.ts";
import * as affines from "../../../src/nn/layers/dense.ts";
import * as drops from "../../../src/nn/layers/dropout.ts";
import * as embeddings from "../../../src/nn/layers/embedding.ts";
import * as feeds from "../../../src/nn/layers/feedForward.ts";
import * as gates from "../../../src/nn/layers/gating.ts";
import * as plain from "../../../src/nn/layers/lambda.ts";
import * as experts from "../../../src/nn/layers/moe.ts";
import * as batches from "../../../src/nn/layers/normalization/batchNorm.ts";
import * as norms from "../../../src/nn/layers/normalization/norm.ts";
import { gruCell } from "../../../src/nn/layers/recurrent/cells.ts";
import * as recurrences from "../../../src/nn/layers/recurrent/recurrent.ts";
import * as convolutions from "../../../src/nn/layers/spatial/conv.ts";
import type * as pools from "../../../src/nn/layers/spatial/pool.ts";
import type * as resizes from "../../../src/nn/layers/spatial/resize.ts";
import * as transformers from "../../../src/nn/layers/transformerBlock.ts";
import * as alexnets from "../../../src/nn/models/alexnet.ts";
import * as gpts from "../../../src/nn/models/gpt.ts";
import * as lenets from "../../../src/nn/models/lenet.ts";
import * as classifiers from "../../../src/nn/models/lstmClassifier.ts";
import * as mlps from "../../../src/nn/models/mlp.ts";
import * as perceptrons from "../../../src/nn/models/perceptron.ts";
import * as resnets from "../../../src/nn/models/resnet.ts";
import * as seq2seqs from "../../../src/nn/models/seq2seq.ts";
import * as transforming from "../../../src/nn/models/transformer.ts";
import * as stacking from "../../../src/nn/models/transformerStacks.ts";
import * as unets from "../../../src/nn/models/unet.ts";
import * as vits from "../../../src/nn/models/vit.ts";
import {
  all,
  type Beginning,
  derived,
  deviating,
  type InitialCase,
  type InitialTable,
} from "../../randomness/initials.ts";
import {
  affine,
  attention,
  type ByPath,
  cell,
  decoder,
  encoder,
  fanIn,
  feed,
  glorot,
  norm,
} from "../../randomness/partInitials.ts";
import { graphInitials } from "../graphs/settings.ts";
import { portedInitials } from "../ported/settings.ts";

const one = affines.dense(5, 5);
const own = affine(5);
const pair = { ...affine(5, "0."), ...affine(5, "1.") };
const nothing: InitialCase = { layer: composed.identity };
const kernel = (inputs: number, layer: InitialCase["layer"]): InitialCase => ({
  layer,
  params: affine(inputs),
});

type Modules = typeof affines &
  typeof plain &
  typeof composed &
  typeof combinators &
  typeof connections &
  typeof convolutions &
  typeof adapters &
  typeof attentions &
  typeof batches &
  typeof drops &
  typeof embeddings &
  typeof experts &
  typeof feeds &
  typeof gates &
  typeof norms &
  typeof recurrences &
  typeof sequences &
  typeof weights &
  typeof transformers &
  typeof alexnets &
  typeof gpts &
  typeof classifiers &
  typeof mlps &
  typeof perceptrons &
  typeof seq2seqs &
  typeof stacking &
  typeof transforming &
  typeof lenets &
  typeof resnets &
  typeof unets &
  typeof vits;

const deciphering = stacking.transformerDecoder({
  ...{ vocabulary: 6, width: 4, blocks: 2, heads: 2, hidden: 6 },
});
const block = transformers.transformerDecoderBlock(4, { heads: 2, hidden: 6 });
/** Makes a layer of a block that needs a memory, for its initial values only. */
const beginning = (init: (seed: Parameters<typeof block.init>[0]) => unknown) => ({
  ...composed.identity,
  init: (seed: Parameters<typeof block.init>[0]) => ({ params: init(seed), state: undefined }),
});

const source = { vocabulary: 7, length: 3, padding: 0 };
const last = 0.02 / Math.sqrt(2 * 3);
const drawn = (path: string, deviation: number): ByPath => ({
  [`${path}.weight`]: deviating(deviation),
  [`${path}.bias`]: all(0),
});
/** Normal with variance 2/inputs. */
const he = (inputs: number): Beginning => deviating(Math.sqrt(2 / inputs));
/** Convolutions before rectifiers, without biases, each followed by a normalization; and one dense layer. */
const residuals: Pick<InitialCase, "params" | "state"> = {
  params: (path, shape) => {
    if (path.endsWith("scale")) return all(1);
    if (path.endsWith("offset")) return all(0);
    const [side = 0, , inputs = 0] = shape;
    if (shape.length === 4) return he(side * side * inputs);
    return path.endsWith("weight") ? fanIn(side) : derived;
  },
  state: (path) => (path.endsWith("variance") ? all(1) : all(0)),
};
const gptBlock = "inner.2.";

/** The initial values of every layer with params or state. A missing one does not compile. */
const initials: InitialTable<Modules> = {
  dense: { layer: affines.dense(5, 7), params: affine(5) },
  lambda: nothing,
  flatten: { layer: plain.flatten },
  reshape: { layer: plain.reshape([2]) },
  dropout: { layer: plain.dropout(0.5) },
  identity: nothing,
  sequential: { layer: composed.sequential(one, one), params: pair },
  andThen: { layer: composed.andThen(one, one), params: pair },
  named: { layer: combinators.named("other", one), params: own },
  frozen: { layer: combinators.frozen(one), params: own },
  remat: { layer: combinators.remat(one), params: own },
  residual: { layer: connections.residual(one, one), params: pair },
  skipConcat: { layer: connections.skipConcat(one), params: own },
  repeat: { layer: combinators.repeat(4, one), params: own },
  shared: { layer: combinators.shared(4, one), params: own },
  scanLayer: { layer: combinators.scanLayer(one), params: own },
  parallel: { layer: combinators.parallel(one, one), params: pair },
  fanout: { layer: combinators.fanout(one, one), params: pair },
  conv1d: kernel(3 * 4, convolutions.conv1d(4, 6, 3)),
  conv2d: kernel((3 * 2 * 4) / 2, convolutions.conv2d(4, 6, [3, 2], { groups: 2 })),
  conv3d: kernel(8 * 2, convolutions.conv3d(2, 3, 2)),
  convTranspose1d: kernel(3 * 6, convolutions.convTranspose1d(4, 6, 3)),
  convTranspose2d: kernel((4 * 6) / 2, convolutions.convTranspose2d(4, 6, 2, { groups: 2 })),
  convTranspose3d: kernel(8 * 3, convolutions.convTranspose3d(2, 3, 2)),
  depthwiseConv1d: kernel(3, convolutions.depthwiseConv1d(4, 3, { multiplier: 2 })),
  depthwiseConv2d: kernel(9, convolutions.depthwiseConv2d(4, 3, { multiplier: 2 })),
  separableConv1d: {
    layer: convolutions.separableConv1d(4, 6, 3),
    params: { ...affine(3, "0."), ...affine(4, "1.") },
  },
  separableConv2d: {
    layer: convolutions.separableConv2d(4, 6, 3),
    params: { ...affine(9, "0."), ...affine(4, "1.") },
  },
  multiHeadAttention: {
    layer: attentions.multiHeadAttention(4, {
      ...{ heads: 4, keyValueHeads: 2, memoryWidth: 6, addBiasKv: true },
    }),
    params: {
      ...attention(4, "", 2, 6),
      biasKey: deviating(Math.SQRT1_2),
      biasValue: deviating(Math.SQRT1_2),
    },
  },
  batchNorm: {
    layer: batches.batchNorm(3, { momentum: "cumulative" }),
    params: norm(),
    state: { batches: all(0), mean: all(0), variance: all(1) },
  },
  spatialDropout: { layer: drops.spatialDropout(0.5) },
  dropPath: { layer: drops.dropPath(0.5) },
  gaussianNoise: { layer: drops.gaussianNoise(0.5) },
  gaussianDropout: { layer: drops.gaussianDropout(0.5) },
  alphaDropout: { layer: drops.alphaDropout(0.5) },
  featureAlphaDropout: { layer: drops.featureAlphaDropout(0.5) },
  rrelu: { layer: drops.rrelu() },
  unitNorm: { layer: norms.unitNorm },
  embedding: { layer: embeddings.embedding(6, 5), params: { table: deviating(1) } },
  tiedEmbedding: {
    layer: embeddings.tiedEmbedding(6, 5, one),
    params: { table: deviating(1 / Math.sqrt(5)), ...affine(5, "inner.") },
  },
  positionEmbedding: {
    layer: embeddings.positionEmbedding(6, 5),
    params: { positions: deviating(0.02) },
  },
  sinusoidalEncoding: { layer: embeddings.sinusoidalEncoding },
  rotaryEmbedding: {
    layer: plain.lambda("rotary", (x: Expr) => embeddings.rotaryEmbedding(x, iota([3]))),
  },
  topKRouting: { layer: plain.lambda("routing", (x: Expr) => experts.topKRouting(x, 1)) },
  mixtureOfExperts: {
    layer: experts.mixtureOfExperts(5, one, { experts: 3, k: 1 }),
    params: { router: fanIn(5), ...affine(5, "experts.") },
  },
  feedForward: { layer: feeds.feedForward(4, 6), params: feed(4, 6) },
  gatedFeedForward: {
    layer: feeds.gatedFeedForward(4, 6),
    params: { "gate.weight": fanIn(4), "up.weight": fanIn(4), "down.weight": fanIn(6) },
  },
  prelu: { layer: gates.prelu(3), params: { slope: all(0.25) } },
  maxout: { layer: gates.maxout(4, 3, 2), params: affine(4) },
  squeezeExcite: {
    layer: gates.squeezeExcite(6, 2),
    params: { ...affine(6, "squeeze."), ...affine(3, "excite.") },
  },
  layerNorm: { layer: norms.layerNorm(3), params: norm() },
  groupNorm: { layer: norms.groupNorm(1, 3), params: norm() },
  instanceNorm: { layer: norms.instanceNorm(3), params: norm() },
  rmsNorm: { layer: norms.rmsNorm(3), params: { scale: all(1) } },
  localResponseNorm: { layer: norms.localResponseNorm() },
  recurrent: {
    layer: recurrences.recurrent(gruCell, 3, 4, { layers: 2, bidirectional: true }),
    params: { ...cell(4, "0.0"), ...cell(4, "0.1"), ...cell(4, "1.0"), ...cell(4, "1.1") },
  },
  rnn: { layer: recurrences.rnn(3, 4), params: cell(4, "0.0") },
  lstm: {
    layer: recurrences.lstm(3, 4, { projSize: 2 }),
    params: { ...cell(4, "0.0"), "0.0.projection": fanIn(4) },
  },
  gru: { layer: recurrences.gru(3, 4), params: cell(4, "0.0") },
  timeDistributed: { layer: sequences.timeDistributed(one), params: own },
  masked: { layer: sequences.masked((x) => x, one), params: own },
  maskedMeanPool: { layer: sequences.maskedMeanPool },
  weightNorm: {
    layer: weights.weightNorm(one),
    params: { ...affine(5, "direction."), "magnitude.0": derived },
  },
  lora: {
    layer: adapters.lora(one, { rank: 2 }),
    params: { "weight.a": fanIn(5), "weight.b": all(0) },
    state: affine(5, "base."),
  },
  spectralNorm: {
    layer: weights.spectralNorm(one),
    params: own,
    state: { "directions.0": deviating(1) },
  },
  transformerEncoderBlock: {
    layer: transformers.transformerEncoderBlock(4, { heads: 2 }),
    params: encoder(4, 16),
  },
  transformerDecoderBlock: {
    layer: beginning((seed) => block.init(seed).params),
    params: decoder(4, 6),
  },

  alexnet: {
    layer: alexnets.alexnet(3, {
      ...{ channels: 1, convolutions: [2, 3, 4, 5, 6], hidden: 4, pooled: 1 },
      stem: { size: 3, stride: 1, padding: 1 },
    }),
    params: {
      ...affine(9, "0."),
      ...affine(2 * 25, "3."),
      ...affine(3 * 9, "6."),
      ...affine(4 * 9, "8."),
      ...affine(5 * 9, "10."),
      ...affine(6, "16."),
      ...affine(4, "19."),
      ...affine(4, "21."),
    },
  },
  perceptron: { layer: perceptrons.perceptron(5, 3), params: affine(5) },
  lenet: {
    layer: lenets.lenet(3),
    params: {
      ...affine(25, "0."),
      ...affine(6 * 25, "3."),
      ...affine(400, "7."),
      ...affine(120, "9."),
      ...affine(84, "11."),
    },
  },
  resnet: { layer: resnets.resnet(18, 3, { channels: 1, width: 2 }), ...residuals },
  cifarResnet: { layer: resnets.cifarResnet(8, 3, { channels: 1, width: 3 }), ...residuals },
  unet: {
    layer: unets.unet(2, { channels: 1, width: 3, levels: 1 }),
    // Convolutions of 3 × 3 have He initial values and biases of 0; the others have the default.
    params: (path, [side = 0, , inputs = 0, outputs = 0]) => {
      if (path.endsWith("weight"))
        return side === 3 ? he(9 * inputs) : side === 2 ? fanIn(4 * outputs) : fanIn(inputs);
      if (path === "2.bias") return fanIn(3);
      return path === "1.1.2.bias" ? fanIn(4 * 3) : all(0);
    },
  },
  vit: {
    layer: vits.vit(3, { size: 4, patch: 2, width: 4, depth: 2, heads: 2, channels: 2 }),
    params: {
      ...affine(8, "0."),
      "2.token": all(0),
      "3.positions": deviating(0.02),
      ...encoder(4, 16, "4."),
      ...norm("6."),
      "7.weight": all(0),
      "7.bias": all(0),
    },
  },
  mlp: {
    layer: mlps.mlp(5, [4], 3),
    params: { ...drawn("0", Math.sqrt(2 / 5)), ...drawn("2", Math.sqrt(2 / 4)) },
  },
  gpt: {
    layer: gpts.gpt({ vocabulary: 7, positions: 5, width: 4, blocks: 3, heads: 2 }),
    params: {
      table: deviating(0.02),
      "inner.0.positions": deviating(0.02),
      ...drawn(`${gptBlock}attention.query`, 0.02),
      ...drawn(`${gptBlock}attention.key`, 0.02),
      ...drawn(`${gptBlock}attention.value`, 0.02),
      ...drawn(`${gptBlock}attention.output`, last),
      ...norm(`${gptBlock}attentionNorm.`),
      ...drawn(`${gptBlock}feedForward.up`, 0.02),
      ...drawn(`${gptBlock}feedForward.down`, last),
      ...norm(`${gptBlock}feedForwardNorm.`),
      ...norm("inner.3."),
    },
  },
  lstmClassifier: {
    layer: classifiers.lstmClassifier({ vocabulary: 7, width: 3, hidden: 4, classes: 3 }),
    params: { "0.table": deviating(1), ...cell(4, "2.0.0"), ...affine(4, "4.") },
  },
  seq2seq: {
    layer: seq2seqs.seq2seq({ source, vocabulary: 6, width: 3, hidden: 4, attention: "bahdanau" }),
    params: {
      "source.table": deviating(0.1),
      "target.table": deviating(0.1),
      ...cell(2, "encoder.0.0"),
      ...cell(2, "encoder.0.1"),
      ...affine(4, "bridge.0."),
      ...cell(4, "decoder"),
      "alignment.memory": fanIn(4),
      "alignment.state": fanIn(4),
      "alignment.sum": fanIn(4),
      ...affine(8, "combine."),
      ...affine(4, "output."),
    },
  },
  transformerEncoder: {
    layer: stacking.transformerEncoder({
      ...{ vocabulary: 6, width: 4, blocks: 2, heads: 2, hidden: 6 },
    }),
    params: { "tokens.table": deviating(0.5), ...encoder(4, 6, "blocks.") },
  },
  transformerDecoder: {
    layer: beginning(deciphering.init),
    params: {
      "tokens.table": deviating(0.5),
      ...decoder(4, 6, "blocks."),
      ...affine(4, "output."),
    },
  },
  transformer: {
    layer: transforming.transformer({
      ...{ source, vocabulary: 7, positions: 3, width: 4, blocks: 2, heads: 2, hidden: 6 },
      ...{ norm: "pre", copies: true },
    }),
    params: {
      "encoder.tokens.table": deviating(0.5),
      ...encoder(4, 6, "encoder.blocks."),
      ...norm("encoder.last."),
      "decoder.tokens.table": deviating(0.5),
      ...decoder(4, 6, "decoder.blocks."),
      ...norm("decoder.last."),
      ...affine(4, "decoder.output."),
      ...glorot(4, 4, "decoder.copy.query"),
      ...glorot(4, 4, "decoder.copy.key"),
      ...glorot(4, 1, "decoder.copy.gate"),
    },
  },
};

/** Pooling and resizing layers have no params, and so no entry here. */
export type WithoutParams = typeof pools & typeof resizes;

/** Every layer and model that has params or state. */
export const initialCases: readonly (InitialCase & { readonly name: string })[] = Object.entries({
  ...initials,
  ...portedInitials,
  ...graphInitials,
}).map(([name, each]) => ({ name, ...each }));
