import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { declared, stateless } from "../apply.ts";
import {
  type AffineOptions,
  type AffineParams,
  affine,
  initAffine,
  requireSizes,
} from "../functional/affine.ts";
import { fanInUniform } from "../initializers.ts";
import type { Layer } from "../layer.ts";

/** The params of a {@link dense} layer: a weight matrix, inputs by outputs, and a bias. */
export interface DenseParams<I extends number, O extends number> {
  readonly weight: Tensor<readonly [I, O]>;
  readonly bias: Tensor<readonly [O]>;
}

/** The params of a {@link dense} layer without bias. */
export interface LinearParams<I extends number, O extends number> {
  readonly weight: Tensor<readonly [I, O]>;
}

/** Options of a {@link dense} layer: whether it has a bias, and how params are initialized. */
export type DenseOptions = AffineOptions;

type Affine<I extends number, O extends number> = Layer<
  readonly [I],
  readonly [O],
  DenseParams<I, O>,
  undefined
>;
type Linear<I extends number, O extends number> = Layer<
  readonly [I],
  readonly [O],
  LinearParams<I, O>,
  undefined
>;

/**
 * A fully connected layer: an affine map of its input.
 *
 * **Shapes** `x: [inputs] → y: [outputs]`, one example; `weight: [inputs, outputs]`, `bias: [outputs]`.
 * **Math** `y = xW + b`.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number.
 *
 * @example
 * ```ts
 * import { dense, key } from "fluxion";
 * const { params } = dense(784, 128).init(key(0));
 * params.weight.shape // => [784, 128]
 * params.bias.shape // => [128]
 * ```
 */
export function dense<const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  options?: DenseOptions & { readonly bias?: true },
): Affine<I, O>;
export function dense<const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  options: DenseOptions & { readonly bias: false },
): Linear<I, O>;
export function dense<I extends number, O extends number>(
  inputs: I,
  outputs: O,
  options: DenseOptions = {},
): Affine<I, O> | Linear<I, O> {
  requireSizes("dense", { inputs, outputs });
  const { bias = true, weightInit = fanInUniform } = options;
  const fan = { in: inputs, out: outputs };
  return declared(
    stateless<Shape, Shape, AffineParams>(
      `dense ${inputs} → ${outputs}`,
      (key) =>
        bias
          ? initAffine(key, inputs, outputs, options)
          : // The whole key is the weight's.
            { weight: weightInit(key, [inputs, outputs], fan) },
      affine,
      `[..., ${inputs}]`,
    ),
  );
}
