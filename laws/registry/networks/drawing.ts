import { tanh } from "../../../src/ir/ops/elementwise.ts";
import * as combinators from "../../../src/nn/combinators/containers.ts";
import { timeDistributed } from "../../../src/nn/combinators/overTime.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import * as connections from "../../../src/nn/combinators/skip.ts";
import type { Composable } from "../../../src/nn/layer.ts";
import { multiHeadAttention } from "../../../src/nn/layers/attention.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as drops from "../../../src/nn/layers/dropout.ts";
import { dropout } from "../../../src/nn/layers/lambda.ts";
import { mixtureOfExperts } from "../../../src/nn/layers/moe.ts";
import { seq2seq } from "../../../src/nn/models/seq2seq.ts";
import { transformer } from "../../../src/nn/models/transformer.ts";
import type { DrawingLayer } from "../../randomness/stepDraws.ts";
import { ofTokens } from "./sequences.ts";

const chain = sequential as (...layers: readonly Composable[]) => Composable;
const drop = dropout(0.5);
/** Draws twice. */
const twice = chain(drop, tanh, drop);
const beside = connections.residual as (f: Composable, shortcut: Composable) => Composable;

const around = (name: string, layer: Composable, shape: readonly number[] = [3]) => ({
  name: `${name} of layers that draw`,
  layer,
  shape,
});

/** Every way in which several draws come into one layer, apart from those of the registry of layers. */
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

/** Layers that drop something and are linear in it: what they drop they make up for. */
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
