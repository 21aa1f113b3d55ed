import { type Either, left, right } from "fp-ts/lib/Either.js";
import { InvalidArgument, UnknownToken } from "../errors.ts";
import { Tensor } from "../tensor/tensor.ts";

/** The tokens of a language, numbered from 0. */
export interface Vocabulary {
  /** Every token at its number. */
  readonly tokens: readonly string[];
  readonly size: number;
  /** The number of a token; `undefined` where it is none. */
  readonly indexOf: (token: string) => number | undefined;
  /**
   * The numbers of a text's tokens, as i32.
   *
   * **Fails with** `UnknownToken`, on the left, with the token and its position.
   */
  readonly encode: (text: string) => Either<UnknownToken, Tensor<readonly [number]>>;
  /**
   * The text of numbers, without the tokens that no text has.
   *
   * **Fails with** `UnknownToken`, on the left, where a number is none of a token.
   */
  readonly decode: (numbers: Iterable<number>) => Either<UnknownToken, string>;
}

export interface VocabularyOptions {
  /** Tokens that no text has, which are numbered first: for padding, the beginning, the end. */
  readonly special?: readonly string[];
  /** The special token that stands for what is not known; such text is refused where not given. */
  readonly unknown?: string;
}

/** How a text is taken apart into tokens, and put together again. */
interface Spelling {
  readonly split: (text: string) => readonly string[];
  readonly join: (tokens: readonly string[]) => string;
}

const vocabulary = (
  op: string,
  { split, join }: Spelling,
  texts: Iterable<string>,
  { special = [], unknown }: VocabularyOptions,
): Vocabulary => {
  if (unknown !== undefined && !special.includes(unknown))
    throw new InvalidArgument({
      op,
      argument: "unknown",
      expected: "one of the special tokens",
      actual: unknown,
    });
  const found = new Set<string>();
  for (const text of texts) for (const token of split(text)) found.add(token);
  // By code point: the numbers depend on which tokens there are, and on nothing else.
  const ordinary = [...found].filter((token) => !special.includes(token)).sort(byCodePoint);
  const tokens = Object.freeze([...new Set(special), ...ordinary]);
  const numbers = new Map(tokens.map((token, i) => [token, i]));
  const apart = new Set(special);
  const instead = unknown === undefined ? undefined : numbers.get(unknown);
  const refused = (token: string | number, position: number) =>
    left(new UnknownToken({ token, position, vocabulary: tokens.length, path: [] }));
  return {
    tokens,
    size: tokens.length,
    indexOf: (token) => numbers.get(token),
    encode: (text) => {
      const spelled = split(text);
      const data = new Int32Array(spelled.length);
      for (const [position, token] of spelled.entries()) {
        // What only looks like a special token is text.
        const number = (apart.has(token) ? undefined : numbers.get(token)) ?? instead;
        if (number === undefined) return refused(token, position);
        data[position] = number;
      }
      return right(Tensor.own([data.length], "i32", data));
    },
    decode: (given) => {
      const spelled: string[] = [];
      let position = 0;
      for (const number of given) {
        const token = tokens[number];
        if (token === undefined) return refused(number, position);
        if (!apart.has(token)) spelled.push(token);
        position += 1;
      }
      return right(join(spelled));
    },
  };
};

const byCodePoint = (a: string, b: string): number =>
  (a.codePointAt(0) as number) - (b.codePointAt(0) as number) || (a < b ? -1 : 1);

/**
 * The characters (code points) of some texts.
 *
 * **Laws** decode ∘ encode = identity on texts of its characters.
 * **Fails with** `InvalidArgument`, thrown, where `unknown` is no special token.
 *
 * **Example**
 * ```ts
 * import { characters } from "fluxion";
 *
 * const letters = characters(["banana"], { special: ["<end>"] });
 * letters.tokens; // => ['<end>', 'a', 'b', 'n']
 * letters.encode("nab"); // => { _tag: 'Right', right: [3 1 2] }
 * letters.decode([2, 1, 3, 0]); // => { _tag: 'Right', right: 'ban' }
 * ```
 */
export const characters = (texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary =>
  vocabulary(
    "characters",
    { split: (text) => [...text], join: (tokens) => tokens.join("") },
    texts,
    options,
  );

/**
 * The words of some texts: what is between white space.
 *
 * **Laws** decode ∘ encode = identity on texts of its words with one space between them.
 * **Fails with** `InvalidArgument`, thrown, where `unknown` is no special token.
 *
 * **Example**
 * ```ts
 * import { words } from "fluxion";
 *
 * const small = words(["to be or not to be"], { special: ["<unknown>"], unknown: "<unknown>" });
 * small.size; // => 5
 * small.encode("to see"); // => { _tag: 'Right', right: [4 0] }
 * ```
 */
export const words = (texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary =>
  vocabulary(
    "words",
    {
      split: (text) => text.split(/\s+/u).filter((word) => word !== ""),
      join: (tokens) => tokens.join(" "),
    },
    texts,
    options,
  );
