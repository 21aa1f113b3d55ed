import { EmptySequence, type Issue, SequenceTooLong, ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { gt } from "../../ir/ops/elementwise.ts";
import { max } from "../../ir/ops/reduction.ts";
import { reshape, sliceAxis } from "../../ir/ops/structural.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { showShape } from "../../tensor/shape.ts";

/** Checks of the length of a sequence, its first axis. */

/** Reports a sequence of a wrong length; the program continues with `length` items. */
const refused = (issue: Issue, x: Expr, length: number): Expr =>
  refuse(issue, [x], [{ shape: [length, ...x.shape.slice(1)], dtype: x.dtype }])[0];

const emptySequence = new EmptySequence({ path: [] });

/**
 * Checks that a sequence has at least one item. An empty one is reported as an `EmptySequence`; results would otherwise
 * depend on nothing.
 */
export const nonEmpty = (x: Expr): Expr => (x.shape[0] === 0 ? refused(emptySequence, x, 1) : x);

/** Checks that a sequence has at most `limit` items. More are reported as a `SequenceTooLong`. */
export const atMost = (limit: number, x: Expr): Expr => {
  const length = x.shape[0] ?? 0;
  return length <= limit ? x : refused(new SequenceTooLong({ length, limit, path: [] }), x, limit);
};

/**
 * Splits off a source of `length` items from the sequence after it. An empty sequence is reported as an `EmptySequence`.
 */
export const splitSource = (x: Expr, length: number): readonly [source: Expr, sequence: Expr] => {
  const whole = (x.shape[0] ?? 0) > length ? x : refused(emptySequence, x, length + 1);
  return [sliceAxis(whole, 0, 0, length), sliceAxis(whole, 0, length, whole.shape[0] ?? 0)];
};

/** Checks that `x` has one `item` for each of `n` positions along its last axis; else it is a `ShapeMismatch` of `op`. */
const oneOfEach = (op: string, item: string, n: number, x: Expr): Expr => {
  if (x.shape.at(-1) === n) return x;
  const shape = [...x.shape.slice(0, -1), n];
  const expected = `one ${item} for each of the ${n} positions of the sequence, ${showShape(shape)}`;
  const issue = new ShapeMismatch({ op, expected, actual: [x.shape], path: [] });
  return refuse(issue, [x], [{ shape, dtype: x.dtype }])[0];
};

/** Checks that a mask has `n` time steps. Another length is reported; an extent of 1 would otherwise broadcast. */
export const maskOf = (n: number, mask: Expr): Expr => oneOfEach("mask", "bool", n, mask);

/**
 * Zeros the padded time steps of a sequence, whatever filled them. Padding that is not finite would otherwise make
 * gradients NaN.
 */
export const zeroPadding = (x: Expr, mask: Expr | undefined): Expr => {
  const time = x.shape[0] ?? 0;
  // The layer that uses the mask reports a wrong length.
  if (mask === undefined || !isFloat(x.dtype) || mask.shape.at(-1) !== time) return x;
  const real = reshape(mask, [time, ...x.shape.slice(1).map(() => 1)]);
  return where(real, x, 0);
};

/** Whether any bool along an axis is true. */
export const anyOf = (truths: Expr, axis = -1): Expr => gt(max(cast(truths, "i32"), axis), 0);

/** Checks that there are `n` labels, for a loss `op`. Another number is reported. */
export const labelsOf = (op: string, n: number, labels: Expr): Expr =>
  oneOfEach(op, "label", n, labels);
