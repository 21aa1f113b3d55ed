import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { mistaken } from "../../ir/ops/promote.ts";
import { type Key, split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fanInUniform, type Initializer } from "../initializers.ts";
import type { Symbolic } from "../layer.ts";

/** The params of an affine map: a weight matrix, inputs by outputs, and an optional bias. */
export interface AffineParams {
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

/** Options of an affine map: whether it has a bias, and how params begin. */
export interface AffineOptions {
  /** Whether to add a bias. Defaults to `true`. */
  readonly bias?: boolean;
  /** How the weight begins. Defaults to uniform over ±1/√in. */
  readonly weightInit?: Initializer;
  /** How the bias begins. Defaults to uniform over ±1/√in. */
  readonly biasInit?: Initializer;
}

/** Requires that the named sizes are positive whole numbers. **Fails with** `InvalidArgument`, thrown. */
export const requireSizes = (op: string, sizes: { readonly [argument: string]: number }): void => {
  for (const [argument, n] of Object.entries(sizes))
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new InvalidArgument({
        op,
        argument,
        expected: "a positive whole number",
        actual: String(n),
      });
};

/** Requires that `divisor` divides `n`. **Fails with** `InvalidArgument`, thrown. */
export const requireDivides = (op: string, argument: string, divisor: number, n: number): void => {
  if (n % divisor !== 0)
    throw new InvalidArgument({
      op,
      argument,
      expected: `a divisor of ${n}`,
      actual: String(divisor),
    });
};

/**
 * Checks that the last axis of `x` has `features` elements. Any other extent is reported as a `ShapeMismatch`; an extent
 * of 1 would otherwise broadcast.
 */
export const lastAxisOf = (x: Expr, features: number, op = "the layer"): Expr => {
  if (x.shape.at(-1) === features) return x;
  return mistaken(op, `[..., ${features}]`, x, [...x.shape.slice(0, -1), features]);
};

/** Initializes the params of {@link affine}. */
export const initAffine = (
  key: Key,
  inputs: number,
  outputs: number,
  options: AffineOptions = {},
): AffineParams => {
  const { bias = true, weightInit = fanInUniform, biasInit = fanInUniform } = options;
  const [forWeight, forBias] = split(key, 2);
  const fan = { in: inputs, out: outputs };
  const weight = weightInit(forWeight, [inputs, outputs], fan);
  return bias ? { weight, bias: biasInit(forBias, [outputs], fan) } : { weight };
};

/** The affine map `xW + b` along the last axis. **Shapes** `x: [...s, in] → [...s, out]`. */
export const affine = ({ weight, bias }: Symbolic<AffineParams>, x: Expr): Expr => {
  const product = dot(x, weight, [[x.shape.length - 1], [0]]);
  return bias === undefined ? product : add(product, bias);
};
