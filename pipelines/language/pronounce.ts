import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  type Expr,
  linearWarmup,
  pipeline,
  runMain,
  sampleEvery,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { ne } from "../../src/ir/index.ts";
import {
  type Carried,
  type Continuation,
  compileDecoder,
  greedySearch,
} from "../../src/nn/generate/index.ts";
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { exactMatch } from "../../src/nn/metrics/index.ts";
import { type Seq2SeqParams, seq2seq } from "../../src/nn/models/index.ts";
import type { Sampler } from "../../src/train/index.ts";
import { letterToSound } from "../baselines/language/letterToSound.ts";
import {
  dictionaryFolder,
  end,
  letters,
  padding,
  phonemes,
  pronunciations,
  soundLength,
  start,
  wordLength,
} from "../data/language/pronunciations.ts";

const [batchSize, epochs, stepsPerEpoch] = [64, 10, 1731] as const;

const model = seq2seq({
  source: { vocabulary: letters.size, length: wordLength, padding },
  vocabulary: phonemes.size,
  width: 48,
  hidden: 128,
  attention: "luong",
});

/** Words pronounced after each epoch. Some are not in the dictionary. */
const shown = [
  ...["fluxion", "gradient", "tensor", "thoughtful", "knight", "queue", "xylophone"],
  ...["pronounce", "jabberwock", "immutable"],
];

/** A sampler that pronounces the words. */
export const speaking = (
  words: readonly string[],
): Sampler<
  { readonly params: Seq2SeqParams },
  Effect.Error<ReturnType<typeof compiled>>,
  unknown
> =>
  Effect.map(compiled(), (from) =>
    Effect.fnUntraced(function* ({ carried: { params } }) {
      const lines: string[] = [];
      for (const word of words) {
        const spelled = letters.encode(word);
        if (isLeft(spelled)) return yield* Effect.fail(spelled.left);
        const said = yield* spoken(yield* from(params, spelled.right));
        lines.push(`${word}: ${phonemes.decode(said).join(" ")}`);
      }
      return lines.join("\n");
    }),
  );

const compiled = () => compileDecoder(model);

const spoken = (continuation: Continuation<Carried>) =>
  greedySearch(continuation, { from: [start], length: soundLength, until: end });

/**
 * Converts letters to phonemes: a bidirectional recurrent network reads a word, and another generates its
 * phonemes with attention to the letters. `exactMatch` is the fraction of unseen words with every phoneme right
 * under greedy decoding. The baseline predicts the most frequent sounds of each letter in its context.
 *
 * **Source** Luong, Pham and Manning (2015), arXiv:1508.04025, see `seq2seq`; first applied to this dictionary by
 * Yao and Zweig (2015), arXiv:1506.00196.
 */
export const pronounce = pipe(
  pipeline(
    "pronounce",
    pronunciations,
    supervised({
      input: "word",
      target: "sounds",
      // The input holds letters, then phonemes, and there are more phonemes.
      tokens: phonemes.size,
      classes: phonemes.size,
      model,
      loss: (logits: Expr, sounds: Expr) =>
        sequenceCrossEntropy(logits, sounds, ne(sounds, padding) as Expr),
      optimizer: chain(
        clipByGlobalNorm(1),
        adam({ learningRate: linearWarmup(cosineDecay(4e-3, epochs * stepsPerEpoch), 100) }),
      ),
      metrics: [exactMatch({ padding })],
    }),
    {
      description: "letters to phonemes with attention, from a pronouncing dictionary",
      units: { loss: "nats per phoneme" },
      card: {
        field: "language",
        data: "`cmu-pronouncing-dictionary` (ISC)",
        heldOut: "exact match 0.651, 0.649 (two seeds)",
        baseline: "letters in context 0.5413",
        published:
          "exact match 0.66 by Phonetisaurus, about 0.69 by a Transformer, with another split (cmusphinx/g2p-seq2seq, its README)",
        time: "8 min of one core",
        memory: "0.8 GiB",
      },
      available: dictionaryFolder,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(letterToSound(wordLength, 0)),
  withBaseline(letterToSound(wordLength, 3)),
  withCallback(sampleEvery(speaking(shown))),
);

if (import.meta.main) runMain(pronounce);
