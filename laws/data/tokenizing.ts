import * as fc from "fast-check";
import { type Law, law } from "../law.ts";

/** A function that splits a text into words. */
export interface Tokenizer {
  readonly name: string;
  readonly words: (text: string) => readonly string[];
}

const letters = fc.constantFrom(..."aIzéÅßΣ7नяاกé한İ", "e\u0301", "J\u030c", "\u{10400}");
const marks = fc.constantFrom("\u0301", "\u0307", "\u0323", "\u093f", "\u094d", "\u{1d165}");
const written = fc
  .tuple(letters, fc.array(fc.oneof(letters, marks), { maxLength: 6 }))
  .map(([first, rest]) => [first, ...rest].join(""));
const gaps = fc.constantFrom(" ", "\n", ", ", " - ", "…", " \u{1f600} ");
/** Texts of as many words as there are parts, each preceded by a separator. */
const texts = fc.array(fc.tuple(gaps, written), { maxLength: 8 });

const textOf = (parts: readonly (readonly [string, string])[]): string => parts.flat().join("");

const same = (a: readonly string[], b: readonly string[]): string | undefined =>
  JSON.stringify(a) === JSON.stringify(b)
    ? undefined
    : `${JSON.stringify(a)}, not ${JSON.stringify(b)}`;

/** Texts that are canonically equivalent in Unicode have the same words, however their characters are composed. */
export const canonicalWords: Law<Tokenizer> = law(
  "canonical equivalence",
  "words (NFD text) = words (NFC text)",
  ({ words }: Tokenizer) => ({
    given: texts.map(textOf),
    breach: (text: string) => same(words(text.normalize("NFD")), words(text.normalize("NFC"))),
  }),
);

/** Letters with their combining marks are one word: no mark splits it, and none is lost. */
export const wholeWords: Law<Tokenizer> = law(
  "whole words",
  "words (gap ++ w₁ ++ … ++ gap ++ wₙ) = words w₁ ++ … ++ words wₙ, n of them",
  ({ words }: Tokenizer) => ({
    given: texts,
    breach: (parts: readonly (readonly [string, string])[]) => {
      const found = words(textOf(parts));
      return found.length === parts.length
        ? same(
            found,
            parts.flatMap(([, word]) => words(word)),
          )
        : `${JSON.stringify(found)} of ${parts.length} words`;
    },
  }),
);

/** Tokenizing is idempotent: a word is one word, unchanged. */
export const wordsOfWords: Law<Tokenizer> = law(
  "tokenizing is idempotent",
  "words w = [w] for every w of words text, and w is in form C",
  ({ words }: Tokenizer) => ({
    given: texts.map(textOf),
    breach: (text: string) => {
      const found = words(text);
      return (
        same(found.flatMap(words), found) ??
        same(
          found.map((word) => word.normalize("NFC")),
          found,
        )
      );
    },
  }),
);

export const tokenizerLaws: readonly Law<Tokenizer>[] = [canonicalWords, wholeWords, wordsOfWords];
