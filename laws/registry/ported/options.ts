import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { sigmoid } from "../../../src/nn/functional/activation.ts";
import {
  fanInUniform,
  glorotUniform,
  normal,
  orthogonal,
  zeros,
} from "../../../src/nn/initializers.ts";
import * as adaptives from "../../../src/nn/layers/adaptiveLogSoftmax.ts";
import * as bilinears from "../../../src/nn/layers/bilinear.ts";
import * as einsums from "../../../src/nn/layers/einsumDense.ts";
import * as bags from "../../../src/nn/layers/embeddingBag.ts";
import * as convLstms from "../../../src/nn/layers/recurrent/convLstm.ts";
import * as fractions from "../../../src/nn/layers/spatial/fractionalPool.ts";
import { aboveZero, between, wholeFrom } from "../../options.ts";
import { ofTokens } from "../networks/sequences.ts";
import type { DefaultCase, Defaults, OptionTable } from "../options/table.ts";

const size = wholeFrom(1);
const none = {};
type MakeConvLstm = (inputs: number, filters: number, size: number, options: object) => unknown;
const fractional = (make: (size: number, options: fractions.FractionalOptions) => unknown) =>
  ({
    size: [size, (n: number) => make(n, { outputSize: 2 })],
    outputSize: [size, (outputSize: number) => make(2, { outputSize })],
    outputRatio: [
      between(0, 1, { low: true, high: true }),
      (outputRatio: number) => make(2, { outputRatio }),
    ],
  }) as const;
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

type Ported = typeof adaptives &
  typeof bilinears &
  typeof bags &
  typeof convLstms &
  typeof einsums &
  typeof fractions;

/** Layers that users of PyTorch and Keras look for. */
export const portedOptions: OptionTable<Ported> = {
  adaptiveLogSoftmax: {
    inputs: [size, (n) => adaptives.adaptiveLogSoftmax(n, 4, { cutoffs: [2], divValue: 1 })],
    classes: [wholeFrom(3), (n) => adaptives.adaptiveLogSoftmax(4, n, { cutoffs: [2] })],
    divValue: [
      between(0, 8, { low: true }),
      (divValue) => adaptives.adaptiveLogSoftmax(64, 9, { cutoffs: [2, 4], divValue }),
    ],
  },
  fractionalMaxPool2d: fractional((k, o) => fractions.fractionalMaxPool2d(k, o)),
  fractionalMaxPool3d: fractional((k, o) => fractions.fractionalMaxPool3d(k, o)),
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
  adaptiveLogSoftmax: [
    adaptives.adaptiveLogSoftmax(8, 5, { cutoffs: [2] }),
    adaptives.adaptiveLogSoftmax(8, 5, { cutoffs: [2], divValue: 4, headBias: false }),
    [8],
  ],
  fractionalMaxPool2d: [
    fractions.fractionalMaxPool2d(2, { outputSize: 2 }),
    fractions.fractionalMaxPool2d(2, { outputSize: [2, 2] }),
    [4, 5, 2],
  ],
  fractionalMaxPool3d: [
    fractions.fractionalMaxPool3d(2, { outputSize: 2 }),
    fractions.fractionalMaxPool3d(2, { outputSize: [2, 2, 2] }),
    [4, 5, 4, 2],
  ],
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
