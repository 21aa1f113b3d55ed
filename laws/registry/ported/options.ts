import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { sigmoid } from "../../../src/nn/functional/activation.ts";
import {
  fanInUniform,
  glorotUniform,
  normal,
  orthogonal,
  zeros,
} from "../../../src/nn/initializers.ts";
import * as bilinears from "../../../src/nn/layers/bilinear.ts";
import * as einsums from "../../../src/nn/layers/einsumDense.ts";
import * as bags from "../../../src/nn/layers/embeddingBag.ts";
import * as convLstms from "../../../src/nn/layers/recurrent/convLstm.ts";
import { aboveZero, between, wholeFrom } from "../../options.ts";
import { ofTokens } from "../networks/sequences.ts";
import type { DefaultCase, Defaults, OptionTable } from "../options/table.ts";

const size = wholeFrom(1);
const none = {};
type MakeConvLstm = (inputs: number, filters: number, size: number, options: object) => unknown;
const convolved = (make: MakeConvLstm) =>
  ({
    inputs: [size, (n: number) => make(n, 2, 2, {})],
    filters: [size, (n: number) => make(2, n, 2, {})],
    size: [size, (n: number) => make(2, 2, n, {})],
    stride: [size, (stride: number) => make(2, 2, 2, { stride })],
    padding: [wholeFrom(0), (padding: number) => make(2, 2, 2, { padding })],
    dilation: [size, (dilation: number) => make(2, 2, 2, { dilation })],
    layers: [size, (layers: number) => make(2, 2, 2, { layers })],
    dropout: [between(0, 1, { high: true }), (dropout: number) => make(2, 2, 2, { dropout })],
  }) as const;

type Ported = typeof bilinears & typeof bags & typeof convLstms & typeof einsums;

/** Layers that users of PyTorch and Keras look for. */
export const portedOptions: OptionTable<Ported> = {
  bilinear: {
    left: [size, (n) => bilinears.bilinear(n, 2, 2)],
    right: [size, (n) => bilinears.bilinear(2, n, 2)],
    outputs: [size, (n) => bilinears.bilinear(2, 2, n)],
  },
  convLstm1d: convolved((i, f, k, o) => convLstms.convLstm1d(i, f, k, o)),
  convLstm2d: convolved((i, f, k, o) => convLstms.convLstm2d(i, f, k, o)),
  convLstm3d: convolved((i, f, k, o) => convLstms.convLstm3d(i, f, k, o)),
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

const convLstm = {
  ...({ stride: 1, padding: "valid", dilation: 1, layers: 1, bidirectional: false } as const),
  ...({ dropout: 0, output: "all", bias: true, unitForgetBias: true } as const),
  ...{ activation: tanh, recurrentActivation: sigmoid },
  ...{ weightInit: glorotUniform, recurrentInit: orthogonal() },
};

/** Their defaults. */
export const portedDefaults: Defaults<Ported> & { readonly [name: string]: DefaultCase } = {
  bilinear: [bilinears.bilinear(2, 3, 2), bilinears.bilinear(2, 3, 2, affine), [5]],
  convLstm1d: [convLstms.convLstm1d(2, 3, 2), convLstms.convLstm1d(2, 3, 2, convLstm), [3, 4, 2]],
  convLstm2d: [
    convLstms.convLstm2d(2, 3, 2),
    convLstms.convLstm2d(2, 3, 2, convLstm),
    [3, 4, 2, 2],
  ],
  convLstm3d: [
    convLstms.convLstm3d(2, 3, 2),
    convLstms.convLstm3d(2, 3, 2, convLstm),
    [2, 2, 2, 2, 2],
  ],
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
