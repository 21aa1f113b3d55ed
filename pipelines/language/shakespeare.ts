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
import { dataAvailable } from "../../src/io/index.ts";
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { gpt } from "../../src/nn/models/index.ts";
import { textSampler } from "../../src/train/index.ts";
import { ngrams } from "../baselines/language/ngrams.ts";
import {
  characters,
  shakespeare as plays,
  shakespeareFiles,
} from "../data/language/shakespeare.ts";

const passage = 64;
const batchSize = 12;
/** The number of steps after which it is judged, and writes a few lines. */
const stepsPerEpoch = 400;
const epochs = 5;

/** A language model from characters to the logits of the next ones, with 0.8 million params. */
const model = gpt({
  vocabulary: characters.size,
  positions: passage,
  width: 128,
  blocks: 4,
  heads: 4,
});

/** A fixed key: the draws are the same after every epoch, so that only the model changes. */
const writing = textSampler(model, characters, {
  prompt: "ROMEO:\n",
  length: 57,
  key: key(7),
  temperature: 0.8,
  topP: 0.95,
});

/**
 * A small GPT that continues Shakespeare's plays character by character: four blocks of width 128 with a context of 64
 * characters, 2000 steps on 12 passages each. These are the settings that nanoGPT gives for a computer without a GPU.
 *
 * Its loss on the last tenth of the text, in nats per character, is compared with n-gram models. nanoGPT's is 1.88, as an
 * estimate from 20 batches.
 *
 * **Source** Karpathy, nanoGPT (2022), "I only have a macbook" in its README, and `config/train_shakespeare_char.py`.
 */
export const shakespeare = pipe(
  pipeline(
    "shakespeare",
    plays(passage, stepsPerEpoch * batchSize),
    supervised({
      input: "text",
      target: "next",
      tokens: characters.size,
      classes: characters.size,
      model,
      loss: sequenceCrossEntropy,
      optimizer: chain(
        clipByGlobalNorm(1),
        adamw({
          learningRate: linearWarmup(cosineDecay(1e-3, epochs * stepsPerEpoch, 1e-4), 100),
          beta2: 0.99,
          weightDecay: 0.1,
        }),
      ),
    }),
    {
      description: "a small GPT on the characters of Shakespeare's plays",
      units: { loss: "nats per character" },
      card: {
        field: "language",
        data: "`npx fluxion data shakespeare` (public domain)",
        heldOut: "1.919 nats per character",
        baseline: "baseline wins: 6-grams 1.721; 3-grams 2.056",
        published: "1.88, nanoGPT on a CPU (its README)",
        time: "about 15 minutes on a busy machine",
      },
      available: dataAvailable(shakespeareFiles),
      data: shakespeareFiles,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(ngrams(1, characters.size)),
  withBaseline(ngrams(2, characters.size)),
  withBaseline(ngrams(3, characters.size)),
  withBaseline(ngrams(6, characters.size)),
  withCallback(sampleEvery(writing)),
);

if (import.meta.main) runMain(shakespeare);
