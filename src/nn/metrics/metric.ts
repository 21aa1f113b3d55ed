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
 * **Laws** `laws.metric`: the monoid is associative and commutative with `empty` as unit, `value` does not depend
 * on how examples were batched, stays in its range, and is never worse for a better prediction.
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

/** What was given of other shapes than a metric takes, in a program that goes on with `meant`. */
export const misfit = (
  op: string,
  expected: string,
  given: readonly Expr[],
  meant: readonly TensorType[],
): readonly Expr[] => {
  const actual = given.map(({ shape }) => shape);
  return refuse(new ShapeMismatch({ op, expected, actual, path: [] }), given, meant);
};

/** Whether shapes are one but for axes of extent 1. */
export const alike = (a: Shape, b: Shape): boolean => {
  const [x, y] = [a, b].map((shape) => shape.filter((extent) => extent !== 1));
  return sameShape(x as Shape, y as Shape);
};

/** What a classifier said at each place, and what is true there. */
export interface Classified {
  /** `[places, classes]` */
  readonly outputs: Expr;
  /** `[places]`, i32; -1 where a target is no class: NaN, no whole number, or not in the range of classes. */
  readonly labels: Expr;
}

/** Whole numbers as they are; -1 for those that are none. */
const wholeOf = (x: Expr): Expr => {
  if (!isFloat(x.dtype)) return cast(x, "i32");
  const isWhole = and(eq(floor(x), x), lt(abs(x), 2 ** 31));
  return where(isWhole, cast(where(isWhole, x, 0), "i32"), -1);
};

/** The class of the greatest of scores along the last axis, the first of equal ones; -1 where one is NaN. */
export const greatest = (scores: Expr): Expr => {
  const lost = sum(cast(ne(scores, scores), "i32"), -1);
  return where(eq(lost, 0), argmax(scores, -1), -1);
};

/**
 * Outputs and labels of places: examples, or the moments of each. A target is a class, or as many numbers as there
 * are classes, of which the greatest is at it.
 */
export const classified = (op: string, outputs: Expr, targets: Expr): Classified => {
  const classes = outputs.shape.at(-1) ?? 1;
  const places = outputs.shape.slice(0, -1);
  const n = sizeOf(places);
  const scored = outputs.shape.length > 1 && classes > 1;
  const ofEach = sameShape(targets.shape, outputs.shape);
  if (!scored || !(ofEach || alike(targets.shape, places))) {
    const expected = scored
      ? `a label for each place, ${showShape(places)}, or a number for each class, ${showShape(outputs.shape)}`
      : "a score for each of two classes or more, [batch, classes]; of one logit it is binaryAccuracy";
    const meant = [
      { shape: [n, 2], dtype: outputs.dtype },
      { shape: [n], dtype: "i32" },
    ] as const;
    const [x, y] = misfit(op, expected, scored ? [targets, outputs] : [outputs, targets], meant);
    return { outputs: x as Expr, labels: y as Expr };
  }
  const labels = reshape(ofEach ? greatest(targets) : wholeOf(targets), [n]) as Expr;
  const known = and(ge(labels, 0), lt(labels, classes));
  return {
    outputs: reshape(outputs, [n, classes]),
    labels: where(known, labels, -1),
  };
};

/** A total over examples, and how many there were. */
export interface Ratio {
  readonly [field: string]: number;
  readonly total: number;
  readonly count: number;
}

export const monoidRatio: Monoid<Ratio> = struct({ total: MonoidSum, count: MonoidSum });

/** `NaN` where there was no example. */
export const ratio = ({ total, count }: Ratio): number => total / count;

/** An output for each target, the targets in the shape of the outputs. */
export const oneEach = (op: string, outputs: Expr, targets: Expr): readonly [Expr, Expr] => {
  const y = isFloat(targets.dtype) ? targets : cast(targets, "f32");
  if (alike(outputs.shape, targets.shape)) return [outputs, reshape(y, outputs.shape) as Expr];
  const expected = `one output for each target, ${showShape(targets.shape)}`;
  const { shape } = targets;
  const meant = [
    { shape, dtype: outputs.dtype },
    { shape, dtype: y.dtype },
  ] as const;
  const [x, z] = misfit(op, expected, [outputs, targets], meant);
  return [x as Expr, z as Expr];
};
