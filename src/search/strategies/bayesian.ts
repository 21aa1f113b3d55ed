import { whole } from "../../tensor/validate.ts";
import { scoreOf } from "../trial.ts";
import type { Strategy } from "./strategy.ts";

type Vector = readonly number[];

const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

/** The covariance of two points: Matérn 5/2 with one length for all parameters. */
const covariance = (a: Vector, b: Vector, length: number): number => {
  const distance = Math.sqrt(a.reduce((sum, x, i) => sum + (x - (b[i] ?? 0)) ** 2, 0)) / length;
  const r = Math.sqrt(5) * distance;
  return (1 + r + (r * r) / 3) * Math.exp(-r);
};

/** The lower factor of a positive definite matrix; `undefined` where it is not. */
const choleskyOf = (rows: readonly Vector[]): readonly Vector[] | undefined => {
  const made: number[][] = [];
  for (const [i, row] of rows.entries()) {
    const own: number[] = [];
    for (let j = 0; j <= i; j++) {
      const before = j === i ? own : (made[j] ?? []);
      const rest = (row[j] ?? 0) - dot(own.slice(0, j), before);
      if (j === i && !(rest > 0)) return undefined;
      own.push(j === i ? Math.sqrt(rest) : rest / (before[j] ?? 1));
    }
    made.push(own);
  }
  return made;
};

/** Solves `L x = y`. */
const forward = (factor: readonly Vector[], y: Vector): Vector => {
  const x: number[] = [];
  for (const [i, row] of factor.entries()) x.push(((y[i] ?? 0) - dot(x, row)) / (row[i] ?? 1));
  return x;
};

/** A Gaussian process over points of the unit cube: a function from a point to its mean and deviation. */
export interface Surrogate {
  readonly at: (point: Vector) => { readonly mean: number; readonly deviation: number };
  /** The logarithm of the probability of what was seen, up to a constant. */
  readonly evidence: number;
}

/** The noise of values, relative to their variance. */
const noise = 1e-3;

/** The process for values whose mean is 0 and whose variance is 1. */
const processOf = (
  points: readonly Vector[],
  values: Vector,
  length: number,
): Surrogate | undefined => {
  const matrix = points.map((a, i) =>
    points.map((b, j) => covariance(a, b, length) + (i === j ? noise : 0)),
  );
  const factor = choleskyOf(matrix);
  if (factor === undefined) return undefined;
  const white = forward(factor, values);
  const logs = factor.reduce((sum, row, i) => sum + Math.log(row[i] ?? 1), 0);
  return {
    evidence: -dot(white, white) / 2 - logs,
    at: (point) => {
      const seen = forward(
        factor,
        points.map((other) => covariance(point, other, length)),
      );
      const variance = 1 + noise - dot(seen, seen);
      return { mean: dot(seen, white), deviation: Math.sqrt(Math.max(0, variance)) };
    },
  };
};

const lengths = [0.1, 0.2, 0.4, 0.8, 1.6];

/** The process of the length under which the values are most probable. */
export const surrogate = (points: readonly Vector[], values: Vector): Surrogate | undefined =>
  lengths
    .map((length) => processOf(points, values, length))
    .filter((made) => made !== undefined)
    .reduce<Surrogate | undefined>(
      (best, made) => (best === undefined || made.evidence > best.evidence ? made : best),
      undefined,
    );

/** The density of the standard normal distribution, and the probability below `x` (Abramowitz and Stegun 26.2.17). */
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const below = (x: number): number => {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const upper = density(x) * series;
  return x < 0 ? upper : 1 - upper;
};

/** How much lower than `best` a normal value is expected to be, where it is lower at all. */
export const expectedImprovement = (mean: number, deviation: number, best: number): number => {
  if (deviation === 0) return Math.max(0, best - mean);
  const z = (best - mean) / deviation;
  return (best - mean) * below(z) + deviation * density(z);
};

/** The options of {@link bayesian}. */
export interface Bayesian {
  readonly trials: number;
  /** The number of random trials to begin with. Defaults to 5. */
  readonly random?: number;
  /** The number of points that are compared for each proposal. Defaults to 500. */
  readonly candidates?: number;
}

/** The most trials that the process is made of: its time grows with their cube. */
const most = 200;

/**
 * Bayesian optimization: a Gaussian process of the trials so far says what to expect of a point and how surely, and the next
 * trial is where the expected improvement is greatest among random candidates. Trials that are still running count as if
 * they got what is expected of them, so that several at once differ.
 *
 * Values are compared by their rank, so that one bad trial does not hide the differences between good ones.
 *
 * **Fails with** `InvalidArgument`, thrown, where a number is not a whole number above 0.
 * **Source** Snoek, Larochelle and Adams (2012), Practical Bayesian optimization of machine learning algorithms,
 * arXiv:1206.2944.
 */
export const bayesian = ({
  trials: count,
  random: first = 5,
  candidates = 500,
}: Bayesian): Strategy => {
  whole(1)("bayesian", { trials: count, random: first, candidates });
  return {
    name: "Bayesian",
    propose: ({ trials, counts, random }) => {
      if (trials.length >= count) return "done";
      const drawn = (): Vector => counts.map(random);
      const ended = trials.filter(({ outcome }) => outcome !== "running");
      if (ended.length < first) return { point: drawn() };
      const ranked = ended.toSorted((a, b) => scoreOf(a) - scoreOf(b)).slice(0, most);
      const n = ranked.length;
      // Ranks from -√3 to √3 have a mean of 0 and a variance of 1.
      const values = ranked.map((_, i) => Math.sqrt(3) * (n === 1 ? 0 : (2 * i) / (n - 1) - 1));
      const seen = surrogate(
        ranked.map(({ point }) => point),
        values,
      );
      if (seen === undefined) return { point: drawn() };
      const running = trials.filter(({ outcome }) => outcome === "running");
      const made =
        surrogate(
          [...ranked, ...running].map(({ point }) => point),
          [...values, ...running.map(({ point }) => seen.at(point).mean)],
        ) ?? seen;
      const best = values[0] ?? 0;
      return Array.from({ length: candidates }, drawn)
        .map((point) => {
          const { mean, deviation } = made.at(point);
          return { point, gain: expectedImprovement(mean, deviation, best) };
        })
        .reduce((a, b) => (b.gain > a.gain ? b : a));
    },
    goesOn: () => true,
  };
};
