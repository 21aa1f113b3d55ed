import { glorotUniform, zeros } from "../../../src/nn/initializers.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { graphAttention } from "../../../src/nn/layers/graph/graphAttention.ts";
import { graphConvolution } from "../../../src/nn/layers/graph/graphConvolution.ts";
import { messagePassing } from "../../../src/nn/layers/graph/messagePassing.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { between, finiteNumber, wholeFrom } from "../../options.ts";
import type { DefaultCase, OptionTable } from "../options/table.ts";
import type { Graphs } from "./settings.ts";

const size = wholeFrom(1);

/** Layers of graphs. */
export const graphOptions: OptionTable<Graphs> = {
  graphConvolution: {
    inputs: [size, (n) => graphConvolution(n, 2)],
    outputs: [size, (n) => graphConvolution(2, n)],
  },
  graphAttention: {
    inputs: [size, (n) => graphAttention(n, 2)],
    outputs: [size, (n) => graphAttention(2, n)],
    heads: [wholeFrom(1, 2), (heads) => graphAttention(2, 2, { heads })],
    slope: [finiteNumber, (slope) => graphAttention(2, 2, { slope })],
    dropout: [between(0, 1, { high: true }), (rate) => graphAttention(2, 2, { dropout: rate })],
  },
  messagePassing: {},
};

const path = { edges: tensor([[0], [1]], "i32") };
const begun = { bias: true, weightInit: glorotUniform } as const;

/** Their defaults. */
export const graphDefaults: { readonly [Name in keyof Graphs]: DefaultCase } = {
  graphConvolution: [
    graphConvolution(2, 3).over(path),
    graphConvolution(2, 3, { ...begun, selfLoops: true, biasInit: zeros }).over(path),
    [2, 2],
  ],
  graphAttention: [
    graphAttention(2, 3).over(path),
    graphAttention(2, 3, {
      ...{ ...begun, heads: 1, join: "concatenate", slope: 0.2, selfLoops: true, dropout: 0 },
    }).over(path),
    [2, 2],
  ],
  messagePassing: [
    messagePassing(dense(4, 2), dense(4, 1)).over(path),
    messagePassing(dense(4, 2), dense(4, 1), { aggregate: "sum" }).over(path),
    [2, 2],
  ],
};
