import { leastOf, medianOf } from "../../../tensor/extremes.ts";
/**
 * Chooses the number of threads for the runs of one program, by measuring; every choice gives the same bits. It tries
 * each choice for a few runs and keeps the one with the lowest median. It tries all again after a while, and as soon as
 * runs get slower, since the machine's load may have changed.
 */
export interface Pace {
  /** The number of threads for the next run. */
  readonly threads: () => number;
  /** Records how long a run took, and on how many threads. */
  readonly took: (threads: number, milliseconds: number) => void;
}

/**
 * Runs per choice in a trial, in sequence so that workers stay awake. The first runs are not counted: they wake workers
 * and fill caches.
 */
const tries = 5;
const uncounted = 2;

/**
 * Runs between trials: the minimum, used after a trial that changed the choice, and the maximum. They double while
 * trials change nothing.
 */
const firstPause = 16;
const longestPause = 512;

/** Minimum runs between trials that slower runs trigger; doubles while trials change nothing. */
const shortestCalm = 8;
const longestCalm = 64;

/** Runs count as slower above this multiple of the time measured in the trial. */
const slower = 1.25;

/** Weight of the latest run in the moving average. */
const latest = 0.1;

export const paceOf = (choices: readonly number[]): Pace => {
  const order = choices.flatMap((threads) => Array.from({ length: tries }, () => threads));
  let trial = choices.length > 1 ? order : [];
  let times = new Map<number, readonly number[]>();
  let best = choices[0] ?? 1;
  let pause = firstPause;
  let calm = shortestCalm;
  let sinceTrial = 0;
  /** The moving average of recent runs, and the time measured in the trial. */
  let [average, expected] = [0, 0];

  const conclude = (): void => {
    const medians = choices.map((threads) => medianOf((times.get(threads) ?? []).slice(uncounted)));
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
        // On fewer threads than asked, workers were not ready yet: such a run says nothing about the choice.
        times.set(tried, [...(times.get(tried) ?? []), milliseconds]);
        trial = rest;
        if (rest.length === 0) conclude();
      }
    },
  };
};

/** The default choices: powers of two up to `most`, and `most` itself. */
export const choicesUpTo = (most: number): readonly number[] => [
  ...new Set([...Array.from({ length: Math.ceil(Math.log2(most)) }, (_, i) => 2 ** i), most]),
];
