import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  dense,
  dropout,
  type Expr,
  embedding,
  linearWarmup,
  objective,
  pipeline,
  relu,
  runMain,
  sequential,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import {
  add,
  and,
  argmax,
  cast,
  concatenate,
  div,
  eq,
  expandDims,
  index,
  iota,
  le,
  lt,
  matmul,
  max,
  mul,
  ne,
  ravel,
  rem,
  softmax,
  sub,
  transpose,
  where,
} from "../../src/ir/index.ts";
import type { Applied } from "../../src/learn/index.ts";
import { conv1d, layerNorm, residual, timeDistributed } from "../../src/nn/index.ts";
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { exactMatch } from "../../src/nn/metrics/index.ts";
import { answersEvery, answersScored } from "../../src/train/index.ts";
import { entryOverlap } from "../baselines/language/entryOverlap.ts";
import { entriesAvailable } from "../data/language/answering/entries.ts";
import { padding, reading, type Sizes, scoresOf } from "../data/language/answering/reading.ts";

export const sizes: Sizes = {
  ...{ merges: 4000, tokens: 4200, questionLength: 24, passageLength: 128 },
  ...{ train: 3500, test: 300 },
};
const { tokens, passageLength } = sizes;
const [width, batchSize, epochs, stepsPerEpoch, learningRate] = [64, 32, 2, 606, 2e-3] as const;
/** The most parts of words in an answer. */
const longest = 32;

const block = (dilation: number) =>
  residual(
    sequential(
      timeDistributed(layerNorm(width)),
      conv1d(width, width, 5, { padding: "same", dilation }),
      relu,
      dropout(0.1),
      conv1d(width, width, 1),
    ),
  );

const models = {
  parts: sequential(embedding(tokens, width, { padding }), dropout(0.1)),
  read: sequential(block(1), block(2)),
  about: conv1d(width, 1, 1),
  told: dense(width, width),
  joined: conv1d(3 * width + 1, width, 1),
  understand: sequential(block(1), block(4), block(8), timeDistributed(layerNorm(width))),
  places: conv1d(width, 2, 1),
};

type Row = { readonly [C in "question" | "passage"]: Expr<readonly [number]> };

const column = (x: Expr): Expr => expandDims(x, 1);

/** The logits of the first token of the answer, and of the last. */
const pointing = (of: Applied<typeof models>, { question, passage }: Row) => {
  const asked = ne(question, padding);
  const [q, p] = [question, passage].map((text) => of.read(of.parts(text)) as Expr) as [Expr, Expr];
  const alike = div(matmul(p, transpose(q)), Math.sqrt(width));
  const aligned = matmul(softmax(where(asked, alike, -1e9)), q);
  const same = and(eq(column(passage), expandDims(question, 0)), expandDims(asked, 0));
  const weights = softmax(where(asked, index(transpose(of.about(q as never)), 0), -1e9));
  const topic = of.told(matmul(weights, q) as never);
  const both = concatenate([p, aligned, mul(p, aligned), column(max(cast(same, "f32"), 1))], 1);
  const met = add(of.joined(both as never), expandDims(topic, 0));
  const known = of.understand(met as never);
  const places = transpose(of.places(known));
  return where(ne(passage, padding), places, -1e9) as Expr<readonly [2, number]>;
};

/** The most likely first and last token, of which the last is not before the first. */
const best = (places: Expr): Expr => {
  const n = iota([passageLength]);
  const apart = sub(expandDims(n, 0), column(n));
  const possible = and(le(0, apart), lt(apart, longest));
  const both = add(column(index(places, 0)), expandDims(index(places, 1), 0));
  const at = argmax(ravel(where(possible, both, -4e9)), 0);
  return concatenate([div(at, passageLength), rem(at, passageLength)].map((x) => expandDims(x, 0)));
};

const data = Effect.runSync(Effect.cached(reading(sizes)));
const source = Effect.map(data, ({ splits }) => splits);

/** A page of no dictionary, and what is asked about it. */
const page =
  "quillfish: a flat fish of cold seas with a spine like a feather. lantern eel, glow eel: an eel that carries a light on its tail. brackmire: soft wet ground beside a salt lake. to snorrel: laugh quietly through the nose. pagelet: program that cuts long documents into small pages.";
const shown = [
  "what does brackmire mean?",
  "what is the word for laugh through the nose?",
  "what is another word for glow eel?",
  "what is quillfish a kind of?",
  "which package is cuts documents into pages?",
  "who has a light on its tail?",
];

/**
 * Answers a question by a span of a passage: the lines of a dictionary, or of a list of packages.
 *
 * Convolutions over parts of words read the question and the passage; each place of the passage attends to the question, is told
 * whether the question has its part of a word, and what the question is about; convolutions that reach further say where the
 * answer begins and ends.
 *
 * The questions are made by templates from WordNet's glosses and from descriptions of packages. No word, nor family of packages,
 * that is asked about or stands in a passage of the test is an entry of a passage to learn from. A template, `which package is …?`, is
 * held out: no question of it, nor any whose answer is the name of a package, is learned.
 *
 * **Source** Chen et al. (2017), Reading Wikipedia to answer open-domain questions, arXiv:1704.00051: exact match and aligned
 * question; convolutions in place of recurrence: Yu et al. (2018), QANet, arXiv:1804.09541.
 */
export const answerSpan = pipe(
  pipeline(
    "answer-span",
    source,
    objective({
      models,
      loss: (of, { question, passage, span }) => {
        const output = pointing(of, { question, passage });
        return { loss: sequenceCrossEntropy(output, span), output, target: span };
      },
      predict: (of, row) => best(pointing(of, row)),
      optimizer: chain(
        clipByGlobalNorm(1),
        adam({
          learningRate: linearWarmup(cosineDecay(learningRate, epochs * stepsPerEpoch), 100),
        }),
      ),
      // Of the texts of answers it is told at the end: other places may have the same text.
      metrics: [{ ...exactMatch(), name: "samePlaces" }],
      limits: [
        { column: "question", of: "tokens", count: tokens },
        { column: "passage", of: "tokens", count: tokens },
      ],
    }),
    {
      description: "the span of a passage that answers a question, by convolutions with attention",
      card: {
        field: "language",
        data: "Debian's `wordnet-base` (WordNet's license), apt's lists of packages (their descriptions: mostly free licenses)",
        heldOut:
          "exact match 0.853, 0.849, 0.855, F1 0.891, 0.891, 0.894 (three seeds); on the template that is held out 0.437, 0.571, 0.912, F1 0.584, 0.711, 0.938: worse than its baseline",
        baseline:
          "TF-IDF: exact match 0.584, F1 0.643; on the template that is held out 0.958, F1 0.977",
        published:
          "none of these questions; of another task, SQuAD: DrQA's exact match 0.694, F1 0.789 (its repository)",
        time: "143 s of one core",
        memory: "0.8 GiB",
      },
      available: entriesAvailable,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(entryOverlap(data)),
  withCallback(
    answersEvery(
      Object.fromEntries(shown.map((question) => [question, { question, passage: page }])),
    ),
  ),
  withCallback(
    answersScored(
      Effect.map(data, ({ test }) => test),
      ...scoresOf(),
    ),
  ),
  withCallback(
    answersScored(
      Effect.map(data, ({ heldOut }) => heldOut),
      ...scoresOf("HeldOut"),
    ),
  ),
);

if (import.meta.main) runMain(answerSpan);
