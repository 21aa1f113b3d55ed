import { type Monoid, struct } from "fp-ts/lib/Monoid.js";
import { MonoidSum } from "fp-ts/lib/number.js";
import { ShapeMismatch } from "../../errors.ts";
import type { Expr, TensorType } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { abs, and, eq, floor, ge, lt, ne } from "../../ir/ops/elementwise.ts";
import { argmax, sum } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Nested, Tensor } from "../../tensor/tensor.ts";

/** The accumulated state of a metric: named numbers, or nested arrays of numbers. */
export type Summary = { readonly [field: string]: Nested };

/** A confusion matrix with class names: `counts[i][j]` examples of class `i` were predicted as class `j`. */
export interface ConfusionTable {
  readonly classes: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** The results of one batch: the mean loss, and the outputs and targets of all examples. */
export interface Outcomes {
  /** The mean over the examples, `[]`. */
  readonly loss: Expr;
  /** `[batch, ...]` */
  readonly outputs: Expr;
  /** `[batch, ...]` */
  readonly targets: Expr;
  /** The number of examples. Defaults to the extent of the targets' leading axis. */
  readonly examples?: number;
  /** Further numbers of each example, `[batch]`, by name. Defaults to none. */
  readonly values?: { readonly [name: string]: Expr };
}

/**
 * A metric over batches: a commutative monoid of summaries, with `fromBatch` to make a summary and `value` to read it.
 *
 * `fromBatch` is symbolic and part of the compiled step, which returns the small summary instead of all outputs.
 * Summaries combine outside of the step in any grouping and order, so that folding a metric over batches, epochs or
 * workers gives the same value.
 *
 * **Laws** `laws.metric`: the monoid is associative and commutative with `empty` as unit, `value` does not depend
 * on how examples were batched, stays in its range, and is never worse for a better prediction.
 */
export interface Metric<A extends Summary> {
  readonly name: string;
  /** Whether higher values are better, as for an accuracy, or lower ones, as for an error. */
  readonly better: "higher" | "lower";
  readonly monoid: Monoid<A>;
  /** The summary of a batch, as an expression for each field. */
  readonly fromBatch: (batch: Outcomes) => { readonly [K in keyof A]: Expr };
  readonly value: (summary: A) => number;
  /** The confusion table of a summary, for metrics that have one. */
  readonly confusion?: (summary: A) => ConfusionTable;
}

/** Converts the computed tensors of `fromBatch` to a summary of plain numbers. */
export const readSummary = <A extends Summary>(
  computed: {
    readonly [K in keyof A]: Tensor;
  },
): A =>
  Object.fromEntries(
    Object.entries<Tensor>(computed).map(([field, tensor]) => [field, tensor.toArray()]),
  ) as Summary as A;

/** Reports operands whose shapes a metric does not accept; the program continues with the types `meant`. */
export const refuseShapes = <const M extends readonly TensorType[]>(
  op: string,
  expected: string,
  given: readonly Expr[],
  meant: M,
): { readonly [K in keyof M]: Expr } => {
  const actual = given.map(({ shape }) => shape);
  return refuse(new ShapeMismatch({ op, expected, actual, path: [] }), given, meant);
};

/** Whether two shapes are equal apart from axes of extent 1. */
export const alike = (a: Shape, b: Shape): boolean => {
  const [x, y] = [a, b].map((shape) => shape.filter((extent) => extent !== 1));
  return sameShape(x as Shape, y as Shape);
};

/** The outputs and labels of a classifier at each position. */
export interface Classified {
  /** `[places, classes]` */
  readonly outputs: Expr;
  /** `[places]`, i32; -1 where a target is not a class: NaN, not whole, or out of range. */
  readonly labels: Expr;
}

/** Whole numbers as i32; -1 for all other numbers. */
const wholeOf = (x: Expr): Expr => {
  if (!isFloat(x.dtype)) return cast(x, "i32");
  const isWhole = and(eq(floor(x), x), lt(abs(x), 2 ** 31));
  return where(isWhole, cast(where(isWhole, x, 0), "i32"), -1);
};

/** The class with the highest score along the last axis, the first of equal ones; -1 if a score is NaN. */
export const greatest = (scores: Expr): Expr => {
  const lost = sum(cast(ne(scores, scores), "i32"), -1);
  return where(eq(lost, 0), argmax(scores, -1), -1);
};

/**
 * Flattens outputs and targets to one row for each position: an example, or a time step of one. A target is a class, or
 * one number for each class with the maximum at the true class.
 */
export const classified = (op: string, outputs: Expr, targets: Expr): Classified => {
  const classes = outputs.shape.at(-1) ?? 1;
  const places = outputs.shape.slice(0, -1);
  const n = sizeOf(places);
  const scored = outputs.shape.length > 1 && classes > 1;
  const ofEach = sameShape(targets.shape, outputs.shape);
  if (!scored || !(ofEach || alike(targets.shape, places))) {
    const expected = scored
      ? `a label for each position, ${showShape(places)}, or a number for each class, ${showShape(outputs.shape)}`
      : "a score for each of two classes or more, [batch, classes]; of one logit it is binaryAccuracy";
    const meant = [
      { shape: [n, 2], dtype: outputs.dtype },
      { shape: [n], dtype: "i32" },
    ] as const;
    const [x, y] = refuseShapes(
      op,
      expected,
      scored ? [targets, outputs] : [outputs, targets],
      meant,
    );
    return { outputs: x, labels: y };
  }
  const labels: Expr = reshape(ofEach ? greatest(targets) : wholeOf(targets), [n]);
  const known = and(ge(labels, 0), lt(labels, classes));
  return {
    outputs: reshape(outputs, [n, classes]),
    labels: where(known, labels, -1),
  };
};

/** Adds two lists element by element. An element that one of them lacks counts as 0. */
export const added = (a: readonly number[] = [], b: readonly number[] = []): readonly number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));

/** A sum over examples and their number, for metrics that are a mean. */
export interface Ratio {
  readonly [field: string]: number;
  readonly total: number;
  readonly count: number;
}

export const monoidRatio: Monoid<Ratio> = struct({ total: MonoidSum, count: MonoidSum });

/** The mean of a ratio; `NaN` without examples. */
export const ratio = ({ total, count }: Ratio): number => total / count;

/** Pairs each output with a target: reshapes the targets to the shape of the outputs. */
export const outputTargetPairs = (
  op: string,
  outputs: Expr,
  targets: Expr,
): readonly [Expr, Expr] => {
  const y = isFloat(targets.dtype) ? targets : cast(targets, "f32");
  if (alike(outputs.shape, targets.shape)) return [outputs, reshape(y, outputs.shape)];
  const expected = `one output for each target, ${showShape(targets.shape)}`;
  const { shape } = targets;
  const meant = [
    { shape, dtype: outputs.dtype },
    { shape, dtype: y.dtype },
  ] as const;
  return refuseShapes(op, expected, [outputs, targets], meant);
};
