import type { Baseline, Tensor } from "../../../src/index.ts";

/** The counts of the characters that follow a context. */
interface Followers {
  readonly counts: Map<number, number>;
  total: number;
}

/** A context as a string, the key of a Map. */
const contextOf = (row: readonly number[], end: number, length: number): string =>
  String.fromCharCode(...row.slice(end - length, end));

/** The rows of passages, each extended by its last target character. */
const rowsOf = (text: Tensor, next: Tensor): readonly (readonly number[])[] => {
  const [xs, ys, width] = [text.toTypedArray(), next.toTypedArray(), text.shape[1] ?? 0];
  return Array.from({ length: text.shape[0] ?? 0 }, (_, i) => [
    ...xs.subarray(i * width, (i + 1) * width),
    ys[(i + 1) * width - 1] as number,
  ]);
};

/**
 * Predicts each character from the `order - 1` characters before it, by their counts in the training text. It backs off
 * to shorter contexts where longer ones are rare. The loss is on the same characters and passages as the model's.
 *
 * **Math** `p(c|h) = (n(hc) + u(h) p(c|h'))/(n(h) + u(h))`, where `h'` is the context without its first
 * character, `u(h)` how many different characters followed `h`, and at last `p(c) = 1/vocabulary`.
 * **Source** Witten and Bell, "The Zero-Frequency Problem" (1991), method C, interpolated.
 */
export const ngrams = (order: number, vocabulary: number): Baseline => ({
  name: `${order === 1 ? "frequencies of characters" : `${order}-grams`}, Witten and Bell`,
  evaluate: ({ train, test = train }) => {
    // One table for each length of context, filled in one pass.
    const tables = Array.from({ length: order }, () => new Map<string, Followers>());
    for (const row of rowsOf(train.column("text"), train.column("next")))
      for (let at = 1; at < row.length; at++)
        for (const [length, table] of tables.entries()) {
          if (length > at) break;
          const context = contextOf(row, at, length);
          const seen = table.get(context) ?? { counts: new Map(), total: 0 };
          const next = row[at] as number;
          seen.counts.set(next, (seen.counts.get(next) ?? 0) + 1);
          seen.total += 1;
          table.set(context, seen);
        }
    let [nats, count] = [0, 0];
    for (const row of rowsOf(test.column("text"), test.column("next")))
      for (let at = 1; at < row.length; at++) {
        const p = tables.reduce((shorter, table, length) => {
          const seen = length > at ? undefined : table.get(contextOf(row, at, length));
          if (seen === undefined) return shorter;
          const kinds = seen.counts.size;
          const own = seen.counts.get(row[at] as number) ?? 0;
          return (own + kinds * shorter) / (seen.total + kinds);
        }, 1 / vocabulary);
        nats -= Math.log(p);
        count += 1;
      }
    return { loss: nats / count };
  },
});
