import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { generation, padSequences, readText, vocabularyOf } from "../../../src/data/index.ts";
import { type Dataset, dataset, key, permutation, type Tensor } from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** The vocabulary of letters; 0 is padding. */
export const letters = vocabularyOf(["<pad>", ..."abcdefghijklmnopqrstuvwxyz"]);

/**
 * The vocabulary of the dictionary's 39 phonemes without stress, after padding and the markers of beginning and
 * end.
 */
export const phonemes = vocabularyOf([
  ...["<pad>", "<start>", "<end>"],
  ..."AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG".split(" "),
  ..."OW OY P R S SH T TH UH UW V W Y Z ZH".split(" "),
]);

export const [padding, start, end] = [0, 1, 2] as const;

/** The maximum number of letters and phonemes. One word in a hundred is longer and left out. */
export const [wordLength, soundLength] = [14, 13] as const;

/** A word and its pronunciation, as text. */
export interface Entry {
  readonly word: string;
  readonly sounds: readonly string[];
}

/** The folder of the npm package `cmu-pronouncing-dictionary`. */
export const dictionaryFolder = installed("cmu-pronouncing-dictionary");

/**
 * The first pronunciation, without stress, of every word that has only letters, in the text of the package. Lines that have a
 * comment, and words or sounds that are too long, are left out.
 */
export const parseEntries = (text: string): readonly Entry[] => {
  // One entry per line. Further pronunciations of a word are listed under the word with a number: "a(2)".
  const lines = text.matchAll(/^ {2}"?([a-z]+)"?: "([A-Z0-9 ]+)",?$/gm);
  return Array.from(lines, ([, word = "", spoken = ""]) => ({
    word,
    sounds: spoken.replaceAll(/\d/g, "").split(" "),
  })).filter(
    ({ word, sounds }) =>
      word.length > 1 && word.length <= wordLength && sounds.length <= soundLength,
  );
};

/**
 * The padded letters of a word followed by its phonemes with a start marker; and the target phonemes with an end
 * marker.
 */
export type Spoken = {
  readonly word: Tensor<readonly [number]>;
  readonly sounds: Tensor<readonly [number]>;
};

/** Encodes entries as examples. */
const examples = Effect.fnUntraced(function* (some: readonly Entry[]) {
  const numbers: { word: readonly number[]; sounds: readonly number[] }[] = [];
  for (const { word, sounds } of some) {
    const [spelled, spoken] = [letters.encode(word), phonemes.encode(sounds)];
    if (isLeft(spelled)) return yield* spelled.left;
    if (isLeft(spoken)) return yield* spoken.left;
    numbers.push({ word: spelled.right, sounds: spoken.right });
  }
  const filled = padSequences(
    numbers.map(({ word }) => word),
    wordLength,
  ).toTypedArray();
  const inputs = numbers.map(({ sounds }, i) => [
    ...filled.subarray(i * wordLength, (i + 1) * wordLength),
    start,
    ...sounds,
  ]);
  const targets = numbers.map(({ sounds }) => [...sounds, end]);
  const made = dataset({
    word: padSequences(inputs, wordLength + soundLength + 1),
    sounds: padSequences(targets, soundLength + 1),
  });
  return made as Dataset<Spoken>;
});

/** The held-out words do not depend on the seed of a run. */
const shuffled = (all: readonly Entry[]): readonly Entry[] =>
  Array.from(permutation(key(0), all.length).toTypedArray(), (i) => all[i] as Entry);

/** Entries as examples, of which so many are drawn for the test and for validation. */
export const spokenSplits = Effect.fnUntraced(function* (
  entries: readonly Entry[],
  { test, validation }: { readonly test: number; readonly validation: number },
) {
  const all = shuffled(entries);
  return {
    train: yield* examples(all.slice(test + validation)),
    validation: yield* examples(all.slice(test, test + validation)),
    test: yield* examples(all.slice(0, test)),
    generation: generation({
      ...{ column: "word", prompt: letters, vocabulary: phonemes, separator: " " },
      ...{ start: "<start>", end: "<end>", length: soundLength },
    }),
  };
});

/**
 * The pronouncing dictionary of Carnegie Mellon University: words of 2 to 14 letters, with 2000 for validation and 4000
 * for testing.
 *
 * A word is on one side only, drawn at random, but of forms of one word, such as "borrow" and "borrows", one may be learned
 * and the other asked.
 *
 * **Source** the npm package `cmu-pronouncing-dictionary`.
 */
export const pronunciations = Effect.gen(function* () {
  const folder = yield* dictionaryFolder;
  const entries = parseEntries(yield* readText(join(folder, "index.js")));
  return yield* spokenSplits(entries, { test: 4000, validation: 2000 });
});
