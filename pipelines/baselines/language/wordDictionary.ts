/** A sentence and its translation, as words. */
export type WordPair = readonly [source: readonly string[], target: readonly string[]];

/** How probable each translation of a word is. */
export type WordDictionary = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Learns how probable each translation of a word is, from sentences and their translations whose words are not aligned: IBM's
 * model 1, by expectation and maximization, from translations that are all equally probable.
 *
 * **Math** each round counts, for every pair, the share `t(f|e) / Σ_e' t(f|e')` of each word `f` of the translation for
 * each word `e` of the sentence, and divides the counts of `e` by their sum.
 * **Source** Brown et al. (1993), The mathematics of statistical machine translation, section 4.2, without the empty
 * word; Koehn (2010), Statistical machine translation, section 4.2.
 */
export const wordDictionary = (pairs: readonly WordPair[], rounds: number): WordDictionary => {
  const numbered = (texts: readonly (readonly string[])[]) => {
    const numbers = new Map<string, number>();
    const rows = texts.map((words) =>
      words.map((word) => {
        const known = numbers.get(word) ?? numbers.size;
        numbers.set(word, known);
        return known;
      }),
    );
    return { words: [...numbers.keys()], rows };
  };
  const source = numbered(pairs.map(([words]) => words));
  const target = numbered(pairs.map(([, words]) => words));
  // The words that ever stand in one pair of sentences, and for every pair of sentences the numbers of these couples.
  const couples = new Map<number, number>();
  const wide = target.words.length;
  const cells = source.rows.map((row, i) =>
    (target.rows[i] ?? []).map((f) =>
      row.map((e) => {
        const at = couples.get(e * wide + f) ?? couples.size;
        couples.set(e * wide + f, at);
        return at;
      }),
    ),
  );
  const owner = Int32Array.from(couples.keys(), (couple) => Math.floor(couple / wide));
  let probable = new Float64Array(couples.size).fill(1);
  for (let round = 0; round < rounds; round++) {
    const counts = new Float64Array(couples.size);
    for (const sentence of cells)
      for (const row of sentence) {
        const sum = row.reduce((total, at) => total + (probable[at] as number), 0);
        for (const at of row) counts[at] = (counts[at] as number) + (probable[at] as number) / sum;
      }
    const totals = new Float64Array(source.words.length);
    counts.forEach((count, at) => {
      const word = owner[at] as number;
      totals[word] = (totals[word] as number) + count;
    });
    probable = counts.map((count, at) => count / (totals[owner[at] as number] as number));
  }
  const dictionary = new Map<string, Map<string, number>>();
  for (const [couple, at] of couples) {
    const [e = "", f = ""] = [source.words[Math.floor(couple / wide)], target.words[couple % wide]];
    const known = dictionary.get(e) ?? new Map<string, number>();
    dictionary.set(e, known.set(f, probable[at] as number));
  }
  return dictionary;
};

/** The most probable translation of every word, in order; a word that the dictionary does not have stays as it is. */
export const wordByWord = (dictionary: WordDictionary, words: readonly string[]) => {
  const best = new Map<string, string>();
  return words.map((word) => {
    const known = best.get(word);
    if (known !== undefined) return known;
    let [said, most] = [word, 0];
    for (const [translation, probability] of dictionary.get(word) ?? [])
      if (probability > most) [said, most] = [translation, probability];
    best.set(word, said);
    return said;
  });
};
