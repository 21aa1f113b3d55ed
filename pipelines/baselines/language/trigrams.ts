import type { Baseline, Dataset, Row } from "../../../src/index.ts";

/** Rows of token numbers, without the zeros that fill them up, each with its class. */
const rowsOf = (rows: Dataset<Row>) => {
  const [text, labels] = [rows.column("text"), rows.column("label").toTypedArray()];
  const [all, length] = [text.toTypedArray(), text.shape[1] ?? 0];
  return Array.from(labels, (label, i) => {
    const row = all.subarray(i * length, (i + 1) * length);
    const end = row.indexOf(0);
    return { label, tokens: end < 0 ? row : row.subarray(0, end) };
  });
};

/** Numbers for trigrams, in the order in which they were first seen. */
const numbering = () => {
  const seen = new Map<number, number>();
  const numberOf = (tokens: ArrayLike<number>, i: number, add: boolean): number => {
    const code = [0, 1, 2].reduce((sum, j) => sum * 2 ** 16 + (tokens[i + j] as number), 0);
    const found = seen.get(code) ?? -1;
    if (found < 0 && add) seen.set(code, seen.size);
    return found < 0 && add ? seen.size - 1 : found;
  };
  return { numberOf, size: () => seen.size };
};

/** The weight that a trigram has which was never seen in a class: chosen on training texts. */
const smoothing = 0.1;

/**
 * A baseline for texts in a column `text` of token numbers and classes in a column `label`: naive Bayes on the trigrams
 * of the longest training texts.
 *
 * **Math** the class with the greatest `Σ log((n(g, c) + 0.1)/(n(c) + 0.1 V))` over the trigrams `g` of a text.
 */
export const trigrams: Baseline = {
  name: "naive Bayes on trigrams",
  evaluate: ({ train, test = train }) => {
    const { numberOf, size } = numbering();
    const known = rowsOf(train);
    const classes = known.reduce((most, { label }) => Math.max(most, label + 1), 0);
    const counts = Array.from({ length: classes }, () => new Map<number, number>());
    const totals: number[] = Array(classes).fill(0);
    for (const { label, tokens } of known) {
      const counted = counts[label] as Map<number, number>; // one for each class
      for (let i = 0; i + 3 <= tokens.length; i++) {
        const gram = numberOf(tokens, i, true);
        counted.set(gram, (counted.get(gram) ?? 0) + 1);
        totals[label] = (totals[label] as number) + 1;
      }
    }
    // For each trigram its classes, with what it adds to their score beyond a trigram that was never seen.
    const added: [number, number][][] = Array.from({ length: size() }, () => []);
    for (const [label, counted] of counts.entries())
      for (const [gram, n] of counted)
        added[gram]?.push([label, Math.log((n + smoothing) / smoothing)]);
    const unseen = totals.map((total) => Math.log(smoothing / (total + smoothing * size())));
    const rows = rowsOf(test);
    const right = rows.filter(({ label, tokens }) => {
      const grams = Math.max(0, tokens.length - 2);
      const scores = unseen.map((each) => each * grams);
      for (let i = 0; i < grams; i++)
        for (const [of, more] of added[numberOf(tokens, i, false)] ?? [])
          scores[of] = (scores[of] as number) + more;
      const best = scores.reduce((at, score, i) => (score > (scores[at] ?? 0) ? i : at), 0);
      return best === label;
    });
    return { accuracy: right.length / rows.length };
  },
};
