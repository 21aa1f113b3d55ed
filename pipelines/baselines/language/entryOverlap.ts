import * as Effect from "effect/Effect";
import { tokenizeWords } from "../../../src/data/index.ts";
import type { Baseline } from "../../../src/index.ts";
import { type ReadingData, scoresOf } from "../../data/language/answering/reading.ts";

/** How much a word tells: the logarithm of how few of so many texts have it. */
export type Rarity = (word: string) => number;

/** The rarity of words among texts. **Math** `ln (N + 1) / (d + 1)` of a word in `d` of `N` texts. */
export const rarityIn = (texts: readonly string[]): Rarity => {
  const having = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(tokenizeWords(text))) having.set(word, (having.get(word) ?? 0) + 1);
  return (word) => Math.log((texts.length + 1) / ((having.get(word) ?? 0) + 1));
};

/**
 * Answers a question from a passage of entries, `a name, another: what is said.`, by the words in common: the entry whose words
 * that the question has weigh most; of its two parts the one that has less of the question, what is said or the first name.
 *
 * **Source** the sliding window of Richardson, Burges and Renshaw (2013), MCTest, algorithm 1, over entries in place of windows.
 */
export const answerByOverlap =
  (rarity: Rarity) =>
  (question: string, passage: string): string => {
    const asked = new Set(tokenizeWords(question));
    const weightOf = (text: string): number =>
      [...new Set(tokenizeWords(text))].reduce(
        (sum, word) => sum + (asked.has(word) ? rarity(word) : 0),
        0,
      );
    const shareOf = (text: string): number =>
      weightOf(text) / (tokenizeWords(text).reduce((sum, word) => sum + rarity(word), 0) || 1);
    const [best = ""] = passage
      .split(/\.(?:\s|$)/)
      .map((entry) => [entry, weightOf(entry)] as const)
      .reduce((a, b) => (b[1] > a[1] ? b : a));
    const [names = "", said = ""] = best.split(/: (.*)/s);
    return shareOf(names) >= shareOf(said) ? said : (names.split(", ")[0] ?? "");
  };

/** The scores of answers by overlap, to the questions of learned templates and to those of the template that is held out. */
export const entryOverlap = <E>(data: Effect.Effect<ReadingData, E>) =>
  ({
    name: "TF-IDF: the part of an entry that is not asked about",
    evaluate: () =>
      Effect.map(data, ({ passages, test, heldOut }) => {
        const says = answerByOverlap(rarityIn(passages));
        const scored = ({ asked, wanted }: ReadingData["test"], name?: string) => {
          const pairs = asked.map(
            ({ question, passage }, i) => [says(question, passage), wanted[i] ?? ""] as const,
          );
          return scoresOf(name).map((score) => [score.name, score.of(pairs)] as const);
        };
        return Object.fromEntries([...scored(test), ...scored(heldOut, "HeldOut")]);
      }),
  }) satisfies Baseline<unknown>;
