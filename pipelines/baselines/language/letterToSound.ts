import type { Baseline, Tensor } from "../../../src/index.ts";

/** A word and its pronunciation, as numbers. */
interface Pair {
  readonly word: readonly number[];
  readonly sounds: readonly number[];
}

/** The sounds of a letter, zero to two of them, as a key. */
type Chunk = string;

/** The count of each chunk in each context. */
type Table = Map<string, Map<Chunk, number>>;

const count = (table: Table, context: string, chunk: Chunk): void => {
  const seen = table.get(context) ?? new Map<Chunk, number>();
  seen.set(chunk, (seen.get(chunk) ?? 0) + 1);
  table.set(context, seen);
};

const most = 2;

/**
 * Aligns the sounds of a word with its letters in the most likely way: in order, zero to two sounds per letter.
 */
const shared = (
  { word, sounds }: Pair,
  cost: (letter: number, chunk: Chunk) => number,
): readonly Chunk[] | undefined => {
  const width = sounds.length + 1;
  const best = new Float64Array((word.length + 1) * width).fill(Number.POSITIVE_INFINITY);
  const taken = new Int8Array(best.length);
  best[0] = 0;
  for (const [i, letter] of word.entries())
    for (let j = 0; j < width; j++) {
      const before = best[i * width + j] as number;
      if (before === Number.POSITIVE_INFINITY) continue;
      for (let n = 0; n <= most && j + n < width; n++) {
        const next = before + cost(letter, sounds.slice(j, j + n).join(" "));
        const at = (i + 1) * width + j + n;
        if (next < (best[at] as number)) {
          best[at] = next;
          taken[at] = n;
        }
      }
    }
  if (best.at(-1) === Number.POSITIVE_INFINITY) return undefined;
  const chunks: Chunk[] = [];
  let j = sounds.length;
  for (let i = word.length; i > 0; i--) {
    const n = taken[i * width + j] as number;
    chunks.unshift(sounds.slice(j - n, j).join(" "));
    j -= n;
  }
  return chunks;
};

/** The context of a letter: `reach` letters on each side. */
const contextOf = (word: readonly number[], at: number, reach: number): string =>
  Array.from({ length: 2 * reach + 1 }, (_, i) => word[at - reach + i] ?? 0).join(" ");

/** The words of examples, without padding and markers. */
const pairsOf = (words: Tensor, sounds: Tensor, letters: number): readonly Pair[] => {
  const [xs, ys] = [words.toTypedArray(), sounds.toTypedArray()];
  const [w = 0, s = 0] = [words.shape[1], sounds.shape[1]];
  return Array.from({ length: words.shape[0] ?? 0 }, (_, i) => ({
    word: [...xs.subarray(i * w, i * w + letters)].filter((n) => n !== 0),
    // Below 3 are padding, beginning and end.
    sounds: [...ys.subarray(i * s, (i + 1) * s)].filter((n) => n > 2),
  }));
};

/**
 * Predicts the most frequent sounds of each letter between the same `reach` neighbors on each side, or between fewer
 * neighbors if those never occurred.
 *
 * The sounds are aligned with the letters in four rounds, each by the counts of the previous one.
 */
export const letterToSound = (letters: number, reach: number): Baseline => ({
  name: reach === 0 ? "each letter by itself" : `each letter by ${reach} letters on each side`,
  evaluate: ({ train, test = train }) => {
    const known = pairsOf(train.column("word"), train.column("sounds"), letters);
    let pairs: readonly (readonly [Pair, readonly Chunk[]])[] = [];
    let counts: Table = new Map();
    for (let round = 0; round < 4; round++) {
      const seen = counts;
      const cost = (letter: number, chunk: Chunk): number =>
        // The first round prefers one sound per letter.
        round === 0
          ? Math.abs(chunk === "" ? 1 : chunk.split(" ").length - 1)
          : -Math.log((seen.get(String(letter))?.get(chunk) ?? 0) + 0.1);
      pairs = known.flatMap((pair) => {
        const chunks = shared(pair, cost);
        return chunks === undefined ? [] : [[pair, chunks] as const];
      });
      counts = new Map();
      for (const [{ word }, chunks] of pairs)
        for (const [at, chunk] of chunks.entries()) count(counts, String(word[at]), chunk);
    }
    const tables = Array.from({ length: reach + 1 }, (): Table => new Map());
    for (const [{ word }, chunks] of pairs)
      for (const [at, chunk] of chunks.entries())
        for (const [r, table] of tables.entries()) count(table, contextOf(word, at, r), chunk);
    const usual = tables.map(
      (table) =>
        new Map(
          [...table].map(([context, seen]) => [
            context,
            [...seen].reduce((a, b) => (b[1] > a[1] ? b : a))[0],
          ]),
        ),
    );
    const said = (word: readonly number[]): string =>
      word
        .map((_, at) => {
          for (let r = reach; r >= 0; r--) {
            const chunk = usual[r]?.get(contextOf(word, at, r));
            if (chunk !== undefined) return chunk;
          }
          return "";
        })
        .filter((chunk) => chunk !== "")
        .join(" ");
    const tested = pairsOf(test.column("word"), test.column("sounds"), letters);
    const right = tested.filter(({ word, sounds }) => said(word) === sounds.join(" "));
    return { exactMatch: right.length / tested.length };
  },
});
