import type * as fc from "fast-check";
import type { Composable } from "../../src/nn/layer.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { unkinked } from "../domain.ts";
import { type CheckOptions, type Held, mustHold } from "../law.ts";
import { functionFrom, functionOfLayer, type UserFunction } from "../subjects.ts";
import { derivativeLaws } from "./derivatives.ts";
import { hessianSymmetry } from "./higherOrder.ts";

export interface GradientOptions extends CheckOptions {
  /** The numbers at which to look; by default odd eighths from -17/8 to 17/8, which avoid most kinks. */
  readonly elements?: fc.Arbitrary<number>;
}

/**
 * Checks that what `jvp` and `vjp` say of a function or layer is its derivative: against difference
 * quotients, against one another, and again for the second derivative. Everything is computed in f64.
 *
 * A function is given the shapes of its operands, a layer that of one example; of a layer the gradients by
 * its params are checked too. What holds is returned; what does not is thrown, with the simplest input
 * that shows it and the seed and path that find it again.
 *
 * **Fails with** `LawBroken`, `CompileError`, thrown.
 *
 * @example
 * ```ts
 * import { dense, type Expr, sequential, tanh } from "fluxion";
 * import { customDerivative } from "fluxion/autodiff";
 * import { sigmoid } from "fluxion/functional";
 * import { mul } from "fluxion/ops";
 * import { checkGradients } from "fluxion/laws";
 *
 * const swish = (x: Expr) => mul(x, sigmoid(x));
 * checkGradients(swish, [[3]]).length // => 5
 *
 * const layer = sequential(dense(3, 2), tanh);
 * checkGradients(layer, [[3]]).map((held) => held.law)
 * // => ["primal preservation", "difference quotients", "adjoint", "linearity", "Hessian symmetry"]
 * ```
 */
export const checkGradients = (
  subject: UserFunction | Composable,
  shapes: readonly [Shape, ...(readonly Shape[])],
  { elements = unkinked, ...options }: GradientOptions = {},
): readonly Held[] =>
  mustHold(
    [...derivativeLaws(), hessianSymmetry()],
    typeof subject === "function"
      ? // An activation is a function of one expression.
        functionFrom(subject as UserFunction, shapes, elements)
      : functionOfLayer(subject, shapes[0], elements),
    options,
  );
