import * as fc from "fast-check";
import * as adaptives from "../../../src/nn/layers/adaptiveLogSoftmax.ts";
import * as bilinears from "../../../src/nn/layers/bilinear.ts";
import * as einsums from "../../../src/nn/layers/einsumDense.ts";
import * as bags from "../../../src/nn/layers/embeddingBag.ts";
import * as convLstms from "../../../src/nn/layers/recurrent/convLstm.ts";
import * as fractions from "../../../src/nn/layers/spatial/fractionalPool.ts";
import { all, derived, deviating, type InitialTable, within } from "../../randomness/initials.ts";
import { ofTokens } from "../networks/sequences.ts";
import type { Settings } from "../networks/settings.ts";

type Ported = typeof adaptives &
  typeof bilinears &
  typeof bags &
  typeof convLstms &
  typeof einsums &
  typeof fractions;

/** Values of so large a set that three in a window are rarely equal, as those of the other pooling layers. */
const fine = fc.integer({ min: -64, max: 64 }).map((k) => k / 16 + 1 / 32);

/** Layers that users of PyTorch and Keras look for, in several settings. A missing one does not compile. */
export const ported: Settings<Ported> = {
  adaptiveLogSoftmax: [
    { layer: adaptives.adaptiveLogSoftmax(4, 5, { cutoffs: [2, 3], divValue: 2 }), shape: [4] },
    {
      layer: adaptives.adaptiveLogSoftmax(2, 3, { cutoffs: [1], divValue: 1, headBias: true }),
      shape: [2, 2],
    },
  ],
  fractionalMaxPool2d: [
    {
      layer: fractions.fractionalMaxPool2d(2, { outputSize: [3, 2] }),
      shape: [5, 4, 2],
      elements: fine,
    },
    {
      layer: fractions.fractionalMaxPool2d([1, 2], { outputRatio: 0.6 }),
      shape: [4, 5, 1],
      elements: fine,
    },
  ],
  fractionalMaxPool3d: [
    {
      layer: fractions.fractionalMaxPool3d(2, { outputSize: [1, 2, 2] }),
      shape: [2, 4, 3, 1],
      elements: fine,
    },
  ],
  bilinear: [
    { layer: bilinears.bilinear(2, 3, 2), shape: [5] },
    { layer: bilinears.bilinear(1, 1, 2, { bias: false }), shape: [3, 2] },
  ],
  convLstm1d: [
    { layer: convLstms.convLstm1d(1, 2, 2, { padding: "same" }), shape: [2, 3, 1] },
    {
      layer: convLstms.convLstm1d(1, 1, 2, { layers: 2, padding: "same", dropout: 0.5 }),
      shape: [2, 2, 1],
    },
  ],
  convLstm2d: [
    {
      layer: convLstms.convLstm2d(1, 1, [2, 1], { bidirectional: true, output: "last", stride: 2 }),
      shape: [2, 3, 2, 1],
    },
  ],
  convLstm3d: [{ layer: convLstms.convLstm3d(1, 1, [1, 2, 1]), shape: [2, 1, 3, 1, 1] }],
  einsumDense: [
    {
      layer: einsums.einsumDense("td,dhk->thk", [-1, 3], [-1, 2, 2], { biasAxes: "k" }),
      shape: [2, 3],
    },
    { layer: einsums.einsumDense("...d,de->...e", [2], [3]), shape: [2, 2] },
  ],
  embeddingBag: [
    { layer: ofTokens(bags.embeddingBag(2, 3)), shape: [3] },
    {
      layer: ofTokens(bags.embeddingBag(2, 3, { mode: "sum", padding: 1, maxNorm: 0.5 })),
      shape: [3],
    },
    { layer: ofTokens(bags.embeddingBag(2, 2, { mode: "max" })), shape: [3] },
  ],
};

const third = Math.sqrt(6 / (3 + 8));

/** How their params begin. */
export const portedInitials: InitialTable<Ported> = {
  adaptiveLogSoftmax: {
    layer: adaptives.adaptiveLogSoftmax(9, 7, { cutoffs: [2, 4], divValue: 2, headBias: true }),
    params: {
      "head.weight": within(1 / 3),
      "head.bias": within(1 / 3),
      "tail.0.0.weight": within(1 / 3),
      "tail.0.1.weight": within(1 / 2),
      "tail.1.0.weight": within(1 / 3),
      "tail.1.1.weight": within(1 / Math.sqrt(2)),
    },
  },
  fractionalMaxPool2d: { layer: fractions.fractionalMaxPool2d(2, { outputSize: 2 }) },
  fractionalMaxPool3d: { layer: fractions.fractionalMaxPool3d(2, { outputSize: 2 }) },
  bilinear: {
    layer: bilinears.bilinear(4, 5, 3),
    params: { weight: within(1 / 2), bias: within(1 / 2) },
  },
  convLstm1d: {
    layer: convLstms.convLstm1d(2, 3, 3, { unitForgetBias: false }),
    params: {
      "0.0.inputWeight": within(Math.sqrt(6 / (3 * 2 + 3 * 4 * 3))),
      "0.0.hiddenWeight": derived,
      "0.0.inputBias": all(0),
    },
  },
  convLstm2d: {
    layer: convLstms.convLstm2d(2, 1, [3, 2], { bias: false }),
    params: {
      "0.0.inputWeight": within(Math.sqrt(6 / (6 * 2 + 6 * 4))),
      "0.0.hiddenWeight": derived,
    },
  },
  convLstm3d: {
    layer: convLstms.convLstm3d(2, 1, 2),
    params: {
      "0.0.inputWeight": within(Math.sqrt(6 / (8 * 2 + 8 * 4))),
      "0.0.hiddenWeight": derived,
      "0.0.inputBias": derived,
    },
  },
  einsumDense: {
    layer: einsums.einsumDense("td,dhk->thk", [-1, 3], [-1, 2, 4], { biasAxes: "hk" }),
    params: { weight: within(third), bias: all(0) },
  },
  embeddingBag: { layer: bags.embeddingBag(6, 5), params: { table: deviating(1) } },
};
