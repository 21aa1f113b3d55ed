import type { Baseline, Dataset, Row } from "../../../src/index.ts";

/** Rows of word numbers, without the zeros that fill them up, each with its class. */
const rowsOf = (rows: Dataset<Row>) => {
  const [text, labels] = [rows.column("text"), rows.column("label").toTypedArray()];
  const [all, length] = [text.toTypedArray(), text.shape[1] ?? 0];
  return Array.from(labels, (label, i) => {
    const row = all.subarray(i * length, (i + 1) * length);
    const end = row.indexOf(0);
    return { label, words: end < 0 ? row : row.subarray(0, end) };
  });
};

/** The different words and pairs of neighbors in a text, as numbers. */
const featuresOf = (words: ArrayLike<number>): ReadonlySet<number> => {
  const found = new Set<number>();
  for (let i = 0; i < words.length; i++) {
    found.add(words[i] as number);
    if (i > 0) found.add((words[i - 1] as number) * 2 ** 20 + (words[i] as number));
  }
  return found;
};

/** The mean over classes of `2 TP / (actual + predicted)`; a class that neither occurs nor is predicted has none. */
const macroF1 = (said: readonly number[], labels: readonly number[], classes: number): number => {
  const [right, both] = [new Float64Array(classes), new Float64Array(classes)];
  for (const [i, label] of labels.entries()) {
    const guess = said[i] as number;
    both[label] = (both[label] as number) + 1;
    both[guess] = (both[guess] as number) + 1;
    if (guess === label) right[label] = (right[label] as number) + 1;
  }
  const each = [...right].flatMap((n, c) => (both[c] === 0 ? [] : [(2 * n) / (both[c] as number)]));
  return each.reduce((a, b) => a + b, 0) / each.length;
};

/**
 * A baseline for texts in a column `text` of word numbers and classes in a column `label`: multinomial naive Bayes on
 * which words and pairs of neighboring words a text has.
 *
 * **Math** the class with the greatest `log p(c) + Σ log((n(g, c) + α)/(n(c) + α V))` over the features `g` of a text,
 * where `n(g, c)` is the number of texts of the class with the feature. `smoothing`, α, defaults to 1.
 * **Source** Wang and Manning, "Baselines and bigrams: simple, good sentiment and topic classification" (2012): MNB.
 */
export const bigrams = (smoothing = 1): Baseline => ({
  name: "naive Bayes on words and bigrams",
  evaluate: ({ train, test = train }) => {
    const known = rowsOf(train);
    const classes = known.reduce((most, { label }) => Math.max(most, label + 1), 1);
    const counts = new Map<number, Float64Array>();
    const [totals, texts] = [new Float64Array(classes), new Float64Array(classes)];
    for (const { label, words } of known) {
      texts[label] = (texts[label] as number) + 1;
      for (const feature of featuresOf(words)) {
        const of = counts.get(feature) ?? new Float64Array(classes);
        of[label] = (of[label] as number) + 1;
        totals[label] = (totals[label] as number) + 1;
        counts.set(feature, of);
      }
    }
    const norms = totals.map((total) => Math.log(total + smoothing * counts.size));
    const rows = rowsOf(test);
    const said = rows.map(({ words }) => {
      const scores = texts.map((n) => Math.log(n / known.length));
      for (const feature of featuresOf(words)) {
        const of = counts.get(feature);
        if (of === undefined) continue;
        for (let c = 0; c < classes; c++)
          scores[c] =
            (scores[c] as number) + Math.log((of[c] as number) + smoothing) - (norms[c] as number);
      }
      return scores.reduce((best, score, c) => (score > (scores[best] as number) ? c : best), 0);
    });
    const labels = rows.map(({ label }) => label);
    const right = said.filter((guess, i) => guess === labels[i]).length;
    return { accuracy: right / rows.length, f1: macroF1(said, labels, classes) };
  },
});
