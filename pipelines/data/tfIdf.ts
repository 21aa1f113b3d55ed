/** Documents as bags of words, ranked by how much they have in common with a question. */
export interface Ranked {
  /** The score of each document that has a word of the question; others have 0. */
  readonly scores: (question: Iterable<number>) => ReadonlyMap<number, number>;
  /** The documents with the highest scores, at most `count`, the highest first; of equal ones that with the lower number. */
  readonly nearest: (question: Iterable<number>, count: number) => readonly number[];
  /** How rare a word is: `ln(N / d)`, or 0 where no document has it. */
  readonly rarity: (word: number) => number;
}

/** How often each word occurs. */
const countsOf = (words: Iterable<number>): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

/**
 * Ranks documents for questions by the cosine of their bags of words, in which a word weighs the more the fewer documents have
 * it. Words are whole numbers from 0, none much larger than there are words: each has a place in an array.
 *
 * **Math** a word that occurs `n` times in a document and in `d` of `N` documents weighs `(1 + ln n) ln(N / d)`.
 * **Source** Salton and Buckley (1988), Term-weighting approaches in automatic text retrieval.
 */
export const tfIdf = (documents: readonly (readonly number[])[]): Ranked => {
  const most = documents.reduce((top, words) => words.reduce((a, b) => Math.max(a, b), top), -1);
  // The documents of the word w, and what w weighs in each, are from starts[w] to starts[w + 1].
  const starts = new Int32Array(most + 2);
  for (const words of documents)
    for (const word of new Set(words)) starts[word + 1] = (starts[word + 1] ?? 0) + 1;
  for (let word = 0; word <= most; word++)
    starts[word + 1] = (starts[word + 1] ?? 0) + (starts[word] ?? 0);
  const having = (word: number): number => (starts[word + 1] ?? 0) - (starts[word] ?? 0);
  const rarity = (word: number): number =>
    having(word) > 0 ? Math.log(documents.length / having(word)) : 0;
  const weighed = (
    words: Iterable<number>,
  ): readonly (readonly [word: number, weight: number])[] => {
    const weights = [...countsOf(words)].map(
      ([word, n]) => [word, (1 + Math.log(n)) * rarity(word)] as const,
    );
    const norm = Math.hypot(...weights.map(([, weight]) => weight)) || 1;
    return weights.map(([word, weight]) => [word, weight / norm]);
  };
  const all = starts[most + 1] ?? 0;
  const [places, theirs, next] = [new Int32Array(all), new Float64Array(all), starts.slice()];
  documents.forEach((words, document) => {
    for (const [word, weight] of weighed(words)) {
      const at = next[word] ?? 0;
      [places[at], theirs[at], next[word]] = [document, weight, at + 1];
    }
  });

  // The same array for all questions, zero between them: most documents have nothing in common with one.
  const [sums, found] = [new Float64Array(documents.length), new Int32Array(documents.length)];
  const ask = <A>(
    question: Iterable<number>,
    use: (found: Int32Array, sums: Float64Array) => A,
  ): A => {
    let count = 0;
    for (const [word, weight] of weighed(question)) {
      // What all documents have, or none, weighs nothing.
      if (weight === 0) continue;
      for (let at = starts[word] ?? 0; at < (starts[word + 1] ?? 0); at++) {
        const document = places[at] as number;
        const own = sums[document] as number;
        if (own === 0) found[count++] = document;
        sums[document] = own + weight * (theirs[at] as number);
      }
    }
    const those = found.subarray(0, count);
    const made = use(those, sums);
    for (const document of those) sums[document] = 0;
    return made;
  };
  return {
    rarity,
    scores: (question) =>
      ask(question, (those, of) => new Map(Array.from(those, (i) => [i, of[i] as number]))),
    nearest: (question, count) =>
      ask(question, (those, of) => {
        const best: number[] = [];
        const before = (a: number, b: number): boolean =>
          (of[a] as number) > (of[b] as number) || (of[a] === of[b] && a < b);
        for (const document of those) {
          if (best.length === count && !before(document, best[count - 1] as number)) continue;
          let at = best.length;
          while (at > 0 && before(document, best[at - 1] as number)) at--;
          best.splice(at, 0, document);
          if (best.length > count) best.pop();
        }
        return best;
      }),
  };
};
