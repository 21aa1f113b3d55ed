import * as Effect from "effect/Effect";
import { fromText, padSequences, tokenizeWords, vocabulary } from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { type Meaning, meanings } from "./wordnet.ts";

/** A definition and a word that it defines, as numbers. */
export type Definition = {
  readonly text: Tensor<readonly [number]>;
  /** The number of the word, which is a word of definitions too; -1 where a definition to learn from is of no such word. */
  readonly word: Tensor<readonly []>;
  /** The other words with this meaning, which do not count as wrong; -1 where there are no more. */
  readonly others: Tensor<readonly [number]>;
};

/** The numbers of padding and of unknown words. */
export const padding = 0;
const [filler, unknown] = ["<pad>", "<unknown>"];

/** The most other words of a meaning that are remembered. */
const most = 8;

/** Every tenth is held out. */
const tenth = 10;

const isHeldOut = (number: number): boolean => number % tenth === tenth - 1;

/** The options of the data. */
export interface DefinitionOptions {
  /** The number of words that are read and may be answered: those that most definitions have. */
  readonly limit: number;
  /** The number of words that are read of a definition. */
  readonly length: number;
  /** What is held out: a tenth of the meanings, or of the words, with all that they mean. */
  readonly heldOut: "meanings" | "words";
}

/**
 * Definitions and their words, in training and test parts.
 *
 * Of the meanings, every tenth is held out; meanings with the same definition count as one. Or of the words, every tenth in
 * the order of frequency: none of their definitions is learned, though they stand in definitions of others. A word that stands
 * in its own definition is not asked for, since that would tell it.
 */
export const definitionSplits = (
  all: readonly Meaning[],
  { limit, length, heldOut }: DefinitionOptions,
) => {
  const told = new Map<string, { words: Set<string>; said: readonly string[] }>();
  for (const { words, definition } of all) {
    const said = tokenizeWords(definition);
    const known = told.get(said.join(" ")) ?? { words: new Set<string>(), said };
    for (const word of words) known.words.add(word);
    told.set(said.join(" "), known);
  }
  const meant = [...told.values()];
  const known = vocabulary(
    meant.map(({ said }) => said),
    { special: [filler, unknown], unknown, limit },
  );
  const names = known.tokens;
  const numbers = new Map(names.map((name, i) => [name, i]));
  const rows = meant.flatMap(({ words, said }, i) => {
    const right = [...words].flatMap((word) => numbers.get(word) ?? []);
    const text = said.map((word) => known.indexOf(word) ?? padding);
    const held = heldOut === "words" ? right.some(isHeldOut) : isHeldOut(i);
    const asked = right.filter((word) => !text.includes(word));
    const made = (word: number) => ({
      ...{ text, word, held },
      others: right.filter((other) => other !== word).slice(0, most),
    });
    if (!held) return (asked.length === 0 ? [-1] : asked).map(made);
    return asked.filter((word) => heldOut === "meanings" || isHeldOut(word)).map(made);
  });
  const encoded = (some: typeof rows): Dataset<Definition> =>
    dataset({
      text: padSequences(
        some.map(({ text }) => text),
        length,
      ),
      word: fromTypedArray(
        [some.length],
        Int32Array.from(some, ({ word }) => word),
      ),
      others: padSequences(
        some.map(({ others }) => others),
        most,
        { padding: -1 },
      ),
    });
  return {
    train: encoded(rows.filter(({ held }) => !held)),
    test: encoded(rows.filter(({ held }) => held)),
    inputs: { text: fromText({ vocabulary: known, length, padding }) },
    classes: names,
  } satisfies Splits<Definition>;
};

/** WordNet's definitions and their words. */
export const definitions = (options: DefinitionOptions) =>
  Effect.map(meanings, (all) => definitionSplits(all, options));
