import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { softmax } from "../../ir/ops/reduction.ts";
import { expandDims } from "../../ir/ops/structural.ts";
import { anyOf } from "./sequenceChecks.ts";

/** What masks hide: it is not even multiplied by 0, for 0 times what is not finite is NaN. */

/**
 * The softmax of those scores along the last axis that are seen, and 0 for the others, whatever they are: also
 * where they are NaN, and in a row where nothing is seen.
 *
 * **Shapes** `scores: [...s, places]`, `seen` of bool that broadcasts to it.
 */
export const softmaxOfSeen = (scores: Expr, seen: Expr): Expr => {
  // A row in which nothing is seen has equal scores in place of -∞ alone, whose softmax would be NaN.
  const hidden = where(expandDims(anyOf(seen), -1), Number.NEGATIVE_INFINITY, 0);
  return where(seen, softmax(where(seen, scores, cast(hidden, scores.dtype))), 0);
};

/** The places that some query sees, `[places]`, of a mask that broadcasts to `[..., places]`. */
export const seenBySome = (mask: Expr): Expr =>
  mask.shape.slice(0, -1).reduce((seen) => anyOf(seen, 0), mask);

/** Rows `[..., places, d]` of which those that nobody sees are zeros: 0 times what is not finite would be NaN. */
export const onlySeen = (rows: Expr, seen: Expr | undefined): Expr =>
  seen === undefined ? rows : where(expandDims(seen, -1), rows, 0);
