import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, and, eq, lt } from "../../ir/ops/elementwise.ts";
import { fill, iota } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { concatenate, expandDims, reshape, transpose } from "../../ir/ops/structural.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { type Key, split } from "../../tensor/key.ts";
import type { ListOf } from "../../tensor/list.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { share } from "../../tensor/validate.ts";
import { stateless, still } from "../apply.ts";
import {
  type AffineParams,
  affine,
  initAffine,
  lastAxisOf,
  requireDivides,
  requireSizes,
} from "../functional/affine.ts";
import { alibiBias, attentionOf, causalMask } from "../functional/attention.ts";
import { onlySeen, seenBySome } from "../functional/seen.ts";
import { maskOf, nonEmpty } from "../functional/sequenceChecks.ts";
import { glorotUniform, type Initializer, normal, zeros } from "../initializers.ts";
import type { Context, Layer, Symbolic } from "../layer.ts";
import type { HeadsFit } from "../types/heads.ts";
import { rotaryEmbedding } from "./embedding.ts";
import { dropout } from "./lambda.ts";

/** The params of an attention layer: four affine maps, and the key and value that `addBiasKv` adds. */
export interface AttentionParams {
  readonly query: AffineParams;
  readonly key: AffineParams;
  readonly value: AffineParams;
  readonly output: AffineParams;
  readonly biasKey?: Tensor;
  readonly biasValue?: Tensor;
}

/** Options of {@link multiHeadAttention}. */
export interface AttentionOptions {
  /** The number of heads; it must divide the width. Defaults to 1. */
  readonly heads?: number;
  /** The number of key and value heads, each shared by a group of query heads. Defaults to `heads`. */
  readonly keyValueHeads?: number;
  /** Whether a position attends only to itself and earlier ones. Defaults to `false`. */
  readonly causal?: boolean;
  /** Whether to apply a {@link rotaryEmbedding} to queries and keys. Defaults to `false`. */
  readonly rotary?: boolean;
  /** Whether to add an {@link alibiBias} to the scores of each head. Defaults to `false`. */
  readonly alibi?: boolean;
  /** The width of the memory, which keys and values come from. Defaults to the width of the queries. */
  readonly memoryWidth?: number;
  /** Whether the affine maps have biases, which begin as 0. Defaults to `true`. */
  readonly bias?: boolean;
  /** Whether to add a learned key and value, the same for every sequence, which every position sees. Defaults to `false`. */
  readonly addBiasKv?: boolean;
  /** Whether to add a key and value of zeros, which every position sees, so that it may attend to nothing. Defaults to `false`. */
  readonly addZeroAttn?: boolean;
  /** How the weights begin. Defaults to `glorotUniform`. */
  readonly weightInit?: Initializer;
  /** Dropout rate of the attention weights. Defaults to 0. */
  readonly dropout?: number;
}

/** The keys and values of the positions so far, and their number: the cache of incremental decoding. */
export interface Cache<V = Expr> {
  readonly key: V;
  readonly value: V;
  readonly length: V;
}

/** Self-attention as a layer, with cross-attention (`attend`) and incremental decoding (`step`) beside it. */
export interface Attention<W extends number>
  extends Layer<readonly [number, W], readonly [number, W], AttentionParams, undefined> {
  /**
   * Cross-attention: the positions of `x` attend to those of `memory`.
   *
   * **Shapes** `x: [time, width]`, `memory: [places, memoryWidth]`, `mask` of bool `[places]`,
   * `[time, places]` or `[heads, time, places]`, true where a position is visible
   * `→ [time, width]`. `values` replaces the memory as the source of values.
   */
  readonly attend: (
    params: Symbolic<AttentionParams>,
    x: Expr,
    memory: Expr,
    given?: {
      readonly mask?: Expr | undefined;
      readonly values?: Expr;
      /** The mode, key and mask. Defaults to evaluation, without dropout. */
      readonly context?: Context;
    },
  ) => Expr;
  /** An empty cache with room for `length` positions. */
  readonly emptyCache: (length: number, dtype?: Dtype) => Cache;
  /**
   * Attends from the next position of a sequence to itself and the cached positions, and adds it to the cache. A full
   * cache does not keep the position.
   *
   * **Shapes** `x: [width] → y: [width]`.
   */
  readonly step: (
    params: Symbolic<AttentionParams>,
    x: Expr,
    cache: Cache,
  ) => readonly [y: Expr, cache: Cache];
}

/** The conjunction of two optional masks, `[..., time, places]`. */
const bothMasks = (a: Expr | undefined, b: Expr | undefined): Expr | undefined =>
  a === undefined || b === undefined ? (a ?? b) : and(a, b);

/**
 * Multi-head attention: several heads attend over slices of the features, and an affine map joins their outputs.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`, one example; queries `[width, width]`, keys and values
 * `[memoryWidth, width · keyValueHeads/heads]`.
 * **Math** head `h`: `softmax(Q_h K_hᵀ/√d) V_h` with `Q = xW_q + b_q` and likewise K and V; `y` is the concatenated
 * heads times `W_o`, plus `b_o`; with `alibi`, an {@link alibiBias} is added to the scores. Positions that
 * `context.mask` excludes are not visible. What `addBiasKv` and `addZeroAttn` add has no position, and is visible under
 * every mask; the former begins normal with variance 1/(width of the keys), as in PyTorch.
 * **Fails with** `InvalidArgument`, thrown, where heads do not divide the width, or each other (a type error
 * where both are literals), or are `rotary` and of an odd width; when compiled, with the layer's path, `EmptySequence` where a sequence is empty, and
 * `ShapeMismatch` where a mask does not fit.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3.2.2; groups: Ainslie et al. (2023),
 * arXiv:2305.13245.
 */
export const multiHeadAttention = <
  const W extends number,
  const O extends AttentionOptions = AttentionOptions,
>(
  width: W,
  given?: O & HeadsFit<W, O>,
): Attention<W> => {
  const options: AttentionOptions = given ?? {};
  const { heads = 1, keyValueHeads = heads, memoryWidth = width, causal = false } = options;
  const {
    bias = true,
    weightInit = glorotUniform,
    rotary: turned = false,
    alibi: biased = false,
  } = options;
  const { addBiasKv = false, addZeroAttn = false } = options;
  const rate = options.dropout ?? 0;
  share("multiHeadAttention", { dropout: rate });
  const drop = dropout(rate);
  requireSizes("multiHeadAttention", { width, heads, keyValueHeads, memoryWidth });
  requireDivides("multiHeadAttention", "heads", heads, width);
  requireDivides("multiHeadAttention", "keyValueHeads", keyValueHeads, heads);
  const size = width / heads;
  if (turned && size % 2 !== 0)
    throw new InvalidArgument({
      op: "multiHeadAttention",
      argument: "rotary",
      expected: "false, or heads of an even width, whose features are rotated in pairs",
      actual: `true, with heads of width ${size}`,
    });
  const groups = heads / keyValueHeads;
  type Params = Symbolic<AttentionParams>;

  /** Projects and splits queries: `[time, heads·size]` to `[keyValueHeads, groups, time, size]`. */
  const queriesOf = ({ query }: Params, x: Expr): Expr =>
    transpose(
      reshape(affine(query, lastAxisOf(x, width)), [x.shape[0] ?? 0, keyValueHeads, groups, size]),
      [1, 2, 0, 3],
    );
  /** Projects and splits keys or values: `[places, keyValueHeads·size]` to `[keyValueHeads, places, size]`. */
  const headsOf = (own: Symbolic<AffineParams>, memory: Expr): Expr =>
    transpose(
      reshape(affine(own, lastAxisOf(memory, memoryWidth)), [
        memory.shape[0] ?? 0,
        keyValueHeads,
        size,
      ]),
      [1, 0, 2],
    );
  /** Joins the heads by the output map: `[keyValueHeads, groups, time, size]` to `[time, width]`. */
  const joined = ({ output }: Params, seen: Expr): Expr => {
    const byPlace = transpose(seen, [2, 0, 1, 3]);
    return affine(output, reshape(byPlace, [byPlace.shape[0] ?? 0, width]));
  };
  const turn = (x: Expr, places: Expr): Expr => (turned ? rotaryEmbedding(x, places) : x);
  /** The bias by distance, `[keyValueHeads, groups, time, places]`, for queries at the positions `time`. */
  const biasOf = (q: Expr, time: Expr, places: Expr): Expr | undefined => {
    if (!biased) return undefined;
    const each = alibiBias(heads, time, places, q.dtype);
    return reshape(each, [keyValueHeads, groups, ...each.shape.slice(1)]);
  };
  const placesOf = (x: Expr): Expr => iota([x.shape.at(-2) ?? 0]);
  /** Reshapes a mask per head to one per key-value head and group. */
  const grouped = (mask: Expr | undefined): Expr | undefined =>
    mask?.shape.length === 3
      ? reshape(mask, [keyValueHeads, groups, ...mask.shape.slice(1)])
      : mask;

  /** Keys or values, and behind them those that belong to no position. */
  const beside = (heads: Expr, own: Expr | undefined): Expr => {
    const learned = own && reshape(own, [keyValueHeads, 1, size]);
    const nothing = addZeroAttn ? fill([keyValueHeads, 1, size], 0, heads.dtype) : undefined;
    const all = [heads, learned, nothing].filter((part) => part !== undefined);
    return all.length === 1 ? heads : concatenate(all, 1);
  };
  const added = Number(addBiasKv) + Number(addZeroAttn);
  /** A mask or a bias of scores, continued for what `beside` adds. */
  const widened = (scores: Expr | undefined, by: number): Expr | undefined =>
    scores === undefined || added === 0
      ? scores
      : concatenate([scores, fill([...scores.shape.slice(0, -1), added], by, scores.dtype)], -1);

  const attend: Attention<W>["attend"] = (params, x, memory, looking = {}) => {
    const looker = nonEmpty(x);
    const given = memory === x ? looker : nonEmpty(memory);
    const places = given.shape[0] ?? 0;
    const mask = looking.mask && maskOf(places, looking.mask);
    const seen = mask && seenBySome(mask);
    // Zero out invisible positions: 0 times NaN would be NaN, here and in the gradients of the maps.
    const seeable = onlySeen(given, seen);
    const { values = given, context = still } = looking;
    const [q, k] = [queriesOf(params, looker), headsOf(params.key, seeable)];
    const read = attentionOf(
      turn(q, placesOf(q)),
      beside(turn(k, placesOf(k)), params.biasKey),
      beside(
        headsOf(params.value, values === given ? seeable : onlySeen(values, seen)),
        params.biasValue,
      ),
      {
        bias: widened(biasOf(q, placesOf(q), placesOf(k)), 0),
        mask: widened(
          bothMasks(causal ? causalMask(looker.shape[0] ?? 0) : undefined, grouped(mask)),
          1,
        ),
        weights: (w) => drop.apply(undefined, undefined, w, context)[0],
      },
    );
    return joined(params, read);
  };

  const layer = stateless<readonly [number, W], readonly [number, W], AttentionParams>(
    `multiHeadAttention ${width}, ${heads} heads`,
    (key) => {
      const keys: readonly Key[] = split(key, addBiasKv ? 6 : 4);
      const [forQuery, forKey, forValue, forOutput, forBiasKey, forBiasValue] = keys as ListOf<
        6,
        Key
      >;
      const kv = keyValueHeads * size;
      const alone = (own: Key): Tensor => normal(1 / Math.sqrt(kv))(own, [kv]);
      const map = (own: Key, inputs: number, outputs: number): AffineParams =>
        initAffine(own, inputs, outputs, { bias, weightInit, biasInit: zeros });
      return {
        query: map(forQuery, width, width),
        key: map(forKey, memoryWidth, kv),
        value: map(forValue, memoryWidth, kv),
        output: map(forOutput, width, width),
        ...(addBiasKv && { biasKey: alone(forBiasKey), biasValue: alone(forBiasValue) }),
      };
    },
    (params, x, context) => attend(params, x, x, { mask: context.mask, context }),
    `[time, ${width}]`,
  );

  return {
    ...layer,
    attend,
    emptyCache: (length, dtype = "f32") => ({
      key: fill([keyValueHeads, length, size], 0, dtype),
      value: fill([keyValueHeads, length, size], 0, dtype),
      length: lift(0, "i32"),
    }),
    step: (params, x, cache) => {
      const one = expandDims(x, 0);
      const place = reshape(cache.length, [1]);
      const places = iota([cache.key.shape[1] ?? 0]);
      const here = expandDims(eq(places, cache.length), 1);
      const key: Expr = where(here, turn(headsOf(params.key, one), place), cache.key);
      const value: Expr = where(here, headsOf(params.value, one), cache.value);
      const length = add(cache.length, 1);
      const q = turn(queriesOf(params, one), place);
      const seen = attentionOf(q, beside(key, params.biasKey), beside(value, params.biasValue), {
        mask: widened(lt(places, length), 1),
        bias: widened(biasOf(q, place, places), 0),
      });
      return [reshape(joined(params, seen), [width]), { key, value, length }];
    },
  };
};
