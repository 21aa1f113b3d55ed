import * as fc from "fast-check";
import type { Expr } from "../../../src/ir/expr.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { floor, gt, sin, tanh } from "../../../src/ir/ops/elementwise.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import { index } from "../../../src/ir/ops/structural.ts";
import { open } from "../../../src/nn/apply.ts";
import { overBatch } from "../../../src/nn/batch.ts";
import { repeat } from "../../../src/nn/combinators/containers.ts";
import * as adapters from "../../../src/nn/combinators/lora.ts";
import * as sequences from "../../../src/nn/combinators/overTime.ts";
import * as weights from "../../../src/nn/combinators/parametrize.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import type { Composable, Layer } from "../../../src/nn/layer.ts";
import * as attentions from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as drops from "../../../src/nn/layers/dropout.ts";
import * as embeddings from "../../../src/nn/layers/embedding.ts";
import * as feeds from "../../../src/nn/layers/feedForward.ts";
import * as gates from "../../../src/nn/layers/gating.ts";
import { dropout, lambda } from "../../../src/nn/layers/lambda.ts";
import * as experts from "../../../src/nn/layers/moe.ts";
import * as batches from "../../../src/nn/layers/normalization/batchNorm.ts";
import * as norms from "../../../src/nn/layers/normalization/norm.ts";
import { gruCell } from "../../../src/nn/layers/recurrent/cells.ts";
import * as recurrences from "../../../src/nn/layers/recurrent/recurrent.ts";
import { conv1d } from "../../../src/nn/layers/spatial/conv.ts";
import * as transformers from "../../../src/nn/layers/transformerBlock.ts";
import type { Settings } from "./settings.ts";

const { multiHeadAttention } = attentions;
const { gru, lstm, rnn } = recurrences;
const { transformerDecoderBlock, transformerEncoderBlock } = transformers;

/** Turns numbers into tokens. Some of them are outside the vocabulary and read zeros. */
const tokens = lambda("tokens", (x: Expr) => cast(floor(x), "i32"));
export const ofTokens = (layer: Composable): Composable =>
  (sequential as (...layers: readonly Composable[]) => Composable)(tokens, layer);

/** Values of so large a set that a difference step rarely changes the order of two. */
const spread = fc.integer({ min: -1024, max: 1024 }).map((k) => k / 256);

/** A large epsilon, because equal numbers have no variance to divide by. */
const calm = { epsilon: 0.5 };

/** A layer that looks across a batch, which is the first axis of its example. */
const withinOne = (layer: Composable): Composable => ({
  ...open(layer),
  name: "rows",
  apply: (params, state, x, context) => {
    const one = (row: Expr, key: KeyExpr) =>
      open(layer).apply(params, state, row, { ...context, key, axis: "rows" });
    return overBatch(one, x, context.key, { axis: "rows" });
  },
});

const decoder = transformerDecoderBlock(2, { heads: 2, hidden: 3, ...calm });
/** A decoder block that makes its memory from its own input. */
const decoding: Layer<
  readonly [number, 2],
  readonly [number, 2],
  transformers.DecoderParams,
  undefined
> = {
  name: "decoding",
  init: decoder.init,
  apply: (params, state, x, context) => decoder.over(sin(x)).apply(params, state, x, context),
};

/** Layers along sequences, and those that they are made of. A missing one does not compile. */
export const sequenceLayers: Settings<
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
    typeof transformers
> = {
  layerNorm: [
    { layer: norms.layerNorm(3, calm), shape: [3] },
    { layer: norms.layerNorm(2, calm), shape: [2, 2] },
  ],
  groupNorm: [{ layer: norms.groupNorm(2, 4, calm), shape: [2, 4] }],
  instanceNorm: [{ layer: norms.instanceNorm(2, calm), shape: [3, 2] }],
  rmsNorm: [{ layer: norms.rmsNorm(3, calm), shape: [3] }],
  localResponseNorm: [
    { layer: norms.localResponseNorm({ size: 3, alpha: 0.5 }), shape: [2, 4] },
    { layer: norms.localResponseNorm({ size: 2, alpha: 0.5, k: 2 }), shape: [3] },
  ],
  batchNorm: [
    { layer: batches.batchNorm(2, calm), shape: [2, 2], acrossExamples: true },
    {
      layer: batches.batchNorm(2, { ...calm, momentum: "cumulative" }),
      shape: [2, 2],
      acrossExamples: true,
    },
    {
      layer: withinOne(batches.batchNorm(2, { ...calm, runningStatistics: false })),
      shape: [3, 2],
    },
  ],

  embedding: [
    { layer: ofTokens(embeddings.embedding(2, 3)), shape: [3] },
    { layer: ofTokens(embeddings.embedding(2, 3, { padding: 1 })), shape: [3] },
  ],
  tiedEmbedding: [
    {
      layer: ofTokens(embeddings.tiedEmbedding(3, 2, sequences.timeDistributed(dense(2, 2)))),
      shape: [2],
    },
  ],
  positionEmbedding: [{ layer: embeddings.positionEmbedding(4, 2), shape: [3, 2] }],
  sinusoidalEncoding: [{ layer: embeddings.sinusoidalEncoding, shape: [3, 4] }],
  rotaryEmbedding: [
    {
      layer: lambda("rotary", (x: Expr) => embeddings.rotaryEmbedding(x, iota([3]))),
      shape: [3, 4],
    },
  ],

  rnn: [
    { layer: rnn(2, 3), shape: [3, 2] },
    { layer: rnn(2, 2, { output: "last", activation: sin }), shape: [2, 2] },
  ],
  lstm: [
    { layer: lstm(2, 2), shape: [3, 2] },
    {
      layer: lstm(1, 2, { layers: 2, bidirectional: true, dropout: 0.5, output: "last" }),
      shape: [2, 1],
    },
    { layer: lstm(2, 3, { projSize: 2 }), shape: [2, 2] },
  ],
  gru: [
    { layer: gru(2, 2), shape: [3, 2] },
    { layer: gru(1, 2, { bidirectional: true, bias: false }), shape: [2, 1] },
  ],
  recurrent: [{ layer: recurrences.recurrent(gruCell, 2, 2, {}), shape: [2, 2] }],
  timeDistributed: [
    {
      layer: sequences.timeDistributed(sequential(dense(2, 3), tanh, dropout(0.5))),
      shape: [3, 2],
    },
  ],
  masked: [
    {
      layer: sequences.masked((x) => gt(index(x, 0, -1), 0), lstm(2, 2)),
      shape: [3, 2],
    },
    {
      layer: sequences.masked(
        (x) => gt(index(x, 0, -1), 0),
        multiHeadAttention(2, { heads: 2, causal: true }),
      ),
      shape: [3, 2],
    },
  ],

  maskedMeanPool: [
    { layer: sequences.maskedMeanPool, shape: [3, 2] },
    {
      layer: sequences.masked(
        (x) => gt(index(x, 0, -1), 0),
        sequential(tanh, sequences.maskedMeanPool),
      ),
      shape: [3, 2],
    },
  ],

  multiHeadAttention: [
    { layer: multiHeadAttention(2), shape: [3, 2] },
    { layer: multiHeadAttention(2, { dropout: 0.5 }), shape: [3, 2] },
    { layer: multiHeadAttention(2, { addBiasKv: true, causal: true, alibi: true }), shape: [3, 2] },
    {
      layer: multiHeadAttention(4, { heads: 2, addBiasKv: true, addZeroAttn: true }),
      shape: [2, 4],
    },
    { layer: multiHeadAttention(4, { heads: 2, causal: true, rotary: true }), shape: [2, 4] },
    { layer: multiHeadAttention(4, { heads: 4, keyValueHeads: 2, bias: false }), shape: [2, 4] },
    { layer: multiHeadAttention(3, { heads: 3, alibi: true }), shape: [3, 3] },
  ],
  feedForward: [{ layer: feeds.feedForward(2, 3), shape: [2, 2] }],
  gatedFeedForward: [{ layer: feeds.gatedFeedForward(2, 3), shape: [2, 2] }],
  transformerEncoderBlock: [
    { layer: transformerEncoderBlock(2, { heads: 2, hidden: 3, ...calm }), shape: [2, 2] },
    {
      layer: transformerEncoderBlock(2, { hidden: 2, norm: "post", causal: true, ...calm }),
      shape: [2, 2],
    },
    {
      layer: transformerEncoderBlock(2, {
        ...{ hidden: 2, dropout: 0.5, attentionDropout: 0.5 },
        ...calm,
      }),
      shape: [2, 2],
    },
  ],
  transformerDecoderBlock: [{ layer: decoding, shape: [2, 2] }],

  unitNorm: [{ layer: norms.unitNorm, shape: [2, 3], elements: spread }],
  prelu: [
    { layer: gates.prelu(), shape: [2, 2] },
    { layer: gates.prelu(3), shape: [3] },
  ],
  maxout: [{ layer: gates.maxout(2, 3, 2), shape: [2] }],
  squeezeExcite: [{ layer: gates.squeezeExcite(4, 2), shape: [2, 4] }],
  spatialDropout: [{ layer: drops.spatialDropout(0.5), shape: [2, 3] }],
  dropPath: [{ layer: drops.dropPath(0.5), shape: [2, 2] }],
  gaussianNoise: [{ layer: drops.gaussianNoise(0.5), shape: [3] }],
  gaussianDropout: [{ layer: drops.gaussianDropout(0.5), shape: [3] }],
  alphaDropout: [{ layer: drops.alphaDropout(0.5), shape: [3] }],
  featureAlphaDropout: [{ layer: drops.featureAlphaDropout(0.5), shape: [2, 3] }],
  rrelu: [{ layer: drops.rrelu(), shape: [3] }],
  topKRouting: [
    {
      layer: lambda("routing", (x: Expr) => experts.topKRouting(x, 2)),
      shape: [4],
      elements: spread,
    },
  ],
  mixtureOfExperts: [
    { layer: experts.mixtureOfExperts(2, dense(2, 3), { experts: 3, k: 2 }), shape: [2] },
  ],
  weightNorm: [
    { layer: weights.weightNorm(sequential(dense(2, 3), tanh, dense(3, 2))), shape: [2] },
  ],
  lora: [
    {
      layer: adapters.lora(sequential(dense(2, 3), tanh, dense(3, 2)), { rank: 2, alpha: 1 }),
      shape: [2],
    },
    {
      layer: adapters.lora(repeat(2, dense(2, 2)), { rank: 1, targets: ["w*"], stacked: 1 }),
      shape: [2],
    },
    {
      layer: adapters.lora(multiHeadAttention(2), { rank: 1, targets: ["query.*", "value.*"] }),
      shape: [2, 2],
    },
    { layer: adapters.lora(conv1d(2, 3, 2), { rank: 2 }), shape: [3, 2] },
  ],
  spectralNorm: [{ layer: weights.spectralNorm(dense(3, 2)), shape: [3], rough: true }],
};
