/**
 * How many threads runs of one program take, found out while they run: all choices give the same bits. Each
 * choice is tried a few times, and the one whose quickest run was the quickest is kept; after some runs all
 * are tried again, since the machine may have got other things to do.
 */
export interface Pace {
  /** For the next run. */
  readonly threads: () => number;
  /** How long a run on so many threads has taken. */
  readonly took: (threads: number, milliseconds: number) => void;
}

/** Tries of each choice. */
const tries = 3;

/** Runs from the first trial to the second, and the most from one to the next; in between, they double. */
const firstPause = 16;
const longestPause = 512;

export const paceOf = (choices: readonly number[]): Pace => {
  let best = choices[0] ?? 1;
  let pause = firstPause;
  let left = 0;
  /** Choices to be tried, in order, and the quickest of each so far. */
  let trial: readonly number[] = [];
  let quickest = new Map<number, number>();
  const begin = (): void => {
    trial = Array.from({ length: tries }, () => choices).flat();
    quickest = new Map();
  };
  begin();
  return {
    threads: () => trial[0] ?? best,
    took: (threads, milliseconds) => {
      if (choices.length < 2) return;
      if (trial.length === 0) {
        left -= 1;
        if (left <= 0) begin();
        return;
      }
      if (threads !== trial[0]) return; // workers were not there yet
      trial = trial.slice(1);
      const before = quickest.get(threads) ?? Number.POSITIVE_INFINITY;
      quickest.set(threads, Math.min(before, milliseconds));
      if (trial.length > 0) return;
      best = choices.reduce((a, b) =>
        (quickest.get(b) as number) < (quickest.get(a) as number) ? b : a,
      );
      left = pause;
      pause = Math.min(longestPause, 2 * pause);
    },
  };
};

/** What is tried where nobody has said how many: one, and powers of two up to so many. */
export const choicesUpTo = (most: number): readonly number[] => [
  ...Array.from({ length: Math.floor(Math.log2(most)) }, (_, i) => 2 ** i),
  most,
];
