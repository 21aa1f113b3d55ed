import { mul } from "../../ir/ops/elementwise.ts";
import { split } from "../../tensor/key.ts";
import { stateless } from "../apply.ts";
import { gelu, silu } from "../functional/activation.ts";
import {
  type AffineOptions,
  type AffineParams,
  affine,
  initAffine,
  lastAxisOf,
  requireSizes,
} from "../functional/affine.ts";
import type { Activation, Layer } from "../layer.ts";

/** Options of a feed-forward layer: its activation, biases and initializers. */
export interface FeedForwardOptions extends AffineOptions {
  /** The activation between the two maps. Defaults to `gelu`, or `silu` in {@link gatedFeedForward}. */
  readonly activation?: Activation;
}

/** The params of {@link feedForward}: the first and second affine map. */
export interface FeedForwardParams {
  readonly up: AffineParams;
  readonly down: AffineParams;
}

type Along<W extends number, P> = Layer<readonly [number, W], readonly [number, W], P, undefined>;

/**
 * A feed-forward layer: two affine maps with an activation between them, at each position of a sequence.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`.
 * **Math** `y = f(xW₁ + b₁) W₂ + b₂`. Weights begin uniform over ±1/√in.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3.3.
 */
export const feedForward = <const W extends number>(
  width: W,
  hidden: number,
  { activation = gelu, ...options }: FeedForwardOptions = {},
): Along<W, FeedForwardParams> => {
  requireSizes("feedForward", { width, hidden });
  return stateless(
    `feedForward ${width} → ${hidden} → ${width}`,
    (key) => {
      const [forUp, forDown] = split(key, 2);
      return {
        up: initAffine(forUp, width, hidden, options),
        down: initAffine(forDown, hidden, width, options),
      };
    },
    ({ up, down }, x) => affine(down, activation(affine(up, lastAxisOf(x, width)))),
    `[..., ${width}]`,
  );
};

/** The params of {@link gatedFeedForward}, with the affine map of its gates. */
export interface GatedParams extends FeedForwardParams {
  readonly gate: AffineParams;
}

/**
 * A {@link feedForward} layer with gated hidden units: SwiGLU with `silu`, GEGLU with `gelu`, GLU with `sigmoid`.
 * `activation` defaults to `silu`, and `bias` to `false`.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`.
 * **Math** `y = (f(xW) ⊙ xV) W₂`.
 * **Fails with** as {@link feedForward}.
 * **Source** Shazeer (2020), arXiv:2002.05202, equation 6.
 */
export const gatedFeedForward = <const W extends number>(
  width: W,
  hidden: number,
  { activation = silu, bias = false, ...rest }: FeedForwardOptions = {},
): Along<W, GatedParams> => {
  requireSizes("gatedFeedForward", { width, hidden });
  const options = { bias, ...rest };
  return stateless(
    `gatedFeedForward ${width} → ${hidden} → ${width}`,
    (key) => {
      const keys = split(key, 3);
      return {
        gate: initAffine(keys[0], width, hidden, options),
        up: initAffine(keys[1], width, hidden, options),
        down: initAffine(keys[2], hidden, width, options),
      };
    },
    ({ gate, up, down }, input) => {
      const x = lastAxisOf(input, width);
      return affine(down, mul(activation(affine(gate, x)), affine(up, x)));
    },
    `[..., ${width}]`,
  );
};
