import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { cast } from "../../ir/ops/control.ts";
import { abs, add, ge, mul, sub } from "../../ir/ops/elementwise.ts";
import { iota } from "../../ir/ops/indexing.ts";
import { softmax } from "../../ir/ops/reduction.ts";
import { expandDims } from "../../ir/ops/structural.ts";
import type { ShapeError, ShapeOf, ShowShape } from "../../ir/types/shape.ts";
import { tensor } from "../../tensor/constructors.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { passedOn, whole } from "../../tensor/validate.ts";
import { onlySeen, seenBySome, softmaxOfSeen } from "./seen.ts";

type LastTwo<S extends Shape> = S extends readonly [
  ...Shape,
  infer A extends number,
  infer B extends number,
]
  ? readonly [A, B]
  : readonly [number, number];

/** Whether types know that one extent does not broadcast to another. */
type Clash<X extends number, Y extends number> = number extends X | Y
  ? false
  : X extends 1 | Y
    ? false
    : true;

/** `unknown` if a mask fits the queries and keys, and a `ShapeError` if types know that it does not. */
export type Sees<Q extends Shape, K extends Shape, M extends Shape> = true extends
  | Clash<LastTwo<M>[0], LastTwo<Q>[0]>
  | Clash<LastTwo<M>[1], LastTwo<K>[0]>
  ? ShapeError<`attention: the mask is ${ShowShape<M>}, but queries are ${ShowShape<Q>} and keys ${ShowShape<K>}`>
  : unknown;

/**
 * The attention weights `softmax(QKᵀ/√d)` of each query over the keys, or `softmax(QKᵀ/√d + bias)`.
 *
 * **Shapes** `query: [...b, ...g, time, d]`, `key: [...b, places, d]`, `mask` of bool that broadcasts to
 * `[...b, ...g, time, places]`, true where a key is visible, `bias` that broadcasts to it
 * `→ [...b, ...g, time, places]`.
 */
export const attentionWeights = <
  const Q extends Expr,
  const K extends Expr,
  const M extends Expr = Expr,
>(
  query: Q,
  key: K,
  mask?: M & Sees<ShapeOf<Q>, ShapeOf<K>, ShapeOf<M>>,
  bias?: Expr,
): Expr => {
  const rank = query.shape.length;
  const shared = key.shape.slice(0, -2).map((_, i) => i);
  const scaled = mul<Expr, number>(query, 1 / Math.sqrt(query.shape.at(-1) ?? 1));
  const products = dot(scaled, key, [[rank - 1], [key.shape.length - 1]], [shared, shared]);
  const scores = bias === undefined ? products : add(products, bias);
  return mask === undefined ? softmax(scores) : softmaxOfSeen(scores, mask);
};

/**
 * Scaled dot-product attention: for each query, the mean of the values weighted by how well their keys match.
 *
 * **Shapes** `query: [...b, ...g, time, d]`, `key: [...b, places, d]`, `value: [...b, places, e]`
 * `→ [...b, ...g, time, e]`: leading axes `g` are groups of queries that share keys. `mask` of bool
 * broadcasts to `[...b, ...g, time, places]`, true where a key is visible. `weights` transforms the
 * attention weights before use, for example by dropout; it defaults to the identity. `bias`, such as {@link alibiBias}, is
 * added to the scores and broadcasts to their shape.
 * **Math** `softmax(QKᵀ/√d + bias) V`; a query that sees nothing gets zeros. A value that no query sees is never read. A value
 * that some queries see is multiplied by 0 for the others, so it should be finite.
 * **Fails with** a type error where literal shapes show that a mask does not fit the queries and
 * keys, and otherwise `ShapeMismatch` when compiled.
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
    readonly bias?: Expr | undefined;
    readonly weights?: (weights: Expr) => Expr;
  } = {},
): Expr => {
  const { mask, ...rest } = given;
  const seen = mask === undefined ? undefined : seenBySome(mask);
  return attentionOf(query, onlySeen(key, seen), onlySeen(value, seen), { ...rest, mask });
};

/** {@link scaledDotProductAttention} without zeroing invisible keys and values, which must be finite. */
export const attentionOf = (
  query: Expr,
  key: Expr,
  value: Expr,
  {
    mask,
    bias,
    weights: changed = (w) => w,
  }: {
    readonly mask?: Expr | undefined;
    readonly bias?: Expr | undefined;
    readonly weights?: (weights: Expr) => Expr;
  },
): Expr => {
  const weights = changed(attentionWeights<Expr, Expr>(query, key, mask, bias));
  const shared = value.shape.slice(0, -2).map((_, i) => i);
  return dot(
    weights,
    value,
    [[weights.shape.length - 1], [value.shape.length - 2]],
    [shared, shared],
  );
};

/** The causal mask: position `t` may see position `s` if `s ≤ t`. `[time, time]` of bool. */
export const causalMask = (time: number): Expr => ge(iota([time, time], 0), iota([time, time], 1));

/**
 * The slope of each head in {@link alibiBias}.
 *
 * **Math** `2^(-8h/n)` for head `h` of `n`, counted from 1, if `n` is a power of two. Otherwise those of the power of two
 * below, and then every other one of twice as many heads.
 * **Fails with** `InvalidArgument`, thrown, where `heads` is not a positive whole number.
 * **Source** Press et al. (2021), arXiv:2108.12409, section 3, and the authors' code for other numbers of heads.
 *
 * @example
 * ```ts
 * import { alibiSlopes } from "fluxion/functional";
 * alibiSlopes(3) // => [0.0625, 0.00390625, 0.25]
 * ```
 */
export const alibiSlopes = (heads: number): readonly number[] => {
  whole(1)("alibiSlopes", { heads });
  const below = 2 ** Math.floor(Math.log2(heads));
  return Array.from({ length: heads }, (_, h) =>
    h < below ? 2 ** ((-8 * (h + 1)) / below) : 2 ** ((-4 * (2 * (h - below) + 1)) / below),
  );
};

/**
 * Attention with linear biases (ALiBi): what to add to the scores of each head, in place of positions in the embedding, so
 * that a model reads sequences longer than those it was trained on.
 *
 * **Shapes** `time: [time]` and `places: [places]`, the positions of queries and keys `→ [heads, time, places]`, of dtype
 * `dtype`, which defaults to f32.
 * **Math** `-m_h |t - s|` with the slopes of {@link alibiSlopes}: the paper's for causal attention, and symmetric without a
 * causal mask.
 * **Fails with** `InvalidArgument`, thrown, where `heads` is not a positive whole number.
 * **Source** Press et al. (2021), arXiv:2108.12409, section 3.
 */
export const alibiBias = (heads: number, time: Expr, places: Expr, dtype: Dtype = "f32"): Expr => {
  const slopes = tensor(
    passedOn("alibiBias", () => alibiSlopes(heads)),
    dtype,
  );
  const [t, s] = [expandDims(cast(time, dtype), 1), cast(places, dtype)];
  return dot(mul<Tensor, number>(slopes, -1), abs(sub(t, s)), [[], []]);
};
