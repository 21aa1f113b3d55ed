/** The number of a document and how often each of its words weighs. */
type Weights = ReadonlyMap<number, number>;

/** Documents as bags of words, ranked by how much they have in common with a question. */
export interface Ranked {
  /** The score of each document that has a word of the question; others have 0. */
  readonly scores: (question: Iterable<number>) => Weights;
}

/**
 * Ranks documents for questions by the cosine of their bags of words, in which a word weighs the more the fewer documents have
 * it.
 *
 * **Math** a word that occurs `n` times in a document and in `d` of `N` documents weighs `(1 + ln n) ln(N / d)`.
 * **Source** Salton and Buckley (1988), Term-weighting approaches in automatic text retrieval.
 */
export const tfIdf = (documents: readonly (readonly number[])[]): Ranked => {
  const counts = documents.map((words) => {
    const own = new Map<number, number>();
    for (const word of words) own.set(word, (own.get(word) ?? 0) + 1);
    return own;
  });
  const having = new Map<number, number>();
  for (const own of counts)
    for (const word of own.keys()) having.set(word, (having.get(word) ?? 0) + 1);
  const rarity = (word: number): number => Math.log(documents.length / (having.get(word) ?? 1));
  const weighed = (own: Weights): Weights => {
    const weights = [...own].map(([word, n]) => [word, (1 + Math.log(n)) * rarity(word)] as const);
    const norm = Math.hypot(...weights.map(([, weight]) => weight)) || 1;
    return new Map(weights.map(([word, weight]) => [word, weight / norm]));
  };
  const postings = new Map<number, (readonly [document: number, weight: number])[]>();
  counts.forEach((own, document) => {
    for (const [word, weight] of weighed(own)) {
      const list = postings.get(word) ?? [];
      list.push([document, weight]);
      postings.set(word, list);
    }
  });
  return {
    scores: (question) => {
      const own = new Map<number, number>();
      for (const word of question) if (having.has(word)) own.set(word, (own.get(word) ?? 0) + 1);
      const scores = new Map<number, number>();
      for (const [word, weight] of weighed(own))
        for (const [document, other] of postings.get(word) ?? [])
          scores.set(document, (scores.get(document) ?? 0) + weight * other);
      return scores;
    },
  };
};
