import type { Baseline, Tensor } from "../../../src/index.ts";

/** Baselines for questions about the facts of a graph: columns `head`, `relation`, `tail` and `others`. */

/** The answers that are most frequent for the relation, whatever the head. */
export const frequentAnswers = (entities: number): Baseline => ({
  name: "the relation's most frequent answers",
  evaluate: ({ train, test = train }) => {
    const [kinds, tails] = [train.column("relation"), train.column("tail")].map((of) =>
      of.toTypedArray(),
    );
    const counts = new Map<number, Float64Array>();
    for (const [i, tail] of (tails ?? []).entries()) {
      const kind = kinds?.[i] ?? 0;
      const counted = counts.get(kind) ?? new Float64Array(entities);
      counted[tail] = (counted[tail] ?? 0) + 1;
      counts.set(kind, counted);
    }
    const others = test.column("others") as Tensor;
    const [asked, right, known] = [test.column("relation"), test.column("tail"), others].map((of) =>
      of.toTypedArray(),
    );
    const most = others.shape[1] ?? 0;
    let [reciprocal, hits] = [0, 0];
    for (let i = 0; i < test.size; i++) {
      const counted = (counts.get(asked?.[i] ?? 0) ?? new Float64Array(entities)).slice();
      const own = counted[right?.[i] ?? 0] ?? 0;
      for (const other of known?.subarray(i * most, (i + 1) * most) ?? [])
        if (other >= 0) counted[other] = -1;
      const rank =
        0.5 + counted.filter((n) => n > own).length + counted.filter((n) => n === own).length / 2;
      reciprocal += 1 / rank;
      hits += rank <= 10 ? 1 : 0;
    }
    return { mrr: reciprocal / test.size, top10: hits / test.size };
  },
});

/**
 * The answers that the reverse fact gives: who asks what A is derived from is told what is derived from A. Relations such
 * as "similar to" or "derivationally related" go both ways.
 */
export const reverseFact = (entities: number, relations: number): Baseline => ({
  name: "the reverse fact",
  evaluate: ({ train, test = train }) => {
    const columns = (of: typeof train) =>
      (["head", "relation", "tail"] as const).map((name) => of.column(name).toTypedArray());
    const [heads, kinds, tails] = columns(train) as [Int32Array, Int32Array, Int32Array]; // three names
    const facts = new Map<string, number[]>();
    heads.forEach((head, i) => {
      const question = `${head} ${kinds[i]}`;
      const answers = facts.get(question) ?? [];
      facts.set(question, answers);
      answers.push(tails[i] ?? -1);
    });
    const others = test.column("others") as Tensor;
    const [most = 0, known] = [others.shape[1], others.toTypedArray()];
    const [asked, by, right] = columns(test) as [Int32Array, Int32Array, Int32Array];
    const ranks = [...right].map((answer, i) => {
      const filtered = new Set([...known.subarray(i * most, (i + 1) * most)].filter((x) => x >= 0));
      const inverse = ((by[i] ?? 0) + relations) % (2 * relations);
      const told = (facts.get(`${asked[i]} ${inverse}`) ?? []).filter((x) => !filtered.has(x));
      // Answers that are equally good have the mean of their ranks.
      return told.includes(answer)
        ? (1 + told.length) / 2
        : (told.length + 1 + entities - filtered.size) / 2;
    });
    const share = (holds: (rank: number) => boolean) => ranks.filter(holds).length / ranks.length;
    return {
      mrr: ranks.reduce((total, rank) => total + 1 / rank, 0) / ranks.length,
      top1: share((rank) => rank <= 1),
      top10: share((rank) => rank <= 10),
    };
  },
});
