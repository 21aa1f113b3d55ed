import * as fc from "fast-check";
import type { Proposal, Strategy, Trial } from "../../src/search/index.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";

/** A strategy of a search. */
export interface StrategySubject {
  readonly name: string;
  readonly strategy: Strategy;
}

/** What a search is about: a function of a point, the numbers of values of its parameters, and the epochs of a run. */
export interface Landscape {
  /** The value of a point after an epoch: distances from a point, and sometimes no number. */
  readonly valueOf: (point: readonly number[], epoch: number) => number;
  readonly counts: readonly number[];
  readonly epochs: number;
  readonly seed: number;
}

/** Numbers from 0 to 1 that a seed and a count of trials determine (Park and Miller's generator). */
const randomFrom = (seed: number): (() => number) => {
  let state = (seed % 2_147_483_646) + 1;
  const next = (): number => {
    state = (48_271 * state) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  // Near seeds have near first numbers.
  for (let i = 0; i < 9; i++) next();
  return next;
};

/** The most trials that a strategy is given before it must have ended. */
const most = 500;

/** Runs a search trial after trial, from some trials to so many. */
export const playSearch = (
  { propose, goesOn }: Strategy,
  { valueOf, counts, epochs, seed }: Landscape,
  from: readonly Trial[] = [],
  until = most,
): readonly Trial[] => {
  let trials = from;
  while (trials.length < until) {
    const random = randomFrom(1000 * seed + trials.length);
    const next: Proposal | "wait" | "done" = propose({ trials, counts, random });
    if (next === "wait" || next === "done") return trials;
    let trial: Trial = { id: trials.length, ...next, costs: [], outcome: "running" };
    trials = [...trials, trial];
    const reports = Math.max(0, epochs - (next.from?.epoch ?? 0));
    const stopped = Array.from({ length: reports }).some(() => {
      const epoch = (next.from?.epoch ?? 0) + trial.costs.length + 1;
      trial = { ...trial, costs: [...trial.costs, valueOf(trial.point, epoch)] };
      trials = trials.with(trial.id, trial);
      return !goesOn(trial, trials);
    });
    trials = trials.with(trial.id, { ...trial, outcome: stopped ? "stopped" : "complete" });
  }
  return trials;
};

const landscapes: fc.Arbitrary<Landscape> = record({
  aim: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
  epochs: fc.integer({ min: 1, max: 9 }),
  seed: fc.nat(1000),
  // Every so many values are infinite, as NaN counts in a search.
  wild: fc.integer({ min: 2, max: 9 }),
  discrete: fc.boolean(),
}).map(({ aim, epochs, seed, wild, discrete }) => ({
  counts: aim.map((_, i) => (discrete && i === 0 ? 3 : Number.POSITIVE_INFINITY)),
  epochs,
  seed,
  valueOf: (point, epoch) =>
    Math.floor(1e6 * (point[0] ?? 0) + epoch) % wild === 0
      ? Number.POSITIVE_INFINITY
      : aim.reduce((sum, x, i) => sum + (x - (point[i] ?? 0)) ** 2, 0.01) / epoch,
}));

/** Points have a coordinate from 0 to 1 for each parameter, and copies an origin with a state. */
export const pointsOfTheCube: Law<StrategySubject> = law(
  "points of the cube",
  "every proposal is in [0, 1)ⁿ, and starts from an earlier trial or from none",
  ({ strategy }: StrategySubject) => ({
    given: landscapes,
    breach: (landscape) => {
      const trials = playSearch(strategy, landscape);
      const wrong = trials.find(
        ({ id, point, from }) =>
          point.length !== landscape.counts.length ||
          !point.every((x) => x >= 0 && x < 1) ||
          (from !== undefined && !(from.trial < id && from.epoch >= 0)),
      );
      return wrong === undefined
        ? undefined
        : `trial ${wrong.id} is at ${wrong.point.join(", ")}, from ${JSON.stringify(wrong.from)}`;
    },
  }),
);

/** A search ends. */
export const searchEnds: Law<StrategySubject> = law(
  "a search ends",
  `after fewer than ${most} trials there is no proposal`,
  ({ strategy }: StrategySubject) => ({
    given: landscapes,
    breach: (landscape) =>
      playSearch(strategy, landscape).length < most ? undefined : "it goes on and on",
  }),
);

/** A strategy depends on the trials alone, so that a search that was interrupted goes on as if it had not been. */
export const searchResumption: Law<StrategySubject> = law(
  "resumed search",
  "search (trials so far ++ rest) = search from (trials so far)",
  ({ strategy }: StrategySubject) => ({
    given: record({ landscape: landscapes, cut: fc.nat(12) }),
    breach: ({ landscape, cut }) => {
      const whole = JSON.stringify(playSearch(strategy, landscape));
      const part = playSearch(strategy, landscape, [], cut);
      const resumed = JSON.stringify(playSearch(strategy, landscape, part));
      return resumed === whole ? undefined : `${resumed} is not ${whole}`;
    },
  }),
);

export const strategyLaws: readonly Law<StrategySubject>[] = [
  pointsOfTheCube,
  searchEnds,
  searchResumption,
];
