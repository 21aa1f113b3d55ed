import { pipe } from "fp-ts/lib/function.js";
import { augmentations, randomCrop, randomFlip } from "../../src/data/index.ts";
import {
  adamw,
  confusionMatrix,
  oneCycle,
  pipeline,
  runMain,
  softmaxCrossEntropy,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cifarResnet } from "../../src/nn/models/index.ts";
import { answersEvery, heldOutRows } from "../../src/train/index.ts";
import { majorityClass, nearestNeighbor } from "../baselines/classes.ts";
import { emoji, emojiFolder, emojiGroups } from "../data/vision/emoji.ts";

const batchSize = 64;
const epochs = 30;
/** The rate rises and falls once over the whole run of 1,550 examples. */
const steps = epochs * Math.ceil(1_550 / batchSize);

/**
 * A residual network of eight layers that classifies emoji of 20×20 pixels into nine Unicode groups. The
 * baselines are the most frequent group and the nearest neighbor by pixels.
 */
export const emojiResnet = pipe(
  pipeline(
    "emoji-resnet",
    emoji,
    supervised({
      input: "image",
      target: "label",
      classes: emojiGroups.length,
      model: cifarResnet(8, emojiGroups.length, { width: 16 }),
      augment: augmentations(randomFlip(), randomCrop(2)),
      loss: softmaxCrossEntropy,
      optimizer: adamw({ learningRate: oneCycle(1e-2, steps), weightDecay: 0.05 }),
      metrics: [confusionMatrix(emojiGroups)],
    }),
    {
      description: "a residual network on emoji: which of nine groups is a drawing of",
      units: { loss: "nats" },
      card: {
        field: "vision",
        data: "`emoji-datasource-google` (MIT)",
        heldOut: "accuracy 0.685, 0.663, 0.657 (three seeds)",
        baseline: "nearest neighbor 0.576",
        published: "none is known",
        time: "46 s of one core",
        memory: "0.5 GiB",
      },
      available: emojiFolder,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(majorityClass),
  withBaseline(nearestNeighbor),
  withCallback(
    answersEvery(
      heldOutRows(6, ({ label }, i) => `${i + 1}, ${emojiGroups[Number(label?.item())]}`),
    ),
  ),
);

if (import.meta.main) runMain(emojiResnet);
