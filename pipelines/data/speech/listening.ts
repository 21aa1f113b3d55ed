import type { Sound } from "../../../src/data/index.ts";

/** The lowest and the highest pitch of a voice, in Hz, and the seconds of a window and from one to the next. */
const [lowest, highest, long, hop] = [60, 400, 0.05, 0.016];
/** How like a sound must be to itself a period later, from 0 to 1, for a voice. */
const voiced = 0.6;

/**
 * The pitch of a voice in Hz, window by window, where there is one: the shortest period after which a window is nearly as like to
 * itself as after any other.
 *
 * **Source** Rabiner, "On the use of autocorrelation analysis for pitch detection" (1977), without its clipping.
 */
export const pitches = ({ samples, sampleRate }: Sound): readonly number[] => {
  const x = Float64Array.from(samples.toTypedArray());
  const [from, to] = [Math.ceil(sampleRate / highest), Math.floor(sampleRate / lowest)];
  const length = Math.round(long * sampleRate);
  const power = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const found: number[] = [];
  for (let t = 0; t + length + to <= x.length; t += Math.round(hop * sampleRate)) {
    const like = (lag: number): number => {
      let [product, a, b] = [0, 0, 0];
      for (let i = t; i < t + length; i++) {
        const [now, later] = [x[i] as number, x[i + lag] as number];
        product += now * later;
        a += now * now;
        b += later * later;
      }
      // What is softer than a tenth of the mean is no voice.
      return a > (power * length) / 10 && b > 0 ? product / Math.sqrt(a * b) : 0;
    };
    const alike = Array.from({ length: to - from + 1 }, (_, i) => like(from + i));
    const most = alike.reduce((top, value) => Math.max(top, value), 0);
    const isPeak = (i: number): boolean =>
      (alike[i] as number) >= (alike[i - 1] ?? -1) && (alike[i] as number) >= (alike[i + 1] ?? -1);
    const at = alike.findIndex((value, i) => value >= 0.9 * most && isPeak(i));
    if (most >= voiced) found.push(sampleRate / (from + at));
  }
  return found;
};

/** The middle one of some numbers; NaN of none. */
export const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** How loud each of some equal parts of a sound is: the root of its mean square. */
export const loudness = ({ samples }: Sound, parts: number): readonly number[] => {
  const x = Float64Array.from(samples.toTypedArray());
  return Array.from({ length: parts }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * x.length) / parts));
    const part = x.subarray(from, to);
    return Math.sqrt(
      part.reduce((sum, value) => sum + value * value, 0) / Math.max(1, part.length),
    );
  });
};

/** Pearson's correlation of two lists of numbers. */
export const correlation = (a: readonly number[], b: readonly number[]): number => {
  const [meanA, meanB] = [a, b].map((of) => of.reduce((sum, x) => sum + x, 0) / of.length) as [
    number,
    number,
  ];
  let [both, squareA, squareB] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = (b[i] ?? 0) - meanB;
    both += (x - meanA) * y;
    squareA += (x - meanA) ** 2;
    squareB += y * y;
  }
  return both / Math.sqrt(squareA * squareB);
};
