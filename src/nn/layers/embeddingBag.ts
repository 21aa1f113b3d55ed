import { vmap } from "../../autodiff/index.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { and, div, ge, lt, maximum, mul, ne } from "../../ir/ops/elementwise.ts";
import { fill, iota } from "../../ir/ops/indexing.ts";
import { max, sum } from "../../ir/ops/reduction.ts";
import { concatenate, expandDims, sliceAxis } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import { stateless } from "../apply.ts";
import { readRows, requireLookup } from "../functional/lookup.ts";
import { anyOf, maskOf } from "../functional/sequenceChecks.ts";
import { normal } from "../initializers.ts";
import type { Layer, Symbolic } from "../layer.ts";
import type { EmbeddingParams, PaddedEmbeddingOptions } from "./embedding.ts";

/** Options of {@link embeddingBag}. */
export interface EmbeddingBagOptions extends PaddedEmbeddingOptions {
  /** What becomes of the vectors of a bag. Defaults to `"mean"`. */
  readonly mode?: "sum" | "mean" | "max";
}

/** An {@link embeddingBag}, also of weighted tokens (`bag`), and of many bags in one list of tokens (`bags`). */
export interface EmbeddingBag<W extends number>
  extends Layer<readonly [number], readonly [W], EmbeddingParams, undefined> {
  /**
   * One bag, whose vectors are multiplied by `weights` before they are summed.
   *
   * **Shapes** `tokens: [n]` of i32, `weights: [n] → [width]`.
   * **Fails with** `InvalidArgument`, thrown, where weights are given and the mode is not `"sum"`.
   */
  readonly bag: (params: Symbolic<EmbeddingParams>, tokens: Expr, weights?: Expr) => Expr;
  /**
   * Bags in a list of tokens: each begins at its offset and ends where the next begins, and the last at the end. Tokens
   * before the first offset are in no bag.
   *
   * **Shapes** `tokens: [n]` and `offsets: [bags]` of i32, `weights: [n] → [bags, width]`.
   * **Fails with** as `bag`.
   */
  readonly bags: (
    params: Symbolic<EmbeddingParams>,
    tokens: Expr,
    offsets: Expr,
    weights?: Expr,
  ) => Expr;
}

/**
 * The sum, the mean or the maximum of the vectors of a bag of tokens.
 *
 * **Shapes** `x: [n]` of i32 tokens `→ y: [width]`, one bag, which may be empty; `table: [vocabulary, width]`.
 * **Math** `y = Σ table[xᵢ]`, `Σ table[xᵢ] / n`, or the greatest in each feature. The padding token, a token that is not
 * in the vocabulary, and one that `context.mask` excludes do not count; a bag with none that counts gives zeros.
 * **Fails with** `InvalidArgument`, thrown, as {@link embedding}; `DtypeMismatch`, when compiled, where tokens are not
 * i32.
 * **Source** PyTorch, `EmbeddingBag`; bags of words: Harris, "Distributional structure" (1954).
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, key, tensor } from "fluxion";
 * import { embeddingBag } from "fluxion/nn";
 * const words = embeddingBag(3, 2, { tableInit: () => tensor([[1, 2], [3, 4], [5, 6]]) as never });
 * const { params } = words.init(key(1));
 * const [tokens, offsets] = [tensor([0, 1, 2], "i32"), tensor([0, 2, 3], "i32")];
 * const each = compile((p: { table: Expr }, t: Expr, o: Expr) => words.bags(p, t, o), [params, tokens, offsets]);
 * const run = Effect.runSync(Effect.provide(each, Backend.layerReference));
 * run(params, tokens, offsets).toArray() // => [[2, 3], [5, 6], [0, 0]]
 * ```
 */
export const embeddingBag = <const W extends number>(
  vocabulary: number,
  width: W,
  options: EmbeddingBagOptions = {},
): EmbeddingBag<W> => {
  const { mode = "mean", tableInit = normal(1), padding } = options;
  requireLookup("embeddingBag", { vocabulary, width }, options);
  const counts = (tokens: Expr): Expr => {
    const inside = and(ge(tokens, 0), lt(tokens, vocabulary));
    return padding === undefined ? inside : and(inside, ne(tokens, padding));
  };
  /** One number for each feature of `rows: [n, width]`, of those that `seen: [n]` says are in the bag. */
  const reduced = (rows: Expr, seen: Expr): Expr => {
    if (rows.shape[0] === 0) return fill([width], 0, rows.dtype);
    const beside = expandDims(seen, -1);
    if (mode === "max") {
      const greatest = max(where(beside, rows, Number.NEGATIVE_INFINITY), 0);
      return where(anyOf(seen), greatest, 0);
    }
    const total = sum(where(beside, rows, 0), 0);
    return mode === "sum" ? total : div(total, maximum(sum(cast(seen, rows.dtype)), 1));
  };
  const weighed = (table: Expr, tokens: Expr, weights: Expr | undefined): Expr => {
    const rows = readRows(table, tokens, options);
    if (weights === undefined) return rows;
    if (mode === "sum") return mul(rows, expandDims(weights, -1));
    const expected = 'none where the mode is not "sum"';
    throw new InvalidArgument({ op: "embeddingBag", argument: "weights", expected, actual: mode });
  };
  const takes = "i32 tokens [n]";
  const bag: EmbeddingBag<W>["bag"] = ({ table }, tokens, weights) =>
    asOne(
      "embeddingBag",
      weights ? `${takes} and weights [n]` : takes,
      [tokens, ...(weights ? [weights] : [])],
      () => reduced(weighed(table, tokens, weights), counts(tokens)),
    );
  const bags: EmbeddingBag<W>["bags"] = ({ table }, tokens, offsets, weights) =>
    asOne(
      "embeddingBag",
      `${takes}, i32 offsets [bags]${weights ? " and weights [n]" : ""}`,
      [tokens, offsets, ...(weights ? [weights] : [])],
      () => {
        const rows = weighed(table, tokens, weights);
        const [n, places] = [tokens.shape[0] ?? 0, iota([tokens.shape[0] ?? 0])];
        const ends = concatenate([
          sliceAxis(offsets, 0, 1, offsets.shape[0] ?? 0),
          fill([1], n, "i32"),
        ]);
        return vmap((from: Expr, to: Expr) =>
          reduced(rows, and(counts(tokens), and(ge(places, from), lt(places, to)))),
        )(offsets, ends);
      },
    );
  const layer = stateless<readonly [number], readonly [W], EmbeddingParams>(
    `embeddingBag ${vocabulary} → ${width}, ${mode}`,
    (key) => ({ table: tableInit(key, [vocabulary, width]) }),
    ({ table }, x, { mask }) => {
      const seen = counts(x);
      const real = mask && maskOf(x.shape[0] ?? 0, mask);
      return reduced(readRows(table, x, options), real === undefined ? seen : and(seen, real));
    },
    takes,
  );
  return { ...layer, bag, bags };
};
