import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import { ge, mul } from "../ir/ops/elementwise.ts";
import { iota } from "../ir/ops/indexed.ts";
import { dot } from "../ir/ops/linear.ts";
import { softmax } from "../ir/ops/reduction.ts";

/** Far below every score, and finite, so that a row in which nothing is seen makes no NaN. */
const unseen = -1e30;

/**
 * How much each query sees of each key: `softmax(QKᵀ/√d)` over the keys.
 *
 * **Shapes** `query: [...b, ...g, time, d]`, `key: [...b, places, d]`, `mask` of bool that broadcasts to
 * `[...b, ...g, time, places]`, true where a key is seen `→ [...b, ...g, time, places]`.
 */
export const attentionWeights = (query: Expr, key: Expr, mask?: Expr): Expr => {
  const rank = query.shape.length;
  const shared = key.shape.slice(0, -2).map((_, i) => i);
  const scaled = mul(query, 1 / Math.sqrt(query.shape.at(-1) ?? 1)) as Expr;
  const scores = dot(scaled, key, [[rank - 1], [key.shape.length - 1]], [shared, shared]);
  if (mask === undefined) return softmax(scores);
  const weights = softmax(where(mask, scores, unseen) as Expr);
  // Where nothing is seen every score is the same, and the softmax spreads evenly over what is not seen.
  return where(mask, weights, 0);
};

/**
 * For each query the mean of the values, weighted by how well their keys fit it.
 *
 * **Shapes** `query: [...b, ...g, time, d]`, `key: [...b, places, d]`, `value: [...b, places, e]`
 * `→ [...b, ...g, time, e]`: leading axes `g` are groups of queries that share keys. `mask` of bool
 * broadcasts to `[...b, ...g, time, places]`, true where a key is seen; `weights` is what becomes of the
 * weights before they are used: dropout.
 * **Math** `softmax(QKᵀ/√d) V`; a query that sees nothing gets zeros.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, equation 1.
 */
export const scaledDotProductAttention = (
  query: Expr,
  key: Expr,
  value: Expr,
  given: { readonly mask?: Expr | undefined; readonly weights?: (weights: Expr) => Expr } = {},
): Expr => {
  const { mask, weights: changed = (w) => w } = given;
  const weights = changed(attentionWeights(query, key, mask));
  const shared = value.shape.slice(0, -2).map((_, i) => i);
  return dot(
    weights,
    value,
    [[weights.shape.length - 1], [value.shape.length - 2]],
    [shared, shared],
  );
};

/** Whether place `t` of `time` may see place `s`: `s ≤ t`. `[time, time]` of bool. */
export const causalMask = (time: number): Expr =>
  ge(iota([time, time], 0) as Expr, iota([time, time], 1) as Expr) as Expr;
