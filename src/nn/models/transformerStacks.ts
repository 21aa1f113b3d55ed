import { scan } from "../../autodiff/index.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add, mul } from "../../ir/ops/elementwise.ts";
import { fill, take } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { foldInKey } from "../../ir/ops/random.ts";
import { foldIn, type Key, split } from "../../tensor/key.ts";
import { passedOn } from "../../tensor/validate.ts";
import { stateless, still, through } from "../apply.ts";
import { repeat } from "../combinators/containers.ts";
import { type AffineParams, affine, initAffine, requireSizes } from "../functional/affine.ts";
import type { ScaleOffset } from "../functional/scaleOffset.ts";
import { nonEmpty } from "../functional/sequenceChecks.ts";
import { normal } from "../initializers.ts";
import type { AnyLayer, Context, Layer, Symbolic } from "../layer.ts";
import { type EmbeddingParams, embedding, sinusoidalEncoding } from "../layers/embedding.ts";
import { dropout } from "../layers/lambda.ts";
import { layerNorm } from "../layers/normalization/norm.ts";
import {
  type DecoderParams,
  type EncoderParams,
  type TransformerOptions,
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "../layers/transformerBlock.ts";
import { type Copied, type CopyParams, copying, initCopying } from "./copying.ts";

/** The sizes of the encoder or the decoder of a {@link transformer}. */
export interface StackOptions
  extends Pick<
    TransformerOptions,
    "hidden" | "activation" | "norm" | "dropout" | "attentionDropout"
  > {
  readonly vocabulary: number;
  readonly width: number;
  /** The number of blocks. */
  readonly blocks: number;
  readonly heads: number;
  /**
   * Whether self-attention is biased by distance ({@link alibiBias}), in place of the sinusoidal positions. Defaults to
   * `false`.
   */
  readonly alibi?: boolean;
  /**
   * Whether queries and keys of self-attention are rotated by their positions, in place of the sinusoidal positions. Defaults to
   * `false`.
   */
  readonly rotary?: boolean;
}

/** The params of an encoder or decoder: the table, the stacked params of its blocks, and for pre-norm a last normalization. */
export interface StackParams<Block> {
  readonly tokens: EmbeddingParams;
  readonly blocks: Block;
  readonly last?: ScaleOffset;
}

/** Adds the sinusoidal encoding of its position to each row. */
const positioned = (x: Expr): Expr => sinusoidalEncoding.apply(undefined, undefined, x, still)[0];

/** Whether positions are added to the embedding, and attention is not told of them in another way. */
const addsPositions = ({ alibi = false, rotary = false }: StackOptions): boolean =>
  !alibi && !rotary;

/** The pieces that encoder and decoder share: the embedding with positions, and the last normalization. */
const sideOf = (options: StackOptions) => {
  const { vocabulary, width, norm = "post", dropout: rate = 0 } = options;
  const table = embedding(vocabulary, width, { tableInit: normal(1 / Math.sqrt(width)) });
  const normalize = layerNorm(width);
  const drop = dropout(rate);
  return {
    /** Initializes the params around those of the blocks. */
    init: <B>(key: Key, blocks: B): StackParams<B> => ({
      tokens: table.init(key).params,
      blocks,
      ...(norm === "pre" ? { last: normalize.init(key).params } : {}),
    }),
    embedded: (tokens: Symbolic<EmbeddingParams>, x: Expr, context: Context): Expr => {
      const scaled = mul(take(tokens.table, nonEmpty(x)), Math.sqrt(width));
      const placed = addsPositions(options) ? positioned(scaled) : scaled;
      const own = { ...context, key: foldInKey(context.key, 0) };
      return drop.apply(undefined, undefined, placed, own)[0];
    },
    finished: (last: Symbolic<ScaleOffset> | undefined, h: Expr): Expr =>
      last === undefined ? h : normalize.apply(last, undefined, h, still)[0],
  };
};

/**
 * A Transformer encoder: token embeddings times √width, sinusoidal positions (or ALiBi, or rotary ones), and blocks of
 * self-attention over all real positions.
 *
 * **Shapes** `x: [time]` of i32 tokens `→ y: [time, width]`.
 * **Fails with** `InvalidArgument`, thrown, where heads do not divide the width, or are `rotary` and of an odd width.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3. The table begins normal with
 * standard deviation 1/√width.
 */
export const transformerEncoder = <const W extends number>(
  options: StackOptions & { readonly width: W },
): Layer<readonly [number], readonly [number, W], StackParams<EncoderParams>, undefined> => {
  const { width, blocks, norm = "post" } = options;
  requireSizes("transformerEncoder", { vocabulary: options.vocabulary, width, blocks });
  const body = repeat(
    blocks,
    passedOn("transformerEncoder", () =>
      transformerEncoderBlock(width as number, { ...options, norm }),
    ),
  );
  const side = sideOf(options);
  return stateless(
    `transformerEncoder ${blocks} × ${width}`,
    (key) => {
      const [forTokens, forBlocks] = split(key, 2);
      // Stacked params have the types of one block, with one more axis.
      const made = body.init(forBlocks).params as EncoderParams;
      return side.init(forTokens, made);
    },
    ({ tokens, blocks: own, last }, x, context) =>
      side.finished(last, through(body, own, side.embedded(tokens, x, context), context)),
  );
};

/**
 * The params of a {@link transformerDecoder}, with those of the head that copies, if there is one. One that is tied has no
 * matrix of its own for the logits.
 */
export interface TransformerDecoderParams extends StackParams<DecoderParams> {
  readonly output?: AffineParams;
  readonly copy?: CopyParams;
}

/** A Transformer decoder: given a memory, `over` makes it a layer; `begin` and `step` decode token by token. */
export interface TransformerDecoder<V extends number> {
  readonly init: (key: Key) => TransformerDecoderParams;
  /**
   * The layer that attends to `memory: [places, width]`; `mask: [places]` is true at real positions, and `tokens: [places]` of
   * i32 are what a decoder that copies may copy.
   */
  readonly over: (
    memory: Expr,
    mask?: Expr,
    tokens?: Expr,
  ) => Layer<readonly [number], readonly [number, V], TransformerDecoderParams, undefined>;
  /** The carry before the first of at most `positions` tokens. */
  readonly begin: (positions: number) => unknown;
  /** The logits `[vocabulary]` after a token that attends to those before it, and the next carry. */
  readonly step: (
    params: Symbolic<TransformerDecoderParams>,
    token: Expr,
    memory: Expr,
    carry: unknown,
    mask?: Expr,
    tokens?: Expr,
  ) => readonly [logits: Expr, carry: unknown];
}

/** The sizes of a {@link transformerDecoder}. */
export interface TransformerDecoderOptions<V extends number = number> extends StackOptions {
  readonly vocabulary: V;
  /**
   * Whether it may copy tokens of the source, by an attention of its own: then source and target have one vocabulary.
   * Defaults to `false`.
   */
  readonly copies?: boolean;
  /**
   * Whether one table embeds tokens and, transposed and without a bias, gives their logits; in a {@link transformer} it is the
   * source's table too: then source and target have one vocabulary. Defaults to `false`.
   */
  readonly tied?: boolean;
}

/** The carry of a decoder: the keys and values of every block, and the number of positions. */
interface Seen {
  readonly key: Expr;
  readonly value: Expr;
  readonly length: Expr;
}

/**
 * A Transformer decoder: gives the logits of the next token at every position, from the positions so far and a memory.
 *
 * **Shapes** `x: [time]` of i32 tokens, `memory: [places, width] → y: [time, vocabulary]`.
 * **Math** with `copies`, `g softmax(z) + (1 - g) Σ_i a_i [x_i]` of the last features `h`, their logits `z`, the memory `M` and
 * its tokens `x`, with `g = σ(v h + c)` and `a = softmax((hW_q + b_q)(MW_k + b_k)ᵀ/√width)`; its logarithms are the logits.
 * Without tokens it copies nothing.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3; tied: their section 3.4, and Press and Wolf (2016),
 * arXiv:1608.05859; copying: See, Liu and Manning (2017), arXiv:1704.04368, section 2.2, in a Transformer as Enarvi et al.
 * (2020), "Generating medical reports from patient-doctor conversations using sequence-to-sequence models", but with a head
 * of its own.
 */
export const transformerDecoder = <const V extends number>(
  options: TransformerDecoderOptions<V>,
): TransformerDecoder<V> => {
  const { vocabulary, width, blocks, norm = "post", copies = false, tied = false } = options;
  requireSizes("transformerDecoder", { vocabulary, width, blocks });
  const block = passedOn("transformerDecoder", () =>
    transformerDecoderBlock(width, { ...options, norm }),
  );
  const side = sideOf(options);
  const name = `transformerDecoder ${blocks} × ${width}`;
  const init = (key: Key): TransformerDecoderParams => {
    const [forTokens, forBlocks, forOutput] = split(key, 3);
    const body: AnyLayer = repeat(blocks, { ...block, ...block.over(fill([1, width], 0)) });
    const made = body.init(forBlocks).params as DecoderParams;
    return {
      ...side.init(forTokens, made),
      ...(tied ? {} : { output: initAffine(forOutput, width, vocabulary) }),
      ...(copies ? { copy: initCopying(foldIn(key, 3), width) } : {}),
    };
  };
  /** The logits of the blocks' features. */
  const said = (
    { tokens: { table }, last, output, copy }: Symbolic<TransformerDecoderParams>,
    features: Expr,
    { tokens, ...from }: Omit<Copied, "tokens"> & { readonly tokens: Expr | undefined },
  ): Expr => {
    const h = side.finished(last, features);
    const logits =
      output === undefined ? dot(h, table, [[h.shape.length - 1], [1]]) : affine(output, h);
    return copy === undefined || tokens === undefined
      ? logits
      : copying(copy, h, logits, { ...from, tokens });
  };
  return {
    init,
    over: (memory, mask, tokens) =>
      stateless(name, init, (params, x, context) => {
        const body: AnyLayer = repeat(blocks, block.over(memory, mask));
        const y = side.embedded(params.tokens, x, context);
        return said(params, through(body, params.blocks, y, context), { memory, mask, tokens });
      }),
    begin: (positions) => {
      const { key, value } = block.emptyCache(positions);
      const stacked = (x: Expr): Expr => fill([blocks, ...x.shape], 0, x.dtype);
      return { key: stacked(key), value: stacked(value), length: lift(0, "i32") };
    },
    step: (params, token, memory, carry, mask, tokens) => {
      // Its type, as `begin` makes it.
      const { key, value, length } = carry as Seen;
      const table = positioned(fill([key.shape[2] ?? 0, width], 0));
      const scaled = mul(take(params.tokens.table, token), Math.sqrt(width));
      const [h, seen] = scan(
        (
          x: Expr,
          each: {
            readonly params: Symbolic<DecoderParams>;
            readonly key: Expr;
            readonly value: Expr;
          },
        ) => {
          const cache = { key: each.key, value: each.value, length };
          const [y, next] = block.step(each.params, x, memory, cache, mask);
          return [y, { key: next.key, value: next.value }] as const;
        },
        addsPositions(options) ? add(scaled, take(table, length)) : scaled,
        { params: params.blocks, key, value },
        { length: blocks },
      );
      const logits = said(params, h, { memory, mask, tokens });
      return [logits, { ...seen, length: add(length, 1) }];
    },
  };
};
