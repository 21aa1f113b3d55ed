/** A text and how it sounds: `steps` vectors of `width` numbers, one after another. */
export interface Uttered {
  readonly text: string;
  readonly steps: number;
  readonly width: number;
  readonly numbers: ArrayLike<number>;
}

/** What a letter costs that is left out, such as a silent one, in squared distance. */
const leftOut = 1;
/** How many examples of a letter among its neighbors weigh as much as all of it among any others. */
const prior = 3;

/** A letter among its neighbors. */
const inContext = (text: string, i: number): string =>
  `${text[i - 1] ?? ""}<${text[i]}>${text[i + 1] ?? ""}`;

/** A sum of vectors, and how many they are. */
interface Mean {
  readonly sum: Float64Array;
  count: number;
}

const added = (to: Map<string, Mean>, name: string, of: Uttered, step: number): void => {
  const mean = to.get(name) ?? { sum: new Float64Array(of.width), count: 0 };
  to.set(name, mean);
  mean.count++;
  for (let k = 0; k < of.width; k++)
    mean.sum[k] = (mean.sum[k] as number) + (of.numbers[step * of.width + k] as number);
};

/** The durations of letters: equal ones, as far as whole steps can be. */
export const evenly = ({ text, steps }: Uttered): readonly number[] =>
  Array.from(
    text,
    (_, i) => Math.round(((i + 1) * steps) / text.length) - Math.round((i * steps) / text.length),
  );

/** How each letter of a text sounds on average, mostly among these neighbors where it was often heard there. */
const expected = (of: Uttered, alone: Map<string, Mean>, among: Map<string, Mean>) =>
  Array.from(of.text, (letter, i) => {
    const [anywhere, own] = [alone.get(letter), among.get(inContext(of.text, i))];
    return Float64Array.from({ length: of.width }, (_, k) => {
      const mean = anywhere === undefined ? 0 : (anywhere.sum[k] as number) / anywhere.count;
      return own === undefined
        ? mean
        : ((own.sum[k] as number) + prior * mean) / (own.count + prior);
    });
  });

/**
 * The durations that bring each step nearest to what its letter is expected to sound like. Letters come in order, and one may be
 * left out between two others. **Source** Viterbi (1967).
 */
const nearest = (of: Uttered, means: readonly Float64Array[]): readonly number[] => {
  const [n, { steps, width, numbers }] = [means.length, of];
  const from = new Uint8Array(steps * n);
  let row = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  for (let t = 0; t < steps; t++) {
    const next = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      const stay = t === 0 ? (j === 0 ? 0 : Number.POSITIVE_INFINITY) : (row[j] as number);
      const move = t === 0 ? Number.POSITIVE_INFINITY : (row[j - 1] ?? Number.POSITIVE_INFINITY);
      const skip =
        t === 0
          ? j === 1
            ? leftOut
            : Number.POSITIVE_INFINITY
          : (row[j - 2] ?? Number.POSITIVE_INFINITY) + leftOut;
      const best = Math.min(stay, move, skip);
      from[t * n + j] = best === stay ? 0 : best === move ? 1 : 2;
      let square = 0;
      if (best < Number.POSITIVE_INFINITY)
        for (let k = 0; k < width; k++)
          square += ((numbers[t * width + k] as number) - (means[j]?.[k] ?? 0)) ** 2;
      next[j] = best + square;
    }
    row = next;
  }
  // The last letter may be left out too.
  let j = (row[n - 2] ?? Number.POSITIVE_INFINITY) + leftOut < (row[n - 1] ?? 0) ? n - 2 : n - 1;
  const durations = new Array<number>(n).fill(0);
  for (let t = steps - 1; t >= 0; t--) {
    durations[j] = (durations[j] ?? 0) + 1;
    j -= from[t * n + j] ?? 0;
  }
  return durations;
};

/**
 * Learns how many steps each letter of a text lasts: equally many at first; then, again and again, those that are nearest to how
 * the letters sound on average by the durations before. Nobody tells it where a letter is.
 *
 * **Source** Rabiner, Wilpon and Juang, "A segmental k-means training procedure" (1986), with a letter among its neighbors as a
 * state.
 */
export const aligner = (
  all: readonly Uttered[],
  rounds: number,
): ((of: Uttered) => readonly number[]) => {
  let align: (of: Uttered) => readonly number[] = evenly;
  for (let round = 0; round < rounds; round++) {
    const [alone, among] = [new Map<string, Mean>(), new Map<string, Mean>()];
    for (const of of all) {
      let step = 0;
      for (const [j, steps] of align(of).entries())
        for (let end = step + steps; step < end; step++) {
          added(alone, of.text[j] ?? "", of, step);
          added(among, inContext(of.text, j), of, step);
        }
    }
    align = (of) => nearest(of, expected(of, alone, among));
  }
  return align;
};
