import { passedOn } from "../../tensor/validate.ts";
import { named } from "../combinators/containers.ts";
import type { Layer } from "../layer.ts";
import { type DenseParams, dense } from "../layers/dense.ts";

/**
 * Rosenblatt's perceptron: one linear unit per class, whose output is a logit. `outputs` defaults to 1, enough for two
 * classes.
 *
 * **Shapes** `x: [inputs] → y: [outputs]`, one example.
 * **Source** Rosenblatt, "The perceptron" (1958).
 *
 * @example
 * ```ts
 * import { perceptron } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 * summary(perceptron(784, 10), [784])[0]?.params // => 7850
 * ```
 */
export const perceptron = <const I extends number, const O extends number = 1>(
  inputs: I,
  // The default of the type parameter is that of the argument.
  outputs: O = 1 as O,
): Layer<readonly [I], readonly [O], DenseParams<I, O>, undefined> =>
  named(
    "perceptron",
    passedOn("perceptron", () => dense(inputs, outputs)),
  ) as Layer<readonly [I], readonly [O], DenseParams<I, O>, undefined>;
