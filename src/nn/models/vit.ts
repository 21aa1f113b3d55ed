import type { Expr } from "../../ir/expr.ts";
import { concatenate, expandDims, index, reshape } from "../../ir/ops/structural.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { passedOn, share } from "../../tensor/validate.ts";
import { stateless } from "../apply.ts";
import { repeat } from "../combinators/containers.ts";
import { requireDivides, requireSizes } from "../functional/affine.ts";
import { zeros } from "../initializers.ts";
import type { Composable, Layer } from "../layer.ts";
import { dense } from "../layers/dense.ts";
import { positionEmbedding } from "../layers/embedding.ts";
import { dropout, lambda } from "../layers/lambda.ts";
import { layerNorm } from "../layers/normalization/norm.ts";
import { conv2d } from "../layers/spatial/conv.ts";
import { transformerEncoderBlock } from "../layers/transformerBlock.ts";
import { type Network, network } from "./build.ts";

/** Options of a {@link vit}: the sizes of images and patches, and of the encoder. */
export interface VitOptions<N extends number, C extends number = 3> {
  /** The height and width of an image. */
  readonly size: N;
  /** The height and width of a patch, which must divide the size of the image. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** The hidden width of the feed-forward parts. Defaults to four times the width. */
  readonly hidden?: number;
  /** The number of channels of an image. Defaults to 3. */
  readonly channels?: C;
  /** Dropout rate of the embedded patches and in the blocks. Defaults to 0. */
  readonly dropout?: number;
}

/** Prepends a learned class token to a sequence. `x: [n, width] → y: [n + 1, width]`. */
const classToken = (
  width: number,
): Layer<
  readonly [number, number],
  readonly [number, number],
  { readonly token: Tensor },
  undefined
> =>
  stateless(
    `classToken ${width}`,
    (key) => ({ token: zeros(key, [width]) }),
    ({ token }, x) => concatenate([expandDims(token, 0), x]),
  );

/**
 * A Vision Transformer (ViT): encodes the patches of an image, with a class token and learned positions, by pre-norm
 * Transformer blocks. The normalized output of the class token is mapped to logits.
 *
 * **Shapes** `x: [size, size, channels] → y: [classes]`, one example.
 * **Math** The last map begins as 0.
 * **Fails with** `InvalidArgument`, thrown, where the patch does not divide the size, or heads the width.
 * **Source** Dosovitskiy et al. (2020), arXiv:2010.11929, section 3.1; ViT-B/16 of 224×224 with 1000 classes
 * has 86,567,656 params, as in torchvision.
 */
export const vit = <const O extends number, const N extends number, const C extends number = 3>(
  classes: O,
  {
    size,
    patch,
    width,
    depth,
    heads,
    hidden = 4 * width,
    channels = 3 as C,
    dropout: rate = 0,
  }: VitOptions<N, C>,
): Network<readonly [N, N, C], readonly [O]> => {
  requireSizes("vit", { classes, size, patch, width, depth, heads, hidden, channels });
  share("vit", { dropout: rate });
  requireDivides("vit", "patch", patch, size);
  const patches = (size / patch) ** 2;
  const options = { heads, hidden, dropout: rate, epsilon: 1e-6 };
  const drop: readonly Composable[] = rate === 0 ? [] : [dropout(rate)];
  return network(
    "vit",
    conv2d(channels, width, patch, { stride: patch }),
    lambda("patches", (x: Expr) => reshape(x, [patches, width])),
    classToken(width),
    positionEmbedding(patches + 1, width),
    ...drop,
    repeat(
      depth,
      passedOn("vit", () => transformerEncoderBlock(width, options)),
    ),
    lambda("class", (x: Expr) => index(x, 0)),
    layerNorm(width, { epsilon: 1e-6 }),
    dense(width, classes, { weightInit: zeros, biasInit: zeros }),
  );
};
