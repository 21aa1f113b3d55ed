import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, cos, eq, exp, mul, sin } from "../../ir/ops/elementwise.ts";
import { iota, take } from "../../ir/ops/indexing.ts";
import { concatenate, reshape, sliceAxis, stack } from "../../ir/ops/structural.ts";
import { split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding } from "../../tensor/validate.ts";
import { declared, noParams, open, shapeKeeping, stateless, within } from "../apply.ts";
import { lastAxisOf, requireSizes } from "../functional/affine.ts";
import { readRows, requireLookup } from "../functional/lookup.ts";
import { atMost, nonEmpty } from "../functional/sequenceChecks.ts";
import { type Initializer, normal } from "../initializers.ts";
import type { Composable, Layer, OpenLayer, SameLayer } from "../layer.ts";
import type { ParamsOf, StateOf } from "../types/chain.ts";
import type { Moves } from "../types/extent.ts";

/** The params of an {@link embedding}: one row for each token. */
export interface EmbeddingParams {
  readonly table: Tensor;
}

/** Options of an embedding. */
export interface EmbeddingOptions {
  /** How the table begins. Defaults to normal with standard deviation 1. */
  readonly tableInit?: Initializer;
}

/** Options of an {@link embedding}, with a padding token and a greatest norm. */
export interface PaddedEmbeddingOptions extends EmbeddingOptions {
  /** The padding token: it reads zeros, and its row gets no gradient. Defaults to no padding. */
  readonly padding?: number;
  /** The greatest norm of a vector that is read: longer rows are shortened to it as they are read. Defaults to none. */
  readonly maxNorm?: number;
  /** The order of that norm, above 0; `Infinity` for the greatest magnitude. Defaults to 2. */
  readonly normType?: number;
}

/**
 * Looks up a learned vector for each token.
 *
 * **Shapes** `x: [time]` of i32 tokens `→ y: [time, width]`; `table: [vocabulary, width]`. Tokens of any other
 * shape also get one more axis.
 * **Math** `yᵢ = table[xᵢ]`; the gradient adds up at the rows that were read. A token that is not from 0 to
 * `vocabulary - 1` reads zeros. With `maxNorm`, `w · maxNorm/(‖w‖ + 1e-7)` is read in place of a longer row `w`. The table
 * itself stays as it is, and the gradient goes through the shortening: PyTorch instead writes shortened rows into the
 * table as it reads them, and takes the gradient there. Both read the same vectors.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number, the padding is not in the
 * vocabulary, or a norm is not above 0; when compiled, with the layer's path, `DtypeMismatch` where tokens are not i32, and `EmptySequence` where
 * there are none.
 */
export const embedding = <const W extends number>(
  vocabulary: number,
  width: W,
  options: PaddedEmbeddingOptions = {},
): Layer<readonly [number], readonly [number, W], EmbeddingParams, undefined> => {
  const { tableInit = normal(1), padding } = options;
  requireLookup("embedding", { vocabulary, width }, options);
  // An index outside the table reads zeros and gets no gradient.
  const read = (x: Expr): Expr => (padding === undefined ? x : where(eq(x, padding), -1, x));
  return stateless(
    `embedding ${vocabulary} → ${width}`,
    (key) => ({ table: tableInit(key, [vocabulary, width]) }),
    ({ table }, x) => readRows(table, read(nonEmpty(x)), options),
    "i32 tokens",
  );
};

/** The params of {@link tiedEmbedding}: its table, and the params of the inner layer. */
export interface TiedParams<P> extends EmbeddingParams {
  readonly inner: P;
}

/**
 * Wraps a layer between an embedding and its transpose: tokens in, logits out, with one shared table.
 *
 * **Shapes** for a layer `[time, width] → [time, width]`: `x: [time]` of i32 tokens `→ [time, vocabulary]`.
 * **Math** `y = f(table[x]) tableᵀ`. `tableInit` defaults to normal with standard deviation 1/√width, so that
 * logits begin with variance 1 if the outputs of the layer do.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number; else as {@link embedding}.
 * **Source** Press and Wolf (2016), arXiv:1608.05859.
 */
export const tiedEmbedding = <const V extends number, const L extends Composable>(
  vocabulary: V,
  width: number,
  layer: L,
  { tableInit }: EmbeddingOptions = {},
): Layer<readonly [number], readonly [number, V], TiedParams<ParamsOf<L>>, StateOf<L>> => {
  requireSizes("tiedEmbedding", { vocabulary, width });
  const begin = tableInit ?? normal(1 / Math.sqrt(width));
  return declared(tiedOpen(vocabulary, width, open(layer), begin));
};

const tiedOpen = (
  vocabulary: number,
  width: number,
  inner: OpenLayer,
  tableInit: Initializer,
): OpenLayer => ({
  name: `tiedEmbedding ${vocabulary} × ${width}`,
  init: (key) => {
    const [forTable, forInner] = split(key, 2);
    const made = inner.init(forInner);
    const table = tableInit(forTable, [vocabulary, width]);
    return { params: { table, inner: made.params }, state: made.state };
  },
  apply: (params, state, x, context) => {
    // Their types, as `init` makes them.
    const own = params as { readonly table: Expr; readonly inner: unknown };
    const embedded = take(own.table, nonEmpty(x));
    const [h, next] = within(inner.name, inner, own.inner, state, embedded, context);
    return [dot(h, own.table, [[h.shape.length - 1], [1]]), next];
  },
  parts: {
    children: [inner],
    rebuild: ([child = inner]) => tiedOpen(vocabulary, width, open(child), tableInit),
  },
});

/** The params of {@link positionEmbedding}: one row for each position. */
export interface PositionParams {
  readonly positions: Tensor;
}

/**
 * Adds a learned vector to each position of a sequence.
 *
 * **Shapes** `x: [time, width] → y: [time, width]` for at most `length` time steps.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number; a type error where literal shapes
 * show that a sequence is longer, and otherwise `SequenceTooLong` when compiled, with the layer's path.
 * **Source** Gehring et al. (2017), arXiv:1705.03122. The table begins normal with standard deviation 0.02, as in
 * GPT-2.
 */
export const positionEmbedding = <const L extends number, const W extends number>(
  length: L,
  width: W,
): Layer<readonly [number, W], readonly [number, W], PositionParams, undefined> &
  Moves<{ readonly atMost: L }> => {
  requireSizes("positionEmbedding", { length, width });
  return stateless(
    `positionEmbedding ${length} × ${width}`,
    (key) => ({ positions: normal(0.02)(key, [length, width]) }),
    ({ positions }, x) => {
      const fitting = atMost(length, lastAxisOf(x, width));
      return add(fitting, sliceAxis(positions, 0, 0, fitting.shape[0] ?? 0));
    },
    `[time, ${width}]`,
  );
};

/** The angle of each position for each of `count` wavelengths, from 2π to 2π·base. `[time, count]`. */
const angles = (places: Expr, count: number, base: number): Expr => {
  const step = -Math.log(base) / count;
  const frequencies = exp(mul(cast(iota([count]), places.dtype), step));
  return dot(places, frequencies, [[], []]);
};

/**
 * Adds a sinusoidal positional encoding to a sequence: sines and cosines with wavelengths from 2π to 10000·2π.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`; with an odd width the last feature has only a sine.
 * **Math** `y[t, 2i] = x[t, 2i] + sin(t / 10000^(2i/width))`, and the cosine at `2i + 1`.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3.5.
 */
export const sinusoidalEncoding: SameLayer<undefined, undefined> = shapeKeeping(
  "sinusoidalEncoding",
  noParams,
  (_, x) => {
    const [time = 0, width = 0] = x.shape;
    const pairs = Math.ceil(width / 2);
    const angle = angles(cast(iota([time]), x.dtype), pairs, 10000 ** ((2 * pairs) / width));
    const interleaved = reshape(stack([sin(angle), cos(angle)], 2), [time, 2 * pairs]);
    return add(x, sliceAxis(interleaved, -1, 0, width));
  },
  "[time, width]",
);

/**
 * Rotates pairs of features by angles proportional to the position. The dot product of two such vectors then depends only
 * on the distance between their positions. `base` defaults to 10000.
 *
 * **Shapes** `x: [...s, time, width]`, `places: [time]` of x's dtype `→ [...s, time, width]`; feature `i`
 * pairs with `i + width/2`.
 * **Math** `(a, b) → (a cos tω - b sin tω, a sin tω + b cos tω)` with `ω = base^(-2i/width)`.
 * **Fails with** `InvalidArgument`, thrown, where the width is odd, or the base not a finite number above 0.
 * **Source** Su et al. (2021), arXiv:2104.09864, section 3.2.
 */
export const rotaryEmbedding = (x: Expr, places: Expr, base = 10000): Expr => {
  const width = x.shape.at(-1) ?? 0;
  if (width % 2 !== 0)
    throw new InvalidArgument({
      op: "rotaryEmbedding",
      argument: "x",
      expected: "an even number of features, which are rotated in pairs",
      actual: `${width}`,
    });
  holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n))("rotaryEmbedding", {
    base,
  });
  const half = width / 2;
  const angle = angles(cast(places, x.dtype), half, base);
  const [c, s] = [cos(angle), sin(angle)];
  const [a, b] = [sliceAxis(x, -1, 0, half), sliceAxis(x, -1, half, width)];
  const first = add(mul(a, c), mul(mul(b, s), -1));
  const second = add(mul(a, s), mul(b, c));
  return concatenate([first, second], -1);
};
