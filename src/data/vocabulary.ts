import * as E from "fp-ts/lib/Either.js";
import { nearest } from "../errors/nearest.ts";
import { InvalidArgument, UnknownToken } from "../errors.ts";
import { Tensor } from "../tensor/tensor.ts";

/** The options of {@link vocabulary}. */
export interface VocabularyOptions {
  /** Tokens that come first, in this order, whether seen or not, such as `["<pad>", "<start>"]`. */
  readonly special?: readonly string[];
  /** The token that stands for unknown ones. It is added after the special tokens unless it is one of them. */
  readonly unknown?: string;
  /** The minimum count of a token. Defaults to 1. */
  readonly minCount?: number;
  /** The maximum number of tokens, including special ones. Defaults to no limit. */
  readonly limit?: number;
}

/**
 * An immutable mapping between tokens and their numbers `0 … size - 1`, built from training examples.
 *
 * @example
 * ```ts
 * import { vocabulary, tokenizeWords } from "fluxion/data";
 * const reviews = ["Good, good phone!", "A bad phone"];
 * const known = vocabulary(reviews.map(tokenizeWords), { special: ["<pad>"], unknown: "<unknown>" });
 * known.tokens.slice(0, 4) // => ["<pad>", "<unknown>", "good", "phone"]
 * const encoded = known.encode(tokenizeWords("good camera"));
 * encoded._tag === "Right" ? known.decode(encoded.right) : encoded.left // => ["good", "<unknown>"]
 * ```
 */
export class Vocabulary {
  readonly tokens: readonly string[];
  /** The number of the token for unknown ones, where there is one. */
  readonly unknown: number | undefined;
  readonly #numbers: ReadonlyMap<string, number>;

  private constructor(tokens: readonly string[], unknown: string | undefined) {
    this.tokens = Object.freeze([...tokens]);
    this.#numbers = new Map(tokens.map((token, i) => [token, i]));
    this.unknown = unknown === undefined ? undefined : this.#numbers.get(unknown);
    Object.freeze(this);
  }

  /** Makes a vocabulary of these tokens in this order; see {@link vocabularyOf}. */
  static of(tokens: readonly string[], unknown?: string): Vocabulary {
    const known = new Set<string>();
    const twice = tokens.find((token) => known.size === known.add(token).size);
    if (twice !== undefined) throw mistake("tokens", "tokens that differ", `"${twice}" twice`);
    if (unknown !== undefined && !known.has(unknown))
      throw mistake("unknown", "one of the tokens", `"${unknown}"`);
    return new Vocabulary(tokens, unknown);
  }

  /** The number of tokens. */
  get size(): number {
    return this.tokens.length;
  }

  /** The number of a token. An unknown token gives the number of `unknown`, or `undefined` without one. */
  indexOf(token: string): number | undefined {
    return this.#numbers.get(token) ?? this.unknown;
  }

  /**
   * Converts tokens to their numbers.
   *
   * **Fails with** `UnknownToken`, for the first unknown token, where the vocabulary has no `unknown`.
   */
  encode(tokens: Iterable<string>): E.Either<UnknownToken, readonly number[]> {
    const numbers: number[] = [];
    for (const token of tokens) {
      const number = this.indexOf(token);
      if (number === undefined)
        return E.left(
          new UnknownToken({
            ...{ token, position: numbers.length, known: this.size },
            // Of a character or two anything is near.
            near: token.length > 2 ? nearest(token, this.tokens) : undefined,
            among: this.size <= few ? this.tokens.filter(isWritten) : undefined,
          }),
        );
      numbers.push(number);
    }
    return E.right(numbers);
  }

  /** Converts numbers to tokens. **Fails with** `InvalidArgument`, thrown, where a number is out of range. */
  decode(numbers: Iterable<number>): readonly string[] {
    return Array.from(numbers, (number) => {
      const token = this.tokens[number];
      if (token === undefined)
        throw new InvalidArgument({
          op: "decode",
          argument: "numbers",
          expected: `whole numbers from 0 to ${this.size - 1}`,
          actual: String(number),
        });
      return token;
    });
  }
}

/** The most tokens that an error lists. */
const few = 20;

/** Whether a token may stand in a text, and is short enough to be listed: padding and the like are none. */
const isWritten = (token: string): boolean => !/^<.*>$/.test(token) && token.length <= 40;

const mistake = (argument: string, expected: string, actual: string): InvalidArgument =>
  new InvalidArgument({ op: "vocabulary", argument, expected, actual });

/**
 * Makes a vocabulary of these tokens in this order, for example stored ones. `tokens` and `unknown` are its whole
 * contents.
 *
 * **Fails with** `InvalidArgument`, thrown, where a token repeats or `unknown` is not among them.
 */
export const vocabularyOf = Vocabulary.of;

/**
 * Builds a vocabulary from token sequences: special tokens first, then the others by descending count. Ties are
 * ordered by code units, so that the result is unique.
 *
 * **Fails with** `InvalidArgument`, thrown, where a count is out of range or a special token repeats.
 */
export const vocabulary = (
  seen: Iterable<Iterable<string>>,
  { special = [], unknown, minCount = 1, limit = Number.POSITIVE_INFINITY }: VocabularyOptions = {},
): Vocabulary => {
  const first =
    unknown === undefined || special.includes(unknown) ? special : [...special, unknown];
  if (!(Number.isSafeInteger(minCount) && minCount >= 1))
    throw mistake("minCount", "a whole number, 1 or more", String(minCount));
  if (
    !(limit >= first.length && (limit === Number.POSITIVE_INFINITY || Number.isSafeInteger(limit)))
  )
    throw mistake(
      "limit",
      `a whole number, at least the ${first.length} special tokens`,
      String(limit),
    );
  const counts = new Map<string, number>();
  for (const sequence of seen)
    for (const token of sequence) counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const token of first) counts.delete(token);
  const others = [...counts]
    .filter(([, count]) => count >= minCount)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([token]) => token);
  return Vocabulary.of([...first, ...others].slice(0, limit), unknown);
};

/**
 * Splits a text into lower-case words: runs of letters, digits and their marks, including apostrophes inside.
 *
 * Words are in Unicode's normal form C, so that canonically equal texts have the same words. Joiners (U+200C,
 * U+200D) inside a word are kept, since Persian and Indic scripts use them.
 *
 * **Source** Unicode Standard Annexes #15 (normal forms) and #29 (what extends a character of a word).
 *
 * @example
 * ```ts
 * import { tokenizeWords } from "fluxion/data";
 * tokenizeWords("Didn't work, at all!") // => ["didn't", "work", "at", "all"]
 * tokenizeWords("नमस्ते दुनिया") // => ["नमस्ते", "दुनिया"]
 * ```
 */
export const tokenizeWords = (text: string): readonly string[] => {
  // Lower case may not be in form C: "J̌" has no capital of one code point, "ǰ" is one.
  const normal = text.normalize("NFC").toLowerCase().normalize("NFC");
  const found: string[] = [];
  let [from, end, at] = [-1, -1, 0];
  let link: Kind | undefined;
  // This goes character by character, since a pattern that repeats a choice overflows the stack on long runs.
  for (const character of normal) {
    const kind = kindOf(character);
    const goesOn = from >= 0 && link !== "apostrophe";
    at += character.length;
    if (kind === "letter" || (kind === "mark" && goesOn)) {
      if (from < 0) from = at - character.length;
      [end, link] = [at, undefined];
    } else if (goesOn && (kind === "joiner" || (kind === "apostrophe" && link === undefined)))
      link = kind;
    else if (from >= 0) {
      found.push(normal.slice(from, end));
      [from, link] = [-1, undefined];
    }
  }
  return from < 0 ? found : [...found, normal.slice(from, end)];
};

type Kind = "letter" | "mark" | "joiner" | "apostrophe" | "other";

const kindOf = (character: string): Kind => {
  if (/^[\p{L}\p{N}]/u.test(character)) return "letter";
  if (character === "'" || character === "’") return "apostrophe";
  if (character === "\u200c" || character === "\u200d") return "joiner";
  return /^\p{M}/u.test(character) ? "mark" : "other";
};

/** The options of {@link padSequences}. */
export interface PadOptions {
  /** The number to fill with. Defaults to 0. */
  readonly padding?: number;
  /** The side where sequences are filled, or cut where they are too long. Defaults to `"end"`. */
  readonly side?: "start" | "end";
}

const isI32 = (n: number): boolean => n === (n | 0);

/**
 * Pads or cuts sequences of numbers to one length, as a tensor.
 *
 * **Shapes** `n` sequences `→ [n, length]` of i32.
 * **Fails with** `InvalidArgument`, thrown, where `length` is not a whole number above 0, `padding` or a number
 * is not a 32-bit integer, or `side` is neither.
 *
 * @example
 * ```ts
 * import { padSequences } from "fluxion/data";
 * padSequences([[5, 6], [7, 8, 9, 10]], 3).toArray() // => [[5, 6, 0], [7, 8, 9]]
 * ```
 */
export const padSequences = (
  sequences: readonly (readonly number[])[],
  length: number,
  { padding = 0, side = "end" }: PadOptions = {},
): Tensor<readonly [number, number]> => {
  const must = (argument: string, holds: boolean, expected: string, actual: unknown): void => {
    if (!holds)
      throw new InvalidArgument({ op: "padSequences", argument, expected, actual: String(actual) });
  };
  const all = sequences.length * length;
  must(
    "length",
    Number.isSafeInteger(length) && length >= 1 && all < 2 ** 31,
    "a whole number, 1 or more, and less than 2³¹ numbers in all",
    length,
  );
  must("padding", isI32(padding), "a whole number of 32 bits", padding);
  must("side", side === "start" || side === "end", '"start" or "end"', side);
  const data = new Int32Array(all).fill(padding);
  for (const [i, sequence] of sequences.entries()) {
    const kept = side === "end" ? sequence.slice(0, length) : sequence.slice(-length);
    const wrong = kept.find((n) => !isI32(n));
    if (wrong !== undefined) must("sequences", false, "whole numbers of 32 bits", wrong);
    data.set(kept, i * length + (side === "end" ? 0 : length - kept.length));
  }
  return Tensor.own([sequences.length, length], "i32", data);
};
