import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, div, gt, maximum, minimum, mul, sub } from "../../ir/ops/elementwise.ts";
import { mean } from "../../ir/ops/reduction.ts";
import { lengthOf } from "../../linalg/scale.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { notNegative, positive } from "../../tensor/validate.ts";
import { map, zip } from "../../tree.ts";
import { type GradientTransformation, stateless } from "../transformation.ts";

/** The length of a tensor, as f64. */
const norm = (x: Expr): Expr => lengthOf(cast(x, "f64"));

/** The options of {@link scaleByTrustRatio}. */
export interface TrustRatioOptions {
  /** The factor of every ratio. Defaults to 1. */
  readonly coefficient?: number;
  /** Adds `weightDecay · p` to the updates, and the norm of that to the divisor. Defaults to 0. */
  readonly weightDecay?: number;
  /** Added to the divisor, against a division by zero. Defaults to 0. */
  readonly epsilon?: number;
}

/**
 * Scales the update of each tensor to the length of its params: large batches need rates of their own for every layer.
 * Where params or update are zero, the update stays.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `c‖p‖/(‖u‖ + λ‖p‖ + ε) · (u + λp)` for each tensor.
 * **Source** You, Gitman and Ginsburg (2017), arXiv:1708.03888, equation 6; You et al. (2019), arXiv:1904.00962,
 * algorithm 2.
 */
export const scaleByTrustRatio = (options: TrustRatioOptions = {}): GradientTransformation => {
  const { coefficient = 1, weightDecay = 0, epsilon = 0 } = options;
  notNegative("scaleByTrustRatio", { coefficient, weightDecay, epsilon });
  const trusted = (u: Expr, p: Expr): Expr => {
    const [length, move] = [norm(p), norm(u)];
    const both = and(gt(length, 0), gt(move, 0));
    const divisor = add(add(move, mul(length, weightDecay)), epsilon);
    const ratio = where(both, div(mul(length, coefficient), where(both, divisor, 1)), 1);
    const whole = weightDecay === 0 ? u : add(u, mul(p, weightDecay));
    return mul(whole, cast(ratio, u.dtype));
  };
  return stateless("scaleByTrustRatio", (u, p) => zip(trusted, u, p));
};

/** The axes of a weight that lead to one output: all but the last. Of a vector all, so that it is one unit. */
const unit = (x: Expr): readonly number[] =>
  x.shape.length <= 1
    ? x.shape.map((_, axis) => axis)
    : x.shape.slice(0, -1).map((_, axis) => axis);

/** The options of {@link clipByUnitNorm}. */
export interface UnitClipOptions {
  /** The greatest length of a gradient, as a share of that of its params. Defaults to 0.01. */
  readonly limit?: number;
  /** The least length of params that counts. Defaults to 1e-3. */
  readonly epsilon?: number;
}

/**
 * Adaptive gradient clipping: scales the gradient of each unit down where it is long beside the unit's params. A unit is
 * what leads to one output: a column of a dense layer, a filter of a convolution; a vector is one unit.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `g · min(1, λ max(‖p‖, ε)/‖g‖)` for each unit.
 * **Source** Brock et al. (2021), arXiv:2102.06171, equation 3.
 */
export const clipByUnitNorm = (options: UnitClipOptions = {}): GradientTransformation => {
  const { limit = 0.01, epsilon = 1e-3 } = options;
  positive("clipByUnitNorm", { limit, epsilon });
  const length = (x: Expr): Expr => {
    const long = lengthOf(cast(x, "f64"), unit(x));
    return long;
  };
  const clipped = (g: Expr, p: Expr): Expr => {
    if (sizeOf(g.shape) === 0) return g;
    const allowed = mul(maximum(length(p), epsilon), limit);
    // A gradient of 0 makes the ratio infinite, and the factor 1.
    return mul(g, cast(minimum(div(allowed, length(g)), 1), g.dtype));
  };
  return stateless("clipByUnitNorm", (g, p) => zip(clipped, g, p));
};

/**
 * Gradient centralization: subtracts from the gradient of each unit of a weight its mean. Vectors stay as they are.
 *
 * **Math** `g - mean(g)` over all axes but the last, which are the inputs of one output.
 * **Source** Yong et al. (2020), arXiv:2004.01461, equation 1.
 */
export const centralize: GradientTransformation = stateless("centralize", (g) =>
  map((d) => (d.shape.length <= 1 ? d : sub(d, mean(d, unit(d)))), g),
);

/**
 * Scales the update of each tensor down where the root mean square of its elements is above `limit`, by default 1.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `limit` is above 0.
 * **Math** `u / max(1, RMS(u)/d)`.
 * **Source** Shazeer and Stern (2018), arXiv:1804.04235, section 6.
 */
export const clipByBlockRms = (limit = 1): GradientTransformation => {
  positive("clipByBlockRms", { limit });
  const clipped = (u: Expr): Expr =>
    mul(u, cast(minimum(div(limit, rootMeanSquare(u)), 1), u.dtype));
  return stateless("clipByBlockRms", (u) => map(clipped, u));
};

/**
 * Scales the update of each tensor by the root mean square of its params, or by `least`, by default 1e-3, where that is
 * greater.
 *
 * **Fails with** `InvalidArgument`, thrown, unless `least` is above 0.
 * **Math** `max(ε, RMS(p)) · u`.
 * **Source** Shazeer and Stern (2018), arXiv:1804.04235, section 8.
 */
export const scaleByParamRms = (least = 1e-3): GradientTransformation => {
  positive("scaleByParamRms", { least });
  const scaled = (u: Expr, p: Expr): Expr =>
    mul(u, cast(maximum(rootMeanSquare(p), least), u.dtype));
  return stateless("scaleByParamRms", (u, p) => zip(scaled, u, p));
};

const rootMeanSquare = (x: Expr): Expr => div(norm(x), Math.sqrt(Math.max(1, sizeOf(x.shape))));
