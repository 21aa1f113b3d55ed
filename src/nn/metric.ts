import type { Monoid } from "fp-ts/lib/Monoid.js";
import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { argmax } from "../ir/ops/reduction.ts";
import { reshape } from "../ir/ops/structural.ts";
import type { Nested, Tensor } from "../tensor/tensor.ts";

/** What a metric remembers of the examples that it has seen: numbers, or nested arrays of them, by name. */
export type Summary = { readonly [field: string]: Nested };

/** How often examples of each class (a row) were taken for each (a column), and what the classes are called. */
export interface ConfusionTable {
  readonly classes: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** What a step knows of its batch: the mean loss, and the outputs and targets of every example. */
export interface Outcomes {
  /** `[]`, the mean over the examples. */
  readonly loss: Expr;
  /** `[batch, ...]` */
  readonly outputs: Expr;
  /** `[batch, ...]` */
  readonly targets: Expr;
}

/**
 * A metric over batches: a commutative monoid of summaries with a way in and a way out.
 *
 * The way in is symbolic, and so part of the compiled step: what leaves the step is the small summary,
 * not the outputs. Summaries combine outside of it in any grouping and order, so that a metric can be
 * folded over batches, epochs or workers and give the same value.
 *
 * **Laws** `laws.metric`: the monoid is associative and commutative with `empty` as unit, and `value`
 * does not depend on how examples were batched.
 */
export interface Metric<A extends Summary> {
  readonly name: string;
  /** Whether a higher value is the better one, as of an accuracy, or a lower one, as of an error. */
  readonly better: "higher" | "lower";
  readonly monoid: Monoid<A>;
  /** The summary of a batch, as an expression for each field. */
  readonly fromBatch: (batch: Outcomes) => { readonly [K in keyof A]: Expr };
  readonly value: (summary: A) => number;
  /** What there is to see besides a number, where a metric knows which classes were taken for which. */
  readonly confusion?: (summary: A) => ConfusionTable;
}

/** A summary as the numbers that the expressions of `fromBatch` came to. */
export const readSummary = <A extends Summary>(
  computed: {
    readonly [K in keyof A]: Tensor;
  },
): A =>
  // The same fields, each with the tensor's numbers.
  Object.fromEntries(
    Object.entries<Tensor>(computed).map(([field, tensor]) => [field, tensor.toArray()]),
  ) as Summary as A;

/** Whole-number labels `[batch]`: as given, or the classes of a distribution's greatest probability. */
export const labelsOf = (targets: Expr): Expr =>
  targets.shape.length > 1 && targets.shape.at(-1) !== 1
    ? argmax(targets, -1)
    : cast(reshape(targets, [targets.shape[0] ?? 1]) as Expr, "i32");
