import { pipe } from "fp-ts/lib/function.js";
import { specAugment } from "../../src/data/index.ts";
import {
  adamw,
  batchNorm,
  chain,
  clipByGlobalNorm,
  dense,
  dropout,
  type Expr,
  gru,
  oneCycle,
  pipeline,
  relu,
  runMain,
  sequential,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cast, gt, logSoftmax, sum } from "../../src/ir/index.ts";
import { conv2d, reshape, timeDistributed } from "../../src/nn/index.ts";
import { ctc } from "../../src/nn/losses/index.ts";
import { answersEvery, heldOutRows } from "../../src/train/index.ts";
import { nearestSegments, nearestWhole } from "../baselines/speech/segments.ts";
import { digitStrings, digitTokens, fromDigits } from "../data/speech/digitStrings.ts";
import { fromPrompt, letters, prompts, promptsFolder } from "../data/speech/prompts.ts";
import { spokenDigitsFiles } from "../data/speech/spokenDigits.ts";
import { beamRates, errorRates, saidIn } from "../data/speech/transcripts.ts";

/** A convolution that halves frequency, and time or not. */
const halving = (inputs: number, outputs: number, time: 1 | 2) =>
  sequential(
    conv2d(inputs, outputs, 3, { padding: "same", stride: [time, 2] }),
    batchNorm(outputs),
    relu,
  );

/** The loss of logits for labels that are followed by zeros. */
const loss = (logits: Expr, labels: Expr) =>
  ctc(logSoftmax(logits), labels, { labelLength: sum(cast(gt(labels, 0), "i32")) });

const digits = { vocabulary: digitTokens, separator: " " };
const [strings, batchSize, epochs] = [1500, 32, 15];

/**
 * Writes down strings of spoken digits in noise. Nobody told it where in a string each digit is: convolutions and a recurrent
 * network say at each moment which digit ends there, if any, and the loss adds up all alignments.
 *
 * **Source** Graves et al., "Connectionist temporal classification" (2006).
 */
export const transcribe = pipe(
  pipeline(
    "transcribe",
    digitStrings(strings),
    supervised({
      input: "sound",
      target: "text",
      model: sequential(
        reshape([fromDigits.frames, fromDigits.mels, 1]),
        halving(1, 16, 2),
        halving(16, 32, 2),
        reshape([fromDigits.frames / 4, (fromDigits.mels / 4) * 32]),
        gru((fromDigits.mels / 4) * 32, 64, { bidirectional: true }),
        dropout(0.3),
        timeDistributed(dense(128, digitTokens.size)),
      ),
      augment: specAugment({ frequency: 8, time: 8 }),
      loss,
      optimizer: chain(
        clipByGlobalNorm(1),
        adamw({
          learningRate: oneCycle(4e-3, epochs * Math.ceil(strings / batchSize)),
          weightDecay: 0.05,
        }),
      ),
      metrics: errorRates(digits),
    }),
    {
      description: "strings of spoken digits in noise, written down by CTC with beam search",
      units: { loss: "nats per text" },
      card: {
        field: "speech",
        data: "joined of `npx fluxion data spoken-digits` (CC BY-SA 4.0)",
        heldOut:
          "word error rate 0.0159, 0.0159, 0.0141, of characters 0.0145, 0.0160, 0.0130 (three seeds)",
        baseline: "nearest segments under time warping: 0.2509, of characters 0.2118",
        published: "below 0.01 on clean connected digits of other people, TIDIGITS (from memory)",
        time: "65 s of one core",
        memory: "0.8 GiB",
      },
      data: spokenDigitsFiles,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(nearestSegments(digits, 400)),
  withCallback(answersEvery(heldOutRows(5, saidIn(digits)))),
  withCallback(beamRates(digits, 5)),
);

const letter = { vocabulary: letters, separator: "" };
const promptEpochs = 50;

/**
 * Writes down the prompts of a telephone exchange letter by letter. It has heard some six minutes of this one voice, and knows
 * no word: what it writes is spelled as it sounds.
 *
 * **Source** Graves and Jaitly, "Towards end-to-end speech recognition with recurrent neural networks" (2014): letters.
 */
export const transcribePrompts = pipe(
  pipeline(
    "transcribe-prompts",
    prompts,
    supervised({
      input: "sound",
      target: "text",
      model: sequential(
        reshape([fromPrompt.frames, fromPrompt.mels, 1]),
        halving(1, 16, 2),
        halving(16, 32, 1),
        reshape([fromPrompt.frames / 2, (fromPrompt.mels / 4) * 32]),
        gru((fromPrompt.mels / 4) * 32, 64, { bidirectional: true }),
        dropout(0.3),
        timeDistributed(dense(128, letters.size)),
      ),
      augment: specAugment({ warp: 10, frequency: 6, frequencyMasks: 2, time: 6, timeMasks: 2 }),
      loss,
      optimizer: chain(
        clipByGlobalNorm(1),
        adamw({ learningRate: oneCycle(4e-3, promptEpochs * 19), weightDecay: 0.05 }),
      ),
      metrics: errorRates(letter),
    }),
    {
      description: "prompts of one voice, written down letter by letter by CTC with beam search",
      units: { loss: "nats per text" },
      card: {
        field: "speech",
        data: "Debian's `asterisk-core-sounds-en-wav` (CC BY-SA 3.0)",
        heldOut:
          "character error rate 0.365, 0.368, 0.373, of words 0.877, 0.930, 0.936 (three seeds)",
        baseline: "text of the nearest clip 0.6043; baseline wins: of words 0.8182",
        published: "none is known",
        time: "97 s of one core",
        memory: "0.6 GiB",
      },
      available: promptsFolder,
      batchSize: 16,
      epochs: promptEpochs,
      seed: 42,
    },
  ),
  withBaseline(nearestWhole(letter)),
  withCallback(answersEvery(heldOutRows(3, saidIn(letter)))),
  withCallback(beamRates(letter, 25)),
);

if (import.meta.main) runMain(transcribe);
