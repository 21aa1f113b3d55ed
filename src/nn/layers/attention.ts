import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, and, eq, lt } from "../../ir/ops/elementwise.ts";
import { fill, iota } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { expandDims, reshape, transpose } from "../../ir/ops/structural.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { type Key, split } from "../../tensor/key.ts";
import { share } from "../../tensor/validate.ts";
import { still } from "../apply.ts";
import {
  type AffineParams,
  affine,
  initAffine,
  lastAxisOf,
  requireDivides,
  requireSizes,
} from "../functional/affine.ts";
import { attentionOf, causalMask } from "../functional/attention.ts";
import { onlySeen, seenBySome } from "../functional/seen.ts";
import { maskOf, someOf } from "../functional/sequenceChecks.ts";
import { glorotUniform, type Initializer, zeros } from "../initializers.ts";
import type { Context, Layer, Symbolic } from "../layer.ts";
import type { HeadsFit } from "../types/heads.ts";
import { rotaryEmbedding } from "./embedding.ts";
import { dropout } from "./lambda.ts";

/** The four affine maps of an attention. */
export interface AttentionParams {
  readonly query: AffineParams;
  readonly key: AffineParams;
  readonly value: AffineParams;
  readonly output: AffineParams;
}

/** How many heads attend and to what, and how their matrices begin; every part may be left out. */
export interface AttentionOptions {
  /** How many heads look each for itself; 1 where not given. It divides the width. */
  readonly heads?: number;
  /** How many heads of keys and values there are, each for a group of query heads; `heads` where not given. */
  readonly keyValueHeads?: number;
  /** Whether a place sees itself and those before it only; `false` where not given. */
  readonly causal?: boolean;
  /** Whether queries and keys are turned by their places ({@link rotaryEmbedding}); `false` where not given. */
  readonly rotary?: boolean;
  /** The width of what is attended to; that of the queries where not given. */
  readonly memoryWidth?: number;
  /** Whether there are offsets; `true` where not given. They begin as 0. */
  readonly bias?: boolean;
  /** Glorot's uniform where not given. */
  readonly weightInit?: Initializer;
  /** The probability with which a place is not seen that would be, while training; 0 where not given. */
  readonly dropout?: number;
}

/** Keys and values of the places seen, and how many those are: what decoding carries along. */
export interface Cache<V = Expr> {
  readonly key: V;
  readonly value: V;
  readonly length: V;
}

/** Attention as a layer over one sequence, and its other uses. */
export interface Attention<W extends number>
  extends Layer<readonly [number, W], readonly [number, W], AttentionParams, undefined> {
  /**
   * The places of `x` look at those of `memory`.
   *
   * **Shapes** `x: [time, width]`, `memory: [places, memoryWidth]`, `mask` of bool `[places]`,
   * `[time, places]` or `[heads, time, places]`, true where a place is seen `→ [time, width]`. `values`
   * stand in the place of the memory where what is looked at is not what is read.
   */
  readonly attend: (
    params: Symbolic<AttentionParams>,
    x: Expr,
    memory: Expr,
    given?: {
      readonly mask?: Expr | undefined;
      readonly values?: Expr;
      /** Nothing is dropped where it is not given. */
      readonly context?: Context;
    },
  ) => Expr;
  /** A cache for `length` places of which none is seen yet. */
  readonly emptyCache: (length: number, dtype?: Dtype) => Cache;
  /**
   * The next place of a sequence, which sees itself and the places in the cache; the cache with it. Where
   * the cache is full the place is not kept.
   *
   * **Shapes** `x: [width] → y: [width]`.
   */
  readonly step: (
    params: Symbolic<AttentionParams>,
    x: Expr,
    cache: Cache,
  ) => readonly [y: Expr, cache: Cache];
}

/** Both masks, where both are given: `[..., time, places]`. */
const bothMasks = (a: Expr | undefined, b: Expr | undefined): Expr | undefined =>
  a === undefined || b === undefined ? (a ?? b) : and(a, b);

/**
 * Several heads of attention over slices of the features, joined by an affine map.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`, one example; queries `[width, width]`, keys and values
 * `[memoryWidth, width · keyValueHeads/heads]`.
 * **Math** head `h`: `softmax(Q_h K_hᵀ/√d) V_h` with `Q = xW_q + b_q` and likewise K and V; `y` is the heads
 * side by side, times `W_o`, plus `b_o`. Under `context.mask` places that are not real are not seen.
 * **Fails with** `InvalidArgument`, thrown, where heads do not divide the width, or each other (a type error
 * where both are literals); when compiled, with the layer's path, `EmptySequence`, and `ShapeMismatch` where a mask
 * is not of its places.
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
  const { bias = true, weightInit = glorotUniform, rotary: turned = false } = options;
  const rate = options.dropout ?? 0;
  share("multiHeadAttention", { dropout: rate });
  const drop = dropout(rate);
  requireSizes("multiHeadAttention", { width, heads, keyValueHeads, memoryWidth });
  requireDivides("multiHeadAttention", "heads", heads, width);
  requireDivides("multiHeadAttention", "keyValueHeads", keyValueHeads, heads);
  const size = width / heads;
  const groups = heads / keyValueHeads;
  type Params = Symbolic<AttentionParams>;

  /** `[time, heads·size]` as `[keyValueHeads, groups, time, size]`. */
  const queriesOf = ({ query }: Params, x: Expr): Expr =>
    transpose(
      reshape(affine(query, lastAxisOf(x, width)), [x.shape[0] ?? 0, keyValueHeads, groups, size]),
      [1, 2, 0, 3],
    );
  /** `[places, keyValueHeads·size]` as `[keyValueHeads, places, size]`. */
  const headsOf = (own: Symbolic<AffineParams>, memory: Expr): Expr =>
    transpose(
      reshape(affine(own, lastAxisOf(memory, memoryWidth)), [
        memory.shape[0] ?? 0,
        keyValueHeads,
        size,
      ]),
      [1, 0, 2],
    );
  /** `[keyValueHeads, groups, time, size]` as `[time, width]`, through the last map. */
  const joined = ({ output }: Params, seen: Expr): Expr => {
    const byPlace = transpose(seen, [2, 0, 1, 3]);
    return affine(output, reshape(byPlace, [byPlace.shape[0] ?? 0, width]));
  };
  const turn = (x: Expr, places: Expr): Expr => (turned ? rotaryEmbedding(x, places) : x);
  const placesOf = (x: Expr): Expr => iota([x.shape.at(-2) ?? 0]);
  /** A mask for each head as one for each group of each head. */
  const grouped = (mask: Expr | undefined): Expr | undefined =>
    mask?.shape.length === 3
      ? reshape(mask, [keyValueHeads, groups, ...mask.shape.slice(1)])
      : mask;

  const attend: Attention<W>["attend"] = (params, x, memory, looking = {}) => {
    const looker = someOf(x);
    const given = memory === x ? looker : someOf(memory);
    const places = given.shape[0] ?? 0;
    const mask = looking.mask && maskOf(places, looking.mask);
    const seen = mask && seenBySome(mask);
    // What nobody sees is not even multiplied by 0, here and in the gradients of the maps.
    const seeable = onlySeen(given, seen);
    const { values = given, context = still } = looking;
    const [q, k] = [queriesOf(params, looker), headsOf(params.key, seeable)];
    const read = attentionOf(
      turn(q, placesOf(q)),
      turn(k, placesOf(k)),
      headsOf(params.value, values === given ? seeable : onlySeen(values, seen)),
      {
        mask: bothMasks(causal ? causalMask(looker.shape[0] ?? 0) : undefined, grouped(mask)),
        weights: (w) => drop.apply(undefined, undefined, w, context)[0],
      },
    );
    return joined(params, read);
  };

  return {
    name: `multiHeadAttention ${width}, ${heads} heads`,
    init: (key) => {
      const keys = split(key, 4) as readonly [Key, Key, Key, Key];
      const map = (own: Key, inputs: number, outputs: number): AffineParams =>
        initAffine(own, inputs, outputs, { bias, weightInit, biasInit: zeros });
      const params = {
        query: map(keys[0], width, width),
        key: map(keys[1], memoryWidth, keyValueHeads * size),
        value: map(keys[2], memoryWidth, keyValueHeads * size),
        output: map(keys[3], width, width),
      };
      return { params, state: undefined };
    },
    apply: (params, state, x, context) => [
      attend(params, x, x, { mask: context.mask, context }) as Expr as Expr<readonly [number, W]>,
      state,
    ],
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
      const seen = attentionOf(q, key, value, { mask: lt(places, length) });
      return [reshape(joined(params, seen), [width]), { key, value, length }];
    },
  };
};
