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
  withBaseline,
  withBatchSize,
  withCallback,
  withEpochs,
  withOptimizer,
  withSeed,
} from "../src/index.ts";
import { sequenceCrossEntropy } from "../src/nn/losses/index.ts";
import { gpt } from "../src/nn/models/index.ts";
import { textSampler } from "../src/train/index.ts";
import { ngrams } from "./baselines/ngrams.ts";
import { letters, mobyDick, mobyDickFolder } from "./data/mobyDick.ts";

const passage = 128;
const batchSize = 4;
const epochs = 8;
/** Nine tenths of 1.19 million characters, a passage after the other. */
const stepsPerEpoch = 2094;

/** Characters in, the logits of the next ones out: about 0.4 million params. */
const model = gpt({
  vocabulary: letters.size,
  positions: passage,
  width: 128,
  blocks: 2,
  heads: 4,
});

/** The same draws after every epoch, so that what changes is what was learned. */
const writing = textSampler(model, letters, {
  prompt: "The ",
  length: 120,
  key: key(7),
  temperature: 0.8,
  topP: 0.95,
});

/**
 * A small GPT that writes "Moby-Dick" on, character by character: two blocks of width 128 that look back on
 * 128 characters. After each epoch it writes a few lines; its loss on the end of the book, in nats per
 * character, stands beside those of what counting characters can do.
 *
 * **Source** Radford et al. (2019), see `gpt`.
 */
export const charLm = pipe(
  pipeline("char-lm", {
    description: "a small GPT on the characters of Moby-Dick",
    data: mobyDick(passage),
    available: mobyDickFolder,
    input: "text",
    target: "next",
    tokens: letters.size,
    classes: letters.size,
    model,
    loss: sequenceCrossEntropy,
  }),
  withOptimizer(
    ({ learningRate }) => chain(clipByGlobalNorm(1), adamw({ learningRate, weightDecay: 0.05 })),
    {
      learningRate: linearWarmup(cosineDecay(2e-3, epochs * stepsPerEpoch), 200),
    },
  ),
  withBaseline(ngrams(1, letters.size)),
  withBaseline(ngrams(2, letters.size)),
  withBaseline(ngrams(6, letters.size)),
  withCallback(sampleEvery(writing)),
  withBatchSize(batchSize),
  withEpochs(epochs),
  withSeed(42),
);

if (import.meta.main) runMain(charLm);
