import { nth } from "../../tensor/list.ts";
import { share } from "../../tensor/validate.ts";
import { relu } from "../functional/activation.ts";
import { requireSizes } from "../functional/affine.ts";
import { heNormal, zeros } from "../initializers.ts";
import type { Activation, Composable } from "../layer.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/lambda.ts";
import { type Network, network } from "./build.ts";

/** Options of an {@link mlp}: activation and dropout. */
export interface MlpOptions {
  /** The activation between layers. Defaults to `relu`. */
  readonly activation?: Activation;
  /** The rate of dropout after each activation. Defaults to 0. */
  readonly dropout?: number;
}

/**
 * A multilayer perceptron: dense layers of the given widths, with an activation after each but the last.
 *
 * **Shapes** `x: [inputs] → y: [outputs]`, one example.
 * **Math** Weights begin normal with variance 2/inputs, and offsets as 0.
 * **Fails with** `InvalidArgument`, thrown, where a width is not a positive whole number.
 * **Source** Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
 *
 * @example
 * ```ts
 * import { mlp } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 * summary(mlp(784, [128], 10), [784])[0]?.params // => 101770
 * ```
 */
export const mlp = <const I extends number, const O extends number>(
  inputs: I,
  hidden: readonly number[],
  outputs: O,
  { activation = relu, dropout: rate = 0 }: MlpOptions = {},
): Network<readonly [I], readonly [O]> => {
  const widths = [inputs, ...hidden, outputs];
  share("mlp", { dropout: rate });
  for (const width of widths) requireSizes("mlp", { width });
  const layers = widths.slice(1).flatMap((to, i): readonly Composable[] => {
    const layer = dense(nth(widths, i), to, { weightInit: heNormal, biasInit: zeros });
    if (i === hidden.length) return [layer];
    return rate === 0 ? [layer, activation] : [layer, activation, dropout(rate)];
  });
  return network("mlp", ...layers);
};
