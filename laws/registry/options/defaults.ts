import type { Expr } from "../../../src/ir/expr.ts";
import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { gelu, relu, silu } from "../../../src/nn/functional/activation.ts";
import { fanInUniform, glorotUniform, normal } from "../../../src/nn/initializers.ts";
import type { AnyLayer, Composable, Context, Initial, Symbolic } from "../../../src/nn/layer.ts";
import * as attentions from "../../../src/nn/layers/attention.ts";
import type * as affines from "../../../src/nn/layers/dense.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as embeddings from "../../../src/nn/layers/embedding.ts";
import * as feeds from "../../../src/nn/layers/feedForward.ts";
import * as gates from "../../../src/nn/layers/gating.ts";
import * as batches from "../../../src/nn/layers/normalization/batchNorm.ts";
import * as norms from "../../../src/nn/layers/normalization/norm.ts";
import { gruCell } from "../../../src/nn/layers/recurrent/cells.ts";
import * as recurrences from "../../../src/nn/layers/recurrent/recurrent.ts";
import * as convolutions from "../../../src/nn/layers/spatial/conv.ts";
import * as pools from "../../../src/nn/layers/spatial/pool.ts";
import * as resizes from "../../../src/nn/layers/spatial/resize.ts";
import * as transformers from "../../../src/nn/layers/transformerBlock.ts";
import * as alexnets from "../../../src/nn/models/alexnet.ts";
import * as gpts from "../../../src/nn/models/gpt.ts";
import * as lenets from "../../../src/nn/models/lenet.ts";
import * as classifiers from "../../../src/nn/models/lstmClassifier.ts";
import * as mlps from "../../../src/nn/models/mlp.ts";
import * as resnets from "../../../src/nn/models/resnet.ts";
import * as seq2seqs from "../../../src/nn/models/seq2seq.ts";
import * as transforming from "../../../src/nn/models/transformer.ts";
import * as stacking from "../../../src/nn/models/transformerStacks.ts";
import * as unets from "../../../src/nn/models/unet.ts";
import * as vits from "../../../src/nn/models/vit.ts";
import type { Key } from "../../../src/tensor/key.ts";
import { graphDefaults } from "../graphs/options.ts";
import { ofTokens } from "../networks/sequences.ts";
import { portedDefaults } from "../ported/options.ts";
import type { DefaultCase, Defaults } from "./table.ts";

const drawn = { weightInit: fanInUniform, biasInit: fanInUniform };
const sliding = { stride: 1, padding: "valid", dilation: 1 } as const;
const convolving = { ...sliding, groups: 1, bias: true, ...drawn } as const;
const transposing = { ...convolving, outputPadding: 0 } as const;
const pooling = { stride: 2, padding: "valid", dilation: 1, ceil: false } as const;
const recurring = { layers: 1, bidirectional: false, dropout: 0, output: "all" } as const;
const cells = { bias: true, weightInit: fanInUniform, recurrentInit: fanInUniform } as const;
const epsilon = { epsilon: 1e-5 };
const block = {
  ...{ heads: 1, keyValueHeads: 1, rotary: false, alibi: false, hidden: 8, activation: gelu },
  ...({ norm: "pre", dropout: 0, attentionDropout: 0, epsilon: 1e-5 } as const),
} as const;
const stack = { vocabulary: 5, width: 4, blocks: 1, heads: 2 };
const stacked = {
  ...({ hidden: 16, activation: gelu, norm: "post", dropout: 0, attentionDropout: 0 } as const),
  ...({ alibi: false, rotary: false } as const),
} as const;
const source = { vocabulary: 4, length: 3, padding: 0 };
const vision = { size: 4, patch: 2, width: 4, depth: 1, heads: 2 };

/** A block as a layer that attends to its own input. */
const looking = (made: {
  readonly name: string;
  readonly init: (key: Key) => Initial<unknown, unknown>;
  readonly over: (memory: Expr) => AnyLayer;
}): Composable => ({
  name: made.name,
  init: made.init,
  apply: (params: never, state: never, x: Expr<never>, context: Context) =>
    made.over(x).apply(params, state, x, context),
});
/** A decoder as a layer that makes its memory from its own table. */
const telling = (made: ReturnType<typeof stacking.transformerDecoder>): Composable =>
  ({
    name: "decoder",
    init: (key: Key) => ({ params: made.init(key), state: undefined }),
    apply: (params: Params, state: never, x: Expr<never>, context: Context) =>
      made.over(params.tokens.table).apply(params, state, x, context),
  }) as AnyLayer;
type Params = Symbolic<ReturnType<ReturnType<typeof stacking.transformerDecoder>["init"]>>;

/** Every default of layers and models. */
const defaults: Defaults<
  typeof affines &
    typeof attentions &
    typeof batches &
    typeof convolutions &
    typeof embeddings &
    typeof feeds &
    typeof gates &
    typeof norms &
    typeof pools &
    typeof recurrences &
    typeof resizes &
    typeof transformers &
    typeof alexnets &
    typeof gpts &
    typeof lenets &
    typeof classifiers &
    typeof mlps &
    typeof resnets &
    typeof seq2seqs &
    typeof stacking &
    typeof transforming &
    typeof unets &
    typeof vits
> = {
  multiHeadAttention: [
    attentions.multiHeadAttention(2),
    attentions.multiHeadAttention(2, {
      ...{ heads: 1, keyValueHeads: 1, causal: false, rotary: false, memoryWidth: 2 },
      ...{
        alibi: false,
        bias: true,
        weightInit: glorotUniform,
        dropout: 0,
        addBiasKv: false,
        addZeroAttn: false,
      },
    }),
    [3, 2],
  ],
  batchNorm: [
    batches.batchNorm(2),
    batches.batchNorm(2, { ...epsilon, momentum: 0.1, runningStatistics: true }),
    [3, 2],
  ],
  conv1d: [convolutions.conv1d(2, 3, 2), convolutions.conv1d(2, 3, 2, convolving), [4, 2]],
  conv2d: [convolutions.conv2d(2, 3, 2), convolutions.conv2d(2, 3, 2, convolving), [3, 4, 2]],
  conv3d: [convolutions.conv3d(2, 3, 2), convolutions.conv3d(2, 3, 2, convolving), [3, 2, 4, 2]],
  convTranspose1d: [
    convolutions.convTranspose1d(2, 3, 2),
    convolutions.convTranspose1d(2, 3, 2, transposing),
    [4, 2],
  ],
  convTranspose2d: [
    convolutions.convTranspose2d(2, 3, 2),
    convolutions.convTranspose2d(2, 3, 2, transposing),
    [3, 4, 2],
  ],
  convTranspose3d: [
    convolutions.convTranspose3d(2, 3, 2),
    convolutions.convTranspose3d(2, 3, 2, transposing),
    [3, 2, 4, 2],
  ],
  depthwiseConv1d: [
    convolutions.depthwiseConv1d(2, 2),
    convolutions.depthwiseConv1d(2, 2, { ...sliding, ...drawn, multiplier: 1 }),
    [4, 2],
  ],
  depthwiseConv2d: [
    convolutions.depthwiseConv2d(2, 2),
    convolutions.depthwiseConv2d(2, 2, { ...sliding, ...drawn, multiplier: 1 }),
    [3, 4, 2],
  ],
  separableConv1d: [
    convolutions.separableConv1d(2, 3, 2),
    convolutions.separableConv1d(2, 3, 2, { ...sliding, ...drawn }),
    [4, 2],
  ],
  separableConv2d: [
    convolutions.separableConv2d(2, 3, 2),
    convolutions.separableConv2d(2, 3, 2, { ...sliding, ...drawn }),
    [3, 4, 2],
  ],
  embedding: [
    ofTokens(embeddings.embedding(3, 2)),
    ofTokens(embeddings.embedding(3, 2, { tableInit: normal(1), normType: 2 })),
    [3],
  ],
  layerNorm: [norms.layerNorm(2), norms.layerNorm(2, epsilon), [3, 2]],
  groupNorm: [norms.groupNorm(2, 4), norms.groupNorm(2, 4, epsilon), [3, 4]],
  instanceNorm: [norms.instanceNorm(2), norms.instanceNorm(2, epsilon), [3, 2]],
  rmsNorm: [norms.rmsNorm(2), norms.rmsNorm(2, epsilon), [3, 2]],
  localResponseNorm: [
    norms.localResponseNorm(),
    norms.localResponseNorm({ size: 5, alpha: 1e-4, beta: 0.75, k: 1 }),
    [3, 6],
  ],
  maxPool1d: [pools.maxPool1d(2), pools.maxPool1d(2, pooling), [5, 2]],
  maxPool2d: [pools.maxPool2d(2), pools.maxPool2d(2, pooling), [4, 5, 2]],
  maxPool3d: [pools.maxPool3d(2), pools.maxPool3d(2, pooling), [2, 4, 5, 2]],
  avgPool1d: [
    pools.avgPool1d(2, { padding: 1 }),
    pools.avgPool1d(2, { ...pooling, padding: 1, countPadding: true }),
    [5, 2],
  ],
  avgPool2d: [
    pools.avgPool2d(2, { padding: 1 }),
    pools.avgPool2d(2, { ...pooling, padding: 1, countPadding: true }),
    [4, 5, 2],
  ],
  avgPool3d: [
    pools.avgPool3d(2, { padding: 1 }),
    pools.avgPool3d(2, { ...pooling, padding: 1, countPadding: true }),
    [2, 4, 5, 2],
  ],
  lpPool1d: [pools.lpPool1d(2, 2), pools.lpPool1d(2, 2, pooling), [5, 2]],
  lpPool2d: [pools.lpPool2d(2, 2), pools.lpPool2d(2, 2, pooling), [4, 5, 2]],
  lpPool3d: [pools.lpPool3d(2, 2), pools.lpPool3d(2, 2, pooling), [2, 4, 5, 2]],
  maxUnpool: [
    pools.maxUnpool(2, convolutions.conv1d(2, 2, 1)),
    pools.maxUnpool(2, convolutions.conv1d(2, 2, 1), pooling),
    [4, 2],
  ],
  recurrent: [
    recurrences.recurrent(gruCell, 2, 3, {}),
    recurrences.recurrent(gruCell, 2, 3, recurring),
    [3, 2],
  ],
  rnn: [
    recurrences.rnn(2, 3),
    recurrences.rnn(2, 3, { ...recurring, ...cells, activation: tanh }),
    [3, 2],
  ],
  lstm: [recurrences.lstm(2, 3), recurrences.lstm(2, 3, { ...recurring, ...cells }), [3, 2]],
  gru: [recurrences.gru(2, 3), recurrences.gru(2, 3, { ...recurring, ...cells }), [3, 2]],
  upsample: [
    resizes.upsample({}),
    resizes.upsample({ scale: 1, method: "nearest", alignCorners: false }),
    [3, 2],
  ],
  transformerEncoderBlock: [
    transformers.transformerEncoderBlock(2),
    transformers.transformerEncoderBlock(2, { ...block, causal: false }),
    [3, 2],
  ],
  transformerDecoderBlock: [
    looking(transformers.transformerDecoderBlock(2)),
    looking(transformers.transformerDecoderBlock(2, { ...block, causal: true, memoryWidth: 2 })),
    [3, 2],
  ],

  alexnet: [
    alexnets.alexnet(2),
    alexnets.alexnet(2, {
      ...{ channels: 3, convolutions: [64, 192, 384, 256, 256], hidden: 4096, pooled: 6 },
      ...{ stem: { size: 11, stride: 4, padding: 2 }, dropout: 0.5 },
    }),
    [224, 224, 3],
  ],
  lenet: [lenets.lenet(2), lenets.lenet(2, { channels: 1, activation: relu }), [28, 28, 1]],
  mlp: [mlps.mlp(2, [3], 2), mlps.mlp(2, [3], 2, { activation: relu, dropout: 0 }), [2]],
  resnet: [resnets.resnet(18, 2), resnets.resnet(18, 2, { channels: 3, width: 64 }), [64, 64, 3]],
  cifarResnet: [
    resnets.cifarResnet(8, 2),
    resnets.cifarResnet(8, 2, { channels: 3, width: 16 }),
    [32, 32, 3],
  ],
  unet: [
    unets.unet(2),
    unets.unet(2, { channels: 3, width: 64, levels: 4, normalize: false }),
    [32, 32, 3],
  ],
  vit: [
    vits.vit(2, vision),
    vits.vit(2, { ...vision, hidden: 16, channels: 3, dropout: 0 }),
    [4, 4, 3],
  ],
  gpt: [
    ofTokens(gpts.gpt({ ...stack, positions: 3 })),
    ofTokens(gpts.gpt({ ...stack, positions: 3, hidden: 16, dropout: 0 })),
    [3],
  ],
  lstmClassifier: [
    ofTokens(classifiers.lstmClassifier({ vocabulary: 3, width: 2, hidden: 3, classes: 2 })),
    ofTokens(
      classifiers.lstmClassifier({
        ...{ vocabulary: 3, width: 2, hidden: 3, classes: 2 },
        ...{ layers: 1, bidirectional: false, dropout: 0, padding: 0 },
      }),
    ),
    [3],
  ],
  seq2seq: [
    ofTokens(seq2seqs.seq2seq({ source, vocabulary: 3, width: 2, hidden: 4 })),
    ofTokens(
      seq2seqs.seq2seq({
        ...{ source, vocabulary: 3, width: 2, hidden: 4 },
        ...{ attention: "luong", cell: gruCell, layers: 1, copies: false, dropout: 0 },
      }),
    ),
    [5],
  ],
  transformerEncoder: [
    ofTokens(stacking.transformerEncoder(stack)),
    ofTokens(stacking.transformerEncoder({ ...stack, ...stacked })),
    [3],
  ],
  transformerDecoder: [
    ofTokens(telling(stacking.transformerDecoder(stack))),
    ofTokens(
      telling(stacking.transformerDecoder({ ...stack, ...stacked, copies: false, tied: false })),
    ),
    [3],
  ],
  transformer: [
    ofTokens(transforming.transformer({ ...stack, source, positions: 3 })),
    ofTokens(
      transforming.transformer({
        ...{ ...stack, ...stacked, source, positions: 3 },
        ...{ copies: false, tied: false },
      }),
    ),
    [5],
  ],
};

/** Functions whose options are no numbers, or are separate arguments. */
const others: { readonly [name: string]: DefaultCase } = {
  dense: [dense(2, 3), dense(2, 3, { bias: true, ...drawn }), [2]],
  tiedEmbedding: [
    ofTokens(embeddings.tiedEmbedding(3, 4, dense(4, 4))),
    ofTokens(embeddings.tiedEmbedding(3, 4, dense(4, 4), { tableInit: normal(0.5) })),
    [3],
  ],
  feedForward: [
    feeds.feedForward(2, 3),
    feeds.feedForward(2, 3, { activation: gelu, bias: true, ...drawn }),
    [3, 2],
  ],
  gatedFeedForward: [
    feeds.gatedFeedForward(2, 3),
    feeds.gatedFeedForward(2, 3, { activation: silu, bias: false, ...drawn }),
    [3, 2],
  ],
  prelu: [gates.prelu(), gates.prelu(1), [3]],
  maxout: [gates.maxout(2, 3, 2), gates.maxout(2, 3, 2, { bias: true, ...drawn }), [2]],
  squeezeExcite: [gates.squeezeExcite(32), gates.squeezeExcite(32, 16), [2, 32]],
  padConstant: [resizes.padConstant(1), resizes.padConstant(1, 0), [3, 2]],
};

export const defaultCases = Object.entries<DefaultCase>({
  ...defaults,
  ...others,
  ...portedDefaults,
  ...graphDefaults,
}).map(([name, [without, given, shape]]) => ({ name, without, given, shape }));
