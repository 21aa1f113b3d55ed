import * as Effect from "effect/Effect";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { hashOf } from "../hash.ts";
import { groupOf } from "../vision/emoji.ts";
import { type Drawings, drawingSplits, fromDrawing, type HeldOut } from "./emojiDrawings.ts";
import {
  type EmojiNames,
  emojiNames,
  languages,
  type Named,
  type NamedEmoji,
} from "./emojiNames.ts";

/** A drawing with what it is called. Texts are the numbers of their parts, followed by zeros. */
export type Captioned = {
  readonly image: Tensor<readonly [20, 20, 3]>;
  /** Of each language the name alone, then the name with keywords. */
  readonly texts: Tensor<readonly [number, number]>;
  /** The number of the emoji: drawings of one have the same. */
  readonly emoji: Tensor<readonly []>;
  readonly group: Tensor<readonly []>;
  /** Some English name, of this or any other emoji, and its place in the list of all names. */
  readonly listed: Tensor<readonly [number]>;
  readonly place: Tensor<readonly []>;
};

/** The number of vectors that all parts of words share, the most parts of a text, and the most names that are listed. */
export const [buckets, textLength, listLength] = [2 ** 15, 96, 2048];

/** The words of a text between marks, and all three consecutive characters of each. */
export const wordParts = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== "")
    .flatMap((word) => {
      const marked = [..."<", ...word, ">"];
      return [marked.join(""), ...marked.slice(2).map((_, i) => marked.slice(i, i + 3).join(""))];
    });

/** A text as the numbers of its parts, each once. */
export const textNumbers = (text: string): readonly number[] =>
  [...new Set(wordParts(text).map((part) => 1 + (hashOf(part) % (buckets - 1))))].slice(
    0,
    textLength,
  );

const whole = ({ name, keywords }: Named): string => [name, ...keywords].join(" ");

/** Everyday words that each group of emoji is found by, in English, in the order of `emojiGroups`. */
const groupWords = [
  ["smiling face", "sad face", "angry face", "emotion", "heart", "cat face"],
  ["person", "man", "woman", "hand", "gesture", "body", "job", "family"],
  ["animal", "bird", "fish", "insect", "plant", "flower", "tree"],
  ["food", "drink", "fruit", "vegetable", "meal", "sweet", "dessert"],
  ["vehicle", "building", "train", "boat", "place", "weather", "clock", "moon"],
  ["sport", "game", "ball", "celebration", "medal", "holiday"],
  ["clothing", "tool", "book", "phone", "computer", "music", "money", "mail", "office"],
  ["symbol", "sign", "arrow", "button", "square", "letter", "zodiac", "religion"],
  ["flag", "flag of a country"],
];

/** The words of groups as texts, and which group each belongs to. */
export const groupTexts = groupWords.flatMap((words, group) =>
  words.map((word) => {
    const numbers = textNumbers(word);
    return { group, text: fromTypedArray([numbers.length], Int32Array.from(numbers)) };
  }),
);

/** The English name of each emoji, as many as are listed: places without one have a dash and a number. */
export const listOf = (emoji: readonly NamedEmoji[]): readonly string[] =>
  Array.from({ length: listLength }, (_, i) => emoji[i]?.named[0]?.name ?? `–${i}`);

const rowsOf = (
  numbers: readonly (readonly number[])[],
  length: number,
): Int32Array<ArrayBuffer> => {
  const filled = new Int32Array(numbers.length * length);
  for (const [i, row] of numbers.entries()) filled.set(row.slice(0, length), i * length);
  return filled;
};

/**
 * The parts of words that at least two families have: what only one has teaches nothing of others, and would let a model tell
 * each emoji by heart.
 */
const sharedParts = (
  emoji: readonly NamedEmoji[],
  families: readonly string[],
): ReadonlySet<number> => {
  const first = new Map<number, string>();
  const shared = new Set<number>();
  for (const [i, { named }] of emoji.entries())
    for (const part of named.flatMap((each) => textNumbers(whole(each)))) {
      const family = families[i] ?? "";
      if ((first.get(part) ?? family) !== family) shared.add(part);
      else first.set(part, family);
    }
  return shared;
};

/** Rows of drawings. Their lists of names begin anew after the last. */
const captioned = (
  emoji: readonly NamedEmoji[],
  known: ReadonlySet<number>,
  { places, image }: Drawings,
): Dataset<Captioned> => {
  const numbersOf = (text: string) => textNumbers(text).filter((part) => known.has(part));
  const texts = emoji.map(({ named }) =>
    rowsOf(
      named.flatMap((each) => [numbersOf(each.name), numbersOf(whole(each))]),
      textLength,
    ),
  );
  const n = places.length;
  const size = 2 * languages.length * textLength;
  const all = new Int32Array(n * size);
  for (const [i, place] of places.entries()) all.set(texts[place] ?? [], i * size);
  const listed = places.map((_, i) => i % emoji.length);
  const ints = (numbers: readonly number[]) => fromTypedArray([n], Int32Array.from(numbers));
  const names = listed.map((place) => numbersOf(emoji[place]?.named[0]?.name ?? ""));
  return dataset({
    image,
    texts: fromTypedArray([n, 2 * languages.length, textLength], all),
    emoji: ints(places),
    group: ints(places.map((place) => groupOf((emoji[place] as NamedEmoji).entry))),
    listed: fromTypedArray([n, textLength], rowsOf(names, textLength)),
    place: ints(listed),
  });
};

/** Drawings of emoji with their names, in parts: see `drawingSplits`. */
export const captionSplits = (of: EmojiNames, heldOut: HeldOut) => {
  const { train, validation, test, learned, families } = drawingSplits(of, heldOut);
  const known = sharedParts(learned, families);
  const rows = (some: Drawings) => captioned(of.emoji, known, some);
  return {
    train: rows(train),
    test: rows(test),
    ...(validation && { validation: rows(validation) }),
    inputs: { image: fromDrawing },
    classes: listOf(of.emoji),
  } satisfies Splits<Captioned>;
};

/** {@link captionSplits} of all emoji. */
export const emojiCaptions = (heldOut: HeldOut) =>
  Effect.map(emojiNames, (of) => captionSplits(of, heldOut));
