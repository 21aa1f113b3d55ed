import * as E from "fp-ts/lib/Either.js";
import { InvalidArgument, UnknownToken } from "../errors.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Which tokens a vocabulary has, and in which order. */
export interface VocabularyOptions {
  /** Tokens that come first, in this order, whether they were seen or not: `["<pad>", "<start>"]`. */
  readonly special?: readonly string[];
  /** The token that stands for every one that is not known, the last of the special ones where it is none of them. */
  readonly unknown?: string;
  /** How often a token must have been seen; 1 where not given. */
  readonly minCount?: number;
  /** How many tokens there may be, the special ones among them; any number where not given. */
  readonly limit?: number;
}

/**
 * Tokens and their numbers, `0 … size - 1`: immutable, and made of what the training examples hold.
 *
 * @example
 * ```ts
 * import { vocabulary, words } from "fluxion";
 * const reviews = ["Good, good phone!", "A bad phone"];
 * const known = vocabulary(reviews.map(words), { special: ["<pad>"], unknown: "<unknown>" });
 * known.tokens.slice(0, 4) // => ["<pad>", "<unknown>", "good", "phone"]
 * const encoded = known.encode(words("good camera"));
 * encoded._tag === "Right" ? known.decode(encoded.right) : encoded.left // => ["good", "<unknown>"]
 * ```
 */
export class Vocabulary {
  readonly tokens: readonly string[];
  /** The number that stands for every token that is not known, where there is one. */
  readonly unknown: number | undefined;
  readonly #numbers: ReadonlyMap<string, number>;

  private constructor(tokens: readonly string[], unknown: string | undefined) {
    this.tokens = Object.freeze([...tokens]);
    this.#numbers = new Map(tokens.map((token, i) => [token, i]));
    this.unknown = unknown === undefined ? undefined : this.#numbers.get(unknown);
    Object.freeze(this);
  }

  /** The vocabulary of these tokens in this order; see {@link vocabularyOf}. */
  static of(tokens: readonly string[], unknown?: string): Vocabulary {
    const known = new Set<string>();
    const twice = tokens.find((token) => known.size === known.add(token).size);
    if (twice !== undefined) throw mistake("tokens", "tokens that differ", `"${twice}" twice`);
    if (unknown !== undefined && !known.has(unknown))
      throw mistake("unknown", "one of the tokens", `"${unknown}"`);
    return new Vocabulary(tokens, unknown);
  }

  /** How many tokens there are. */
  get size(): number {
    return this.tokens.length;
  }

  /** The number of a token: that of the unknown one, or `undefined`, where it is not known. */
  indexOf(token: string): number | undefined {
    return this.#numbers.get(token) ?? this.unknown;
  }

  /**
   * The numbers of tokens.
   *
   * **Fails with** `UnknownToken`, the first of them, where no token stands for those that are not known.
   */
  encode(tokens: Iterable<string>): E.Either<UnknownToken, readonly number[]> {
    const numbers: number[] = [];
    for (const token of tokens) {
      const number = this.indexOf(token);
      if (number === undefined)
        return E.left(new UnknownToken({ token, position: numbers.length, known: this.size }));
      numbers.push(number);
    }
    return E.right(numbers);
  }

  /** The tokens of numbers. **Fails with** `InvalidArgument`, thrown, where one is no token's. */
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

const mistake = (argument: string, expected: string, actual: string): InvalidArgument =>
  new InvalidArgument({ op: "vocabulary", argument, expected, actual });

/**
 * The vocabulary of these tokens in this order, as one is made again that was stored: `tokens` and the
 * token that stands for those that are not known are all there is of it.
 *
 * **Fails with** `InvalidArgument`, thrown, where a token comes twice or `unknown` is none of them.
 */
export const vocabularyOf = Vocabulary.of;

/**
 * The vocabulary of what was seen: special tokens, then the others by how often they were seen, and those
 * seen equally often by their code units, so that one text gives one vocabulary.
 *
 * **Fails with** `InvalidArgument`, thrown, where a count is out of range or a special token comes twice.
 */
export const vocabulary = (
  seen: Iterable<Iterable<string>>,
  { special = [], unknown, minCount = 1, limit = Number.POSITIVE_INFINITY }: VocabularyOptions = {},
): Vocabulary => {
  const first =
    unknown === undefined || special.includes(unknown) ? special : [...special, unknown];
  if (!(Number.isSafeInteger(minCount) && minCount >= 1))
    throw mistake("minCount", "a whole number, 1 or more", String(minCount));
  if (!(limit >= first.length && (limit === Number.POSITIVE_INFINITY || Number.isInteger(limit))))
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
 * The words of a text in lower case: runs of letters and digits, with the apostrophes inside them.
 *
 * @example
 * ```ts
 * import { words } from "fluxion";
 * words("Didn't work, at all!") // => ["didn't", "work", "at", "all"]
 * ```
 */
export const words = (text: string): readonly string[] =>
  text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu) ?? [];

/** How {@link padded} fills and where it cuts. */
export interface PaddedOptions {
  /** The number where a sequence has none; 0 where not given. */
  readonly padding?: number;
  /** Where sequences are filled up, and cut off where they are too long; their `"end"` where not given. */
  readonly side?: "start" | "end";
}

/**
 * Ragged sequences of numbers as one tensor.
 *
 * **Shapes** `n` sequences `→ [n, length]` of i32.
 * **Fails with** `InvalidArgument`, thrown, where `length` is no whole number or not positive.
 *
 * @example
 * ```ts
 * import { padded } from "fluxion";
 * padded([[5, 6], [7, 8, 9, 10]], 3).toArray() // => [[5, 6, 0], [7, 8, 9]]
 * ```
 */
export const padded = (
  sequences: readonly (readonly number[])[],
  length: number,
  { padding = 0, side = "end" }: PaddedOptions = {},
): Tensor<readonly [number, number]> => {
  if (!(Number.isSafeInteger(length) && length >= 1))
    throw new InvalidArgument({
      op: "padded",
      argument: "length",
      expected: "a whole number, 1 or more",
      actual: String(length),
    });
  const data = new Int32Array(sequences.length * length).fill(padding);
  for (const [i, sequence] of sequences.entries()) {
    const kept = side === "end" ? sequence.slice(0, length) : sequence.slice(-length);
    data.set(kept, i * length + (side === "end" ? 0 : length - kept.length));
  }
  return Tensor.own([sequences.length, length], "i32", data);
};
