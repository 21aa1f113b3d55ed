import type { Proposal, Trial } from "../trial.ts";

/** What a strategy knows when it is asked. */
export interface Asked {
  /** All trials so far, in the order of their start. */
  readonly trials: readonly Trial[];
  /** The number of different values of each parameter, in order of their names. */
  readonly counts: readonly number[];
  /** Numbers from 0 to 1 that the seed of the search and the number of trials determine. */
  readonly random: () => number;
}

/**
 * A way to search, as two pure functions of the trials so far. A search is resumed from its trials alone.
 *
 * **Laws** `laws.strategy`: points are in the unit cube; the same trials give the same proposal; it ends.
 */
export interface Strategy {
  readonly name: string;
  /** The next trial; `"wait"` until another one ends, or `"done"`. */
  readonly propose: (asked: Asked) => Proposal | "wait" | "done";
  /** How many of the last trials have their states kept, for trials that start from them. Defaults to none. */
  readonly copies?: number;
  /** Whether a trial goes on after its latest epoch. */
  readonly goesOn: (trial: Trial, trials: readonly Trial[]) => boolean;
}
