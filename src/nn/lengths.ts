import { EmptySequence, type Issue, SequenceTooLong, ShapeMismatch } from "../errors.ts";
import { refuse } from "../ir/ascribe.ts";
import type { Expr } from "../ir/expr.ts";
import { sliceAxis } from "../ir/ops/structural.ts";

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

/**
 * A mask whose last axis must have one item for each of `n` moments: one of another length is reported as a
 * `ShapeMismatch` of the mask, where an extent of 1 would else broadcast.
 */
export const maskOf = (n: number, mask: Expr): Expr => {
  if (mask.shape.at(-1) === n) return mask;
  const shape = [...mask.shape.slice(0, -1), n];
  const expected = `one bool for each of the ${n} places of the sequence, [${shape.join(", ")}]`;
  const issue = new ShapeMismatch({ op: "mask", expected, actual: [mask.shape], path: [] });
  return refuse(issue, [mask], [{ shape, dtype: mask.dtype }])[0] as Expr;
};
