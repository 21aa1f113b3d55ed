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
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { rougeL, scorePairs } from "../../src/nn/metrics/index.ts";
import { seq2seq } from "../../src/nn/models/index.ts";
import { type AnswerScore, answersEvery, answersScored } from "../../src/train/index.ts";
import {
  type Description,
  descriptionParts,
  descriptions,
  descriptionsAvailable,
  padding,
  summarySplits,
} from "../data/language/descriptions.ts";

export const sizes = { merges: 3000, tokens: 3000, textLength: 64, summaryLength: 20 } as const;
const [batchSize, epochs, stepsPerEpoch] = [32, 3, 965] as const;

/** A network that writes a summary of a text, and may copy parts of its words from there. */
const model = seq2seq({
  source: { vocabulary: sizes.tokens, length: sizes.textLength, padding },
  vocabulary: sizes.tokens,
  width: 96,
  hidden: 128,
  dropout: 0.2,
  copies: true,
});

/** ROUGE-L of words in lower case. */
const score: AnswerScore = {
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

const data = Effect.map(parts, (both) => summarySplits(both, sizes));

/** Descriptions of programs that nobody packaged. */
const shown = [
  "Quillpad is a small editor for notes in plain text. It saves every change at once and finds notes by the words in them.",
  "This package contains a library to read and write files of weather stations, and Python bindings for it.",
  "Rookery is a game in which two players build towers on a board of hexagons and take each other's pieces.",
  "This package provides the documentation of the tide tables library in HTML.",
];

/**
 * Writes the short description of a package from its long one: a recurrent network with attention that generates parts of
 * words or copies them from the text.
 *
 * **Source** See, Liu and Manning (2017), arXiv:1704.04368, without coverage.
 */
export const summarize = pipe(
  pipeline(
    "summarize",
    data,
    supervised({
      input: "text",
      target: "next",
      tokens: sizes.tokens,
      classes: sizes.tokens,
      model,
      loss: (logits: Expr, next: Expr) =>
        sequenceCrossEntropy(logits, next, ne(next, padding) as Expr),
      optimizer: chain(
        clipByGlobalNorm(1),
        adam({ learningRate: linearWarmup(cosineDecay(3e-3, epochs * stepsPerEpoch), 200) }),
      ),
    }),
    {
      description: "the short description of a package from its long one, with copying",
      units: { loss: "nats per part of a word" },
      card: {
        field: "language",
        data: "the archive of Debian, by apt (the packages' own licenses)",
        heldOut: "ROUGE-L 0.315 (one seed)",
        baseline: "first sentence ROUGE-L 0.276, words of the name 0.130",
        time: "10 minutes of one thread on a busy machine",
        memory: "1.8 GiB",
      },
      available: descriptionsAvailable,
      batchSize,
      epochs,
      seed: 42,
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

if (import.meta.main) runMain(summarize);
