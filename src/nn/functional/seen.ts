import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { softmax } from "../../ir/ops/reduction.ts";
import { expandDims } from "../../ir/ops/structural.ts";
import { anyOf } from "./sequenceChecks.ts";

/** Masking without multiplication by 0, since 0 times infinity is NaN. */

/**
 * The softmax over the visible scores of the last axis, and 0 for the others, even if those are NaN. A row where nothing is
 * visible is all 0.
 *
 * **Shapes** `scores: [...s, places]`, `seen` of bool that broadcasts to it.
 */
export const softmaxOfSeen = (scores: Expr, seen: Expr): Expr => {
  // In a row where nothing is visible, hidden scores are 0 and not -∞, whose softmax would be NaN.
  const hidden = where(expandDims(anyOf(seen), -1), Number.NEGATIVE_INFINITY, 0);
  return where(seen, softmax(where(seen, scores, cast(hidden, scores.dtype))), 0);
};

/** The positions that at least one query sees, `[places]`, from a mask that broadcasts to `[..., places]`. */
export const seenBySome = (mask: Expr): Expr =>
  mask.shape.slice(0, -1).reduce((seen) => anyOf(seen, 0), mask);

/** Zeros the rows of `[..., places, d]` that no query sees, since 0 times infinity would be NaN. */
export const onlySeen = (rows: Expr, seen: Expr | undefined): Expr =>
  seen === undefined ? rows : where(expandDims(seen, -1), rows, 0);
