import { leastOf } from "../../../tensor/extremes.ts";
/**
 * How many threads runs of one program take, found out while they run: all choices give the same bits. Each
 * choice is tried for a few runs, and the one with the lowest median is kept. All are tried again after a
 * while, and as soon as runs take longer than they did: then the machine has got other things to do.
 */
export interface Pace {
  /** For the next run. */
  readonly threads: () => number;
  /** How long a run on so many threads has taken. */
  readonly took: (threads: number, milliseconds: number) => void;
}

/**
 * Runs of each choice, one after the other, so that workers do not fall asleep in between. The first do not
 * count: they wake workers, and find what they read in the caches of other cores.
 */
const tries = 5;
const uncounted = 2;

/** Runs from a trial that has changed something to the next, and the most; they double while trials change nothing. */
const firstPause = 16;
const longestPause = 512;

/**
 * So many runs there are at least between trials that slower runs bring about: they double while trials change
 * nothing.
 */
const shortestCalm = 8;
const longestCalm = 64;

/** Runs that take so many times what they took in the trial are slower. */
const slower = 1.25;

/** The share of the latest run in the average of runs. */
const latest = 0.1;

const median = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.POSITIVE_INFINITY;

export const paceOf = (choices: readonly number[]): Pace => {
  const order = choices.flatMap((threads) => Array.from({ length: tries }, () => threads));
  let trial = choices.length > 1 ? order : [];
  let times = new Map<number, readonly number[]>();
  let best = choices[0] ?? 1;
  let pause = firstPause;
  let calm = shortestCalm;
  let sinceTrial = 0;
  /** What runs take now, and what they took in the trial. */
  let [average, expected] = [0, 0];

  const conclude = (): void => {
    const medians = choices.map((threads) => median((times.get(threads) ?? []).slice(uncounted)));
    expected = leastOf(medians);
    average = expected;
    const found = choices[medians.indexOf(expected)] as number; // it is one of them
    const isSame = found === best;
    calm = isSame ? Math.min(longestCalm, 2 * calm) : shortestCalm;
    pause = isSame ? Math.min(longestPause, 2 * pause) : firstPause;
    best = found;
    times = new Map();
    sinceTrial = 0;
  };

  return {
    threads: () => trial[0] ?? best,
    took: (threads, milliseconds) => {
      if (choices.length < 2) return;
      const [tried, ...rest] = trial;
      if (tried === undefined) {
        sinceTrial += 1;
        average += latest * (milliseconds - average);
        const isSlower = sinceTrial >= calm && average > slower * expected;
        if (sinceTrial >= pause || isSlower) trial = order;
      } else if (threads === tried) {
        // On fewer threads, workers were not there yet: that tells nothing.
        times.set(tried, [...(times.get(tried) ?? []), milliseconds]);
        trial = rest;
        if (rest.length === 0) conclude();
      }
    },
  };
};

/** What is tried where nobody has said how many: one, and powers of two up to so many. */
export const choicesUpTo = (most: number): readonly number[] => [
  ...new Set([...Array.from({ length: Math.ceil(Math.log2(most)) }, (_, i) => 2 ** i), most]),
];
