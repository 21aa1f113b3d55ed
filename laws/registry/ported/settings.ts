import * as bilinears from "../../../src/nn/layers/bilinear.ts";
import * as einsums from "../../../src/nn/layers/einsumDense.ts";
import * as bags from "../../../src/nn/layers/embeddingBag.ts";
import { all, deviating, type InitialTable, within } from "../../randomness/initials.ts";
import { ofTokens } from "../networks/sequences.ts";
import type { Settings } from "../networks/settings.ts";

type Ported = typeof bilinears & typeof bags & typeof einsums;

/** Layers that users of PyTorch and Keras look for, in several settings. A missing one does not compile. */
export const ported: Settings<Ported> = {
  bilinear: [
    { layer: bilinears.bilinear(2, 3, 2), shape: [5] },
    { layer: bilinears.bilinear(1, 1, 2, { bias: false }), shape: [3, 2] },
  ],
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
  bilinear: {
    layer: bilinears.bilinear(4, 5, 3),
    params: { weight: within(1 / 2), bias: within(1 / 2) },
  },
  einsumDense: {
    layer: einsums.einsumDense("td,dhk->thk", [-1, 3], [-1, 2, 4], { biasAxes: "hk" }),
    params: { weight: within(third), bias: all(0) },
  },
  embeddingBag: { layer: bags.embeddingBag(6, 5), params: { table: deviating(1) } },
};
