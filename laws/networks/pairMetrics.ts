import * as fc from "fast-check";
import type { Summary } from "../../src/nn/metrics/metric.ts";
import { type PairMetric, scorePairs } from "../../src/nn/metrics/pairs.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { differenceOf } from "./metrics.ts";

/** A metric over pairs, the pairs that it takes, and its claims. */
export interface PairMetricSubject<P = unknown, R = unknown> {
  readonly name: string;
  readonly metric: PairMetric<P, R, Summary>;
  readonly pairs: fc.Arbitrary<readonly [predicted: P, reference: R]>;
  /** The smallest and the greatest possible value. */
  readonly range: readonly [least: number, greatest: number];
  /** A prediction that equals a reference. */
  readonly perfect: (reference: R) => P;
  /** Pairs, and their score by hand, by a paper or by another system. */
  readonly known: readonly (readonly [
    pairs: readonly (readonly [predicted: P, reference: R])[],
    score: number,
  ])[];
}

/** Makes a subject of a metric; its summaries only go into itself. */
export const pairMetricSubject = <P, R, A extends Summary>(
  metric: PairMetric<P, R, A>,
  claims: Omit<PairMetricSubject<P, R>, "name" | "metric">,
): PairMetricSubject =>
  // Every summary, prediction and reference that goes into the metric was drawn for it or made by it.
  ({ name: metric.name, metric, ...claims }) as object as PairMetricSubject;

const some = <A>(one: fc.Arbitrary<A>): fc.Arbitrary<readonly A[]> =>
  fc.array(one, { maxLength: 4 });

const summaryOf = <P, R>(
  { monoid, of }: PairMetric<P, R, Summary>,
  pairs: readonly (readonly [P, R])[],
): Summary =>
  pairs
    .map(([predicted, reference]) => of(predicted, reference))
    .reduce(monoid.concat, monoid.empty);

/** Summaries of pairs form a commutative monoid. */
export const pairMetricMonoid: Law<PairMetricSubject> = law(
  "commutative monoid of pairs",
  "(a·b)·c = a·(b·c), a·b = b·a, a·1 = a",
  ({ metric, pairs }: PairMetricSubject) => {
    const { concat, empty } = metric.monoid;
    const summaries = some(pairs).map((of) => summaryOf(metric, of));
    return {
      given: record({ a: summaries, b: summaries, c: summaries }),
      breach: ({ a, b, c }) =>
        differenceOf("(a·b)·c against a·(b·c)", concat(concat(a, b), c), concat(a, concat(b, c))) ??
        differenceOf("a·b against b·a", concat(a, b), concat(b, a)) ??
        differenceOf("a·1 against a", concat(a, empty), a) ??
        differenceOf("1·a against a", concat(empty, a), a),
    };
  },
);

/** The value is in its range, and NaN only where there is nothing to score. */
export const pairMetricRange: Law<PairMetricSubject> = law(
  "scores in their range",
  "least ≤ value ≤ greatest, or NaN",
  ({ metric, pairs, range }: PairMetricSubject) => ({
    given: some(pairs),
    breach: (of) => {
      const value = scorePairs(metric, of);
      return value < range[0] || value > range[1] + 1e-12 ? `the value is ${value}` : undefined;
    },
  }),
);

/** A prediction that equals its reference has the best value. */
export const perfection: Law<PairMetricSubject> = law(
  "perfection",
  "value (of reference reference) is the best of the range, or NaN",
  ({ metric, pairs, range, perfect }: PairMetricSubject) => ({
    given: some(pairs),
    breach: (of) => {
      const best = metric.better === "higher" ? range[1] : range[0];
      const value = scorePairs(
        metric,
        of.map(([, reference]) => [perfect(reference), reference]),
      );
      return Math.abs(value - best) > 1e-12 ? `the value is ${value}, not ${best}` : undefined;
    },
  }),
);

/** A metric of pairs has its known values. */
export const knownPairs: Law<PairMetricSubject> = law(
  "known scores of pairs",
  "value (of pairs) is the known value",
  ({ metric, known }: PairMetricSubject) => ({
    given: fc.constantFrom(...known),
    breach: ([pairs, score]) => {
      const value = scorePairs(metric, pairs);
      return Object.is(value, score) || Math.abs(value - score) < 1e-9
        ? undefined
        : `it is ${value}, not ${score}`;
    },
  }),
);

export const pairMetricLaws: readonly Law<PairMetricSubject>[] = [
  pairMetricMonoid,
  pairMetricRange,
  perfection,
  knownPairs,
];
