import { pipe } from "fp-ts/lib/function.js";
import { augmentations, randomFlip } from "../../src/data/index.ts";
import {
  adam,
  binaryCrossEntropyWithLogits,
  cosineDecay,
  type Expr,
  objective,
  pipeline,
  runMain,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import {
  cast,
  concatenate,
  expandDims,
  gt,
  index,
  mean,
  ne,
  sliceAxis,
} from "../../src/ir/index.ts";
import { sigmoid } from "../../src/nn/index.ts";
import { intersectionOverUnion, meanOf } from "../../src/nn/metrics/index.ts";
import { unet } from "../../src/nn/models/index.ts";
import { blueThreshold, colorRegression } from "../baselines/vision/pixelColor.ts";
import { earthFolder, extent, landWater } from "../data/vision/landWater.ts";
import { masksEvery } from "../data/vision/masks.ts";

const [tiles, batchSize, epochs] = [100, 10, 30];

const flips = augmentations(randomFlip(), randomFlip({ axis: 0 }));

/**
 * Marks water in satellite tiles of 18 × 18 degrees. A small U-Net learns from the eastern hemisphere and is tested on the
 * Americas. The baselines see the color of one pixel.
 *
 * **Source** Ronneberger, Fischer and Brox (2015), arXiv:1505.04597, with 8 channels, two levels and batch normalization.
 */
export const landAndWater = pipe(
  pipeline(
    "land-water",
    landWater,
    objective({
      models: { net: unet(1, { channels: 3, width: 8, levels: 2, normalize: true }) },
      loss: ({ net }, { image, water }, { mode, key }) => {
        // A tile and its water are mirrored as one.
        const both = concatenate([image, expandDims(water, -1)], -1);
        const seen = mode === "train" ? flips(both, key) : both;
        const logits = net(sliceAxis(seen, -1, 0, 3) as typeof image); // three of its four channels
        const [said, wanted] = [index(logits, 0, -1), index(seen, 3, -1)];
        return {
          loss: mean(binaryCrossEntropyWithLogits(said, wanted)) as Expr<readonly []>,
          output: logits,
          target: wanted,
          values: { pixelError: mean(cast(ne(cast(gt(said, 0), "f32"), wanted), "f32")) },
        };
      },
      predict: ({ net }, { image }) => sigmoid(index(net(image), 0, -1)),
      optimizer: adam({ learningRate: cosineDecay(1e-2, (epochs * tiles) / batchSize) }),
      metrics: [meanOf("pixelError"), intersectionOverUnion(2, 0), intersectionOverUnion(2, 1)],
    }),
    {
      description: "where water is in satellite tiles, by a small U-Net",
      units: { loss: "nats per pixel" },
      card: {
        field: "vision",
        data: "`three-globe` (MIT; pictures by NASA, free with credit)",
        heldOut:
          "pixel error 0.0119, 0.0132, 0.0134, IoU of water 0.984, 0.982, 0.982 (three seeds)",
        baseline:
          "baseline wins: logistic regression on a pixel's color: pixel error 0.0114, IoU of water 0.984, of land 0.959",
        published: "none is known",
        time: "29 s of one core",
        memory: "0.7 GiB",
      },
      available: earthFolder,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(blueThreshold("water")),
  withBaseline(colorRegression("water")),
  withCallback(masksEvery("water", { row: 53, size: extent, scale: 4 })),
);

if (import.meta.main) runMain(landAndWater);
