import { share } from "../../tensor/validate.ts";
import { relu } from "../functional/activation.ts";
import { requireSizes } from "../functional/affine.ts";
import type { Composable } from "../layer.ts";
import { dense } from "../layers/dense.ts";
import { dropout, flatten } from "../layers/lambda.ts";
import { conv2d } from "../layers/spatial/conv.ts";
import { adaptiveAvgPool2d, maxPool2d } from "../layers/spatial/pool.ts";
import { type Image, type Network, network } from "./build.ts";

/** The sizes of an {@link alexnet}. They default to those of the published one. */
export interface AlexnetOptions<C extends number = 3> {
  /** The number of channels of an image. Defaults to 3. */
  readonly channels?: C;
  /** The output channels of the five convolutions. Defaults to 64, 192, 384, 256, 256. */
  readonly convolutions?: readonly [number, number, number, number, number];
  /** The width of the two dense layers before the last. Defaults to 4096. */
  readonly hidden?: number;
  /** The extent along each axis that the last pooling gives the dense layers. Defaults to 6. */
  readonly pooled?: number;
  /** The window, stride and padding of the first convolution. Defaults to 11, 4 and 2, for images of 224×224. */
  readonly stem?: { readonly size: number; readonly stride: number; readonly padding: number };
  /** The rate of dropout before the two hidden dense layers. Defaults to 0.5. */
  readonly dropout?: number;
}

/**
 * AlexNet in its one-column version: five convolutions, three of them followed by overlapping 3×3 max pooling, and three
 * dense layers. Every width is an option, so that small images can use a small network.
 *
 * **Shapes** `x: [h, w, channels] → y: [classes]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where a width is not a positive whole number; `ShapeMismatch`
 * when compiled, where an image is too small for its windows.
 * **Source** Krizhevsky (2014), "One weird trick for parallelizing convolutional neural networks",
 * arXiv:1404.5997, with 61,100,840 params for 1000 classes. The original two-column network:
 * Krizhevsky, Sutskever and Hinton (2012).
 */
export const alexnet = <const O extends number, const C extends number = 3>(
  classes: O,
  {
    channels = 3 as C,
    convolutions: [a, b, c, d, e] = [64, 192, 384, 256, 256],
    hidden = 4096,
    pooled = 6,
    stem = { size: 11, stride: 4, padding: 2 },
    dropout: rate = 0.5,
  }: AlexnetOptions<C> = {},
): Network<Image<C>, readonly [O]> => {
  requireSizes("alexnet", { classes, channels, hidden, pooled });
  share("alexnet", { dropout: rate });
  const { size, ...sliding } = stem;
  const drop: readonly Composable[] = rate === 0 ? [] : [dropout(rate)];
  const pool = maxPool2d(3, { stride: 2 });
  return network(
    "alexnet",
    conv2d(channels, a, size, sliding),
    relu,
    pool,
    conv2d(a, b, 5, { padding: 2 }),
    relu,
    pool,
    conv2d(b, c, 3, { padding: 1 }),
    relu,
    conv2d(c, d, 3, { padding: 1 }),
    relu,
    conv2d(d, e, 3, { padding: 1 }),
    relu,
    pool,
    adaptiveAvgPool2d(pooled),
    flatten,
    ...drop,
    dense(pooled * pooled * e, hidden),
    relu,
    ...drop,
    dense(hidden, hidden),
    relu,
    dense(hidden, classes),
  );
};
