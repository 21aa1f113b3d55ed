import * as fc from "fast-check";
import type { Composable } from "../../../src/nn/layer.ts";
import type * as alexnets from "../../../src/nn/models/alexnet.ts";
import { alexnet } from "../../../src/nn/models/alexnet.ts";
import type * as lenets from "../../../src/nn/models/lenet.ts";
import { lenet } from "../../../src/nn/models/lenet.ts";
import type * as mlps from "../../../src/nn/models/mlp.ts";
import { mlp } from "../../../src/nn/models/mlp.ts";
import type * as perceptrons from "../../../src/nn/models/perceptron.ts";
import { perceptron } from "../../../src/nn/models/perceptron.ts";
import type * as resnets from "../../../src/nn/models/resnet.ts";
import { cifarResnet, resnet } from "../../../src/nn/models/resnet.ts";
import type * as unets from "../../../src/nn/models/unet.ts";
import { unet } from "../../../src/nn/models/unet.ts";
import type * as vits from "../../../src/nn/models/vit.ts";
import { vit } from "../../../src/nn/models/vit.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { LayerCase } from "./settings.ts";

/** A model at full scale, with the number of params that its source states. */
export interface Scale {
  readonly layer: Composable;
  readonly shape: Shape;
  readonly output: Shape;
  readonly params: number;
  readonly source: string;
}

interface ModelSettings {
  readonly scales: readonly Scale[];
  /** A small instance, whose laws are checked in seconds. */
  readonly tiny: Omit<LayerCase, "name">;
}

type Models = typeof alexnets &
  typeof lenets &
  typeof mlps &
  typeof perceptrons &
  typeof resnets &
  typeof unets &
  typeof vits;

const photograph = [224, 224, 3] as const;
const arithmetic = "the sum over its layers";
const torchvision = "torchvision's weights, as its documentation counts them";

/** Values of so large a set that ties within a pooling window are rare. */
const fine = fc.integer({ min: -64, max: 64 }).map((k) => k / 16 + 1 / 32);

/** Every model. A missing one does not compile. */
const models: { readonly [Name in keyof Models]: ModelSettings } = {
  perceptron: {
    scales: [
      { layer: perceptron(784, 10), shape: [784], output: [10], params: 7_850, source: arithmetic },
    ],
    tiny: { layer: perceptron(3), shape: [3] },
  },
  mlp: {
    scales: [
      {
        layer: mlp(784, [128], 10),
        shape: [784],
        output: [10],
        params: 784 * 128 + 128 + 128 * 10 + 10,
        source: arithmetic,
      },
    ],
    tiny: { layer: mlp(3, [4, 4], 2, { dropout: 0.5 }), shape: [3] },
  },
  lenet: {
    scales: [
      {
        layer: lenet(10),
        shape: [28, 28, 1],
        output: [10],
        params: 61_706,
        source:
          "the common variant; LeCun et al. (1998) have 60,000, with some connections left out",
      },
    ],
    tiny: { layer: lenet(2), shape: [28, 28, 1], elements: fine },
  },
  alexnet: {
    scales: [
      {
        layer: alexnet(1000),
        shape: photograph,
        output: [1000],
        params: 61_100_840,
        source: torchvision,
      },
    ],
    tiny: {
      layer: alexnet(2, {
        channels: 1,
        convolutions: [2, 2, 2, 2, 2],
        hidden: 3,
        pooled: 1,
        stem: { size: 3, stride: 1, padding: 1 },
      }),
      shape: [15, 15, 1],
      elements: fine,
    },
  },
  resnet: {
    scales: [[18, 11_689_512] as const, [34, 21_797_672] as const, [50, 25_557_032] as const].map(
      ([depth, params]) => ({
        layer: resnet(depth, 1000),
        shape: photograph,
        output: [1000],
        params,
        source: torchvision,
      }),
    ),
    tiny: {
      layer: resnet(18, 2, { channels: 1, width: 1 }),
      shape: [16, 16, 1],
      acrossExamples: true,
    },
  },
  cifarResnet: {
    scales: [
      {
        layer: cifarResnet(20, 10),
        shape: [32, 32, 3],
        output: [10],
        // The paper has 0.27 million; its shortcuts have no params. Here two shortcuts are projections with scales.
        params: 269_722 + (16 * 32 + 64) + (32 * 64 + 128),
        source: "He et al. (2015), table 6, with projections",
      },
    ],
    tiny: {
      layer: cifarResnet(8, 2, { channels: 1, width: 2 }),
      shape: [6, 6, 1],
      acrossExamples: true,
    },
  },
  vit: {
    scales: [
      {
        layer: vit(1000, { size: 224, patch: 16, width: 768, depth: 12, heads: 12 }),
        shape: photograph,
        output: [1000],
        params: 86_567_656,
        source: torchvision,
      },
    ],
    tiny: {
      layer: vit(2, { size: 4, patch: 2, width: 4, depth: 2, heads: 2, channels: 1 }),
      shape: [4, 4, 1],
    },
  },
  unet: {
    scales: [
      {
        layer: unet(2, { channels: 1 }),
        shape: [512, 512, 1],
        output: [512, 512, 2],
        params: 31_030_658,
        source: `Ronneberger et al. (2015), figure 1: ${arithmetic}`,
      },
      {
        layer: unet(1, { normalize: true }),
        shape: [256, 256, 3],
        output: [256, 256, 1],
        params: 31_037_633,
        source:
          "milesial's Pytorch-UNet with transposed convolutions, as summaries of it count them",
      },
      {
        layer: unet(1, { width: 32, normalize: true }),
        shape: [256, 256, 3],
        output: [256, 256, 1],
        params: 7_763_041,
        source: "Buda et al. (2019), the segmentation of brains that they publish",
      },
    ],
    tiny: {
      layer: unet(2, { channels: 1, width: 2, levels: 1 }),
      shape: [4, 4, 1],
      elements: fine,
    },
  },
};

/** Every model, by its name. */
export const modelCases: readonly (ModelSettings & LayerCase)[] = Object.entries(models).map(
  ([name, settings]) => ({ name, ...settings, ...settings.tiny }),
);
