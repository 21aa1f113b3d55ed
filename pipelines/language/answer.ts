import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  type Baseline,
  cosineDecay,
  dense,
  dropout,
  type Expr,
  embedding,
  initializers,
  objective,
  pipeline,
  relu,
  runMain,
  sequential,
  softmaxCrossEntropy,
  type Tensor,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import {
  add,
  and,
  argmax,
  concatenate,
  expandDims,
  fill,
  ge,
  gt,
  index,
  iota,
  lt,
  matmul,
  maximum,
  ne,
  or,
  random,
  scatterAdd,
  softmax,
  take,
  transpose,
  where,
} from "../../src/ir/index.ts";
import type { Applied } from "../../src/learn/index.ts";
import { meanReciprocalRank, topKAccuracy } from "../../src/nn/metrics/index.ts";
import { answersEvery, type Card } from "../../src/train/index.ts";
import { tfIdf } from "../baselines/tfIdf.ts";
import { type DefinitionOptions, definitions, padding } from "../data/language/definitions.ts";
import { wordnetFolder } from "../data/language/wordnet.ts";

/** The number of words that are read and may be answered, of words read of a definition, and the width of their vectors. */
export const [limit, length, width] = [12_000, 24, 96] as const;
const [batchSize, epochs, stepsPerEpoch, learningRate] = [256, 4, 433, 5e-3] as const;

type Tokens = Expr<readonly [number]>;

/** Ranks words by TF-IDF: the document of a word is all definitions that were learned and have it, or define it. */
export const documents: Baseline = {
  name: "TF-IDF over the definitions that define or use a word",
  evaluate: ({ train, test = train }) => {
    const made = Array.from({ length: limit }, (): number[] => []);
    const rowsOf = (of: typeof train) => {
      const [texts, words, others] = ["text", "word", "others"].map(
        (name) => of.column(name) as Tensor,
      );
      const [said, right, also] = [texts, words, others].map(
        (column) => column?.toTypedArray() ?? [],
      );
      const wide = others?.shape[1] ?? 0;
      return Array.from({ length: of.size }, (_, i) => ({
        text: Array.from(said?.slice(i * length, (i + 1) * length) ?? []).filter((w) => w > 1),
        word: right?.[i] ?? 0,
        others: Array.from(also?.slice(i * wide, (i + 1) * wide) ?? []),
      }));
    };
    const seen = new Set<string>();
    for (const { text, word } of rowsOf(train)) {
      for (const used of text) made[word]?.push(used);
      const once = text.join(" ");
      if (!seen.has(once))
        for (const about of new Set(text)) for (const used of text) made[about]?.push(used);
      seen.add(once);
    }
    const { scores } = tfIdf(made);
    let [reciprocal, first, ten] = [0, 0, 0];
    for (const { text, word, others } of rowsOf(test)) {
      const found = scores(text);
      const own = found.get(word) ?? 0;
      const rivals = [...found].filter(([other]) => other !== word && !others.includes(other));
      const before = rivals.filter(([, score]) => score > own).length;
      // Those that have nothing in common with the question are all equal.
      const equal =
        own > 0 ? rivals.filter(([, s]) => s === own).length : limit - 1 - rivals.length;
      const rank = 1 + before + equal / 2;
      reciprocal += 1 / rank;
      first += rank <= 1 ? 1 : 0;
      ten += rank <= 10 ? 1 : 0;
    }
    return { mrr: reciprocal / test.size, top1: first / test.size, top10: ten / test.size };
  },
};

/** Definitions by nobody's dictionary. */
const asked = [
  "a small animal that barks",
  "a place where books are lent",
  "the season between winter and summer",
  "to move very fast on foot",
  "a person who writes poems",
  "not able to see",
  "water that falls from clouds",
  "a large vehicle for carrying many passengers",
];

const models = {
  words: embedding(limit, width, { tableInit: initializers.normal(0.1) }),
  answers: embedding(limit, width, { tableInit: initializers.normal(0.1) }),
  /** How much each word of a definition counts. */
  salience: embedding(limit, 1, { tableInit: initializers.zeros }),
  drop: dropout(0.3),
  read: sequential(dense(width, 2 * width), relu, dropout(0.3), dense(2 * width, width)),
  /** How likely each word is, whatever the definition. */
  usual: embedding(limit, 1, { tableInit: initializers.zeros }),
};

/** The score of each word: the product of its vector with that of the definition. */
const scores = (of: Applied<typeof models>, { text }: { readonly text: Tokens }): Expr => {
  const real = ne(text, padding);
  const weights = softmax(where(real, index(transpose(of.salience(text)), 0), -1e9));
  const mean = of.drop(matmul(weights, of.words(text)));
  const all = iota([limit]) as Tokens;
  const meant = add(mean, of.read(mean as Expr<readonly [typeof width]>));
  return add(matmul(of.answers(all), meant), index(transpose(of.usual(all)), 0));
};

/** Scores without the words of the definition, which do not define themselves, and without other right words. */
const among = (scores: Expr, text: Expr, others: Expr = text, word: Expr | number = -1): Expr => {
  const places = maximum(concatenate([text, others]), padding);
  const left = gt(scatterAdd(fill([limit], 0), places, fill(places.shape, 1)), 0);
  return where(and(left, ne(iota([limit]), word)), Number.NEGATIVE_INFINITY, scores);
};

/** The numbers below which words are too frequent to be guessed, and how often the word of a definition is asked for. */
const [frequent, asksFor] = [50, 0.6] as const;

/** A definition and its word; or, by chance and where it has none, the definition without one of its own words, and that. */
const guessed = (text: Tokens, word: Expr<readonly []>, key: random.KeyExpr) => {
  const [forChoice, forPlace] = random.splitKey(key, 2);
  const place = argmax(where(ge(text, frequent), random.uniform(forPlace, [length]), -1), 0);
  const asks = and(ge(word, 0), lt(random.uniform(forChoice, []), asksFor));
  return {
    text: where(or(asks, ne(iota([length]), place)), text, padding) as Tokens,
    word: where(asks, word, index(take(text, expandDims(place, 0)), 0)) as Expr<readonly []>,
  };
};

const answering = (
  name: string,
  heldOut: DefinitionOptions["heldOut"],
  description: string,
  results: Pick<Card, "heldOut" | "baseline">,
) =>
  pipe(
    pipeline(
      name,
      definitions({ limit, length, heldOut }),
      objective({
        models,
        loss: (of, { text, word, others }, { mode, key }) => {
          // In training it also guesses a word that is hidden in a definition, as the words around it define it too.
          const hidden = mode === "train" ? guessed(text, word, key) : { text, word };
          const output = among(scores(of, hidden), hidden.text, others, hidden.word);
          return { loss: softmaxCrossEntropy(output, hidden.word), output, target: hidden.word };
        },
        predict: (of, row) => among(scores(of, row), row.text),
        optimizer: adam({ learningRate: cosineDecay(learningRate, epochs * stepsPerEpoch) }),
        metrics: [meanReciprocalRank, topKAccuracy(1), topKAccuracy(10)],
        limits: [{ column: "text", of: "tokens", count: limit }],
      }),
      {
        description,
        units: { loss: "nats" },
        card: {
          field: "language",
          data: "Debian's `wordnet-base` (WordNet's license)",
          time: "3 min of one core",
          ...results,
        },
        available: wordnetFolder,
        batchSize,
        epochs,
        seed: 42,
      },
    ),
    withBaseline(documents),
    withCallback(
      answersEvery(Object.fromEntries(asked.map((text) => [text, { text }])), { every: 2 }),
    ),
  );

/**
 * Finds the word for a definition, among 12,000: a reverse dictionary. A definition has a vector, made of those of its words,
 * and so has every word that may be the answer; their products are the scores.
 *
 * **Source** Hill et al. (2016), Learning to understand phrases by embedding the dictionary, arXiv:1504.00548, with its bag of
 * words; hidden words: Mikolov et al. (2013), arXiv:1301.3781.
 */
export const answer = answering(
  "answer",
  "meanings",
  "the word for a definition of WordNet, by a dual encoder",
  {
    heldOut: "MRR 0.012, hits at 10 0.021 (seed 42): worse than its baseline",
    baseline: "TF-IDF: MRR 0.044, hits at 10 0.128",
  },
);

/** The same for words of which no definition was learned: they are known from the definitions of others that use them. */
export const answerUnseen = answering(
  "answer-unseen",
  "words",
  "the word for a definition, of words without any definition learned",
  { heldOut: "not measured yet" },
);

if (import.meta.main) runMain(answer);
