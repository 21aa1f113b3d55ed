import type { Monoid } from "fp-ts/lib/Monoid.js";

/**
 * A metric over batches: a commutative monoid of summaries with a way in and a way out.
 *
 * Summaries combine in any grouping and order, so that a metric can be folded over batches, epochs or
 * workers and give the same value. `Batch` is what a summary is made from, `A` the summary.
 *
 * **Laws** `laws.metric`: the monoid is associative and commutative with `empty` as unit, and `value`
 * does not depend on how examples were batched.
 */
export interface Metric<Batch, A> {
  readonly name: string;
  readonly monoid: Monoid<A>;
  readonly fromBatch: (batch: Batch) => A;
  readonly value: (summary: A) => number;
}
