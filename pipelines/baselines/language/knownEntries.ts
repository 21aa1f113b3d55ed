import * as Effect from "effect/Effect";
import { tokenizeWords } from "../../../src/data/index.ts";
import type { Baseline } from "../../../src/index.ts";
import { tfIdf } from "./tfIdf.ts";

/** Texts to be found, and questions with the number of the one that each is about. */
export interface Search {
  readonly documents: readonly string[];
  readonly asked: readonly { readonly text: string; readonly entry: number }[];
  /** The parts of a text. */
  readonly split: (text: string) => readonly string[];
}

/** Ranks texts for questions by TF-IDF over their parts: the mean reciprocal rank, and how often the right one is first and among ten. */
export const searched = ({ documents, asked, split }: Search) => {
  const numbers = new Map<string, number>();
  const numbered = (text: string): readonly number[] =>
    split(text).map((word) => {
      const number = numbers.get(word) ?? numbers.size;
      numbers.set(word, number);
      return number;
    });
  const { scores } = tfIdf(documents.map(numbered));
  const ranks = asked.map(({ text, entry }) => {
    const found = scores(numbered(text));
    const own = found.get(entry) ?? 0;
    let [before, equal] = [0, 0];
    for (const [other, score] of found)
      if (score > own) before += 1;
      else if (score === own && other !== entry) equal += 1;
    // Those that have nothing in common with the question are all equal.
    return 1 + before + (own > 0 ? equal : documents.length - 1 - before) / 2;
  });
  const mean = (of: (rank: number) => number): number =>
    ranks.reduce((sum, rank) => sum + of(rank), 0) / (ranks.length || 1);
  return {
    mrr: mean((rank) => 1 / rank),
    top1: mean((rank) => (rank <= 1 ? 1 : 0)),
    top10: mean((rank) => (rank <= 10 ? 1 : 0)),
  };
};

/** TF-IDF over what is known of entries besides their definitions: over words, or over the parts that a search has. */
export const knownEntries = <E>(search: Effect.Effect<Search, E>, of: "words" | "parts") =>
  ({
    name: `TF-IDF over ${of === "words" ? "words" : "parts of words"} of what is known of entries`,
    evaluate: () =>
      Effect.map(search, (all) =>
        searched(of === "words" ? { ...all, split: tokenizeWords } : all),
      ),
  }) satisfies Baseline<unknown>;
