import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  batchObjective,
  cosineDecay,
  type Expr,
  pipeline,
  runMain,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import {
  cast,
  concatenate,
  constant,
  expandDims,
  floor,
  index,
  iota,
  logSoftmax,
  mean,
  neg,
  random,
  ravel,
  take,
  takeAlongAxis,
  where,
} from "../../src/ir/index.ts";
import { meanReciprocalRank, topKAccuracy } from "../../src/nn/metrics/index.ts";
import { answersEvery, type Card } from "../../src/train/index.ts";
import { knownEntries, type Search } from "../baselines/language/knownEntries.ts";
import { allAvailable } from "../data/installed.ts";
import {
  type Definitions,
  definitions,
  padding,
  type Sizes,
} from "../data/language/answering/definitions.ts";
import { answeredBy, quiz, quizAvailable } from "../data/language/answering/quiz.ts";
import { wordnetFolder } from "../data/language/answering/wordnet.ts";
import {
  allScores,
  asking,
  type Known,
  models,
  type Of,
  ownOnce,
  scoring,
} from "./search/scores.ts";

export const sizes: Sizes = { length: 32, signs: 40, near: 4, found: 16, held: 640 };
/** The share of a definition's signs that are read in training. */
const keeps = 0.9;
/** How many entries of all are wrong answers besides those of a batch and those near to it. */
const others = 128;
const [batchSize, epochs, stepsPerEpoch, learningRate] = [128, 1, 867, 1e-2] as const;

/** Definitions by nobody's dictionary. */
const shown = [
  "a small animal that barks",
  "a place where books are lent",
  "the season between winter and summer",
  "to move very fast on foot",
  "a person who writes poems",
  "not able to see",
  "water that falls from clouds",
  "a large vehicle for carrying many passengers",
];

/** The data of a run: it is loaded before a program is made for it, which holds what is known of all entries. */
type Loaded<E> = Effect.Effect<Pick<Definitions, "splits"> & Known & Search, E>;

/** Two encoders that find the entries of some data, of which the effect is to load it once. */
export const answering = <E>(
  name: string,
  description: string,
  loaded: Loaded<E>,
  available: Effect.Effect<unknown, E>,
  results: Omit<Card, "field">,
) => {
  const source = Effect.map(loaded, ({ splits }) => splits);
  const known = (): Known => Effect.runSync(loaded);
  return pipe(
    pipeline(
      name,
      source,
      batchObjective({
        models,
        loss: (of, { text, entry, near }, { mode, key }) => {
          const [rows = 1] = text.shape;
          const [forSigns, forOthers] = random.splitKey(key, 2);
          const judged = (output: Expr, target: Expr) => {
            const right = takeAlongAxis(logSoftmax(output), expandDims(target, 1));
            return { loss: neg(mean(right)) as Expr<readonly []>, output, target };
          };
          if (mode !== "train")
            return judged(allScores(of, known(), asking(of, known(), text)), entry);
          const read = asking(of, known(), text, (signs) =>
            where(random.bernoulli(forSigns, keeps, signs.shape), signs, padding),
          );
          const all = constant(known().table);
          const drawn = random.uniform(forOthers, [others], { high: all.shape[0] ?? 1 });
          const offered = concatenate([entry, ravel(near), cast(floor(drawn), "i32")]);
          const scores = scoring(of, known(), take(all, offered), read);
          return judged(ownOnce(scores, offered), iota([rows]));
        },
        predict: (of, { text }) => {
          // One definition, as a batch of one: these layers take its axis too, which the types of one example do not say.
          const alone: Of = {
            ...{ signs: (x) => of.signs(x as never), counts: (x) => of.counts(x as never) },
            ...{ fields: (x) => of.fields(x as never), kinds: (x) => of.kinds(x as never) },
            ...{ scales: (x) => of.scales(x as never) },
            read: (x) => expandDims(of.read(index(x, 0) as never), 0),
          };
          const read = asking(alone, known(), expandDims(text, 0));
          return index(allScores(alone, known(), read), 0);
        },
        optimizer: adam({ learningRate: cosineDecay(learningRate, epochs * stepsPerEpoch) }),
        metrics: [meanReciprocalRank, topKAccuracy(1), topKAccuracy(10)],
      }),
      {
        description,
        card: { field: "language", ...results },
        available,
        batchSize,
        epochs,
        seed: 42,
      },
    ),
    withBaseline(knownEntries(loaded, "signs")),
    withBaseline(knownEntries(loaded, "words")),
    withCallback(answersEvery(Object.fromEntries(shown.map((text) => [text, { text }])))),
  );
};

const once = <A, E>(data: Effect.Effect<A, E>) => Effect.runSync(Effect.cached(data));
const entries = once(definitions(sizes));

/**
 * Finds the entry of a dictionary for a definition, among the 117,659 of WordNet: a reverse dictionary. What is known of an entry is
 * its words, those for what it is a kind of and for others that it is related to, and its examples, never its definition.
 *
 * An entry's score has two parts, which are learned together (`search/scores.ts`). One is TF-IDF over words and how they begin, in which words,
 * and the fields of an entry, have weights of their own. The other is the nearness of two vectors, that of the definition and that of the
 * entry. A definition should pick its own entry among those of its batch, four for each that TF-IDF finds near, and 128 others. Its
 * own is no wrong answer where it is offered twice.
 *
 * A fortieth of the meanings is held out for the test, another for validation, by a hash.
 *
 * **Source** Karpukhin et al. (2020), Dense passage retrieval, arXiv:2004.04906: two encoders, negatives of the batch and near
 * ones; weights of fields: Robertson et al. (2004), Simple BM25 extension
 * to multiple weighted fields; words in common beside vectors: Gao et al. (2021), COIL, arXiv:2104.07186; reverse dictionaries: Hill et al. (2016), arXiv:1504.00548.
 */
export const answer = answering(
  "answer",
  "the entry of WordNet for a definition, among 117,659, by words in common and vectors",
  entries,
  wordnetFolder,
  {
    data: "Debian's `wordnet-base` (WordNet's license)",
    heldOut:
      "MRR 0.295, 0.301, 0.311, first 0.200, 0.207, 0.220, among ten 0.481, 0.477, 0.475 (three seeds)",
    baseline:
      "TF-IDF over words and their beginnings: MRR 0.205, first 0.128, among ten 0.367; over words 0.167, 0.094, 0.330",
    published:
      "of 66,000 words, with word vectors: among ten for about half (Hill et al., 2016, from memory)",
    time: "117 s of one core",
    memory: "1.4 GiB",
  },
);

const quizzedAvailable = allAvailable([wordnetFolder, quizAvailable]);
const quizzed = once(
  Effect.gen(function* () {
    yield* quizzedAvailable;
    const [questions, all] = [yield* quiz, yield* entries];
    return all.testedOn((meanings) => answeredBy(questions, meanings));
  }),
);

/** The same, asked by the quiz of the BSD games, of whose questions none is learned: capitals, chemical elements, and what females are called. */
export const answerQuiz = answering(
  "answer-quiz",
  "answers to the quiz of the BSD games among WordNet's 117,659 entries",
  quizzed,
  quizzedAvailable,
  {
    data: "Debian's `wordnet-base` (WordNet's license) and `bsdgames` (BSD)",
    heldOut:
      "MRR 0.833, 0.728, 0.785, first 0.785, 0.664, 0.697, among ten 0.909, 0.847, 0.909 of 307 questions (three seeds)",
    baseline:
      "no clear winner: TF-IDF over words: MRR 0.769, first 0.697, among ten 0.909; also over their beginnings 0.678, 0.593, 0.857",
    published: "none is known",
    time: "109 s of one core",
    memory: "1.5 GiB",
  },
);

if (import.meta.main) runMain(answer);
