import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import type { Graph } from "../../../src/nn/functional/graph.ts";
import type { AnyLayer } from "../../../src/nn/layer.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as attentions from "../../../src/nn/layers/graph/graphAttention.ts";
import * as convolutions from "../../../src/nn/layers/graph/graphConvolution.ts";
import * as messages from "../../../src/nn/layers/graph/messagePassing.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { all, type InitialTable, within } from "../../randomness/initials.ts";
import type { Settings } from "../networks/settings.ts";

export type Graphs = typeof attentions & typeof convolutions & typeof messages;

const { graphAttention } = attentions;
const { graphConvolution } = convolutions;
const { messagePassing } = messages;

/** Three nodes: one with a loop, two that send to one, and padding. */
const edges: Graph = {
  edges: tensor(
    [
      [0, 1, 1, -1, 2],
      [1, 1, 2, -1, -1],
    ],
    "i32",
  ),
};
const weighted: Graph = { ...edges, weights: tensor([0.5, 1, 2, 3, 4]) };
/** The last node is alone. */
const matrix: Graph = {
  adjacency: tensor([
    [0, 1, 0],
    [2, 0.5, 0],
    [0, 0, 0],
  ]),
};

/** A message and an update, each a layer with params. */
const pair = [sequential(dense(4, 2), tanh), dense(4, 3)] as const;

/** Layers of graphs, in several settings. A missing one does not compile. */
export const graphs: Settings<Graphs> = {
  graphConvolution: [
    { layer: graphConvolution(2, 3).over(edges), shape: [3, 2] },
    { layer: graphConvolution(2, 2, { bias: false }).over(weighted), shape: [3, 2] },
    { layer: graphConvolution(2, 2, { selfLoops: false }).over(matrix), shape: [3, 2] },
  ],
  graphAttention: [
    { layer: graphAttention(2, 4, { heads: 2 }).over(edges), shape: [3, 2] },
    { layer: graphAttention(2, 2, { selfLoops: false, dropout: 0.5 }).over(edges), shape: [3, 2] },
    { layer: graphAttention(2, 2, { heads: 2, join: "mean" }).over(matrix), shape: [3, 2] },
  ],
  messagePassing: [
    { layer: messagePassing(...pair).over(edges), shape: [3, 2] },
    { layer: messagePassing(...pair, { aggregate: "mean" }).over(matrix), shape: [3, 2] },
    { layer: messagePassing(...pair, { aggregate: "max" }).over(edges), shape: [3, 2] },
  ],
};

const affine = (path: string, inputs: number) => ({
  [`${path}weight`]: within(1 / Math.sqrt(inputs)),
  [`${path}bias`]: within(1 / Math.sqrt(inputs)),
});

/** How their params begin. */
export const graphInitials: InitialTable<Graphs> = {
  graphConvolution: {
    layer: graphConvolution(4, 5).over(edges),
    params: { weight: within(Math.sqrt(6 / 9)), bias: all(0) },
  },
  graphAttention: {
    layer: graphAttention(4, 6, { heads: 2 }).over(edges),
    params: {
      weight: within(Math.sqrt(6 / 10)),
      source: within(Math.sqrt(6 / 7)),
      target: within(Math.sqrt(6 / 7)),
      bias: all(0),
    },
  },
  messagePassing: {
    // Over no graph, its types are those of any layer.
    layer: messagePassing(...pair).over(edges) as AnyLayer,
    params: { ...affine("0.0.", 4), ...affine("1.", 4) },
  },
};
