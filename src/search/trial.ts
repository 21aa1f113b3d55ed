/** What became of a trial. */
export type Outcome = "running" | "complete" | "stopped" | "failed";

/** One training run of a search. */
export interface Trial {
  /** Counted from 0, in the order of their start. */
  readonly id: number;
  /** Its values, as a point of the unit cube: one coordinate per parameter, in order of their names. */
  readonly point: readonly number[];
  /** What is monitored, after each epoch, so that lower is better. NaN counts as infinite. */
  readonly costs: readonly number[];
  readonly outcome: Outcome;
  /** The trial whose state it started from, and the epoch of that state. */
  readonly from?: { readonly trial: number; readonly epoch: number } | undefined;
}

/** A trial that a strategy asks for. */
export interface Proposal {
  readonly point: readonly number[];
  readonly from?: { readonly trial: number; readonly epoch: number };
}

/** The lowest cost of a trial so far; infinite before its first epoch, and for one that failed. */
export const scoreOf = ({ costs, outcome }: Trial): number =>
  outcome === "failed"
    ? Number.POSITIVE_INFINITY
    : costs.reduce((best, cost) => Math.min(best, cost), Number.POSITIVE_INFINITY);

/** The epoch that a trial has reached: that of its origin and its own. */
export const epochOf = ({ from, costs }: Trial): number => (from?.epoch ?? 0) + costs.length;
