import { whole } from "../tensor/validate.ts";

/**
 * How texts become parts of words: the pairs of parts that are joined, the first one first. It is data, so that a file can
 * hold it. See {@link learnSubwords}.
 */
export interface Subwords {
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** Whether a text becomes lower case first. */
  readonly lowerCase: boolean;
  /** Whether the first word has a space before it, as the others do. Absent for `false`. */
  readonly spaced?: boolean;
}

/** The options of {@link learnSubwords}. */
export interface SubwordsOptions {
  /** The number of pairs to join, fewer where no pair occurs twice. */
  readonly merges: number;
  /** Whether texts become lower case first. Defaults to `false`. */
  readonly lowerCase?: boolean;
  /**
   * Whether the first word of a text has a space before it too, so that its parts are those that it has further on. Defaults to
   * `false`.
   */
  readonly spaced?: boolean;
}

/** A word with the space before it, a number, a mark, or a space. Long runs are cut, which bounds the work on each. */
const pieces = / ?(?:\p{L}[\p{L}\p{M}]{0,63}|\p{N}{1,64}|[^\s\p{L}\p{N}])| /gu;

/** The words of a text, each with the space before it: together, they are the text with single spaces. */
const piecesOf = (
  text: string,
  { lowerCase, spaced = false }: Omit<Subwords, "merges">,
): readonly string[] => {
  const normal = text.normalize("NFC").trim().replace(/\s+/gu, " ");
  const whole = spaced && normal !== "" ? ` ${normal}` : normal;
  return (lowerCase ? whole.toLowerCase() : whole).match(pieces) ?? [];
};

const joined = (parts: readonly string[], left: string, right: string): readonly string[] => {
  const made: string[] = [];
  for (let i = 0; i < parts.length; i++)
    if (parts[i] === left && parts[i + 1] === right) {
      made.push(left + right);
      i++;
    } else made.push(parts[i] as string);
  return made;
};

const keyOf = (left: string, right: string): string => `${left}\u0000${right}`;

/** A different word of the texts, in its present parts. */
interface Counted {
  parts: readonly string[];
  readonly count: number;
}

/** How often a pair occurs. */
type Frequency = readonly [count: number, pair: string];

const before = ([a, x]: Frequency, [b, y]: Frequency): boolean => a > b || (a === b && x < y);

/** The most frequent of pairs is on top: a binary heap. Williams (1964), Algorithm 232. */
class Heap {
  readonly #all: Frequency[] = [];

  push(added: Frequency): void {
    const all = this.#all;
    let at = all.length;
    for (
      let up = (at - 1) >> 1;
      at > 0 && before(added, all[up] as Frequency);
      up = (at - 1) >> 1
    ) {
      all[at] = all[up] as Frequency;
      at = up;
    }
    all[at] = added;
  }

  pop(): Frequency | undefined {
    const all = this.#all;
    const [top, last] = [all[0], all.pop()];
    if (last === undefined || all.length === 0) return top;
    let at = 0;
    for (;;) {
      const [left, right] = [all[2 * at + 1], all[2 * at + 2]];
      const down = left && right && before(right, left) ? 2 * at + 2 : 2 * at + 1;
      const next = all[down];
      if (next === undefined || before(last, next)) break;
      all[at] = next;
      at = down;
    }
    all[at] = last;
    return top;
  }
}

/**
 * Learns parts of words by byte pair encoding on characters: it joins the most frequent pair of neighboring parts, and again,
 * until there are `merges` joins. Of pairs that are equally frequent, the first in the order of code units is joined. A
 * space belongs to the word after it, so that the parts of a text, joined, are the text.
 *
 * **Fails with** `InvalidArgument`, thrown, where `merges` is not a whole number.
 * **Source** Sennrich, Haddow and Birch (2016), Neural machine translation of rare words with subword units,
 * arXiv:1508.07909, algorithm 1, here with a mark at the beginning of words in place of their end.
 *
 * @example
 * ```ts
 * import { learnSubwords, splitText } from "fluxion/data";
 * const words = [...Array(5).fill("low"), ...Array(2).fill("lower"), ...Array(6).fill("newest"), ...Array(3).fill("widest")];
 * const parts = learnSubwords(words, { merges: 4 });
 * parts.merges.map(([left, right]) => left + right) // => ["es", "est", "lo", "low"]
 * splitText(parts, "lowest") // => ["low", "est"]
 * ```
 */
export const learnSubwords = (
  texts: Iterable<string>,
  { merges: limit, lowerCase = false, spaced = false }: SubwordsOptions,
): Subwords => {
  whole(0)("learnSubwords", { merges: limit });
  const how = { lowerCase, ...(spaced && { spaced }) };
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of piecesOf(text, how)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = Array.from(counts, ([word, count]): Counted => ({ parts: [...word], count }));
  const pairs = new Map<string, number>();
  const places = new Map<string, Set<Counted>>();
  // A pair is there with at least as many as it has: the first that has just as many is the most frequent.
  const heap = new Heap();
  const queued = new Map<string, number>();
  const touched = new Set<string>();
  const queue = (key: string, count: number): void => {
    queued.set(key, count);
    if (count > 1) heap.push([count, key]);
  };
  const queueTouched = (): void => {
    for (const key of touched) {
      const count = pairs.get(key) ?? 0;
      if (count > (queued.get(key) ?? 0)) queue(key, count);
    }
    touched.clear();
  };
  const add = (word: Counted, sign: 1 | -1): void => {
    for (let i = 0; i + 1 < word.parts.length; i++) {
      const key = keyOf(word.parts[i] as string, word.parts[i + 1] as string);
      pairs.set(key, (pairs.get(key) ?? 0) + sign * word.count);
      if (sign > 0) touched.add(key);
      const where = places.get(key);
      if (where === undefined) places.set(key, new Set([word]));
      else where.add(word);
    }
  };
  for (const word of words) add(word, 1);
  queueTouched();
  const merges: (readonly [string, string])[] = [];
  while (merges.length < limit) {
    const [told, best] = heap.pop() ?? [0, ""];
    if (told < 2) break;
    const count = pairs.get(best) ?? 0;
    if (count !== told) {
      if (told === queued.get(best)) queue(best, count);
      continue;
    }
    // A left part never has U+0000, since that is a mark, which is joined to nothing after it.
    const at = best.indexOf("\u0000");
    const [left, right] = [best.slice(0, at), best.slice(at + 1)];
    merges.push([left, right]);
    for (const word of places.get(best) ?? []) {
      add(word, -1);
      word.parts = joined(word.parts, left, right);
      add(word, 1);
    }
    pairs.delete(best);
    queued.delete(best);
    places.delete(best);
    queueTouched();
  }
  return { merges, ...how };
};

/** The rank of each pair, and the parts of the words that were split before. */
interface Ranked {
  readonly ranks: ReadonlyMap<string, number>;
  readonly known: Map<string, readonly string[]>;
}

const ranked = new WeakMap<Subwords, Ranked>();

const rankedOf = (of: Subwords): Ranked => {
  const known = ranked.get(of);
  if (known !== undefined) return known;
  const ranks = new Map(of.merges.map(([left, right], i) => [keyOf(left, right), i]));
  const made = { ranks, known: new Map<string, readonly string[]>() };
  ranked.set(of, made);
  return made;
};

/** The most words whose parts are remembered. */
const most = 2 ** 16;

/** The parts of one word: the pair that was learned first is joined first. */
const partsOf = ({ ranks, known }: Ranked, word: string): readonly string[] => {
  const before = known.get(word);
  if (before !== undefined) return before;
  let parts: readonly string[] = [...word];
  for (;;) {
    let [at, rank] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i + 1 < parts.length; i++) {
      const each = ranks.get(keyOf(parts[i] as string, parts[i + 1] as string));
      if (each !== undefined && each < rank) [at, rank] = [i, each];
    }
    if (at < 0) break;
    parts = joined(parts, parts[at] as string, parts[at + 1] as string);
  }
  if (known.size < most) known.set(word, parts);
  return parts;
};

/** The parts of the words of a text. */
export const subwordsOf = (of: Subwords, text: string): readonly string[] => {
  const ranks = rankedOf(of);
  return piecesOf(text, of).flatMap((word) => partsOf(ranks, word));
};
