import { gt, tanh } from "../../../src/ir/ops/elementwise.ts";
import { index } from "../../../src/ir/ops/structural.ts";
import * as combinators from "../../../src/nn/combinators/containers.ts";
import { masked, timeDistributed } from "../../../src/nn/combinators/overTime.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import * as connections from "../../../src/nn/combinators/skip.ts";
import type { Composable } from "../../../src/nn/layer.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as drops from "../../../src/nn/layers/dropout.ts";
import { dropout } from "../../../src/nn/layers/lambda.ts";
import { mixtureOfExperts } from "../../../src/nn/layers/moe.ts";
import { convLstm1d } from "../../../src/nn/layers/recurrent/convLstm.ts";
import { gru, lstm, rnn } from "../../../src/nn/layers/recurrent/recurrent.ts";
import { fractionalMaxPool2d } from "../../../src/nn/layers/spatial/fractionalPool.ts";
import { transformerEncoderBlock } from "../../../src/nn/layers/transformerBlock.ts";
import { alexnet } from "../../../src/nn/models/alexnet.ts";
import { gpt } from "../../../src/nn/models/gpt.ts";
import { lstmClassifier } from "../../../src/nn/models/lstmClassifier.ts";
import { mlp } from "../../../src/nn/models/mlp.ts";
import { seq2seq } from "../../../src/nn/models/seq2seq.ts";
import { transformer } from "../../../src/nn/models/transformer.ts";
import { vit } from "../../../src/nn/models/vit.ts";
import type { CountedLayer, DrawingLayer } from "../../randomness/stepDraws.ts";
import { ofTokens } from "./sequences.ts";

const chain = sequential as (...layers: readonly Composable[]) => Composable;
const drop = dropout(0.5);
/** A layer that draws twice. */
const twice = chain(drop, tanh, drop);
const beside = connections.residual as (f: Composable, shortcut: Composable) => Composable;

const around = (name: string, layer: Composable, shape: readonly number[] = [3]) => ({
  name: `${name} of layers that draw`,
  layer,
  shape,
});

/** Layers with several draws in every combination that the registry of layers lacks. */
export const drawingLayers: readonly DrawingLayer[] = [
  around("sequential", chain(drop, drop, chain(drop, drop))),
  around("residual", beside(twice, twice)),
  around("skipConcat", connections.skipConcat(twice)),
  around("parallel", combinators.parallel(twice, twice), [2, 3]),
  around("fanout", combinators.fanout(twice, twice, drop)),
  around("repeat", combinators.repeat(3, twice)),
  around("shared", combinators.shared(3, twice)),
  around("scanLayer", combinators.scanLayer(twice), [4, 3]),
  around("timeDistributed", timeDistributed(twice), [4, 3]),
  around("checkpointed", chain(combinators.remat(twice), combinators.remat(twice))),
  around("mixtureOfExperts", mixtureOfExperts(3, chain(dense(3, 3), twice), { experts: 3, k: 2 })),
  around(
    "a nest",
    combinators.repeat(2, combinators.scanLayer(timeDistributed(beside(twice, drop)))),
    [2, 2, 3],
  ),
  {
    name: "transformer with both kinds of dropout",
    layer: ofTokens(
      transformer({
        ...{ source: { vocabulary: 4, length: 3, padding: 0 }, vocabulary: 3, positions: 3 },
        ...{ width: 2, blocks: 2, heads: 2, hidden: 3, dropout: 0.5, attentionDropout: 0.5 },
      }),
    ),
    shape: [5],
  },
  {
    name: "seq2seq of several layers, with dropout",
    layer: ofTokens(
      seq2seq({
        ...{ source: { vocabulary: 4, length: 3, padding: 0 }, vocabulary: 3 },
        ...{ width: 2, hidden: 4, layers: 2, dropout: 0.5 },
      }),
    ),
    shape: [5],
  },
];

/** Layers that drop values and rescale the rest, linear in the dropped values, so that the mean is kept. */
export const droppingLayers: readonly DrawingLayer[] = [
  { name: "dropout", layer: drop, shape: [3] },
  { name: "dropout of little", layer: dropout(0.1), shape: [3] },
  { name: "spatialDropout", layer: drops.spatialDropout(0.3), shape: [2, 3] },
  { name: "dropPath", layer: drops.dropPath(0.7), shape: [2, 2] },
  {
    name: "residual with a path that drops",
    layer: connections.residual(chain(dense(2, 2), drops.dropPath(0.3))),
    shape: [2],
  },
  {
    name: "attention that drops",
    layer: multiHeadAttention(2, { heads: 2, dropout: 0.3 }),
    shape: [3, 2],
  },
];

const half = { dropout: 0.5 };
const source = { vocabulary: 4, length: 3, padding: 0 };
const block = (options: { readonly dropout?: number; readonly attentionDropout?: number }) =>
  transformerEncoderBlock(2, options);
const crossing = (options: { readonly dropout?: number; readonly attentionDropout?: number }) =>
  ofTokens(
    transformer({
      ...{ source, vocabulary: 3, positions: 3, width: 2, blocks: 2, heads: 2, hidden: 3 },
      ...options,
    }),
  );

/** Every layer with a dropout rate, and its documented number of draws. */
export const countedLayers: readonly CountedLayer[] = [
  { name: "dropout", layer: drop, shape: [3], draws: 1 },
  { name: "dropout of nothing", layer: dropout(0), shape: [3], draws: 0 },
  { name: "spatialDropout", layer: drops.spatialDropout(0.5), shape: [2, 3], draws: 1 },
  { name: "spatialDropout of nothing", layer: drops.spatialDropout(0), shape: [2, 3], draws: 0 },
  { name: "dropPath", layer: drops.dropPath(0.5), shape: [2], draws: 1 },
  { name: "gaussianNoise", layer: drops.gaussianNoise(0.5), shape: [2], draws: 1 },
  { name: "gaussianDropout", layer: drops.gaussianDropout(0.5), shape: [2], draws: 1 },
  { name: "alphaDropout", layer: drops.alphaDropout(0.5), shape: [2], draws: 1 },
  {
    name: "featureAlphaDropout",
    layer: drops.featureAlphaDropout(0.5),
    shape: [2, 2],
    draws: 1,
  },
  { name: "rrelu", layer: drops.rrelu(), shape: [2], draws: 1 },
  {
    name: "fractionalMaxPool2d",
    layer: fractionalMaxPool2d(2, { outputSize: 2 }),
    shape: [4, 3, 2],
    draws: 1,
  },
  {
    name: "convLstm1d, three",
    layer: convLstm1d(1, 1, 1, { layers: 3, ...half }),
    shape: [2, 2, 1],
    draws: 2,
  },
  { name: "dropPath of nothing", layer: drops.dropPath(0), shape: [2], draws: 0 },
  // Dropout applies to the outputs between recurrences: two places between three recurrences.
  { name: "rnn, three", layer: rnn(2, 2, { layers: 3, ...half }), shape: [3, 2], draws: 2 },
  { name: "gru, one", layer: gru(2, 2, half), shape: [3, 2], draws: 0 },
  {
    name: "lstm, both ways",
    layer: lstm(2, 2, { layers: 2, bidirectional: true, ...half }),
    shape: [3, 2],
    draws: 1,
  },
  {
    name: "lstm, under a mask",
    layer: masked((x) => gt(index(x, 0, -1), 0), lstm(2, 2, { layers: 2, ...half })),
    shape: [3, 2],
    draws: 1,
  },
  {
    name: "multiHeadAttention",
    layer: multiHeadAttention(2, { heads: 2, ...half }),
    shape: [3, 2],
    draws: 1,
  },
  // The output of attention, and the output of the feed-forward part.
  { name: "a block", layer: block(half), shape: [3, 2], draws: 2 },
  {
    name: "attention of a block",
    layer: block({ attentionDropout: 0.5 }),
    shape: [3, 2],
    draws: 1,
  },
  // Both embeddings, two parts in each of two encoder blocks, and three in each of two decoder blocks.
  { name: "transformer", layer: crossing(half), shape: [5], draws: 2 + 2 * 2 + 2 * 3 },
  {
    name: "attention of a transformer",
    layer: crossing({ attentionDropout: 0.5 }),
    shape: [5],
    draws: 2 + 2 * 2,
  },
  // The embeddings; in each block, the attention weights and the outputs of its two parts.
  {
    name: "gpt",
    layer: ofTokens(
      gpt({ vocabulary: 4, positions: 5, width: 2, blocks: 2, heads: 1, hidden: 3, ...half }),
    ),
    shape: [5],
    draws: 1 + 2 * 3,
  },
  {
    name: "vit",
    layer: vit(2, { size: 2, patch: 1, width: 2, depth: 2, heads: 1, channels: 1, ...half }),
    shape: [2, 2, 1],
    draws: 1 + 2 * 2,
  },
  { name: "mlp", layer: mlp(3, [4, 4], 2, half), shape: [3], draws: 2 },
  {
    name: "alexnet",
    layer: alexnet(2, {
      ...{ channels: 1, convolutions: [1, 1, 1, 1, 1], hidden: 2, pooled: 1 },
      stem: { size: 3, stride: 1, padding: 1 },
    }),
    shape: [15, 15, 1],
    draws: 2,
  },
  // Between the embeddings, the two recurrences and the affine map.
  {
    name: "lstmClassifier",
    layer: ofTokens(
      lstmClassifier({ vocabulary: 4, width: 2, hidden: 2, classes: 2, layers: 2, ...half }),
    ),
    shape: [5],
    draws: 3,
  },
];
