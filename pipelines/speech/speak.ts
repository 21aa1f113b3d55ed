import type * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import type { FromSound } from "../../src/data/index.ts";
import {
  adamw,
  chain,
  clipByGlobalNorm,
  dense,
  dropout,
  layerNorm,
  objective,
  oneCycle,
  pipeline,
  relu,
  runMain,
  type Splits,
  sequential,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import {
  abs,
  add,
  cast,
  div,
  expm1,
  log1p,
  maximum,
  mul,
  ne,
  square,
  squeeze,
  sub,
  sum,
} from "../../src/ir/index.ts";
import { conv1d, embedding, residual, timeDistributed } from "../../src/nn/index.ts";
import { answersEvery, type PipelineOptions } from "../../src/train/index.ts";
import { nearestUnits } from "../baselines/speech/nearestUnits.ts";
import { melDistances } from "../data/speech/melDistance.ts";
import { promptsFolder } from "../data/speech/prompts.ts";
import { speakers, spokenDigitsFiles } from "../data/speech/spokenDigits.ts";
import {
  asDigit,
  asPrompt,
  characters,
  type Spoken,
  saidDigits,
  saidPrompts,
} from "../data/speech/utterances.ts";
import { stretched } from "./speaker/stretched.ts";

const width = 96;

/** A convolution over `size` neighbors, which adds to what there is. */
const block = (size: number) =>
  residual(
    sequential(
      layerNorm(width),
      conv1d(width, width, size, { padding: "same" }),
      relu,
      dropout(0.1),
    ),
  );

/** How one or several voices are learned. */
interface Voices {
  readonly from: FromSound;
  readonly voices: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** The number of training examples. */
  readonly examples: number;
}

/**
 * Learns to speak: it reads the letters of a text among their neighbors, says how long each lasts, and how each step sounds.
 *
 * **Source** Ren et al., "FastSpeech" (2019), arXiv:1905.09263; here of convolutions, with durations of an aligner.
 */
const speaking = <E>(
  name: string,
  source: Effect.Effect<Splits<Spoken>, E>,
  { from, voices, batchSize, epochs, examples }: Voices,
  settings: PipelineOptions<NoInfer<E>>,
) => {
  const { frames, mels } = from;
  return pipeline(
    name,
    source,
    objective({
      models: {
        read: sequential(embedding(characters.size, width), block(3), block(3)),
        voice: embedding(voices, width),
        last: sequential(block(3), timeDistributed(dense(width, 1))),
        sound: sequential(
          timeDistributed(dense(width + 4, width)),
          block(5),
          block(5),
          block(5),
          layerNorm(width),
          timeDistributed(dense(width, mels)),
        ),
      },
      loss: ({ read, voice, last, sound: sounding }, row, { mode }) => {
        const { text, speaker, durations, sound } = row;
        const letters = voices > 1 ? add(read(text), voice(speaker)) : read(text);
        const real = cast(ne(text, 0), "f32");
        const [known, guessed] = [cast(durations, "f32"), squeeze(last(letters), [1])];
        const { steps, said } = stretched(letters, known, frames);
        const made = mul(sounding(steps), said);
        const off = div(sum(abs(sub(made, sound))), mul(sum(said), mels));
        const late = div(sum(mul(square(sub(guessed, log1p(known))), real)), sum(real));
        // What is held out is said with the durations that it guesses.
        const own = stretched(letters, mul(maximum(expm1(guessed), 0), real), frames);
        const output = mode === "train" ? made : mul(maximum(sounding(own.steps), 0), own.said);
        return { loss: add(off, mul(late, 0.1)), output, target: sound };
      },
      predict: ({ read, voice, last, sound }, row) => {
        const { text } = row;
        const letters = voices > 1 ? add(read(text), voice(row.speaker)) : read(text);
        const lasting = maximum(expm1(squeeze(last(letters), [1])), 0);
        const { steps, said } = stretched(letters, mul(lasting, cast(ne(text, 0), "f32")), frames);
        return mul(maximum(sound(steps), 0), said);
      },
      optimizer: chain(
        clipByGlobalNorm(1),
        adamw({
          learningRate: oneCycle(3e-3, epochs * Math.ceil(examples / batchSize)),
          weightDecay: 0.01,
        }),
      ),
      metrics: [melDistances(from)],
    }),
    { ...settings, batchSize, epochs, seed: 42 },
  );
};

/** Says the prompts of a telephone exchange with the one voice that it heard for some six minutes. */
export const speak = pipe(
  speaking(
    "speak",
    saidPrompts,
    { from: asPrompt, voices: 1, batchSize: 16, epochs: 25, examples: 300 },
    {
      description: "prompts said by one voice, letter by letter, through a spectrogram",
      available: promptsFolder,
      card: {
        field: "speech",
        data: "Debian's `asterisk-core-sounds-en-wav` (CC BY-SA 3.0)",
        heldOut:
          "mel distance 3.24, 3.22, 3.23 dB after time warping (three seeds); a recognizer gets 90 % of its characters wrong: worse than its baseline",
        baseline: "longest parts of known recordings 3.54 dB, 46 % of the characters wrong",
        published:
          "3.8, FastSpeech 2 on 24 hours of another voice, of other cepstra (fairseq's examples)",
        time: "70 s of one core",
        memory: "0.6 GiB",
      },
    },
  ),
  withBaseline(nearestUnits(asPrompt)),
  withCallback(
    answersEvery({
      password: { text: "please enter your password" },
      fox: { text: "the quick brown fox" },
    }),
  ),
);

/** Says digits as one of the six people whom it heard saying them. */
export const speakDigits = pipe(
  speaking(
    "speak-digits",
    saidDigits,
    { from: asDigit, voices: speakers.length, batchSize: 32, epochs: 12, examples: 2400 },
    {
      description: "a digit as one of six people says it, letter by letter, through a spectrogram",
      data: spokenDigitsFiles,
      card: {
        field: "speech",
        data: "`npx fluxion data spoken-digits` (CC BY-SA 4.0)",
        heldOut:
          "mel distance 2.78, 2.80, 2.79 dB after time warping (three seeds); a recognizer hears all 60 right",
        baseline: "the take of median length 3.34 dB",
        published: "none is known",
        time: "70 s of one core",
        memory: "0.8 GiB",
      },
    },
  ),
  // Everybody says every digit in training, so the longest part is a whole take.
  withBaseline(nearestUnits(asDigit, "the take of median length")),
  withCallback(
    answersEvery({
      "seven, by lucas": { text: "seven", speaker: "lucas" },
      "three, by theo": { text: "three", speaker: "theo" },
    }),
  ),
);

if (import.meta.main) runMain(speak);
