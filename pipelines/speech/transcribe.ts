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
import { nearestSegments } from "../baselines/segments.ts";
import { digitStrings, digitTokens, fromDigits } from "../data/speech/digitStrings.ts";
import { spokenDigitsFiles } from "../data/speech/spokenDigits.ts";
import { beamEvery, errorRates } from "../data/speech/transcripts.ts";

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
      card: {
        field: "speech",
        data: "joined of `npx fluxion data spoken-digits` (CC BY-SA 4.0)",
        heldOut: "word error rate 0.0159, of characters 0.0145",
        baseline: "nearest segments under time warping: 0.2509, of characters 0.2118",
        published: "below 0.01 on clean connected digits of other people, TIDIGITS (from memory)",
        time: "70 s of one core",
      },
      data: spokenDigitsFiles,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(nearestSegments(digits, 400)),
  withCallback(beamEvery(digits, 5)),
);

if (import.meta.main) runMain(transcribe);
