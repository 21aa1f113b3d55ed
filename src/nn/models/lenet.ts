import { relu } from "../functional/activation.ts";
import { requireSizes } from "../functional/affine.ts";
import type { Activation } from "../layer.ts";
import { dense } from "../layers/dense.ts";
import { flatten } from "../layers/lambda.ts";
import { conv2d } from "../layers/spatial/conv.ts";
import { maxPool2d } from "../layers/spatial/pool.ts";
import { type Network, network } from "./build.ts";

/** Options of a {@link lenet}: channels and activation. */
export interface LenetOptions<C extends number = 1> {
  /** The number of channels of an image. Defaults to 1. */
  readonly channels?: C;
  /** The activation between layers. Defaults to `relu`; the paper uses a scaled `tanh`. */
  readonly activation?: Activation;
}

/**
 * LeNet-5 in its modern form: two 5×5 convolutions with 6 and 16 channels, each followed by 2×2 max pooling, and dense
 * layers of 120, 84 and `classes` units. (In the paper the second convolution connects only some channels, pooling has
 * params, and the last layer has radial units.)
 *
 * **Shapes** `x: [28, 28, channels] → y: [classes]`, one example, padded to the paper's 32×32.
 * **Source** LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document
 * recognition", section II.B.
 *
 * @example
 * ```ts
 * import { lenet } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 * summary(lenet(10), [28, 28, 1])[0]?.params // => 61706
 * ```
 */
export const lenet = <const O extends number, const C extends number = 1>(
  classes: O,
  { channels = 1 as C, activation = relu }: LenetOptions<C> = {},
): Network<readonly [28, 28, C], readonly [O]> => {
  requireSizes("lenet", { classes, channels });
  return network(
    "lenet",
    conv2d(channels, 6, 5, { padding: 2 }),
    activation,
    maxPool2d(2),
    conv2d(6, 16, 5),
    activation,
    maxPool2d(2),
    flatten,
    dense(5 * 5 * 16, 120),
    activation,
    dense(120, 84),
    activation,
    dense(84, classes),
  );
};
