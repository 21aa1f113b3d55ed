import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { abs, add, div, gt, maximum, mul, neg, sqrt, sub } from "../../ir/ops/elementwise.ts";
import { broadcastTo, lift } from "../../ir/ops/promote.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { scalar } from "../../tensor/constructors.ts";
import { holding, notNegative, share } from "../../tensor/validate.ts";
import { leaves, zip } from "../../tree.ts";
import { averaged, averagedSquare, zerosOf } from "../ema.ts";
import { type LearningRate, noSteps, oneMore, rateAt } from "../learningRate.ts";
import { described } from "../options.ts";
import { type Exprs, type GradientTransformation, transformation } from "../transformation.ts";

/** The options of {@link prodigy}. */
export interface ProdigyOptions {
  /** A factor of the estimated rate: a number, or a schedule that ends at 0. Defaults to 1. */
  readonly learningRate?: LearningRate;
  /** The decay of the mean gradient per step. Defaults to 0.9. */
  readonly beta1?: number;
  /** The decay of the mean square per step. Defaults to 0.999. */
  readonly beta2?: number;
  /** Added to the divisor, times the estimate. Defaults to 1e-8. */
  readonly epsilon?: number;
  /** The multiple of the params that decays, decoupled from the gradients. Defaults to 0. */
  readonly weightDecay?: number;
  /** The first estimate of the distance, below any distance that may be. Defaults to 1e-6. */
  readonly initialDistance?: number;
}

const total = (tree: Exprs): Expr =>
  leaves(tree).reduce<Expr>((all, x) => add(all, sum(cast(x, "f64"))), lift(0, "f64"));

/**
 * Prodigy: Adam that estimates its own learning rate, from the distance between the first params and the best.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `m ← β₁m + (1-β₁)dg`, `v ← β₂v + (1-β₂)d²g²`, `r ← √β₂ r + (1-√β₂)γd²⟨g, p₀ - p⟩`,
 * `s ← √β₂ s + (1-√β₂)γd²g`, `p ← p - γd(m/(√v + dε) + λp)`, then `d ← max(d, r/‖s‖₁)`.
 * **Source** Mishchenko and Defazio (2023), arXiv:2306.06101, algorithm 4.
 */
export const prodigy: (options?: ProdigyOptions) => GradientTransformation = described(
  "prodigy",
  {
    learningRate: 1,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    initialDistance: 1e-6,
  },
  (options: ProdigyOptions) => {
    const { learningRate = 1, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
    const { weightDecay = 0, initialDistance = 1e-6 } = options;
    notNegative("prodigy", { learningRate, epsilon, weightDecay });
    share("prodigy", { beta1, beta2 });
    holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n))("prodigy", {
      initialDistance,
    });
    const slow = Math.sqrt(beta2);
    return transformation({
      name: "prodigy",
      init: (params) => ({
        step: noSteps(),
        distance: scalar(initialDistance, "f64"),
        product: scalar(0, "f64"),
        first: params,
        mean: zerosOf(params),
        square: zerosOf(params),
        sum: zerosOf(params),
      }),
      learningRate: ({ step }) => rateAt(learningRate, step),
      atLearningRate: (other) => prodigy({ ...options, learningRate: other }),
      update: (g, state, params) => {
        const rate = rateAt(learningRate, state.step);
        const d = state.distance;
        const times = (x: Expr, factor: Expr): Expr => mul(x, cast(factor, x.dtype));
        const scaled = zip((x) => times(x, d), g);
        const mean = zip((m, x) => averaged(beta1, m, x), state.mean, scaled);
        const square = zip((v, x) => averagedSquare(beta2, v, x), state.square, scaled);
        const weight = mul(mul(rate, mul(d, d)), 1 - slow);
        const along = total(zip((x, p, p0) => mul(x, sub(p0, p)), g, params, state.first));
        const product = add(mul(state.product, slow), mul(along, weight));
        const sums = zip((s, x) => add(mul(s, slow), times(x, weight)), state.sum, g);
        const size = total(zip((s) => abs(s), sums));
        const estimate = where(gt(size, 0), div(product, where(gt(size, 0), size, 1)), 0);
        const move = neg(mul(rate, d));
        const moved = (m: Expr, v: Expr, p: Expr): Expr => {
          const adapted = div(m, add(sqrt(v), cast(mul(d, epsilon), v.dtype)));
          return times(weightDecay === 0 ? adapted : add(adapted, mul(p, weightDecay)), move);
        };
        return {
          updates: zip(moved, mean, square, params),
          state: {
            step: oneMore(state.step),
            distance: broadcastTo(maximum(d, estimate), []),
            product: broadcastTo(product, []),
            first: state.first,
            mean,
            square,
            sum: sums,
          },
        };
      },
    });
  },
);
