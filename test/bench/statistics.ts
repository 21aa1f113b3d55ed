/** The element at a fraction of the sorted samples. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

/** The distribution of the samples of several rounds. */
export interface Spread {
  readonly median: number;
  /** The lower and upper quartile of all samples. */
  readonly low: number;
  readonly high: number;
  /** The median of the best round: the speed of the undisturbed machine. */
  readonly best: number;
  readonly count: number;
}

export const spreadOf = (rounds: readonly (readonly number[])[]): Spread => {
  const all = rounds.flat().sort((a, b) => a - b);
  const medians = rounds.map((round) =>
    quantile(
      [...round].sort((a, b) => a - b),
      0.5,
    ),
  );
  return {
    median: quantile(all, 0.5),
    low: quantile(all, 0.25),
    high: quantile(all, 0.75),
    best: Math.min(...medians),
    count: all.length,
  };
};
