import { EmptySequence, type Issue, SequenceTooLong, ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { gt } from "../../ir/ops/elementwise.ts";
import { max } from "../../ir/ops/reduction.ts";
import { reshape, sliceAxis } from "../../ir/ops/structural.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { showShape } from "../../tensor/shape.ts";

/** What layers along time ask of the length of a sequence, its first axis. */

/** A sequence that is wrong in its length, in a program that goes on with `length` items. */
const refused = (issue: Issue, x: Expr, length: number): Expr =>
  refuse(issue, [x], [{ shape: [length, ...x.shape.slice(1)], dtype: x.dtype }])[0] as Expr;

const nothing = new EmptySequence({ path: [] });

/**
 * `x`, which must have at least one item: an empty sequence is reported as an `EmptySequence`, where it would
 * else give numbers that depend on nothing.
 */
export const someOf = (x: Expr): Expr => (x.shape[0] === 0 ? refused(nothing, x, 1) : x);

/** `x`, which must have at most `limit` items: more are reported as a `SequenceTooLong`. */
export const atMost = (limit: number, x: Expr): Expr => {
  const length = x.shape[0] ?? 0;
  return length <= limit ? x : refused(new SequenceTooLong({ length, limit, path: [] }), x, limit);
};

/**
 * A source of `length` items, and the sequence after it: where there is none, that is reported as an
 * `EmptySequence`.
 */
export const parted = (x: Expr, length: number): readonly [source: Expr, sequence: Expr] => {
  const whole = (x.shape[0] ?? 0) > length ? x : refused(nothing, x, length + 1);
  return [sliceAxis(whole, 0, 0, length), sliceAxis(whole, 0, length, whole.shape[0] ?? 0)];
};

/** What must have one `item` for each of `n` places along its last axis; else it is a `ShapeMismatch` of `op`. */
const oneOfEach = (op: string, item: string, n: number, x: Expr): Expr => {
  if (x.shape.at(-1) === n) return x;
  const shape = [...x.shape.slice(0, -1), n];
  const expected = `one ${item} for each of the ${n} places of the sequence, ${showShape(shape)}`;
  const issue = new ShapeMismatch({ op, expected, actual: [x.shape], path: [] });
  return refuse(issue, [x], [{ shape, dtype: x.dtype }])[0] as Expr;
};

/** A mask of `n` moments: one of another length is reported, where an extent of 1 would else broadcast. */
export const maskOf = (n: number, mask: Expr): Expr => oneOfEach("mask", "bool", n, mask);

/**
 * A sequence of which the moments that are not real are zeros, whatever filled them: what is not finite would come
 * back in a gradient as 0 times itself.
 */
export const realOf = (x: Expr, mask: Expr | undefined): Expr => {
  const time = x.shape[0] ?? 0;
  // A mask of another length is reported by the layer that goes by it.
  if (mask === undefined || !isFloat(x.dtype) || mask.shape.at(-1) !== time) return x;
  const real = reshape(mask, [time, ...x.shape.slice(1).map(() => 1)]);
  return where(real, x, 0);
};

/** Whether any of some bools along an axis holds. */
export const anyOf = (truths: Expr, axis = -1): Expr => gt(max(cast(truths, "i32"), axis), 0);

/** The labels of `n` moments, for a loss `op`: another number of them is reported. */
export const labelsOf = (op: string, n: number, labels: Expr): Expr =>
  oneOfEach(op, "label", n, labels);
