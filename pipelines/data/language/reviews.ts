import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson, decodeWith } from "../../../src/codec/index.ts";
import {
  fromText,
  padSequences,
  readText,
  tokenizeWords,
  vocabulary,
} from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  InvalidArgument,
  key,
  permutation,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** A sentence of a review: its text, and whether it praises (1) or complains (0). */
export interface Review {
  readonly text: string;
  readonly class: 0 | 1;
}

/** A lexicon: the valence of words from -5 to 5, and the words that negate the next. */
export interface Lexicon {
  readonly valences: { readonly [word: string]: number };
  readonly negators: { readonly [word: string]: number };
}

/** A review as numbers: `length` token numbers, and the lexicon's score of all its words. */
export type EncodedReview = {
  readonly words: Tensor<readonly [number]>;
  readonly valence: Tensor<readonly []>;
  readonly label: Tensor<readonly []>;
};

/** The numbers of padding and of unknown words. */
export const padding = 0;
const [filler, unknown] = ["<pad>", "<unknown>"];

/** The options of the dataset. */
export interface Encoding {
  /** The maximum size of the vocabulary, including padding and the unknown word. */
  readonly limit: number;
  /** The number of words of a review that the model sees. */
  readonly length: number;
  /** The fraction of the reviews that is held out. */
  readonly heldOut: number;
}

/** The sum of the valences of words. A negator before a word reverses its valence. */
export const valenceOf = (said: readonly string[], { valences, negators }: Lexicon): number =>
  said.reduce((sum, word, i) => {
    const valence = Object.hasOwn(valences, word) ? (valences[word] ?? 0) : 0;
    return sum + (Object.hasOwn(negators, said[i - 1] ?? "") ? -valence : valence);
  }, 0);

const encoded = (
  reviews: readonly Review[],
  numbersOf: (said: readonly string[]) => readonly number[],
  lexicon: Lexicon,
  length: number,
): Dataset<EncodedReview> => {
  const said = reviews.map(({ text }) => tokenizeWords(text));
  const scalars = (values: readonly number[]) =>
    fromTypedArray([values.length], Float32Array.from(values));
  return dataset({
    words: padSequences(said.map(numbersOf), length, { padding }),
    valence: scalars(said.map((all) => valenceOf(all, lexicon))),
    label: scalars(reviews.map((review) => review.class)),
  });
};

/**
 * Encodes reviews as numbers, in training and test parts without common sentences: of sentences that differ only in
 * capitals and punctuation, only the first is kept. The vocabulary comes from the training part.
 *
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range.
 */
export const reviewSplits = (
  reviews: readonly Review[],
  lexicon: Lexicon,
  { limit, length, heldOut }: Encoding,
) => {
  if (!(heldOut >= 0 && heldOut <= 1))
    throw new InvalidArgument({
      op: "reviewSplits",
      argument: "heldOut",
      expected: "a share of the reviews, from 0 to 1",
      actual: String(heldOut),
    });
  const different = [
    ...new Map(
      reviews.toReversed().map((review) => [tokenizeWords(review.text).join(" "), review]),
    ).values(),
  ].toReversed();
  const order = [...permutation(key(0), different.length).toTypedArray()];
  const shuffled = order.map((i) => different[i] as Review);
  const tested = Math.round(heldOut * shuffled.length);
  const [test, train] = [shuffled.slice(0, tested), shuffled.slice(tested)];
  const known = vocabulary(
    train.map(({ text }) => tokenizeWords(text)),
    { special: [filler, unknown], unknown, limit },
  );
  // Every word has a number: unknown words have that of the unknown word.
  const numbersOf = (said: readonly string[]) => said.map((word) => known.indexOf(word) ?? padding);
  return {
    train: encoded(train, numbersOf, lexicon, length),
    test: encoded(test, numbersOf, lexicon, length),
    inputs: { words: fromText({ vocabulary: known, length, padding }) },
    classes: ["complaint", "praise"],
  } satisfies Splits<EncodedReview>;
};

const review = t.strict({ text: t.string, class: t.union([t.literal(0), t.literal(1)]) });
const scores = t.record(t.string, t.number);

/** The reviews of a file of the package. Its last item, an empty text without a class, is dropped. */
export const decodeReviews = (text: string, file: string) =>
  Effect.flatMap(decodeJson(t.array(t.unknown), text, file), (items) =>
    decodeWith(t.array(review), items.slice(0, -1), file),
  );

/** The folder of the npm package `sentiment`. */
export const reviewsFolder = installed("sentiment");

const reading = Effect.fnUntraced(function* (encoding: Encoding) {
  const folder = yield* reviewsFolder;
  const fileOf = (...path: readonly string[]) => join(folder, ...path);
  const sets = yield* Effect.forEach(["amazon", "imdb", "yelp"], (name) => {
    const file = fileOf("test", "fixtures", `${name}.json`);
    return Effect.flatMap(readText(file), (text) => decodeReviews(text, file));
  });
  const list = (name: string) => {
    const file = fileOf("languages", "en", `${name}.json`);
    return Effect.flatMap(readText(file), (text) => decodeJson(scores, text, file));
  };
  const lexicon = { valences: yield* list("labels"), negators: yield* list("negators") };
  return reviewSplits(sets.flat(), lexicon, encoding);
});

/**
 * Sentences of reviews of products, films and restaurants: 1,000 of each, half of them praise.
 *
 * **Source** Kotzias et al., "From Group to Individual Labels Using Deep Features" (2015); the files, and the
 * lexicon AFINN (Nielsen 2011, arXiv:1103.2903), are those of the npm package `sentiment`.
 */
export const reviews = (encoding: Encoding) =>
  reading(encoding) satisfies Effect.Effect<Splits<EncodedReview>, unknown>;
