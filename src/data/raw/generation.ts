import type { AskedText } from "../../errors/words.ts";
import { InvalidArgument } from "../../errors.ts";
import { requireSampling, type Sampling } from "../../nn/generate/sampling.ts";
import type { Beam } from "../../nn/generate/search.ts";
import { finite, integral, passedOn, shown, wholeTo } from "../../tensor/validate.ts";
import { type Subwords, subwordsOf } from "../subwords.ts";
import { tokenizeWords, type Vocabulary } from "../vocabulary.ts";

/** How the next tokens are chosen, by name and options: `greedySearch`, `sampleSequence` or `beamSearch`. */
export type Decoding =
  | { readonly method: "greedy" }
  | ({
      readonly method: "sampling";
      /** The same seed and the same prompt give the same text. Defaults to 0. */
      readonly seed?: number;
    } & Sampling)
  | ({ readonly method: "beam" } & Beam);

/**
 * How a text becomes tokens: as the words of `tokenizeWords`, as its characters, as its items, with commas or blanks between them,
 * or as the parts of words of `learnSubwords`.
 */
export type SplitText = "words" | "characters" | "items" | Subwords;

const splits: { readonly [S in SplitText & string]: (text: string) => readonly string[] } = {
  words: tokenizeWords,
  characters: (text) => [...text],
  items: (text) => text.split(/[\s,]+/).filter((item) => item !== ""),
};

/** What a text is split into, in a word. */
export const unitOf = (split: SplitText): AskedText["unit"] =>
  split === "words"
    ? "word"
    : split === "characters"
      ? "character"
      : split === "items"
        ? "item"
        : "token";

/** Checks how texts are split, which may come from outside of TypeScript. **Fails with** `InvalidArgument`, thrown. */
export const checkSplit = (op: string, split: SplitText): void => {
  const known = typeof split === "string" ? Object.hasOwn(splits, split) : "merges" in split;
  if (!known)
    throw new InvalidArgument({
      ...{ op, argument: "split", actual: shown(split) },
      expected: `${Object.keys(splits).map(shown).join(", ")}, or what learnSubwords returns`,
    });
};

/**
 * The tokens of a text.
 *
 * **Fails with** `InvalidArgument`, thrown, where `split` has another name.
 *
 * @example
 * ```ts
 * import { splitText } from "fluxion/data";
 * splitText("words", "To be, or not") // => ["to", "be", "or", "not"]
 * ```
 */
export const splitText = (split: SplitText, text: string): readonly string[] => {
  checkSplit("splitText", split);
  return typeof split === "string" ? splits[split](text) : subwordsOf(split, text);
};

/**
 * How a model that generates sequences answers in text. A source gives it beside its data. It is data, so that a file can
 * hold it. See {@link generation}.
 */
export interface Generation {
  /** The column that the prompt is given in. */
  readonly column: string;
  /** How the prompt becomes tokens: those that are continued, or of a model with a source, those of the source. */
  readonly prompt: { readonly split: SplitText; readonly vocabulary: Vocabulary };
  /** The tokens that are generated. */
  readonly vocabulary: Vocabulary;
  /** What stands between tokens in a text. */
  readonly separator: string;
  /** The token before the first; `undefined` for none. */
  readonly start: string | undefined;
  /** The token that ends a sequence, and is not part of the text; `undefined` for none. */
  readonly end: string | undefined;
  /** The maximum number of generated tokens. */
  readonly length: number;
  readonly decoding: Decoding;
}

/** The options of {@link generation}. */
export interface GenerationOptions {
  /** The column that the prompt is given in. */
  readonly column: string;
  /** The tokens that are generated. */
  readonly vocabulary: Vocabulary;
  /** The tokens of the prompt, where they are others, as those of a model with a source. Defaults to `vocabulary`. */
  readonly prompt?: Vocabulary;
  /** How the prompt becomes tokens: see `tokenizeWords` and `learnSubwords`. Defaults to `"characters"`. */
  readonly split?: SplitText;
  /** What stands between tokens in a text. Defaults to a blank for words and items, and else to nothing. */
  readonly separator?: string;
  /** The token before the first. Defaults to none. */
  readonly start?: string;
  /** The token that ends a sequence. Defaults to none. */
  readonly end?: string;
  /** The maximum number of generated tokens. */
  readonly length: number;
  /** Defaults to `{ method: "greedy" }`. */
  readonly decoding?: Decoding;
}

/** The maximum length of a generated sequence, and width of a beam. */
const most = 2 ** 16;

/** Checks the name of a method. **Fails with** `InvalidArgument`, thrown. */
const checkMethod = (op: string, method: unknown): void => {
  if (method === "greedy" || method === "sampling" || method === "beam") return;
  const expected = '"greedy", "sampling" or "beam"';
  throw new InvalidArgument({ op, argument: "decoding.method", expected, actual: shown(method) });
};

const names = Object.fromEntries(
  ["seed", "temperature", "topK", "topP", "width", "lengthPenalty"].map((option) => [
    option,
    `decoding.${option}`,
  ]),
);

/** Checks a decoding. **Fails with** `InvalidArgument`, thrown. */
export const checkDecoding = (op: string, decoding: Decoding): void => {
  checkMethod(op, decoding.method);
  const check = (): void => {
    if (decoding.method === "sampling") {
      integral(op, { seed: decoding.seed });
      requireSampling(op, decoding);
    } else if (decoding.method === "beam") {
      wholeTo(1, most)(op, { width: decoding.width });
      finite(op, { lengthPenalty: decoding.lengthPenalty });
    }
  };
  passedOn(op, check, names);
};

/**
 * Describes how a model that generates sequences, such as `gpt` or `seq2seq`, answers a prompt in text: by which tokens,
 * from which start to which end, and how the next token is chosen.
 *
 * **Fails with** `InvalidArgument`, thrown, where `start` or `end` is not in the vocabulary, `split` has another name, or a
 * number is out of range.
 *
 * @example
 * ```ts
 * import { generation, vocabularyOf } from "fluxion/data";
 * const writing = generation({
 *   column: "text",
 *   vocabulary: vocabularyOf([..."abc "]),
 *   length: 80,
 *   decoding: { method: "sampling", temperature: 0.8, topP: 0.95, seed: 7 },
 * });
 * writing.separator // => ""
 * ```
 */
export const generation = ({
  column,
  vocabulary,
  prompt = vocabulary,
  split = "characters",
  separator = split === "words" || split === "items" ? " " : "",
  start,
  end,
  length,
  decoding = { method: "greedy" },
}: GenerationOptions): Generation => {
  wholeTo(1, most)("generation", { length });
  checkSplit("generation", split);
  checkDecoding("generation", decoding);
  for (const [argument, token] of Object.entries({ start, end }))
    if (token !== undefined && !vocabulary.tokens.includes(token))
      throw new InvalidArgument({
        op: "generation",
        argument,
        expected: `one of the ${vocabulary.size} tokens of the vocabulary`,
        actual: shown(token),
      });
  return {
    ...{ column, vocabulary, separator, start, end, length, decoding },
    prompt: { split, vocabulary: prompt },
  };
};
