import * as Effect from "effect/Effect";
import type { Baseline } from "../../../src/index.ts";
import { tfIdf } from "../../data/tfIdf.ts";

/** Texts to be found, in numbers of words, and questions with the number of the one that each is about. */
export interface Search {
  readonly documents: readonly (readonly number[])[];
  readonly asked: readonly { readonly text: string; readonly entry: number }[];
  /** The words of a text. */
  readonly wordsIn: (text: string) => readonly number[];
  /** The signs of words, such as the words and how they begin. */
  readonly signsIn: (words: readonly number[]) => readonly number[];
}

/** Ranks texts for questions by TF-IDF over the signs of words: the mean reciprocal rank, and how often the right one is first and among ten. */
export const searched = ({ documents, asked, wordsIn, signsIn }: Search) => {
  const { scores } = tfIdf(documents.map(signsIn));
  const ranks = asked.map(({ text, entry }) => {
    const found = scores(signsIn(wordsIn(text)));
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

/** TF-IDF over what is known of entries besides their definitions: over words, or also over how they begin. */
export const knownEntries = <E>(search: Effect.Effect<Search, E>, of: "words" | "signs") =>
  ({
    name: `TF-IDF over words${of === "words" ? "" : " and their beginnings"} of what is known of entries`,
    evaluate: () =>
      Effect.map(search, (all) =>
        searched(of === "words" ? { ...all, signsIn: (words) => words } : all),
      ),
  }) satisfies Baseline<unknown>;
