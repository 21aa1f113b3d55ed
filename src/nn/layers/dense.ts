import { InvalidArgument } from "../../errors.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { split } from "../../tensor/key.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { declared, stateless } from "../apply.ts";
import type { AffineParams } from "../functional/affine.ts";
import { fanInUniform, type Initializer } from "../initializers.ts";
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
export interface DenseOptions {
  /** Whether to add a bias. Defaults to `true`. */
  readonly bias?: boolean;
  /** How the weight begins. Defaults to uniform over ±1/√in. */
  readonly weightInit?: Initializer;
  /** How the bias begins. Defaults to uniform over ±1/√in. */
  readonly biasInit?: Initializer;
}

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
  for (const [argument, n] of Object.entries({ inputs, outputs }))
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new InvalidArgument({
        op: "dense",
        argument,
        expected: "a positive whole number",
        actual: String(n),
      });
  const { bias = true, weightInit = fanInUniform, biasInit = fanInUniform } = options;
  const fan = { in: inputs, out: outputs };
  const layer = stateless<Shape, Shape, AffineParams>(
    `dense ${inputs} → ${outputs}`,
    (key) => {
      if (!bias) return { weight: weightInit(key, [inputs, outputs], fan) };
      const [forWeight, forBias] = split(key, 2);
      return {
        weight: weightInit(forWeight, [inputs, outputs], fan),
        bias: biasInit(forBias, [outputs], fan),
      };
    },
    ({ weight, bias: offset }, x) => {
      const product = dot(x, weight, [[0], [0]]);
      return offset === undefined ? product : add(product, offset);
    },
  );
  return declared(layer);
}
