import type { Expr } from "../../ir/expr.ts";
import { concatenate, expandDims, index, reshape } from "../../ir/ops/structural.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { share } from "../../tensor/validate.ts";
import { repeat } from "../combinators/containers.ts";
import { requireDivides, requireSizes } from "../functional/affine.ts";
import { zeros } from "../initializers.ts";
import type { Composable, Layer } from "../layer.ts";
import { conv2d } from "../layers/conv.ts";
import { dense } from "../layers/dense.ts";
import { positionEmbedding } from "../layers/embedding.ts";
import { dropout, lambda } from "../layers/lambda.ts";
import { layerNorm } from "../layers/norm.ts";
import { transformerEncoderBlock } from "../layers/transformerBlock.ts";
import { type Network, network } from "./build.ts";

/** The images that a vision transformer reads, how they are cut, and the sizes of its encoder. */
export interface VitOptions<N extends number, C extends number = 3> {
  /** The extent of an image along both of its axes. */
  readonly size: N;
  /** The extent of a patch, which divides that of the image. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** The width inside the feed-forward parts; four times the width where not given. */
  readonly hidden?: number;
  /** The channels of an image; 3 where not given. */
  readonly channels?: C;
  /** The rate of dropout of the embedded patches and in the blocks; 0 where not given. */
  readonly dropout?: number;
}

/** A learned vector before the others, in which the class gathers. `x: [n, width] → y: [n + 1, width]`. */
const classToken = (
  width: number,
): Layer<
  readonly [number, number],
  readonly [number, number],
  { readonly token: Tensor },
  undefined
> => ({
  name: `classToken ${width}`,
  init: (key) => ({ params: { token: zeros(key, [width]) }, state: undefined }),
  apply: ({ token }, state, x) => [
    concatenate([expandDims(token, 0), x]) as Expr as Expr<readonly [number, number]>,
    state,
  ],
});

/**
 * A Vision Transformer: patches of an image as a sequence, after a class token and with learned positions,
 * through pre-norm encoder blocks; the class token's output, normalized, is mapped to logits.
 *
 * **Shapes** `x: [size, size, channels] → y: [classes]`, one example.
 * **Math** The last map begins as 0.
 * **Fails with** `InvalidArgument`, thrown, where the patch does not divide the size, or heads the width.
 * **Source** Dosovitskiy et al. (2020), arXiv:2010.11929, section 3.1; ViT-B/16 of 224×224 with 1000 classes
 * has 86,567,656 params, as torchvision's.
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
    repeat(depth, transformerEncoderBlock(width, options)),
    lambda("class", (x: Expr) => index(x, 0)),
    layerNorm(width, { epsilon: 1e-6 }),
    dense(width, classes, { weightInit: zeros, biasInit: zeros }),
  );
};
