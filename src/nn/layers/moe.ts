import { vmap } from "../../autodiff/index.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { where } from "../../ir/ops/control.ts";
import { eq, lt, neg } from "../../ir/ops/elementwise.ts";
import { randomBits } from "../../ir/ops/random.ts";
import { argsort } from "../../ir/ops/reduction.ts";
import { split } from "../../tensor/key.ts";
import { nth } from "../../tensor/list.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { wholeTo } from "../../tensor/validate.ts";
import { declared, open, within } from "../apply.ts";
import { stackTrees } from "../combinators/stack.ts";
import { requireSizes } from "../functional/affine.ts";
import { softmaxOfSeen } from "../functional/seen.ts";
import { fanInUniform } from "../initializers.ts";
import type { Composable, Context, Layer, OpenLayer, Symbolic } from "../layer.ts";

/** The params of {@link mixtureOfExperts}: the router's matrix, and the stacked params of all experts. */
export interface ExpertsParams {
  readonly router: Tensor;
  readonly experts: unknown;
}

/**
 * The weight of each expert: the softmax over the `k` largest logits, and 0 for the others. Of equal logits the first
 * are chosen. A NaN logit is chosen before all others, and makes the weights NaN.
 *
 * **Shapes** `logits: [...s, experts] → [...s, experts]`.
 * **Fails with** `InvalidArgument`, thrown, where `k` is not from 1 to the number of experts.
 */
export const topKRouting = (logits: Expr, k: number): Expr => {
  wholeTo(1, logits.shape.at(-1) ?? 1)("topKRouting", { k });
  // NaN comes first, so that it is chosen and reaches the output.
  const ranked = where(eq(logits, logits), neg(logits), Number.NEGATIVE_INFINITY);
  // The rank of each logit in descending order: the argsort of the argsort.
  const chosen = lt(argsort(argsort(ranked)), k);
  return softmaxOfSeen(logits, chosen);
};

/** A mixture-of-experts layer that also exposes the logits of its router. */
export interface MixtureOfExperts<W extends number>
  extends Layer<readonly [W], readonly number[], ExpertsParams, unknown> {
  /**
   * The logits that route positions to experts, as `loadBalancingLoss` takes them.
   *
   * **Shapes** `x: [...s, width] → [...s, experts]`.
   */
  readonly router: (params: Symbolic<ExpertsParams>, x: Expr) => Expr;
}

/**
 * A mixture of experts: a router picks the `k` best of several identical layers for each example, and mixes their outputs.
 *
 * **Shapes** for an expert `[width] → [...o]`: `x: [width] → y: [...o]`. For sequences wrap it in `timeDistributed`.
 * **Math** `y = Σₑ gₑ(x) fₑ(x)`, where `g` is {@link topKRouting} of `xR`. Every expert is computed, to keep
 * shapes static: experts that are not chosen cost time and get no gradient. Each expert has its own state, stacked along
 * a first axis, and sees every example.
 * **Fails with** `InvalidArgument`, thrown, where `k` is not from 1 to the number of experts.
 * **Source** Shazeer et al. (2017), arXiv:1701.06538, equations 1 to 5, without its noise. To use the
 * experts equally, add `loadBalancingLoss` or `importanceLoss` to the loss.
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
  const layer = declared<Layer<readonly [W], readonly number[], ExpertsParams, unknown>>(
    mixture(width, open(expert), experts, k),
  );
  return { ...layer, router: ({ router }, x) => dot(x, router, [[x.shape.length - 1], [0]]) };
};

const mixture = (width: number, expert: OpenLayer, experts: number, k: number): OpenLayer => ({
  name: `mixtureOfExperts ${k} of ${experts}`,
  init: (key) => {
    const keys = split(key, experts + 1);
    const router = fanInUniform(nth(keys, 0), [width, experts]);
    const made = keys.slice(1).map((own) => expert.init(own));
    return {
      params: { router, experts: stackTrees(made.map((m) => m.params)) },
      state: stackTrees(made.map((m) => m.state)),
    };
  },
  apply: (params, state, x, context) => {
    // Their types, as `init` makes them.
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
