import { vmap } from "../../autodiff/index.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { where } from "../../ir/ops/control.ts";
import { eq, lt, neg } from "../../ir/ops/elementwise.ts";
import { randomBits } from "../../ir/ops/random.ts";
import { argsort } from "../../ir/ops/reduction.ts";
import { split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { wholeTo } from "../../tensor/validate.ts";
import { open, within } from "../apply.ts";
import { stackTrees } from "../combinators/stack.ts";
import { requireSizes } from "../functional/affine.ts";
import { softmaxOfSeen } from "../functional/seen.ts";
import { fanInUniform } from "../initializers.ts";
import type { AnyLayer, Composable, Context, Layer, OpenLayer, Symbolic } from "../layer.ts";

/** The router's matrix, and the params of all experts, stacked. */
export interface ExpertsParams {
  readonly router: Tensor;
  readonly experts: unknown;
}

/**
 * How much each of the experts counts: the softmax over the `k` greatest logits, and 0 for the others. Of
 * equal logits the first ones count; a logit that is NaN counts before all others, and makes them NaN.
 *
 * **Shapes** `logits: [...s, experts] → [...s, experts]`.
 * **Fails with** `InvalidArgument`, thrown, where `k` is not from 1 to the number of experts.
 */
export const topKRouting = (logits: Expr, k: number): Expr => {
  wholeTo(1, logits.shape.at(-1) ?? 1)("topKRouting", { k });
  // NaN comes first, so that it is chosen and told.
  const ranked = where(eq(logits, logits), neg(logits), Number.NEGATIVE_INFINITY);
  // The place of each in descending order: the order's own order.
  const chosen = lt(argsort(argsort(ranked)), k);
  return softmaxOfSeen(logits, chosen);
};

/** A layer of experts, and what its router says. */
export interface MixtureOfExperts<W extends number>
  extends Layer<readonly [W], readonly number[], ExpertsParams, unknown> {
  /**
   * The logits by which places are sent to experts: what `loadBalancingLoss` takes.
   *
   * **Shapes** `x: [...s, width] → [...s, experts]`.
   */
  readonly router: (params: Symbolic<ExpertsParams>, x: Expr) => Expr;
}

/**
 * Several layers alike, of which a router lets the `k` that suit the example best take part.
 *
 * **Shapes** for an expert `[width] → [...o]`: `x: [width] → y: [...o]`; along sequences with `timeDistributed`.
 * **Math** `y = Σₑ gₑ(x) fₑ(x)`, where `g` is {@link topKRouting} of `xR`. Every expert is computed, so that
 * shapes are static: experts that are not chosen cost time, and get no gradient. Each has a state of its own, stacked,
 * which sees every example.
 * **Fails with** `InvalidArgument`, thrown, where `k` is not from 1 to the number of experts.
 * **Source** Shazeer et al. (2017), arXiv:1701.06538, equations 1 to 5, without its noise; what keeps the
 * experts in equal use is added to a loss: `loadBalancingLoss`, `importanceLoss`.
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
    unknown
  >;
  return { ...layer, router: ({ router }, x) => dot(x, router, [[x.shape.length - 1], [0]]) };
};

const mixture = (width: number, expert: OpenLayer, experts: number, k: number): OpenLayer => ({
  name: `mixtureOfExperts ${k} of ${experts}`,
  init: (key) => {
    const [forRouter, ...own] = split(key, experts + 1);
    const router = fanInUniform(forRouter as (typeof own)[number], [width, experts]);
    const made = own.map((each) => expert.init(each));
    return {
      params: { router, experts: stackTrees(made.map((m) => m.params)) },
      state: stackTrees(made.map((m) => m.state)),
    };
  },
  apply: (params, state, x, context) => {
    // `init` made them so.
    const own = params as { readonly router: Expr; readonly experts: unknown };
    const weights = topKRouting(dot(x, own.router, [[0], [0]]), k);
    const keys = randomBits(context.key, [experts, 2]);
    const [outputs, next] = vmap((each: unknown, before: unknown, key: Context["key"]) =>
      within(expert.name, expert, each, before, x, { ...context, key }),
    )(own.experts, state, keys);
    return [dot(weights, outputs, [[0], [0]]), next];
  },
  parts: {
    children: [expert],
    rebuild: ([child = expert]) => mixture(width, open(child), experts, k),
  },
});
