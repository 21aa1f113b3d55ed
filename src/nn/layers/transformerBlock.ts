import type { Expr } from "../../ir/expr.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { foldInKey } from "../../ir/ops/random.ts";
import { expandDims, reshape } from "../../ir/ops/structural.ts";
import { scoped } from "../../ir/trace.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { type Key, split } from "../../tensor/key.ts";
import { notNegative, passedOn, share } from "../../tensor/validate.ts";
import { exprsOf, open, stateless, still } from "../apply.ts";
import { requireSizes } from "../functional/affine.ts";
import type { ScaleOffset } from "../functional/scaleOffset.ts";
import type { Activation, Context, Initial, Layer, Symbolic } from "../layer.ts";
import type { HeadsFit } from "../types/heads.ts";
import {
  type AttentionOptions,
  type AttentionParams,
  type Cache,
  multiHeadAttention,
} from "./attention.ts";
import { type FeedForwardParams, feedForward } from "./feedForward.ts";
import { dropout } from "./lambda.ts";
import { layerNorm } from "./normalization/norm.ts";

/** Options of a Transformer block. */
export interface TransformerOptions
  extends Pick<AttentionOptions, "heads" | "keyValueHeads" | "causal" | "rotary" | "alibi"> {
  /** The hidden width of the feed-forward part. Defaults to four times the width. */
  readonly hidden?: number;
  /** The activation of the feed-forward part. Defaults to `gelu`. */
  readonly activation?: Activation;
  /** Whether to normalize the input of each part (`"pre"`) or the sum after it (`"post"`). Defaults to `"pre"`. */
  readonly norm?: "pre" | "post";
  /** Dropout rate of the output of each part, before it is added. Defaults to 0. */
  readonly dropout?: number;
  /** Attention dropout rate. Defaults to 0. */
  readonly attentionDropout?: number;
  /** Added to the variances of the normalizations. Defaults to 1e-5. */
  readonly epsilon?: number;
}

/** Options of a decoder block, which attends to a memory. */
export type DecoderOptions = TransformerOptions & Pick<AttentionOptions, "memoryWidth">;

/** The params of an encoder block: its parts, each with a normalization. */
export interface EncoderParams {
  readonly attention: AttentionParams;
  readonly attentionNorm: ScaleOffset;
  readonly feedForward: FeedForwardParams;
  readonly feedForwardNorm: ScaleOffset;
}

/** The params of a decoder block: those of an encoder block, and the cross-attention to the memory. */
export interface DecoderParams extends EncoderParams {
  readonly cross: AttentionParams;
  readonly crossNorm: ScaleOffset;
}

/** An encoder block: a layer over one sequence, with `step` for incremental decoding. */
export interface EncoderBlock<W extends number>
  extends Layer<readonly [number, W], readonly [number, W], EncoderParams, undefined> {
  readonly emptyCache: (length: number, dtype?: Dtype) => Cache;
  /** Applies the block to the next position, in evaluation, after those in the cache. `x: [width] → y: [width]`. */
  readonly step: (
    params: Symbolic<EncoderParams>,
    x: Expr,
    cache: Cache,
  ) => readonly [y: Expr, cache: Cache];
}

/** A decoder block: given a memory, `over` makes it a layer over a sequence. */
export interface DecoderBlock<W extends number> {
  readonly name: string;
  readonly init: (key: Key) => Initial<DecoderParams, undefined>;
  /** The layer that attends to `memory: [places, memoryWidth]`; `mask: [places]` is true at real positions. */
  readonly over: (
    memory: Expr,
    mask?: Expr,
  ) => Layer<readonly [number, W], readonly [number, W], DecoderParams, undefined>;
  readonly emptyCache: (length: number, dtype?: Dtype) => Cache;
  /** Applies the block to the next position, in evaluation, after those in the cache. `x: [width] → y: [width]`. */
  readonly step: (
    params: Symbolic<DecoderParams>,
    x: Expr,
    memory: Expr,
    cache: Cache,
    mask?: Expr,
  ) => readonly [y: Expr, cache: Cache];
}

/** The attention options of a block: its dropout is `attentionDropout`. */
const attentionOf = ({
  attentionDropout = 0,
  ...options
}: TransformerOptions): AttentionOptions => ({
  ...options,
  dropout: attentionDropout,
});

/** The attention of a block, whose arguments are those of the block. */
const attending = (op: string, width: number, options: AttentionOptions) =>
  passedOn(op, () => multiHeadAttention(width, options), { dropout: "attentionDropout" });

/** A part of a block, whose output is added to its input. */
type Part = (x: Expr) => Expr;

/** The pieces that encoder and decoder blocks share. */
const partsOf = (op: string, width: number, options: TransformerOptions) => {
  const { hidden = 4 * width, norm = "pre", dropout: rate = 0, epsilon = 1e-5 } = options;
  requireSizes(op, { width, hidden });
  share(op, { dropout: rate });
  notNegative(op, { epsilon });
  const normalize = layerNorm(width, { epsilon });
  const { activation } = options;
  const inner = feedForward(width, hidden, activation === undefined ? {} : { activation });
  const drop = dropout(rate);
  /** Adds a part to its input, with one normalization; `occasion` numbers the parts and selects the random key. */
  const joined = (
    name: string,
    occasion: number,
    params: { readonly part: unknown; readonly norm: Symbolic<ScaleOffset> },
    x: Expr,
    context: Context,
    part: Part,
  ): Expr => {
    const normalized: Part = (y) => normalize.apply(params.norm, undefined, y, context)[0];
    const own = { ...context, key: foldInKey(context.key, occasion) };
    const dropped: Part = (y) => drop.apply(undefined, undefined, y, own)[0];
    const y =
      norm === "pre" ? add(x, dropped(part(normalized(x)))) : normalized(add(x, dropped(part(x))));
    const inputs = [x, ...exprsOf([params.part, params.norm, context.mask])];
    return scoped(name, inputs, [y])[0];
  };
  const fed = (params: Symbolic<EncoderParams>, occasion: number, x: Expr, context: Context) =>
    joined(
      "feedForward",
      occasion,
      { part: params.feedForward, norm: params.feedForwardNorm },
      x,
      context,
      (y) => open(inner).apply(params.feedForward, undefined, y, context)[0],
    );
  return { joined, fed, normalize, inner };
};

const one = (x: Expr): Expr => expandDims(x, 0);

/**
 * A Transformer encoder block: self-attention and a feed-forward part, each with a residual connection. With `causal` it
 * is the block of a language model.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`, one example.
 * **Math** pre-norm: `h = x + A(N(x))`, `y = h + F(N(h))`; post-norm: `h = N(x + A(x))`, `y = N(h + F(h))`.
 * **Fails with** `InvalidArgument`, thrown, where heads do not divide the width, or are `rotary` and of an odd width.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3.1; pre-norm: Xiong et al. (2020),
 * arXiv:2002.04745.
 *
 * **Example**
 * ```ts
 * import { embedding, sequential } from "fluxion";
 * import { summary, repeat, sinusoidalEncoding } from "fluxion/nn";
 *
 * const encoder = sequential(
 *   embedding(1000, 64),
 *   sinusoidalEncoding,
 *   repeat(2, transformerEncoderBlock(64, { heads: 4 })),
 * );
 * summary(encoder, [16])[0]?.output; // => [ 16, 64 ]
 * ```
 */
export const transformerEncoderBlock = <
  const W extends number,
  const O extends TransformerOptions = TransformerOptions,
>(
  width: W,
  given?: O & HeadsFit<W, O>,
): EncoderBlock<W> => {
  const options: TransformerOptions = given ?? {};
  const op = "transformerEncoderBlock";
  const attention = attending(op, width, attentionOf(options));
  const { joined, fed, normalize, inner } = partsOf(op, width, options);
  const attended = (
    params: Symbolic<EncoderParams>,
    x: Expr,
    context: Context,
    attend: Part,
  ): Expr => {
    const own = { part: params.attention, norm: params.attentionNorm };
    return fed(params, 1, joined("attention", 0, own, x, context, attend), context);
  };
  const layer = stateless<readonly [number, W], readonly [number, W], EncoderParams>(
    `${op} ${width}`,
    (key) => {
      const [forAttention, forInner] = split(key, 2);
      return {
        attention: attention.init(forAttention).params,
        attentionNorm: normalize.init(key).params,
        feedForward: inner.init(forInner).params,
        feedForwardNorm: normalize.init(key).params,
      };
    },
    (params, x, context) =>
      attended(params, x, context, (h) =>
        attention.attend(params.attention, h, h, {
          mask: context.mask,
          context: { ...context, key: foldInKey(context.key, 3) },
        }),
      ),
    `[time, ${width}]`,
  );
  return {
    ...layer,
    emptyCache: attention.emptyCache,
    step: (params, x, cache) => {
      let next = cache;
      const y = attended(params, one(x), still, (h) => {
        const [seen, after] = attention.step(params.attention, reshape(h, [width]), cache);
        next = after;
        return one(seen);
      });
      return [reshape(y, [width]), next];
    },
  };
};

/**
 * A Transformer decoder block: causal self-attention, cross-attention to a memory, and a feed-forward part, each with a
 * residual connection.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`, `memory: [places, memoryWidth]`, one example.
 * **Math** and **Fails with** as {@link transformerEncoderBlock}, with `A'(x) = attention(x, memory)` between `A` and `F`.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3.1.
 */
export const transformerDecoderBlock = <
  const W extends number,
  const O extends DecoderOptions = DecoderOptions,
>(
  width: W,
  given?: O & HeadsFit<W, O>,
): DecoderBlock<W> => {
  const options: DecoderOptions = given ?? {};
  const { memoryWidth = width, ...rest } = options;
  const op = "transformerDecoderBlock";
  const attention = attending(op, width, { causal: true, ...attentionOf(rest) });
  // Positions of the memory are not positions of the sequence: no causal mask and no rotation.
  const apart = { memoryWidth, causal: false, rotary: false, alibi: false } as const;
  const cross = attending(op, width, { ...attentionOf(rest), ...apart });
  const { joined, fed, normalize, inner } = partsOf(op, width, options);
  const decoded = (
    params: Symbolic<DecoderParams>,
    x: Expr,
    context: Context,
    attend: Part,
    look: Part,
  ): Expr => {
    const own = { part: params.attention, norm: params.attentionNorm };
    const other = { part: params.cross, norm: params.crossNorm };
    const h = joined("attention", 0, own, x, context, attend);
    return fed(params, 2, joined("cross", 1, other, h, context, look), context);
  };
  const name = `${op} ${width}`;
  const init = (key: Key): DecoderParams => {
    const keys = split(key, 3);
    return {
      attention: attention.init(keys[0]).params,
      attentionNorm: normalize.init(key).params,
      cross: cross.init(keys[1]).params,
      crossNorm: normalize.init(key).params,
      feedForward: inner.init(keys[2]).params,
      feedForwardNorm: normalize.init(key).params,
    };
  };
  return {
    name,
    init: (key) => ({ params: init(key), state: undefined }),
    over: (memory, mask) =>
      stateless(name, init, (params, x, context) =>
        decoded(
          params,
          x,
          context,
          (h) =>
            attention.attend(params.attention, h, h, {
              mask: context.mask,
              context: { ...context, key: foldInKey(context.key, 3) },
            }),
          (h) =>
            cross.attend(params.cross, h, memory, {
              mask,
              context: { ...context, key: foldInKey(context.key, 4) },
            }),
        ),
      ),
    emptyCache: attention.emptyCache,
    step: (params, x, memory, cache, mask) => {
      let next = cache;
      const y = decoded(
        params,
        one(x),
        still,
        (h) => {
          const [seen, after] = attention.step(params.attention, reshape(h, [width]), cache);
          next = after;
          return one(seen);
        },
        (h) => cross.attend(params.cross, h, memory, { mask }),
      );
      return [reshape(y, [width]), next];
    },
  };
};
