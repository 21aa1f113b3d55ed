import { scan } from "../../autodiff/index.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { ne, tanh } from "../../ir/ops/elementwise.ts";
import { fill, take } from "../../ir/ops/indexing.ts";
import { foldInKey } from "../../ir/ops/random.ts";
import { concatenate, expandDims, index } from "../../ir/ops/structural.ts";
import { scoped } from "../../ir/trace.ts";
import { type Key, split } from "../../tensor/key.ts";
import { nth } from "../../tensor/list.ts";
import { share, wholeTo } from "../../tensor/validate.ts";
import { exprsOf, stateless, still } from "../apply.ts";
import { sigmoid } from "../functional/activation.ts";
import { type AffineParams, affine, initAffine, requireSizes } from "../functional/affine.ts";
import { splitSource } from "../functional/sequenceChecks.ts";
import type { Autoregressive, Source } from "../generate/decoder.ts";
import { normal } from "../initializers.ts";
import type { Context, Layer, Symbolic } from "../layer.ts";
import { type EmbeddingParams, embedding } from "../layers/embedding.ts";
import { dropout } from "../layers/lambda.ts";
import {
  type Carry as CellCarry,
  type CellOf,
  type CellParams,
  gruCell,
} from "../layers/recurrent/cells.ts";
import { recurrent } from "../layers/recurrent/recurrent.ts";
import type { RecurrentParams } from "../layers/recurrent/stacked.ts";
import {
  type Alignment,
  type AlignmentParams,
  aligned,
  attentionTo,
  initAlignment,
  keysOf,
} from "./attentionScores.ts";
import { withCopies } from "./copying.ts";

/** The sizes of a {@link seq2seq}. */
export interface Seq2SeqOptions<V extends number = number> {
  /** The source: its vocabulary, maximum length and padding token. */
  readonly source: Source;
  /** The number of target tokens. */
  readonly vocabulary: V;
  /** The width of the embeddings. */
  readonly width: number;
  /** The hidden size of the decoder; each direction of the encoder has half of it. */
  readonly hidden: number;
  /**
   * The kind of attention. `"luong"` attends after the recurrence; `"luong-fed"` also feeds the attended output of each
   * step to the next; `"bahdanau"` attends before each step. Defaults to `"luong"`.
   */
  readonly attention?: Alignment | "luong-fed";
  /** The recurrent cell. Defaults to `gruCell`. */
  readonly cell?: CellOf;
  /** The number of stacked recurrences of the encoder. Defaults to 1. */
  readonly layers?: number;
  /**
   * Whether it may copy tokens of the source, to which it attends: then source and target have one vocabulary, and the
   * attention is Luong's. Defaults to `false`.
   */
  readonly copies?: boolean;
  /** Dropout rate of the embeddings, and of the features before the logits. Defaults to 0. */
  readonly dropout?: number;
}

/** The params of a {@link seq2seq}. */
export interface Seq2SeqParams {
  readonly source: EmbeddingParams;
  readonly target: EmbeddingParams;
  readonly encoder: RecurrentParams;
  /** The maps from the final carries of the encoder to the initial carry of the decoder. */
  readonly bridge: readonly AffineParams[];
  readonly decoder: CellParams;
  readonly alignment: AlignmentParams;
  readonly combine: AffineParams;
  readonly output: AffineParams;
  /** The map to how much is generated and how much is copied, of a model that copies. */
  readonly copy?: AffineParams;
}

/** A sequence-to-sequence model: a layer over source and target, and an incremental decoder. */
export interface Seq2Seq<V extends number>
  extends Layer<readonly [number], readonly [number, V], Seq2SeqParams, undefined>,
    Autoregressive<Seq2SeqParams> {}

/** The encoded source, and the state of the decoder. */
interface Carry {
  readonly memory: Expr;
  readonly real: Expr;
  readonly state: readonly Expr[];
  /** The tokens of the source, of a model that copies. */
  readonly tokens?: Expr;
}

type Params = Symbolic<Seq2SeqParams>;

/**
 * A recurrent sequence-to-sequence model with attention: a bidirectional encoder reads the source, and a decoder generates
 * the target while it attends to the source.
 *
 * **Shapes** `x: [source.length + time]` of i32, the padded source tokens followed by the target tokens
 * `→ y: [time, vocabulary]`, the logits of the next token after each target token. The decoder gets the true target as its
 * input (teacher forcing).
 * **Math** memory `M = (h→, h←)`; the decoder begins at `tanh(W (h→_S, h←_1))`. Luong: `s_t = f(s_{t-1}, y_t)`,
 * `c_t = align(s_t, M)`, and fed `s_t = f(s_{t-1}, (y_t, h_{t-1}))`; Bahdanau: `c_t = align(s_{t-1}, M)`,
 * `s_t = f(s_{t-1}, (y_t, c_t))`. All: `h_t = tanh(C (c_t, s_t))`, `softmax(W h_t)`. Padding is not visible.
 * With `copies`, `g softmax(W h_t) + (1 - g) Σ_i a_i [x_i]` with `g = σ(v h_t)` and the attention `a`, whose logarithms are
 * the logits. Embeddings begin normal with standard deviation 0.1.
 * **Fails with** `InvalidArgument`, thrown, where the hidden size is odd, or it copies with two vocabularies or Bahdanau's
 * attention; `EmptySequence` when compiled, with
 * the layer's path, where there is no target after the source.
 * **Laws** `laws.decoding`: decoding token by token gives the same as the whole sequence at once.
 * **Source** Bahdanau, Cho and Bengio (2014), arXiv:1409.0473, section 3, with Luong's output; Luong, Pham
 * and Manning (2015), arXiv:1508.04025, section 3.1, the score "general", and section 3.3, input feeding; copying: See, Liu and
 * Manning (2017), arXiv:1704.04368, section 2.2, with a gate of the features before the logits.
 *
 * **Example**
 * ```ts
 * import { seq2seq } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 *
 * const source = { vocabulary: 28, length: 12, padding: 0 };
 * const model = seq2seq({ source, vocabulary: 42, width: 16, hidden: 32 });
 * summary(model, [12 + 5])[0]?.output; // => [5, 42]
 * ```
 */
export const seq2seq = <const V extends number>(options: Seq2SeqOptions<V>): Seq2Seq<V> => {
  const { source, vocabulary, width, hidden, attention = "luong", layers = 1 } = options;
  const { cell: cellOf = gruCell, dropout: rate = 0, copies = false } = options;
  share("seq2seq", { dropout: rate });
  requireSizes("seq2seq", { vocabulary, width, hidden, layers, "source.length": source.length });
  requireSizes("seq2seq", { "source.vocabulary": source.vocabulary });
  wholeTo(0, source.vocabulary - 1)("seq2seq", { padding: source.padding });
  if (hidden % 2 !== 0)
    throw new InvalidArgument({
      op: "seq2seq",
      argument: "hidden",
      expected: "an even number, half of it for each direction of the encoder",
      actual: String(hidden),
    });
  if (copies && (source.vocabulary !== vocabulary || attention === "bahdanau"))
    throw new InvalidArgument({
      op: "seq2seq",
      argument: "copies",
      expected: "false, or one vocabulary for source and target and Luong's attention",
      actual: `true, with ${source.vocabulary} and ${vocabulary} tokens and "${attention}"`,
    });
  const tableInit = normal(0.1);
  const sourceEmbedding = embedding(source.vocabulary, width, { tableInit });
  const targetEmbedding = embedding(vocabulary, width, { tableInit });
  const encoder = recurrent(cellOf, width, hidden / 2, { layers, bidirectional: true });
  const looksFirst = attention === "bahdanau";
  const feeds = attention === "luong-fed";
  const cell = cellOf(looksFirst || feeds ? width + hidden : width, hidden);
  if (cell.outputs !== hidden)
    throw new InvalidArgument({
      op: "seq2seq",
      argument: "cell",
      expected: "a cell without a projection",
      actual: `projSize: ${cell.outputs}`,
    });
  const drop = dropout(rate);
  const dropped = (x: Expr, occasion: number, context: Context): Expr =>
    drop.apply(undefined, undefined, x, {
      ...context,
      key: foldInKey(context.key, occasion),
    })[0];

  const encode = (params: Params, tokens: Expr, context: Context): Carry => {
    const real = ne(tokens, source.padding);
    const x = dropped(take(params.source.table, tokens), 0, context);
    const { outputs, last } = encoder.run(params.encoder, x, { mask: real });
    const ends = last.at(-1) ?? [];
    const state = params.bridge.map((map, i) => {
      const both = concatenate(
        ends.map((carry) => nth(carry, i)),
        -1,
      );
      return tanh(affine(map, both));
    });
    const fed = feeds ? [fill([hidden], 0, outputs.dtype)] : [];
    const made = [outputs, real, ...state, ...fed] as const;
    const [memory, seen, ...begun] = scoped("encoder", [tokens, ...exprsOf(params)], made);
    return { memory, real: seen, state: begun, ...(copies ? { tokens } : {}) };
  };

  /** The logits after each token, and the state of the decoder after the last. */
  const decode = (
    params: Params,
    tokens: Expr,
    { memory, real, state, tokens: read }: Carry,
    context: Context,
  ): readonly [logits: Expr, state: readonly Expr[]] => {
    const y = dropped(take(params.target.table, tokens), 1, context);
    const keys = keysOf(params.alignment, memory);
    const look = (at: Expr): Expr => aligned(params.alignment, at, keys, memory, real);
    /** The attended output, from the context vector and the state. */
    const made = (seen: Expr, at: Expr): Expr =>
      tanh(affine(params.combine, concatenate([seen, at], -1)));
    const [last, [outputs, looked, attended]] = scan(
      (carry: readonly Expr[], each: Expr) => {
        // The fed output comes after the carry of the cell, as in `encode`.
        const own: CellCarry = [nth(carry, 0), ...carry.slice(1, cell.carries)];
        const fed = carry[cell.carries];
        const seen = looksFirst ? look(own[0]) : undefined;
        const beside = seen ?? fed;
        const input =
          beside === undefined
            ? each
            : cell.project(params.decoder, concatenate([each, beside], -1));
        const next = cell.step(params.decoder, own, input);
        const [at] = next;
        const spoken = fed === undefined ? [] : [made(look(at), at)];
        return [[...next, ...spoken], [at, seen, spoken[0]] as const] as const;
      },
      state,
      // If the loop needs no other inputs, they are projected all at once.
      looksFirst || feeds ? y : cell.project(params.decoder, y),
      { length: y.shape[0] ?? 0 },
    );
    const h = attended ?? made(looked ?? look(outputs), outputs);
    const logits = affine(params.output, dropped(h, 2, context));
    const said =
      read === undefined || params.copy === undefined
        ? logits
        : withCopies(
            logits,
            sigmoid(affine(params.copy, h)),
            attentionTo(params.alignment, outputs, keys, real),
            read,
          );
    const [scopedLogits, ...states] = scoped(
      "decoder",
      [tokens, memory, real, ...state, ...(read === undefined ? [] : [read]), ...exprsOf(params)],
      [said, ...last],
    );
    return [scopedLogits, states];
  };

  const layer = stateless<readonly [number], readonly [number, V], Seq2SeqParams>(
    `seq2seq ${width} → ${hidden}, ${attention}`,
    (key) => {
      const keys = split(key, copies ? 9 : 8);
      const own = (i: number) => nth<Key>(keys, i);
      const bridges = split(own(3), cell.carries);
      return {
        source: sourceEmbedding.init(own(0)).params,
        target: targetEmbedding.init(own(1)).params,
        encoder: encoder.init(own(2)).params,
        bridge: bridges.map((each) => initAffine(each, hidden, hidden)),
        decoder: cell.init(own(4)),
        alignment: initAlignment(own(5), feeds ? "luong" : attention, hidden),
        combine: initAffine(own(6), 2 * hidden, hidden),
        output: initAffine(own(7), hidden, vocabulary),
        ...(copies ? { copy: initAffine(own(8), hidden, 1) } : {}),
      };
    },
    (params, x, context) => {
      const [before, tokens] = splitSource(x, source.length);
      return decode(params, tokens, encode(params, before, context), context)[0];
    },
  );
  return {
    ...layer,
    vocabulary,
    positions: Number.POSITIVE_INFINITY,
    source,
    begin: (params, tokens) => encode(params, tokens, still),
    step: (params, token, carry) => {
      // Its type, as `begin` makes it.
      const given = carry as Carry;
      const [logits, state] = decode(params, expandDims(token, 0), given, still);
      return [index(logits, 0), { ...given, state }];
    },
  };
};
