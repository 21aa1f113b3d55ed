import { vmap } from "../autodiff/index.ts";
import { InvalidArgument } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import { lt, neg } from "../ir/ops/elementwise.ts";
import { dot } from "../ir/ops/linear.ts";
import { randomBits } from "../ir/ops/random.ts";
import { argsort, softmax } from "../ir/ops/reduction.ts";
import { split } from "../tensor/key.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { requireSizes } from "./affine.ts";
import { fanInUniform } from "./initializers.ts";
import type { AnyLayer, Composable, Context, Layer, OpenLayer, Symbolic } from "./layer.ts";
import { stackTrees } from "./stack.ts";
import { open, within } from "./within.ts";

/** The router's matrix, and the params of all experts, stacked. */
export interface ExpertsParams {
  readonly router: Tensor;
  readonly experts: unknown;
}

/**
 * How much each of the experts counts: the softmax over the `k` greatest logits, and 0 for the others. Of
 * equal logits the first ones count.
 *
 * **Shapes** `logits: [...s, experts] → [...s, experts]`.
 */
export const topKRouting = (logits: Expr, k: number): Expr => {
  // The place of each in descending order: the order's own order.
  const chosen = lt(argsort(argsort(neg(logits))), k) as Expr;
  return where(chosen, softmax(where(chosen, logits, -1e30) as Expr), 0);
};

/** A layer of experts, and what its router says. */
export interface MixtureOfExperts<W extends number>
  extends Layer<readonly [W], readonly number[], ExpertsParams, undefined> {
  /**
   * The logits by which places are sent to experts: what `loadBalance` takes.
   *
   * **Shapes** `x: [...s, width] → [...s, experts]`.
   */
  readonly router: (params: Symbolic<ExpertsParams>, x: Expr) => Expr;
}

/**
 * Several layers alike, of which a router lets the `k` that suit the example best take part.
 *
 * **Shapes** for an expert `[width] → [...o]`: `x: [width] → y: [...o]`; along sequences with `mapOver`.
 * **Math** `y = Σₑ gₑ(x) fₑ(x)`, where `g` is {@link topKRouting} of `xR`. Every expert is computed, so that
 * shapes are static: experts that are not chosen cost time, and get no gradient.
 * **Fails with** `InvalidArgument`, thrown, where `k` is not from 1 to the number of experts.
 * **Source** Shazeer et al. (2017), arXiv:1701.06538, equations 1 to 5, without its noise; what keeps the
 * experts in equal use is added to a loss: `loadBalance`, `importance`.
 */
export const mixtureOfExperts = <const W extends number>(
  width: W,
  expert: Composable,
  { experts, k }: { readonly experts: number; readonly k: number },
): MixtureOfExperts<W> => {
  requireSizes("mixtureOfExperts", { width, experts, k });
  if (k > experts)
    throw new InvalidArgument({
      op: "mixtureOfExperts",
      argument: "k",
      expected: `at most the number of experts, ${experts}`,
      actual: String(k),
    });
  const layer = mixture(width, open(expert), experts, k) as AnyLayer as Layer<
    readonly [W],
    readonly number[],
    ExpertsParams,
    undefined
  >;
  return { ...layer, router: ({ router }, x) => dot(x, router, [[x.shape.length - 1], [0]]) };
};

const mixture = (width: number, expert: OpenLayer, experts: number, k: number): OpenLayer => ({
  name: `mixtureOfExperts ${k} of ${experts}`,
  init: (key) => {
    const [forRouter, ...own] = split(key, experts + 1);
    const router = fanInUniform(forRouter as (typeof own)[number], [width, experts]);
    const made = own.map((each) => expert.init(each).params);
    return { params: { router, experts: stackTrees(made) }, state: undefined };
  },
  apply: (params, state, x, context) => {
    // `init` made them so.
    const own = params as { readonly router: Expr; readonly experts: unknown };
    const weights = topKRouting(dot(x, own.router, [[0], [0]]), k);
    const keys = randomBits(context.key, [experts, 2]);
    const outputs = vmap(
      (each: unknown, key: Context["key"]) =>
        within(expert.name, expert, each, undefined, x, { ...context, key })[0],
    )(own.experts, keys);
    return [dot(weights, outputs, [[0], [0]]), state];
  },
  parts: {
    children: [expert],
    rebuild: ([child = expert]) => mixture(width, open(child), experts, k),
  },
});
