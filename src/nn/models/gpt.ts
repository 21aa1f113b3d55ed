import { scan } from "../../autodiff/index.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { fill, take } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { type Key, split } from "../../tensor/key.ts";
import { passedOn } from "../../tensor/validate.ts";
import { still } from "../apply.ts";
import { repeat } from "../combinators/containers.ts";
import { sequential } from "../combinators/sequential.ts";
import { geluTanh } from "../functional/activation.ts";
import { type AffineParams, requireSizes } from "../functional/affine.ts";
import type { Autoregressive } from "../generate/decoder.ts";
import { normal, zeros } from "../initializers.ts";
import type { Layer, Symbolic } from "../layer.ts";
import type { Cache } from "../layers/attention.ts";
import { positionEmbedding, tiedEmbedding } from "../layers/embedding.ts";
import { dropout } from "../layers/lambda.ts";
import { layerNorm } from "../layers/normalization/norm.ts";
import { type EncoderParams, transformerEncoderBlock } from "../layers/transformerBlock.ts";
import type { Moves } from "../types/extent.ts";
import type { HeadsFit } from "../types/heads.ts";

/** The sizes of a {@link gpt}. */
export interface GptOptions<V extends number = number> {
  /** The number of tokens. */
  readonly vocabulary: V;
  /** The maximum length of a sequence. */
  readonly positions: number;
  readonly width: number;
  /** The number of blocks. */
  readonly blocks: number;
  /** The number of attention heads in each block. */
  readonly heads: number;
  /** The hidden width of the feed-forward parts. Defaults to four times the width. */
  readonly hidden?: number;
  /** Dropout rate of embeddings, attention weights, and the outputs of the parts of blocks. Defaults to 0. */
  readonly dropout?: number;
}

/** A causal language model: a layer that gives the logits of every next token, and an incremental decoder with a cache. */
export interface Gpt<V extends number, P>
  extends Layer<readonly [number], readonly [number, V], P, GptState>,
    Autoregressive<P> {}

/** The state of a {@link gpt}: empty. */
export type GptState = ReturnType<ReturnType<typeof network>["init"]>["state"];
/** The params of a {@link gpt}: its table, positions, blocks and last normalization. */
export type GptParams = ReturnType<ReturnType<typeof network>["init"]>["params"];

/** Redraws the weight of an affine map with the given standard deviation, and zeros its bias. */
const drawn = (key: Key, { weight, bias }: AffineParams, deviation: number): AffineParams => ({
  weight: normal(deviation)(key, weight.shape),
  ...(bias === undefined ? {} : { bias: zeros(key, bias.shape) }),
});

const blockOf = ({ width, heads, hidden, dropout: rate = 0, blocks }: GptOptions) => {
  const block = passedOn(
    "gpt",
    () =>
      transformerEncoderBlock(width, {
        heads,
        ...(hidden === undefined ? {} : { hidden }),
        causal: true,
        activation: geluTanh,
        dropout: rate,
        attentionDropout: rate,
      }),
    { attentionDropout: "dropout" },
  );
  const last = 0.02 / Math.sqrt(2 * blocks);
  return {
    ...block,
    init: (key: Key) => {
      const { params, state } = block.init(key);
      const { attention, feedForward } = params;
      const [q, k, v, o, up, down] = split(key, 6);
      const own: EncoderParams = {
        ...params,
        attention: {
          query: drawn(q, attention.query, 0.02),
          key: drawn(k, attention.key, 0.02),
          value: drawn(v, attention.value, 0.02),
          output: drawn(o, attention.output, last),
        },
        feedForward: {
          up: drawn(up, feedForward.up, 0.02),
          down: drawn(down, feedForward.down, last),
        },
      };
      return { params: own, state };
    },
  };
};

const network = <const V extends number>(options: GptOptions<V>) => {
  const { vocabulary, positions, width, blocks, dropout: rate = 0 } = options;
  const body = sequential(
    positionEmbedding(positions, width),
    dropout(rate),
    repeat(blocks, blockOf(options)),
    layerNorm(width),
  );
  return tiedEmbedding(vocabulary, width, body, { tableInit: normal(0.02) });
};

/**
 * A GPT-2 style causal language model: a token embedding with learned positions, pre-norm Transformer blocks with causal
 * attention, a last normalization, and the transposed embedding for the logits.
 *
 * **Shapes** `x: [time]` of i32 tokens `→ y: [time, vocabulary]` for at most `positions` time steps.
 * **Math** Weights begin normal with standard deviation 0.02, or `0.02/√(2·blocks)` for the last map of each part of a
 * block; biases begin as 0. With 50257 tokens, 1024 positions, width 768 and 12 blocks of 12 heads it has
 * the 124,439,808 params of GPT-2's smallest.
 * **Fails with** `InvalidArgument`, thrown, where heads do not divide the width (a type error where both are
 * literals); when compiled, with the layer's path, `EmptySequence` where there are no tokens, and
 * `SequenceTooLong` where there are more than positions.
 * **Laws** `laws.decoding`: decoding token by token with a cache gives the same as the whole sequence at once.
 * **Source** Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.3;
 * Vaswani et al. (2017), arXiv:1706.03762.
 *
 * **Example**
 * ```ts
 * import { gpt } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 *
 * const small = { vocabulary: 50257, positions: 1024, width: 768, blocks: 12, heads: 12 } as const;
 * summary(gpt(small), [8])[0]?.params; // => 124439808
 * ```
 */
export const gpt = <const O extends GptOptions>(
  options: O & HeadsFit<O["width"], O>,
): Gpt<O["vocabulary"], GptParams> & Moves<{ readonly atMost: O["positions"] }> => {
  const { vocabulary, positions, width, blocks } = options;
  requireSizes("gpt", { vocabulary, positions, width, blocks });
  const block = blockOf(options);
  const norm = layerNorm(width);
  const whole = network<O["vocabulary"]>(options);
  return {
    ...whole,
    name: `gpt ${blocks} × ${width}`,
    vocabulary,
    positions,
    begin: () => {
      const each = block.emptyCache(positions);
      const stacked = (x: Expr): Expr => fill([blocks, ...x.shape], 0, x.dtype);
      return { key: stacked(each.key), value: stacked(each.value), length: lift(0, "i32") };
    },
    step: ({ table, inner: [{ positions: places }, , each, last] }, token, carry) => {
      // Its type, as `begin` makes it: the keys and values of every block, and one length for all.
      const { key, value, length } = carry as Cache;
      const x = add(take(table, token), take(places, length));
      const [h, seen] = scan(
        (
          y: Expr,
          own: {
            readonly params: Symbolic<EncoderParams>;
            readonly key: Expr;
            readonly value: Expr;
          },
        ) => {
          const [next, cache] = block.step(own.params, y, {
            key: own.key,
            value: own.value,
            length,
          });
          return [next, { key: cache.key, value: cache.value }] as const;
        },
        x,
        // Stacked params; the loop gets those of one block at a time.
        { params: each as Symbolic<EncoderParams>, key, value },
        { length: blocks },
      );
      const [y] = norm.apply(last, undefined, h, still);
      return [dot(y, table, [[0], [1]]), { ...seen, length: add(length, 1) }];
    },
  };
};
