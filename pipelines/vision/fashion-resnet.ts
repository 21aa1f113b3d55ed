import { pipe } from "fp-ts/lib/function.js";
import { augmentations, randomCrop, randomFlip } from "../../src/data/index.ts";
import {
  adam,
  adamw,
  asBaseline,
  batchNorm,
  confusionMatrix,
  conv2d,
  dense,
  flatten,
  initializers,
  maxPool2d,
  oneCycle,
  pipeline,
  relu,
  residual,
  runMain,
  sequential,
  softmaxCrossEntropy,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { globalAvgPool } from "../../src/nn/index.ts";
import { answersEvery, heldOutRows } from "../../src/train/index.ts";
import { clothes, fashion, fashionFolder } from "../data/vision/fashion.ts";

const batchSize = 64;
const epochs = 8;
/** The rate rises and falls once over the whole run. */
const steps = epochs * Math.ceil(60_000 / batchSize);

const kinds = { input: "image", target: "label", classes: clothes.length } as const;
const measured = { loss: softmaxCrossEntropy, metrics: [confusionMatrix(clothes)] };

const convolve = (from: number, to: number, size = 3) =>
  sequential(
    conv2d(from, to, size, { padding: "same", bias: false, weightInit: initializers.heNormal }),
    batchNorm(to),
  );

/** A block that gives `to` channels, beside a projection of what it takes. */
const widened = (from: number, to: number) =>
  sequential(
    residual(sequential(convolve(from, to), relu, convolve(to, to)), convolve(from, to, 1)),
    relu,
  );

/** A linear classifier of the pixels. */
const linear = pipeline(
  "linear classifier of pixels",
  fashion,
  supervised({
    ...kinds,
    ...measured,
    model: sequential(flatten, dense(784, clothes.length)),
    optimizer: adam({ learningRate: 1e-3 }),
  }),
  { batchSize, epochs: 3 },
);

/**
 * A small residual network that tells ten kinds of clothes apart, from photographs of 28×28 pixels that are mirrored and
 * shifted at random.
 *
 * **Source** He et al. (2015), arXiv:1512.03385: blocks with projections, section 3.3, and the changes of images, section 4.2.
 */
export const fashionResnet = pipe(
  pipeline(
    "fashion-resnet",
    fashion,
    supervised({
      ...kinds,
      ...measured,
      model: sequential(
        convolve(1, 16),
        relu,
        maxPool2d(2),
        widened(16, 32),
        maxPool2d(2),
        widened(32, 64),
        maxPool2d(2),
        widened(64, 128),
        globalAvgPool,
        dense(128, clothes.length),
      ),
      augment: augmentations(randomFlip(), randomCrop(2)),
      optimizer: adamw({ learningRate: oneCycle(1e-2, steps), weightDecay: 0.05 }),
    }),
    {
      description: "a residual network on Fashion-MNIST: which of ten kinds of clothes",
      units: { loss: "nats" },
      card: {
        field: "vision",
        data: "Debian's `dataset-fashion-mnist` (MIT)",
        heldOut: "accuracy 0.9297 (one seed)",
        baseline: "linear classifier of pixels 0.835",
        published:
          "ResNet-18 0.949, two convolutions 0.876 to 0.934, people 0.835 (its repository)",
        time: "7 min of one core",
        memory: "0.8 GiB",
      },
      available: fashionFolder,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(asBaseline(linear)),
  withCallback(
    answersEvery(heldOutRows(6, ({ label }, i) => `${i + 1}, ${clothes[Number(label?.item())]}`)),
  ),
);

if (import.meta.main) runMain(fashionResnet);
