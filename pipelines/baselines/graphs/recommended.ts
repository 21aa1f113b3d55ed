import type { Baseline, Dataset, Row, Tensor } from "../../../src/index.ts";

/** Baselines for sets in a column `tags` of numbers from 1 on, and what is missing of each in a column `missing`, from 0 on. */

const questionsIn = (rows: Dataset<Row>) => {
  const [tags, missing] = [rows.column("tags") as Tensor, rows.column("missing").toTypedArray()];
  const [all, length] = [tags.toTypedArray(), tags.shape[1] ?? 0];
  return Array.from(missing, (right, i) => ({
    right,
    known: [...all.subarray(i * length, (i + 1) * length)].flatMap((n) => (n === 0 ? [] : [n - 1])),
  }));
};

/** How often each is missing, and of those how often each other is known beside it. */
const countsOf = (rows: Dataset<Row>, size: number) => {
  const alone = new Float64Array(size);
  const together = new Float64Array(size * size);
  for (const { right, known } of questionsIn(rows)) {
    alone[right] = (alone[right] as number) + 1;
    for (const other of known)
      together[other * size + right] = (together[other * size + right] as number) + 1;
  }
  return { alone, together };
};
type Counts = ReturnType<typeof countsOf>;

/** Where the right answer stands among all that are not known; in the middle of equal ones. */
const rankOf = (scores: Float64Array, right: number, known: readonly number[]): number => {
  const hidden = new Set(known);
  const own = scores[right] as number;
  let [above, equal] = [0, 0];
  for (const [i, score] of scores.entries())
    if (!hidden.has(i)) {
      if (score > own) above += 1;
      else if (score === own) equal += 1;
    }
  return above + (equal + 1) / 2;
};

const recommending = (
  name: string,
  size: number,
  scoresOf: (counts: Counts, known: readonly number[]) => Float64Array,
): Baseline => ({
  name,
  evaluate: ({ train, test = train }) => {
    const counts = countsOf(train, size);
    const ranks = questionsIn(test).map(({ right, known }) =>
      rankOf(scoresOf(counts, known), right, known),
    );
    const meanOf = (of: (rank: number) => number) =>
      ranks.reduce((sum, rank) => sum + of(rank), 0) / ranks.length;
    return { mrr: meanOf((rank) => 1 / rank), top10: meanOf((rank) => (rank <= 10 ? 1 : 0)) };
  },
});

/** Recommends what is most frequent. */
export const popularity = (size: number): Baseline =>
  recommending("popularity", size, ({ alone }) => alone);

/**
 * Recommends what most often occurs beside the known ones.
 *
 * **Math** `Σ n(i, j)/√(n(i) n(j))` over the known `j`: the cosine of what is recommended with each.
 * **Source** Sarwar et al., "Item-based collaborative filtering recommendation algorithms" (2001).
 */
export const cooccurrence = (size: number): Baseline =>
  recommending("co-occurrence", size, ({ alone, together }, known) => {
    const scores = new Float64Array(size);
    for (const j of known)
      for (let i = 0; i < size; i++)
        scores[i] =
          (scores[i] as number) +
          (together[j * size + i] as number) /
            Math.sqrt(Math.max(1, (alone[i] as number) * (alone[j] as number)));
    return scores;
  });
