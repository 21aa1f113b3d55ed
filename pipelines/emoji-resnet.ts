import { pipe } from "fp-ts/lib/function.js";
import {
  accuracy,
  adamW,
  augmentations,
  cifarResnet,
  type Dataset,
  oneCycle,
  pipeline,
  type Row,
  randomCrop,
  randomFlip,
  runMain,
  softmaxCrossEntropy,
  withAugmentation,
  withBaseline,
  withBatchSize,
  withEpochs,
  withMetrics,
  withOptimizer,
  withSeed,
} from "../src/index.ts";
import { emoji, emojiFolder, emojiGroups } from "./data/emoji.ts";

const batchSize = 64;
const epochs = 30;
/** The rate rises and falls once over the whole run of some 1,520 examples. */
const steps = epochs * Math.ceil(1_520 / batchSize);

const labelsOf = (rows: Dataset<Row>): readonly number[] => [
  ...rows.column("label").toTypedArray(),
];

const shareOf = (guesses: readonly number[], labels: readonly number[]): number =>
  guesses.filter((guess, i) => guess === labels[i]).length / labels.length;

/** The label of the training image with the least squared distance to each test image. */
const nearest = (train: Dataset<Row>, test: Dataset<Row>): readonly number[] => {
  const [known, asked] = [train, test].map((rows) => rows.column("image").toTypedArray());
  const labels = labelsOf(train);
  const n = (known?.length ?? 0) / labels.length;
  return Array.from({ length: test.size }, (_, i) => {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let j = 0; j < labels.length; j++) {
      let distance = 0;
      for (let k = 0; k < n && distance < least; k++)
        distance += ((known?.[j * n + k] ?? 0) - (asked?.[i * n + k] ?? 0)) ** 2;
      if (distance < least) [best, least] = [labels[j] as number, distance];
    }
    return best;
  });
};

/**
 * A residual network of eight layers on drawings of 20×20 pixels: which of nine groups of Unicode is an emoji
 * of? Beside it stand the rule that always says the greatest group, and the nearest neighbour by pixels.
 */
export const emojiResnet = pipe(
  pipeline("emoji-resnet", {
    description: "a residual network on emoji: which of nine groups is a drawing of",
    data: emoji,
    available: emojiFolder,
    input: "image",
    target: "label",
    classes: emojiGroups.length,
    model: cifarResnet(8, emojiGroups.length, { width: 16 }),
    loss: softmaxCrossEntropy,
  }),
  withOptimizer(adamW, { learningRate: oneCycle(1e-2, steps), weightDecay: 0.05 }),
  withAugmentation(augmentations(randomFlip(), randomCrop(2))),
  withMetrics(accuracy),
  withBatchSize(batchSize),
  withEpochs(epochs),
  withSeed(42),
  withBaseline({
    name: "greatest group",
    evaluate: ({ train, test = train }) => {
      const known = labelsOf(train);
      const counts = emojiGroups.map((_, c) => known.filter((label) => label === c).length);
      const guess = counts.indexOf(Math.max(...counts));
      const labels = labelsOf(test);
      return {
        accuracy: shareOf(
          labels.map(() => guess),
          labels,
        ),
      };
    },
  }),
  withBaseline({
    name: "nearest neighbour",
    evaluate: ({ train, test = train }) => ({
      accuracy: shareOf(nearest(train, test), labelsOf(test)),
    }),
  }),
);

if (import.meta.main) runMain(emojiResnet);
