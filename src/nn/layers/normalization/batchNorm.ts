import type { Expr } from "../../../ir/expr.ts";
import { axisMean, axisSum, cast, stopGradient } from "../../../ir/ops/control.ts";
import { add, div, mul, rsqrt, square, sub } from "../../../ir/ops/elementwise.ts";
import { broadcastTo, lift } from "../../../ir/ops/promote.ts";
import { mean } from "../../../ir/ops/reduction.ts";
import type { Operand } from "../../../ir/types/shape.ts";
import { full } from "../../../tensor/constructors.ts";
import { key } from "../../../tensor/key.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { notNegative, probability } from "../../../tensor/validate.ts";
import { declared } from "../../apply.ts";
import { lastAxisOf, requireSizes } from "../../functional/affine.ts";
import { initScaleOffset, rescaled, type ScaleOffset } from "../../functional/scaleOffset.ts";
import { ones, zeros } from "../../initializers.ts";
import type { Context, SameLayer, Symbolic } from "../../layer.ts";
import type { NormOptions } from "./norm.ts";

/** Running mean and variance of each feature, for evaluation: averages over training batches. */
export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Running statistics that weigh all batches equally, and how many there were: `[]` of i32. */
export interface CumulativeStatistics extends RunningStatistics {
  readonly batches: Tensor;
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends NormOptions {
  /**
   * The weight of the new batch in the running statistics, from 0 to 1; `"cumulative"` weighs all batches equally.
   * Defaults to 0.1.
   */
  readonly momentum?: number | "cumulative";
  /** Whether to keep running statistics. Without them, evaluation looks at the batch as training does. Defaults to `true`. */
  readonly runningStatistics?: boolean;
}

/** The state of a {@link batchNorm} with the given options. */
type StatisticsOf<O> = O extends { readonly runningStatistics: false }
  ? undefined
  : O extends { readonly momentum: "cumulative" }
    ? CumulativeStatistics
    : RunningStatistics;

/** The statistics as a program sees them. */
type Seen = Symbolic<RunningStatistics & Partial<CumulativeStatistics>> | undefined;

/**
 * Batch normalization: brings each feature to mean 0 and variance 1 over all positions of all examples in the batch, then
 * scales and shifts it. In evaluation, or inside `frozen`, it uses the running statistics, if it keeps them, and does not
 * look at the batch.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`; params and state `[features]`.
 * **Math** `y = γ (x - μ)/√(σ² + ε) + β`; σ² has divisor n, the running variance n - 1. With momentum `m` a running
 * statistic `r` becomes `(1 - m) r + m s`, where `m = 1/n` at batch `n` if it is cumulative.
 * The gradient flows through μ and σ², but not through the running statistics.
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range; when compiled, with the
 * layer's path, `UnboundAxis` where the batch is needed outside a `vmap` over the context's axis, and `TooFewExamples`
 * where the whole batch holds a single number for each feature.
 * **Source** Ioffe and Szegedy (2015), arXiv:1502.03167.
 */
export const batchNorm = <const O extends BatchNormOptions = object>(
  features: number,
  options?: O,
): SameLayer<ScaleOffset, StatisticsOf<O>> => {
  const given: BatchNormOptions = options ?? {};
  const { epsilon = 1e-5, momentum = 0.1, runningStatistics = true } = given;
  const cumulative = momentum === "cumulative";
  requireSizes("batchNorm", { features });
  notNegative("batchNorm", { epsilon });
  probability("batchNorm", { momentum });
  const normalized = (x: Expr, center: Expr, variance: Expr): Expr =>
    mul(sub(x, center), rsqrt(add(variance, epsilon)));
  const moved = (from: Expr, to: Expr, weight: Operand): Expr =>
    add(
      mul(from, typeof weight === "number" ? 1 - weight : sub(1, weight)),
      mul(stopGradient(to), weight),
    );
  /** The statistics after one more batch. */
  const after = (state: Seen, center: Expr, unbiased: () => Expr): Seen => {
    if (state === undefined) return state;
    const batches = cumulative ? add(lift(state.batches ?? 0, "i32"), 1) : undefined;
    const weight = cumulative ? div(1, cast(batches as Expr, center.dtype)) : momentum;
    return {
      mean: moved(state.mean, center, weight),
      variance: moved(state.variance, unbiased(), weight),
      ...(batches && { batches }),
    };
  };
  return declared({
    name: `batchNorm ${features}`,
    init: () => ({
      params: initScaleOffset(features),
      state: runningStatistics
        ? {
            mean: zeros(key(0), [features]),
            variance: ones(key(0), [features]),
            ...(cumulative && { batches: full([], 0, "i32") }),
          }
        : undefined,
    }),
    apply: <X extends Shape>(
      params: Symbolic<ScaleOffset>,
      state: Seen,
      input: Expr<X>,
      { mode, axis, frozen = false }: Context,
    ) => {
      const x = lastAxisOf(input, features, "batchNorm");
      const kept = (y: Expr): Expr<X> => broadcastTo(rescaled(y, params), x.shape) as Expr<X>;
      if (state !== undefined && (mode === "eval" || frozen))
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
      const unbiased = (): Expr => {
        const count = mul(axisSum(lift(1, x.dtype), axis), sizeOf(positions));
        return div(mul(variance, count), sub(count, 1));
      };
      return [kept(normalized(x, center, variance)), after(state, center, unbiased)] as const;
    },
  });
};
