import { dense } from "../../../src/nn/layers/dense.ts";
import { graphAttention } from "../../../src/nn/layers/graph/graphAttention.ts";
import { graphConvolution } from "../../../src/nn/layers/graph/graphConvolution.ts";
import { messagePassing } from "../../../src/nn/layers/graph/messagePassing.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { KnownLayer, KnownLayers } from "../../networks/knownLayers.ts";
import type { Graphs } from "./settings.ts";

/** Made by test/nn/layers/graph.py, from the equations of the papers. */
const source = "the paper's equations in NumPy";

/** Four nodes: an edge in both directions, twice, one in one direction, and a node that is alone. */
const from = [0, 1, 1, 2, 0];
const to = [1, 0, 2, 1, 2];
const edges = { edges: tensor([from, to], "i32") };
/** The same with padding: edges with one end, or none. */
const padded = {
  edges: tensor(
    [
      [-1, ...from, 3, -1],
      [-1, ...to, -1, 2],
    ],
    "i32",
  ),
};
const adjacency = {
  adjacency: tensor([
    [0, 1, 0, 0],
    [1, 0, 1, 0],
    [1, 1, 0, 0],
    [0, 0, 0, 0],
  ]),
};
const none = { edges: tensor([[-1], [-1]], "i32") };
/** The weights of the edges in order. */
const weights = tensor([0.5, 1, 3, 1, 1]);

const x = [
  [1, 2],
  [0, -1],
  [3, 1],
  [-2, 0.5],
];
const weight = [
  [1, 0],
  [-1, 1],
];
const bias = [0.5, -1];
const wide = [
  [1, 0, 2, -1],
  [-1, 1, 0.5, 1],
];
const ends = {
  source: [
    [1, 0.5],
    [-1, 2],
  ],
  target: [
    [0.25, -1],
    [1, 1],
  ],
};
const single = { weight, source: [[1, 0.5]], target: [[0.25, -1]] };

const convolved = [
  [0.40824829046386313, -0.40824829046386324],
  [1.0917517095361373, -0.18350341907227397],
  [1.0917517095361373, -0.18350341907227397],
  [-2, -0.5],
];
const attended = [
  [0.049958374957879914, 0.4250624375631801, 1.6786076592064911, 0.24491866240370913],
  [1.68655830300022, 0.8450941136276107, 1.7132822100863512, -0.0992864374334754],
  [1.6003276509111286, 0.8821632096424659, 1.705750018310961, 0.2322807387110564],
  [-2.5, 0.5, -3.75, 2.5],
];

const graphs = { edges, padded, adjacency };
const onEach = (make: (graph: (typeof graphs)[keyof typeof graphs]) => KnownLayer) =>
  Object.values(graphs).map(make) as [KnownLayer, ...KnownLayer[]];

/** A message that is the difference of both ends, and an update that adds it to a node. */
const passed = (aggregate: "sum" | "mean" | "max", y: KnownLayer["y"]) =>
  onEach((graph) => ({
    layer: messagePassing(dense(2, 1, { bias: false }), dense(2, 1, { bias: false }), {
      aggregate,
    }).over(graph),
    params: { "0.weight": [[-1], [10]], "1.weight": [[100], [1]] },
    x: [[1], [2], [4], [8]],
    y,
  }));

/** Known values of layers of graphs. */
export const knownGraphs: KnownLayers<Graphs> = {
  graphConvolution: [
    ...onEach((graph) => ({
      source,
      layer: graphConvolution(2, 2).over(graph),
      params: { weight, bias },
      x,
      y: convolved,
    })),
    ...onEach((graph) => ({
      source,
      layer: graphConvolution(2, 2, { selfLoops: false }).over(graph),
      params: { weight, bias },
      x,
      y: [
        [1.2071067811865475, -1.7071067811865475],
        [0.7928932188134521, 0.9142135623730949],
        [0.2928932188134524, -0.08578643762690497],
        [0.5, -1],
      ],
    })),
    {
      source,
      layer: graphConvolution(2, 2).over({ ...edges, weights }),
      params: { weight, bias },
      x,
      y: [
        [0.447213595499958, -0.4472135954999581],
        [1.2420786271992592, -0.6699436920254231],
        [1.432300371407019, -1.0160726053901812],
        [-2, -0.5],
      ],
    },
    // Without edges, each node has its own features.
    {
      layer: graphConvolution(1, 1).over(none),
      params: { weight: [3], bias: [1] },
      x: [[1], [2]],
      y: [[4], [7]],
    },
    {
      layer: graphConvolution(1, 1, { selfLoops: false }).over(none),
      params: { weight: [3], bias: [1] },
      x: [[1], [2]],
      y: [[1], [1]],
    },
  ],
  graphAttention: [
    ...onEach((graph) => ({
      source,
      layer: graphAttention(2, 4, { heads: 2, bias: false }).over(graph),
      params: { weight: wide, ...ends },
      x,
      y: attended,
    })),
    ...onEach((graph) => ({
      source,
      layer: graphAttention(2, 2, { heads: 2, join: "mean" }).over(graph),
      params: { weight: wide, ...ends, bias: [0, 1] },
      x,
      y: attended.map(([a = 0, b = 0, c = 0, d = 0]) => [(a + c) / 2, (b + d) / 2 + 1]),
    })),
    ...onEach((graph) => ({
      source,
      layer: graphAttention(2, 2, { selfLoops: false, bias: false }).over(graph),
      params: single,
      x,
      y: [
        [1, -1],
        [1.7724254599362697, 1.0758581800212437],
        [0.049958374957880025, 0.42506243756317996],
        [0, 0],
      ],
    })),
    {
      layer: graphAttention(2, 2, { bias: false }).over(none),
      params: single,
      x: [[1, 2]],
      y: [[-1, 2]],
    },
  ],
  messagePassing: [
    // Node 0 receives 10·2 - 1, node 1 10·1 - 2 and 10·4 - 2, and node 2 10·2 - 4 and 10·1 - 4.
    ...passed("sum", [[119], [246], [422], [800]]),
    ...passed("mean", [[119], [223], [411], [800]]),
    ...passed("max", [[119], [238], [416], [800]]),
  ],
};
