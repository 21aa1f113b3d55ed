import { pipe } from "fp-ts/lib/function.js";
import { specAugment } from "../../src/data/index.ts";
import {
  adamw,
  batchNorm,
  confusionMatrix,
  dense,
  dropout,
  gru,
  oneCycle,
  pipeline,
  relu,
  runMain,
  sequential,
  softmaxCrossEntropy,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { conv2d, reshape } from "../../src/nn/index.ts";
import { answersEvery, type Card } from "../../src/train/index.ts";
import { nearestWarped } from "../baselines/speech/nearestWarped.ts";
import {
  digitWords,
  fromDigit,
  oneOfEach,
  ownSplit,
  type Part,
  spokenDigits,
  spokenDigitsFiles,
  withoutSpeaker,
} from "../data/speech/spokenDigits.ts";

const [batchSize, epochs] = [32, 15];
const { frames, mels } = fromDigit;

/** A convolution that halves both axes. */
export const halving = (inputs: number, outputs: number) =>
  sequential(conv2d(inputs, outputs, 3, { padding: "same", stride: 2 }), batchNorm(outputs), relu);

/** Listens to a digit: what convolutions find is read in both directions of time, to a vector of 96 numbers. */
export const listening = sequential(
  reshape([frames, mels, 1]),
  halving(1, 16),
  halving(16, 32),
  reshape([frames / 4, (mels / 4) * 32]),
  gru((mels / 4) * 32, 48, { bidirectional: true, output: "last" }),
  dropout(0.3),
);

/** One in so many training examples is among those that the baseline looks for the nearest in: more take too long. */
const share = 4;

const spoken = (
  name: string,
  part: Part,
  rows: number,
  known: { readonly description: string; readonly card: Omit<Card, "field" | "data"> },
) =>
  pipe(
    pipeline(
      name,
      spokenDigits(part),
      supervised({
        input: "sound",
        target: "label",
        classes: digitWords.length,
        model: sequential(listening, dense(96, digitWords.length)),
        augment: specAugment({ warp: 6, frequency: 8, time: 8 }),
        loss: softmaxCrossEntropy,
        optimizer: adamw({
          learningRate: oneCycle(4e-3, epochs * Math.ceil(rows / batchSize)),
          weightDecay: 0.05,
        }),
        metrics: [confusionMatrix(digitWords)],
      }),
      {
        description: known.description,
        units: { loss: "nats" },
        card: {
          field: "speech",
          data: "`npx fluxion data spoken-digits` (CC BY-SA 4.0)",
          ...known.card,
        },
        data: spokenDigitsFiles,
        batchSize,
        epochs,
        seed: 42,
      },
    ),
    withBaseline(nearestWarped(share)),
    withCallback(answersEvery(oneOfEach)),
  );

/**
 * Recognizes spoken digits in their log-mel spectrograms: convolutions, and a recurrent network that reads what they found in
 * both directions of time.
 *
 * **Source** the masks and warps of training: Park et al., "SpecAugment" (2019), arXiv:1904.08779.
 */
export const spokenDigit = spoken("spoken-digits", ownSplit, 2400, {
  description: "which digit one of six people says, who were heard before",
  card: {
    heldOut: "accuracy 0.9967, 0.9867, 0.9933 (three seeds)",
    baseline: "nearest under time warping 0.9700",
    published:
      "0.97, of three of the speakers and another split (A. Thite, sound-mnist); all right on a split of its own (Miguengineer, Free-Spoken-Digit-Task-Kaldi)",
    time: "40 s of one core",
    memory: "0.5 GiB",
  },
});

/** The same, where all that one of the six people says is the test, and nothing else that this person says is known. */
export const spokenWithout = (speaker: string) =>
  spoken("spoken-digits-new-speaker", withoutSpeaker(speaker), 2500, {
    description: "which digit somebody says who was not heard before",
    card: {
      heldOut: "accuracy 0.932, 0.956, 0.954 (three seeds), of the speaker theo",
      baseline: "nearest under time warping 0.8380",
      published: "none is known",
      time: "45 s of one core",
      memory: "0.6 GiB",
    },
  });

/** The same for one of them. */
export const newSpeaker = spokenWithout("theo");

if (import.meta.main) runMain(spokenDigit);
