import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { ne } from "../../ir/ops/elementwise.ts";
import { foldInKey } from "../../ir/ops/random.ts";
import { scoped } from "../../ir/trace.ts";
import { split } from "../../tensor/key.ts";
import { passedOn, wholeTo } from "../../tensor/validate.ts";
import { exprsOf, stateless, still, through } from "../apply.ts";
import { requireSizes } from "../functional/affine.ts";
import { atMost, splitSource } from "../functional/sequenceChecks.ts";
import type { Autoregressive, Source } from "../generate/decoder.ts";
import type { Context, Layer, Symbolic } from "../layer.ts";
import type { EncoderParams } from "../layers/transformerBlock.ts";
import type { HeadsFit } from "../types/heads.ts";
import {
  type StackParams,
  type TransformerDecoderOptions,
  type TransformerDecoderParams,
  transformerDecoder,
  transformerEncoder,
} from "./transformerStacks.ts";

/** The sizes of a {@link transformer}. */
export interface TransformerModelOptions<V extends number = number>
  extends TransformerDecoderOptions<V> {
  /** The source: its vocabulary, maximum length and padding token. */
  readonly source: Source;
  /** The number of target tokens. */
  readonly vocabulary: V;
  /** The maximum length of a target sequence. */
  readonly positions: number;
}

/** The params of a {@link transformer}: those of its encoder and decoder. Where it is tied, the table is the encoder's. */
export interface TransformerParams {
  readonly encoder: StackParams<EncoderParams>;
  readonly decoder: Omit<TransformerDecoderParams, "tokens"> &
    Partial<Pick<TransformerDecoderParams, "tokens">>;
}

/** An encoder-decoder Transformer: a layer over source and target, and an incremental decoder. */
export interface TransformerModel<V extends number>
  extends Layer<readonly [number], readonly [number, V], TransformerParams, undefined>,
    Autoregressive<TransformerParams> {}

/**
 * An encoder-decoder Transformer: an encoder reads the source, and a decoder generates the target while it attends to the
 * source.
 *
 * **Shapes** `x: [source.length + time]` of i32, the padded source tokens followed by the target tokens
 * `→ y: [time, vocabulary]`. Padding is not visible.
 * **Math** {@link transformerEncoder} and {@link transformerDecoder}. `norm` defaults to `"post"`: normalized after each
 * part. With `copies` it mixes what it generates with tokens of the source; `tied`, one table embeds both and gives the logits.
 * **Fails with** `InvalidArgument`, thrown, where heads do not divide the width, or are `rotary` and of an odd width, or it copies or is tied with two
 * vocabularies; when compiled, with the layer's path, `EmptySequence` where there is no target after the source, and `SequenceTooLong` where
 * the target is longer than `positions`.
 * **Laws** `laws.decoding`: decoding token by token gives the same as the whole sequence at once.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762; copying: {@link transformerDecoder}.
 *
 * **Example**
 * ```ts
 * import { transformer } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 *
 * const source = { vocabulary: 28, length: 12, padding: 0 };
 * const sizes = { width: 16, blocks: 2, heads: 4, positions: 10 };
 * summary(transformer({ source, vocabulary: 42, ...sizes }), [12 + 5])[0]?.output; // => [5, 42]
 *
 * // One that may copy has one vocabulary, and the params of a head of its own: queries, keys, and a gate.
 * const [copier, plain] = [true, false].map((copies) =>
 *   summary(transformer({ source, vocabulary: 28, copies, ...sizes }), [12 + 5])[0]);
 * (copier?.params ?? 0) - (plain?.params ?? 0); // => 561
 * ```
 */
export const transformer = <const O extends TransformerModelOptions>(
  options: O & HeadsFit<O["width"], O>,
): TransformerModel<O["vocabulary"]> => {
  type V = O["vocabulary"];
  const { source, positions, ...stack }: TransformerModelOptions<V> = options;
  const { vocabulary, copies = false, tied = false } = stack;
  requireSizes("transformer", { positions, "source.length": source.length });
  requireSizes("transformer", { "source.vocabulary": source.vocabulary });
  wholeTo(0, source.vocabulary - 1)("transformer", { padding: source.padding });
  if ((copies || tied) && source.vocabulary !== vocabulary)
    throw new InvalidArgument({
      op: "transformer",
      argument: copies ? "copies" : "tied",
      expected: "false, or one vocabulary for source and target",
      actual: `true, with ${source.vocabulary} and ${vocabulary} tokens`,
    });
  const [encoder, decoder] = passedOn(
    "transformer",
    () =>
      [
        transformerEncoder({ ...stack, vocabulary: source.vocabulary }),
        transformerDecoder(stack),
      ] as const,
  );
  const encode = (params: Symbolic<TransformerParams>, tokens: Expr, context: Context) => {
    const real = ne(tokens, source.padding);
    const own = { ...context, key: foldInKey(context.key, 1), mask: real };
    const memory = through(encoder, params.encoder, tokens, own);
    const inputs = [tokens, ...exprsOf(params.encoder)];
    const [scopedMemory, seen] = scoped("encoder", inputs, [memory, real]);
    return { memory: scopedMemory, real: seen, ...(copies ? { tokens } : {}) };
  };
  /** The decoder's params, with the encoder's table where it has none of its own. */
  const decoding = ({ encoder: { tokens }, decoder: own }: Symbolic<TransformerParams>) => ({
    tokens,
    ...own,
  });
  const layer = stateless<readonly [number], readonly [number, V], TransformerParams>(
    `transformer ${stack.blocks} × ${stack.width}`,
    (key) => {
      const [forEncoder, forDecoder] = split(key, 2);
      const { tokens, ...others } = decoder.init(forDecoder);
      return {
        encoder: encoder.init(forEncoder).params,
        decoder: tied ? others : { tokens, ...others },
      };
    },
    (params, x, context) => {
      const [before, sequence] = splitSource(x, source.length);
      const { memory, real, tokens: read } = encode(params, before, context);
      const tokens = atMost(positions, sequence);
      const own = { ...context, key: foldInKey(context.key, 2) };
      const y = through(decoder.over(memory, real, read), decoding(params), tokens, own);
      const inputs = [tokens, memory, real, ...exprsOf([decoding(params), read])];
      const [logits] = scoped("decoder", inputs, [y]);
      return logits;
    },
  );
  return {
    ...layer,
    vocabulary,
    positions,
    source,
    begin: (params, tokens) => ({
      ...encode(params, tokens, still),
      seen: decoder.begin(positions),
    }),
    step: (params, token, carry) => {
      // Its type, as `begin` makes it.
      const { seen, ...read } = carry as {
        readonly memory: Expr;
        readonly real: Expr;
        readonly tokens?: Expr;
        readonly seen: unknown;
      };
      const { memory, real, tokens } = read;
      const [logits, next] = decoder.step(decoding(params), token, memory, seen, real, tokens);
      return [logits, { ...read, seen: next }];
    },
  };
};
