import type { Expr } from "../../../ir/expr.ts";
import { add, div, mul, pow, rsqrt, square, sub } from "../../../ir/ops/elementwise.ts";
import { keepDims, mean } from "../../../ir/ops/reduction.ts";
import { pad, reshape, sliceAxis } from "../../../ir/ops/structural.ts";
import { directionOf } from "../../../linalg/scale.ts";
import type { Shape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { notNegative } from "../../../tensor/validate.ts";
import { noParams, shapeKeeping } from "../../apply.ts";
import { lastAxisOf, requireDivides, requireSizes } from "../../functional/affine.ts";
import { initScaleOffset, rescaled, type ScaleOffset } from "../../functional/scaleOffset.ts";
import { ones } from "../../initializers.ts";
import type { SameLayer } from "../../layer.ts";

/**
 * Normalization within one example; {@link batchNorm} normalizes across examples. Features (channels) are the last
 * axis. Scales begin as 1 and offsets as 0. An epsilon that is negative or not finite throws `InvalidArgument`, as does a
 * number of features that is not a positive whole number.
 */

/** Options of a normalization. */
export interface NormOptions {
  /** Added to the variance to avoid division by 0; at least 0. Defaults to 1e-5. */
  readonly epsilon?: number;
}

/** Standardizes `x` to mean 0 and variance 1 over `axes`. */
const standardized = (x: Expr, axes: readonly number[], epsilon: number): Expr => {
  const centered: Expr = sub(x, keepDims(mean(x, axes), x, axes));
  const variance: Expr = mean(square(centered), axes);
  return mul(centered, keepDims(rsqrt(add(variance, epsilon)), x, axes));
};

/** A layer that normalizes, then scales and shifts each feature of the last axis. */
const scaling = (
  name: string,
  features: number,
  normalize: (x: Expr) => Expr,
): SameLayer<ScaleOffset, undefined> =>
  shapeKeeping(
    name,
    () => initScaleOffset(features),
    (params, x) => rescaled(normalize(lastAxisOf(x, features)), params),
    `[..., ${features}]`,
  );

/** All axes but the last. */
const positions = (x: Expr): readonly number[] => x.shape.slice(0, -1).map((_, i) => i);

/**
 * Layer normalization: brings each vector of features to mean 0 and variance 1, then scales and shifts each feature.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`; `scale`, `offset: [features]`.
 * **Math** `y = γ (x - μ)/√(σ² + ε) + β`, μ and σ² (of divisor n) over the last axis.
 * **Fails with** `InvalidArgument`, thrown, where `features` is not a positive whole number.
 * **Source** Ba, Kiros and Hinton (2016), arXiv:1607.06450.
 *
 * **Example**
 * ```ts
 * import { key } from "fluxion";
 *
 * const layer = layerNorm(4);
 * layer.init(key(0)).params.scale.toArray(); // => [ 1, 1, 1, 1 ]
 * ```
 */
export const layerNorm = (
  features: number,
  { epsilon = 1e-5 }: NormOptions = {},
): SameLayer<ScaleOffset, undefined> => {
  requireSizes("layerNorm", { features });
  notNegative("layerNorm", { epsilon });
  return scaling(`layerNorm ${features}`, features, (x) => standardized(x, [-1], epsilon));
};

/**
 * Group normalization: brings each group of features to mean 0 and variance 1 over its features and all positions.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`.
 * **Fails with** `InvalidArgument`, thrown, where `groups` does not divide `features`.
 * **Source** Wu and He (2018), arXiv:1803.08494.
 */
export const groupNorm = (
  groups: number,
  features: number,
  { epsilon = 1e-5 }: NormOptions = {},
): SameLayer<ScaleOffset, undefined> => {
  requireSizes("groupNorm", { groups, features });
  notNegative("groupNorm", { epsilon });
  requireDivides("groupNorm", "groups", groups, features);
  return scaling(`groupNorm ${groups} of ${features}`, features, (x) => {
    const split = reshape(x, [...x.shape.slice(0, -1), groups, features / groups] as Shape);
    return reshape(standardized(split, [...positions(x), -1], epsilon), x.shape);
  });
};

/**
 * Instance normalization: brings each feature to mean 0 and variance 1 over all positions of the example.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`.
 * **Fails with** `InvalidArgument`, thrown, where `features` is not a positive whole number.
 * **Source** Ulyanov, Vedaldi and Lempitsky (2016), arXiv:1607.08022.
 */
export const instanceNorm = (
  features: number,
  { epsilon = 1e-5 }: NormOptions = {},
): SameLayer<ScaleOffset, undefined> => {
  requireSizes("instanceNorm", { features });
  notNegative("instanceNorm", { epsilon });
  return scaling(`instanceNorm ${features}`, features, (x) =>
    standardized(x, positions(x), epsilon),
  );
};

/** The params of {@link rmsNorm}: a factor for each feature. */
export interface Scale {
  readonly scale: Tensor;
}

/**
 * Divides each vector of features by its root mean square, then scales each feature.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`; `scale: [features]`.
 * **Math** `y = γ x/√(mean x² + ε)`.
 * **Fails with** `InvalidArgument`, thrown, where `features` is not a positive whole number.
 * **Source** Zhang and Sennrich (2019), arXiv:1910.07467.
 */
export const rmsNorm = (
  features: number,
  { epsilon = 1e-5 }: NormOptions = {},
): SameLayer<Scale, undefined> => {
  requireSizes("rmsNorm", { features });
  notNegative("rmsNorm", { epsilon });
  return shapeKeeping(
    `rmsNorm ${features}`,
    (key) => ({ scale: ones(key, [features]) }),
    ({ scale }, input) => {
      const x = lastAxisOf(input, features);
      const inverse = rsqrt(add(mean(square(x), -1), epsilon));
      return mul(mul(x, keepDims(inverse, x, -1)), scale);
    },
    `[..., ${features}]`,
  );
};

/** Options of {@link localResponseNorm}: the constants of `(k + α/size Σ x²)^β`. */
export interface LocalResponseOptions {
  /** The number of neighboring features in the sum, including the feature itself. Defaults to 5. */
  readonly size?: number;
  /** The weight α of the sum of squares. Defaults to 1e-4. */
  readonly alpha?: number;
  /** The exponent β. Defaults to 0.75. */
  readonly beta?: number;
  /** The constant `k` that is added to the sum. Defaults to 1. */
  readonly k?: number;
}

/**
 * Local response normalization: divides each element by a power of the energy of its neighboring features.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`.
 * **Math** `y = x / (k + α/n Σ x²)^β` over the `n` nearest features, padded with zeros.
 * **Fails with** `InvalidArgument`, thrown, where `size` is not a positive whole number, or another option is negative.
 * **Source** Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks" (2012),
 * section 3.3, with α divided by `n` as in PyTorch.
 */
export const localResponseNorm = ({
  size = 5,
  alpha = 1e-4,
  beta = 0.75,
  k = 1,
}: LocalResponseOptions = {}): SameLayer<undefined, undefined> => {
  requireSizes("localResponseNorm", { size });
  notNegative("localResponseNorm", { alpha, beta, k });
  return shapeKeeping(
    `localResponseNorm ${size}`,
    noParams,
    (_, x) => {
      const features = x.shape.at(-1) ?? 1;
      const before = Math.floor(size / 2);
      const widths = x.shape.map((_d, i) =>
        i === x.shape.length - 1 ? ([before, size - 1 - before] as const) : ([0, 0] as const),
      );
      const energy = pad(square(x), widths);
      const windows = Array.from({ length: size }, (_w, i) =>
        sliceAxis(energy, -1, i, i + features),
      );
      const total = windows.reduce((a, b) => add(a, b));
      return div(x, pow(add(mul(total, alpha / size), k), beta));
    },
    "[..., features]",
  );
};

/**
 * Scales the vector of features of an example to length 1; a zero vector stays 0, with derivative 0.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`, one example.
 * **Math** `x/‖x‖` over the last axis.
 */
export const unitNorm: SameLayer<undefined, undefined> = shapeKeeping(
  "unitNorm",
  noParams,
  (_, x) => directionOf(x, -1),
  "[..., features]",
);
