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
import { type Card, textSampler } from "../../src/train/index.ts";
import { ngrams } from "../baselines/language/ngrams.ts";
import {
  characters,
  shakespeare as plays,
  shakespeareFiles,
} from "../data/language/shakespeare.ts";

/** The sizes of a model, and how long it learns. */
interface Setting {
  /** The characters that it sees, and the passages of them in a step. */
  readonly passage: number;
  readonly width: number;
  readonly heads: number;
  readonly learningRate: number;
  /** The number of steps after which it is judged, and writes a few lines. */
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

const batchSize = 12;

/** A GPT of four blocks that learns to continue the plays, compared with n-grams. */
const playwright = (
  name: string,
  description: string,
  { passage, width, heads, learningRate, stepsPerEpoch, epochs }: Setting,
  results: Pick<Card, "heldOut" | "baseline" | "published" | "time" | "memory">,
) => {
  const model = gpt({
    ...{ vocabulary: characters.size, positions: passage },
    ...{ width, blocks: 4, heads },
  });
  // A fixed key: the draws are the same after every epoch, so that only the model changes.
  const writing = textSampler(model, characters, {
    prompt: "ROMEO:\n",
    length: passage - 7,
    key: key(7),
    temperature: 0.8,
    topP: 0.95,
  });
  return pipe(
    pipeline(
      name,
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
            learningRate: linearWarmup(
              cosineDecay(learningRate, epochs * stepsPerEpoch, learningRate / 10),
              100,
            ),
            beta2: 0.99,
            weightDecay: 0.1,
          }),
        ),
      }),
      {
        description,
        units: { loss: "nats per character" },
        card: {
          field: "language",
          data: "`npx fluxion data shakespeare` (public domain)",
          ...results,
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
};

/**
 * A small GPT that continues Shakespeare's plays character by character: four blocks of width 128 with a context of 64
 * characters, 2000 steps on 12 passages each. These are the settings that nanoGPT gives for a computer without a GPU.
 *
 * Its loss on the last tenth of the text, in nats per character, is compared with n-gram models. nanoGPT's is 1.88, as an
 * estimate from 20 batches.
 *
 * **Source** Karpathy, nanoGPT (2022), "I only have a macbook" in its README, and `config/train_shakespeare_char.py`.
 */
export const shakespeare = playwright(
  "shakespeare",
  "a small GPT on the characters of Shakespeare's plays",
  { passage: 64, width: 128, heads: 4, learningRate: 1e-3, stepsPerEpoch: 400, epochs: 5 },
  {
    heldOut: "1.919 nats per character",
    baseline: "baseline wins: 6-grams 1.721; 3-grams 2.056",
    published: "1.88, nanoGPT on a CPU (its README)",
    time: "211 s of one core",
    memory: "0.5 GiB",
  },
);

/**
 * The same of width 192 with a context of 128 characters, which sees three times as much text. It takes longer than the other
 * pipelines: 28 minutes of one core.
 */
export const shakespeareLarge = playwright(
  "shakespeare-large",
  "a larger GPT on the characters of Shakespeare's plays",
  { passage: 128, width: 192, heads: 6, learningRate: 2e-3, stepsPerEpoch: 500, epochs: 6 },
  {
    heldOut: "1.581 nats per character (one seed)",
    baseline: "6-grams 1.708; 3-grams 2.053",
    published: "1.470, nanoGPT of width 384 on a GPU (its README)",
    time: "24 min of one core",
    memory: "0.8 GiB",
  },
);

if (import.meta.main) runMain(shakespeare);
