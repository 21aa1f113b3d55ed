import { fanInUniform, glorotUniform, normal, zeros } from "../../../src/nn/initializers.ts";
import * as bilinears from "../../../src/nn/layers/bilinear.ts";
import * as einsums from "../../../src/nn/layers/einsumDense.ts";
import * as bags from "../../../src/nn/layers/embeddingBag.ts";
import { aboveZero, between, wholeFrom } from "../../options.ts";
import { ofTokens } from "../networks/sequences.ts";
import type { DefaultCase, Defaults, OptionTable } from "../options/table.ts";

const size = wholeFrom(1);
const none = {};

type Ported = typeof bilinears & typeof bags & typeof einsums;

/** Layers that users of PyTorch and Keras look for. */
export const portedOptions: OptionTable<Ported> = {
  bilinear: {
    left: [size, (n) => bilinears.bilinear(n, 2, 2)],
    right: [size, (n) => bilinears.bilinear(2, n, 2)],
    outputs: [size, (n) => bilinears.bilinear(2, 2, n)],
  },
  einsumDense: none,
  embeddingBag: {
    vocabulary: [size, (n) => bags.embeddingBag(n, 2)],
    width: [size, (n) => bags.embeddingBag(2, n)],
    padding: [wholeFrom(0, 4), (padding) => bags.embeddingBag(5, 2, { padding })],
    maxNorm: [aboveZero, (maxNorm) => bags.embeddingBag(5, 2, { maxNorm })],
    normType: [
      between(0, Number.POSITIVE_INFINITY, { low: true }),
      (normType) => bags.embeddingBag(5, 2, { maxNorm: 1, normType }),
    ],
  },
};

const affine = { bias: true, weightInit: fanInUniform, biasInit: fanInUniform };
const einsum = (options?: einsums.EinsumDenseOptions) =>
  einsums.einsumDense("d,de->e", [2], [3], options);

/** Their defaults. */
export const portedDefaults: Defaults<Ported> & { readonly [name: string]: DefaultCase } = {
  bilinear: [bilinears.bilinear(2, 3, 2), bilinears.bilinear(2, 3, 2, affine), [5]],
  einsumDense: [
    einsum(),
    einsum({ biasAxes: "", weightInit: glorotUniform, biasInit: zeros }),
    [2],
  ],
  embeddingBag: [
    ofTokens(bags.embeddingBag(3, 2)),
    ofTokens(bags.embeddingBag(3, 2, { mode: "mean", tableInit: normal(1), normType: 2 })),
    [3],
  ],
};
