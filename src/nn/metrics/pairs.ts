import type { Monoid } from "fp-ts/lib/Monoid.js";
import type { Ratio, Summary } from "./metric.ts";

/**
 * A metric over pairs of a prediction and its reference: texts, or the boxes of images. Like a `Metric` it is a commutative
 * monoid, but its summaries are made outside of compiled programs.
 *
 * **Laws** `laws.pairMetric`: the monoid is associative and commutative with `empty` as unit, `value` stays in its range, and
 * a prediction that equals its reference has the best value.
 */
export interface PairMetric<Predicted, Reference, A extends Summary> {
  readonly name: string;
  readonly better: "higher" | "lower";
  readonly monoid: Monoid<A>;
  /** The summary of one pair. */
  readonly of: (predicted: Predicted, reference: Reference) => A;
  readonly value: (summary: A) => number;
}

/** A metric over two texts, each a list of tokens: words, or characters. */
export type TextMetric<A extends Summary = Ratio> = PairMetric<
  readonly string[],
  readonly string[],
  A
>;

/**
 * The value of a metric over many pairs.
 *
 * @example
 * ```ts
 * import { scorePairs, wordErrorRate } from "fluxion/metrics";
 * const said = [["the", "cat"], ["a", "dog", "barks"]];
 * const meant = [["the", "cat", "sat"], ["a", "dog", "barks"]];
 * scorePairs(wordErrorRate, said.map((words, i) => [words, meant[i] ?? []])) // => 0.1666667
 * ```
 */
export const scorePairs = <P, R, A extends Summary>(
  { monoid, of, value }: PairMetric<P, R, A>,
  pairs: Iterable<readonly [predicted: P, reference: R]>,
): number =>
  value(
    Array.from(pairs, ([predicted, reference]) => of(predicted, reference)).reduce(
      monoid.concat,
      monoid.empty,
    ),
  );
