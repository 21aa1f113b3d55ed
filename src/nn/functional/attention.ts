import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { ge, mul } from "../../ir/ops/elementwise.ts";
import { iota } from "../../ir/ops/indexing.ts";
import { softmax } from "../../ir/ops/reduction.ts";
import type { ShapeError, ShapeOf, ShowShape } from "../../ir/types/shape.ts";
import type { Shape } from "../../tensor/shape.ts";
import { onlySeen, seenBySome, softmaxOfSeen } from "./seen.ts";

type LastTwo<S extends Shape> = S extends readonly [
  ...Shape,
  infer A extends number,
  infer B extends number,
]
  ? readonly [A, B]
  : readonly [number, number];

/** Whether types know that an extent cannot be repeated to another. */
type Clash<X extends number, Y extends number> = number extends X | Y
  ? false
  : X extends 1 | Y
    ? false
    : true;

/** `unknown` where a mask may be of queries and keys, and an error where types know that it is not. */
export type Sees<Q extends Shape, K extends Shape, M extends Shape> = true extends
  | Clash<LastTwo<M>[0], LastTwo<Q>[0]>
  | Clash<LastTwo<M>[1], LastTwo<K>[0]>
  ? ShapeError<`attention: the mask is ${ShowShape<M>}, but queries are ${ShowShape<Q>} and keys ${ShowShape<K>}`>
  : unknown;

/**
 * How much each query sees of each key: `softmax(QKᵀ/√d)` over the keys.
 *
 * **Shapes** `query: [...b, ...g, time, d]`, `key: [...b, places, d]`, `mask` of bool that broadcasts to
 * `[...b, ...g, time, places]`, true where a key is seen `→ [...b, ...g, time, places]`.
 */
export const attentionWeights = <
  const Q extends Expr,
  const K extends Expr,
  const M extends Expr = Expr,
>(
  query: Q,
  key: K,
  mask?: M & Sees<ShapeOf<Q>, ShapeOf<K>, ShapeOf<M>>,
): Expr => {
  const rank = query.shape.length;
  const shared = key.shape.slice(0, -2).map((_, i) => i);
  const scaled = mul<Expr, number>(query, 1 / Math.sqrt(query.shape.at(-1) ?? 1));
  const scores = dot(scaled, key, [[rank - 1], [key.shape.length - 1]], [shared, shared]);
  return mask === undefined ? softmax(scores) : softmaxOfSeen(scores, mask);
};

/**
 * For each query the mean of the values, weighted by how well their keys fit it.
 *
 * **Shapes** `query: [...b, ...g, time, d]`, `key: [...b, places, d]`, `value: [...b, places, e]`
 * `→ [...b, ...g, time, e]`: leading axes `g` are groups of queries that share keys. `mask` of bool
 * broadcasts to `[...b, ...g, time, places]`, true where a key is seen; `weights` is what becomes of the
 * weights before they are used: dropout.
 * **Math** `softmax(QKᵀ/√d) V`; a query that sees nothing gets zeros. A value that no query sees is never read; one
 * that some see is multiplied by 0 for the others, so that it should be finite.
 * **Fails with** a type error where literal shapes show that a mask is not of the queries and keys,
 * `ShapeMismatch` when compiled.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, equation 1.
 */
export const scaledDotProductAttention = <
  const Q extends Expr,
  const K extends Expr,
  const M extends Expr = Expr,
>(
  query: Q,
  key: K,
  value: Expr,
  given: {
    readonly mask?: (M & Sees<ShapeOf<Q>, ShapeOf<K>, ShapeOf<M>>) | undefined;
    readonly weights?: (weights: Expr) => Expr;
  } = {},
): Expr => {
  const { mask, ...rest } = given;
  const seen = mask === undefined ? undefined : seenBySome(mask);
  return attentionOf(query, onlySeen(key, seen), onlySeen(value, seen), { ...rest, mask });
};

/** {@link scaledDotProductAttention} of keys and values that are finite also where nobody sees them. */
export const attentionOf = (
  query: Expr,
  key: Expr,
  value: Expr,
  {
    mask,
    weights: changed = (w) => w,
  }: { readonly mask?: Expr | undefined; readonly weights?: (weights: Expr) => Expr },
): Expr => {
  const weights = changed(attentionWeights<Expr, Expr>(query, key, mask));
  const shared = value.shape.slice(0, -2).map((_, i) => i);
  return dot(
    weights,
    value,
    [[weights.shape.length - 1], [value.shape.length - 2]],
    [shared, shared],
  );
};

/** Whether place `t` of `time` may see place `s`: `s ≤ t`. `[time, time]` of bool. */
export const causalMask = (time: number): Expr => ge(iota([time, time], 0), iota([time, time], 1));
