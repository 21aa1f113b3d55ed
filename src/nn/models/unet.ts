import type { Expr } from "../../ir/expr.ts";
import { lift } from "../../ir/ops/promote.ts";
import { skipConcat } from "../combinators/skip.ts";
import { relu } from "../functional/activation.ts";
import { requireDivides, requireSizes } from "../functional/affine.ts";
import { heNormal, zeros } from "../initializers.ts";
import type { Composable } from "../layer.ts";
import { batchNorm } from "../layers/batchNorm.ts";
import { conv2d, convTranspose2d } from "../layers/conv.ts";
import { lambda } from "../layers/lambda.ts";
import { maxPool2d } from "../layers/pool.ts";
import { type Image, type Network, network, stages } from "./build.ts";

/** The images that a U-Net reads, how wide and how deep it is. */
export interface UnetOptions<C extends number = 3> {
  /** The channels of an image; 3 where not given. */
  readonly channels?: C;
  /** The channels of the first level, twice as many on each level below; 64 where not given. */
  readonly width?: number;
  /** How often the image is halved; 4 where not given. */
  readonly levels?: number;
  /** Whether each convolution is normalized over the batch; not in the paper, `false` where not given. */
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

/** What is on this level and below it. `[h, w, inputs] → [h, w, width]`. */
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
 * U-Net: convolutions on the way down, each level of half the extents and twice the channels, and on the way
 * up again each level joined with what was on it before; logits of the classes at each place. Convolutions
 * keep the extents, so that nothing is cropped.
 *
 * **Shapes** `x: [h, w, channels] → y: [h, w, classes]`, one example; `2^levels` divides `h` and `w`.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number, and where the image
 * cannot be halved so often.
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
  requireSizes("unet", { width, levels });
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
