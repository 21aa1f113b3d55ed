import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { tokenizeWords } from "../../src/data/index.ts";
import {
  adam,
  type Baseline,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  type Expr,
  linearWarmup,
  pipeline,
  runMain,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { ne } from "../../src/ir/index.ts";
import type { Source } from "../../src/nn/generate/index.ts";
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { rougeL, scorePairs } from "../../src/nn/metrics/index.ts";
import { seq2seq, transformer } from "../../src/nn/models/index.ts";
import { type AnswerScore, answersEvery, answersScored, type Card } from "../../src/train/index.ts";
import {
  type Description,
  descriptionParts,
  descriptions,
  descriptionsAvailable,
  type Encoding,
  padding,
  summarySplits,
} from "../data/language/descriptions.ts";

export const sizes = { merges: 3000, tokens: 3000, textLength: 64, summaryLength: 20 } as const;
/** The number of descriptions to learn from. */
const learned = 30_100;

/** Networks that write a summary of a text, and may copy parts of its words from there. */
const models = {
  transformer: (source: Source, positions: number) =>
    transformer({
      ...{ source, vocabulary: source.vocabulary, positions, copies: true, tied: true },
      ...{ width: 96, blocks: 2, heads: 4, hidden: 192, norm: "pre", rotary: true, dropout: 0.1 },
    }),
  recurrent: (source: Source) =>
    seq2seq({
      ...{ source, vocabulary: source.vocabulary, copies: true },
      ...{ width: 96, hidden: 128, dropout: 0.2 },
    }),
} as const;

/** ROUGE-L of words in lower case. */
export const score: AnswerScore = {
  name: "rougeL",
  better: "higher",
  of: (pairs) =>
    scorePairs(
      rougeL,
      pairs.map(([said, wanted]) => [tokenizeWords(said), tokenizeWords(wanted)]),
    ),
};

const parts = Effect.map(descriptions, descriptionParts);

/** A baseline that says a part of what is known of a package. */
const saying = (name: string, said: (of: Description) => string) =>
  ({
    name,
    evaluate: () =>
      Effect.map(parts, ({ test }) => ({
        rougeL: score.of(test.map((of) => [said(of), of.summary])),
      })),
  }) satisfies Baseline<unknown>;

/** The first sentence of a text. */
export const firstSentence = (text: string): string => text.split(/(?<=[.!?:])\s/, 1)[0] ?? "";

/** Descriptions of programs that nobody packaged. */
const shown = [
  "Quillpad is a small editor for notes in plain text. It saves every change at once and finds notes by the words in them.",
  "This package contains a library to read and write files of weather stations, and Python bindings for it.",
  "Rookery is a game in which two players build towers on a board of hexagons and take each other's pieces.",
  "This package provides the documentation of the tide tables library in HTML.",
];

interface Settings {
  readonly name: string;
  readonly description: string;
  readonly model: keyof typeof models;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly results: Pick<Card, "heldOut" | "baseline" | "time" | "memory">;
}

/** A pipeline that summarizes, with texts and a vocabulary of some sizes. */
export const summarizing = (
  { name, description, model, batchSize, epochs, learningRate, results }: Settings,
  of: Encoding = sizes,
) => {
  const data = Effect.map(parts, (all) => summarySplits(all, of));
  const steps = Math.floor((epochs * learned) / batchSize);
  const source = { vocabulary: of.tokens, length: of.textLength, padding };
  return pipe(
    pipeline(
      name,
      data,
      supervised({
        input: "text",
        target: "next",
        tokens: of.tokens,
        classes: of.tokens,
        model: models[model](source, of.summaryLength),
        loss: (logits: Expr, next: Expr) =>
          sequenceCrossEntropy(logits, next, ne(next, padding) as Expr),
        optimizer: chain(
          clipByGlobalNorm(1),
          adam({
            learningRate: linearWarmup(cosineDecay(learningRate, steps), 200),
          }),
        ),
      }),
      {
        description,
        units: { loss: "nats per part of a word" },
        card: {
          field: "language",
          data: "the archive of Debian, by apt (the packages' own licenses)",
          published: "none is known",
          ...results,
        },
        available: descriptionsAvailable,
        ...{ batchSize, epochs, seed: 42 },
      },
    ),
    withBaseline(saying("the first sentence", ({ text }) => firstSentence(text))),
    withBaseline(saying("the words of the name", ({ name }) => name.replaceAll(/[-.+\d]+/g, " "))),
    withCallback(answersEvery(Object.fromEntries(shown.map((text) => [text, { text }])))),
    withCallback(
      answersScored(
        Effect.gen(function* () {
          const { test } = yield* data;
          return { rows: test, wanted: (yield* parts).test.map(({ summary }) => summary) };
        }),
        score,
      ),
    ),
  );
};

/**
 * Writes the short description of a package from its long one: a recurrent network with attention that generates parts of
 * words or copies them from the text.
 *
 * **Source** See, Liu and Manning (2017), arXiv:1704.04368, without coverage.
 */
export const summarize = summarizing({
  name: "summarize",
  description:
    "the short description of a package from its long one, by recurrent networks that copy",
  ...{ model: "recurrent", batchSize: 32, epochs: 3, learningRate: 3e-3 },
  results: {
    heldOut: "ROUGE-L 0.314 (one seed)",
    baseline: "first sentence ROUGE-L 0.276, words of the name 0.130",
    time: "5 min of one core",
    memory: "1.7 GiB",
  },
});

/** The settings of {@link summarizeTransformer}. */
export const transforming: Settings = {
  name: "summarize-transformer",
  description: "the short description of a package from its long one, by a Transformer that copies",
  ...{ model: "transformer", batchSize: 32, epochs: 3, learningRate: 2e-3 },
  results: {
    heldOut: "ROUGE-L 0.292 (one seed)",
    baseline: "first sentence ROUGE-L 0.276, words of the name 0.130",
    time: "7 min of one core",
    memory: "1.8 GiB",
  },
};

/**
 * The same by a small Transformer with one table of embeddings, rotated positions, and a head that copies.
 *
 * **Source** Vaswani et al. (2017), arXiv:1706.03762; rotated positions: Su et al. (2021), arXiv:2104.09864.
 */
export const summarizeTransformer = summarizing(transforming);

if (import.meta.main) runMain(summarize);
