import type { Expr } from "../../../ir/expr.ts";
import { axisMean, axisSum, stopGradient } from "../../../ir/ops/control.ts";
import { add, div, mul, rsqrt, square, sub } from "../../../ir/ops/elementwise.ts";
import { broadcastTo, lift } from "../../../ir/ops/promote.ts";
import { mean } from "../../../ir/ops/reduction.ts";
import { key } from "../../../tensor/key.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { notNegative, probability } from "../../../tensor/validate.ts";
import { lastAxisOf, requireSizes } from "../../functional/affine.ts";
import { initScaleOffset, rescaled, type ScaleOffset } from "../../functional/scaleOffset.ts";
import { ones, zeros } from "../../initializers.ts";
import type { Context, SameLayer, Symbolic } from "../../layer.ts";
import type { NormOptions } from "./norm.ts";

/** Running mean and variance of each feature, for evaluation: exponential moving averages over training batches. */
export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends NormOptions {
  /** The weight of the new batch in the running statistics, from 0 to 1. Defaults to 0.1. */
  readonly momentum?: number;
}

/**
 * Batch normalization: brings each feature to mean 0 and variance 1 over all positions of all examples in the batch, then
 * scales and shifts it. In evaluation, or inside `frozen`, it uses the running statistics and does not look at the batch.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`; params and state `[features]`.
 * **Math** `y = γ (x - μ)/√(σ² + ε) + β`; σ² has divisor n, the running variance n - 1.
 * The gradient flows through μ and σ², but not through the running statistics.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range; when compiled, with the
 * layer's path, `UnboundAxis` where training happens outside a `vmap` over the context's axis, and `TooFewExamples` where
 * the whole batch holds a single number for each feature.
 * **Source** Ioffe and Szegedy (2015), arXiv:1502.03167.
 */
export const batchNorm = (
  features: number,
  { epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions = {},
): SameLayer<ScaleOffset, RunningStatistics> => {
  requireSizes("batchNorm", { features });
  notNegative("batchNorm", { epsilon });
  probability("batchNorm", { momentum });
  const normalized = (x: Expr, center: Expr, variance: Expr): Expr =>
    mul(sub(x, center), rsqrt(add(variance, epsilon)));
  const moved = (from: Expr, to: Expr): Expr =>
    add(mul(from, 1 - momentum), mul(stopGradient(to), momentum));
  return {
    name: `batchNorm ${features}`,
    init: () => ({
      params: initScaleOffset(features),
      state: { mean: zeros(key(0), [features]), variance: ones(key(0), [features]) },
    }),
    apply: <X extends Shape>(
      params: Symbolic<ScaleOffset>,
      state: Symbolic<RunningStatistics>,
      input: Expr<X>,
      { mode, axis, frozen = false }: Context,
    ) => {
      const x = lastAxisOf(input, features, "batchNorm");
      const kept = (y: Expr): Expr<X> => broadcastTo(rescaled(y, params), x.shape) as Expr<X>;
      if (mode === "eval" || frozen)
        return [kept(normalized(x, state.mean, state.variance)), state] as const;
      const positions = x.shape.slice(0, -1);
      // A single number has no variance.
      const least = sizeOf(positions) === 1 ? 2 : 1;
      const over = (y: Expr, needed: number): Expr =>
        axisMean(
          mean(
            y,
            positions.map((_, i) => i),
          ),
          axis,
          { least: needed },
        );
      const center = over(x, least);
      const variance = over(square(sub(x, center)), 1);
      const count = mul(axisSum(lift(1, x.dtype), axis), sizeOf(positions));
      const unbiased = div(mul(variance, count), sub(count, 1));
      const next = { mean: moved(state.mean, center), variance: moved(state.variance, unbiased) };
      return [kept(normalized(x, center, variance)), next] as const;
    },
  };
};
