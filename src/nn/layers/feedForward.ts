import type { Expr } from "../../ir/expr.ts";
import { mul } from "../../ir/ops/elementwise.ts";
import { type Key, split } from "../../tensor/key.ts";
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

/** What stands between the two maps of a feed-forward part, and how those begin. */
export interface FeedForwardOptions extends AffineOptions {
  /** `gelu` where not given. */
  readonly activation?: Activation;
}

/** The params of {@link feedForward}. */
export interface FeedForwardParams {
  readonly up: AffineParams;
  readonly down: AffineParams;
}

type Along<W extends number, P> = Layer<readonly [number, W], readonly [number, W], P, undefined>;

/**
 * Two affine maps with a function between them, at each place of a sequence.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`.
 * **Math** `y = f(xW₁ + b₁) W₂ + b₂`. Weights begin uniform over ±1/√in.
 * **Source** Vaswani et al. (2017), arXiv:1706.03762, section 3.3.
 */
export const feedForward = <const W extends number>(
  width: W,
  hidden: number,
  { activation = gelu, ...options }: FeedForwardOptions = {},
): Along<W, FeedForwardParams> => {
  requireSizes("feedForward", { width, hidden });
  return {
    name: `feedForward ${width} → ${hidden} → ${width}`,
    init: (key) => {
      const [forUp, forDown] = split(key, 2);
      const params = {
        up: initAffine(forUp, width, hidden, options),
        down: initAffine(forDown, hidden, width, options),
      };
      return { params, state: undefined };
    },
    apply: ({ up, down }, state, x) => {
      const h = activation(affine(up, lastAxisOf(x, width)));
      return [affine(down, h) as Expr as Expr<readonly [number, W]>, state];
    },
  };
};

/** The params of {@link gatedFeedForward}. */
export interface GatedParams extends FeedForwardParams {
  readonly gate: AffineParams;
}

/**
 * A {@link feedForward} whose hidden numbers are multiplied by gates: SwiGLU where the function is `silu`
 * (which it is where not given), GEGLU for `gelu`, GLU for `sigmoid`.
 *
 * **Shapes** `x: [time, width] → y: [time, width]`.
 * **Math** `y = (f(xW) ⊙ xV) W₂`, without offsets unless asked for.
 * **Source** Shazeer (2020), arXiv:2002.05202, equation 6.
 */
export const gatedFeedForward = <const W extends number>(
  width: W,
  hidden: number,
  { activation = silu, bias = false, ...rest }: FeedForwardOptions = {},
): Along<W, GatedParams> => {
  requireSizes("gatedFeedForward", { width, hidden });
  const options = { bias, ...rest };
  return {
    name: `gatedFeedForward ${width} → ${hidden} → ${width}`,
    init: (key) => {
      const keys = split(key, 3) as readonly [Key, Key, Key];
      const params = {
        gate: initAffine(keys[0], width, hidden, options),
        up: initAffine(keys[1], width, hidden, options),
        down: initAffine(keys[2], hidden, width, options),
      };
      return { params, state: undefined };
    },
    apply: ({ gate, up, down }, state, input) => {
      const x = lastAxisOf(input, width);
      const h = mul(activation(affine(gate, x)), affine(up, x));
      return [affine(down, h) as Expr as Expr<readonly [number, W]>, state];
    },
  };
};
