import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { gt, logistic, mul } from "../../ir/ops/elementwise.ts";
import { max, mean } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { shapeKeeping, stateless } from "../apply.ts";
import { relu } from "../functional/activation.ts";
import {
  type AffineOptions,
  type AffineParams,
  affine,
  initAffine,
  lastAxisOf,
  requireDivides,
  requireSizes,
} from "../functional/affine.ts";
import { constant } from "../initializers.ts";
import type { Layer, SameLayer } from "../layer.ts";

/** The params of {@link prelu}: the slope of each feature below 0. */
export interface SlopeParams {
  readonly slope: Tensor;
}

/**
 * The parametric ReLU: `x` above 0 and `slope·x` elsewhere. It learns one slope for each feature, or one for all.
 *
 * **Shapes** `x: [...s, features] → y: [...s, features]`; `slope: [features]`. `features` defaults to 1: one
 * slope for all. Slopes begin as 0.25.
 * **Fails with** `InvalidArgument`, thrown, where `features` is not a positive whole number.
 * **Source** He et al. (2015), arXiv:1502.01852, equation 1.
 */
export const prelu = (features = 1): SameLayer<SlopeParams, undefined> => {
  requireSizes("prelu", { features });
  return shapeKeeping(
    features === 1 ? "prelu" : `prelu ${features}`,
    (key) => ({ slope: constant(0.25)(key, [features]) }),
    ({ slope }, input) => {
      const shared = features === 1;
      const x = shared ? input : lastAxisOf(input, features);
      const own: Expr = shared ? reshape(slope, []) : slope;
      return where(gt(x, 0), x, mul(x, own));
    },
    `[..., ${features}]`,
  );
};

/**
 * The elementwise maximum of several affine maps.
 *
 * **Shapes** `x: [inputs] → y: [outputs]`; `weight: [inputs, outputs·pieces]`.
 * **Math** `yⱼ = maxₖ (xWⱼₖ + bⱼₖ)`.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number.
 * **Source** Goodfellow et al. (2013), arXiv:1302.4389, section 3.
 */
export const maxout = <const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  pieces: number,
  options: AffineOptions = {},
): Layer<readonly [I], readonly [O], AffineParams, undefined> => {
  requireSizes("maxout", { inputs, outputs, pieces });
  return stateless(
    `maxout ${inputs} → ${outputs} × ${pieces}`,
    (key) => initAffine(key, inputs, outputs * pieces, options),
    (params, x) => {
      const all: Expr = reshape(affine(params, lastAxisOf(x, inputs)), [outputs, pieces]);
      return max(all, -1);
    },
    `[${inputs}]`,
  );
};

/** The params of {@link squeezeExcite}: its two affine maps. */
export interface SqueezeExciteParams {
  readonly squeeze: AffineParams;
  readonly excite: AffineParams;
}

/**
 * Scales each channel by a gate computed from the means of all channels.
 *
 * **Shapes** `x: [...s, channels] → y: [...s, channels]`.
 * **Math** `y = x σ(W₂ relu(W₁ mean(x) + b₁) + b₂)` with a hidden layer of `channels / reduction` units.
 * **Fails with** `InvalidArgument`, thrown, where `reduction` does not divide `channels`.
 * **Source** Hu et al. (2017), arXiv:1709.01507, equations 2 to 4.
 */
export const squeezeExcite = (
  channels: number,
  reduction = 16,
): SameLayer<SqueezeExciteParams, undefined> => {
  requireSizes("squeezeExcite", { channels, reduction });
  requireDivides("squeezeExcite", "reduction", reduction, channels);
  const inner = channels / reduction;
  return shapeKeeping(
    `squeezeExcite ${channels} → ${inner}`,
    (key) => {
      const [forSqueeze, forExcite] = split(key, 2);
      return {
        squeeze: initAffine(forSqueeze, channels, inner),
        excite: initAffine(forExcite, inner, channels),
      };
    },
    ({ squeeze, excite }, input) => {
      const x = lastAxisOf(input, channels);
      const positions = x.shape.slice(0, -1).map((_, i) => i);
      const means = mean(x, positions);
      const gate = logistic(affine(excite, relu(affine(squeeze, means))));
      return mul(x, gate);
    },
    `[..., ${channels}]`,
  );
};
