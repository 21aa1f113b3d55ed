import type { Expr } from "../../ir/expr.ts";
import { lift } from "../../ir/ops/promote.ts";
import { skipConcat } from "../combinators/skip.ts";
import { relu } from "../functional/activation.ts";
import { requireDivides, requireSizes } from "../functional/affine.ts";
import { heNormal, zeros } from "../initializers.ts";
import type { Composable } from "../layer.ts";
import { lambda } from "../layers/lambda.ts";
import { batchNorm } from "../layers/normalization/batchNorm.ts";
import { conv2d, convTranspose2d } from "../layers/spatial/conv.ts";
import { maxPool2d } from "../layers/spatial/pool.ts";
import { type Image, type Network, network, stages } from "./build.ts";

/** Options of a {@link unet}: channels, width and depth. */
export interface UnetOptions<C extends number = 3> {
  /** The number of channels of an image. Defaults to 3. */
  readonly channels?: C;
  /** The channels of the first level; each level below has twice as many. Defaults to 64. */
  readonly width?: number;
  /** How many times the image is halved. Defaults to 4. */
  readonly levels?: number;
  /** Whether to add batch normalization after each convolution, which the paper does not. Defaults to `false`. */
  readonly normalize?: boolean;
}

const twice = (inputs: number, outputs: number, normalize: boolean): Composable =>
  stages(
    ...[inputs, outputs].flatMap((from): readonly Composable[] => {
      const options = { padding: "same", weightInit: heNormal } as const;
      return normalize
        ? [conv2d(from, outputs, 3, { ...options, bias: false }), batchNorm(outputs), relu]
        : [conv2d(from, outputs, 3, { ...options, biasInit: zeros }), relu];
    }),
  );

/** One level of the network with all levels below it. `[h, w, inputs] → [h, w, width]`. */
const level = (inputs: number, width: number, left: number, normalize: boolean): Composable =>
  left === 0
    ? twice(inputs, width, normalize)
    : stages(
        twice(inputs, width, normalize),
        skipConcat(
          stages(
            maxPool2d(2),
            level(width, 2 * width, left - 1, normalize),
            convTranspose2d(2 * width, width, 2, { stride: 2 }),
          ),
        ),
        twice(2 * width, width, normalize),
      );

/**
 * U-Net, for segmentation: gives the logits of the classes at each pixel. On the way down each level halves the extents and
 * doubles the channels; on the way up each level is joined with the features of the same level on the way down.
 * Convolutions keep the extents, so that nothing is cropped.
 *
 * **Shapes** `x: [h, w, channels] → y: [h, w, classes]`, one example; `2^levels` divides `h` and `w`.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number, and where
 * `2^levels` does not divide the extents of an image.
 * **Source** Ronneberger, Fischer and Brox (2015), arXiv:1505.04597, figure 1.
 *
 * @example
 * ```ts
 * import { unet } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 * summary(unet(2, { channels: 1, width: 4, levels: 2 }), [8, 12, 1])[0]?.output // => [8, 12, 2]
 * ```
 */
export const unet = <const O extends number, const C extends number = 3>(
  classes: O,
  { channels = 3 as C, width = 64, levels = 4, normalize = false }: UnetOptions<C> = {},
): Network<Image<C>, Image<O>> => {
  requireSizes("unet", { classes, channels, width, levels });
  const divisible = lambda("image", (operand: Expr) => {
    const x = lift(operand);
    for (const extent of x.shape.slice(0, -1))
      requireDivides("unet", "2 ** levels", 2 ** levels, extent);
    return x;
  });
  return network(
    "unet",
    divisible,
    level(channels, width, levels, normalize),
    conv2d(width, classes, 1),
  );
};
