import type * as fc from "fast-check";
import type { Composable } from "../../src/nn/layer.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { unkinked } from "../domain.ts";
import { type CheckOptions, type Held, mustHold } from "../law.ts";
import { functionFrom, functionOfLayer, type UserFunction } from "../subjects.ts";
import { derivativeLaws } from "./derivatives.ts";
import { hessianSymmetry } from "./higherOrder.ts";

export interface GradientOptions extends CheckOptions {
  /** The elements of operands. Defaults to odd eighths from -17/8 to 17/8, which avoid most kinks. */
  readonly elements?: fc.Arbitrary<number>;
}

/**
 * Checks the gradients of a function or layer: `jvp` and `vjp` against difference quotients, against one another, and
 * again for the second derivative. Everything is computed in f64.
 *
 * For a function, give the shapes of its operands; for a layer, the shape of one example. For a layer it also checks
 * the gradients by its params. Returns the laws that held.
 *
 * **Fails with** `LawBroken`, thrown, with the simplest input that breaks a law and the seed and path that find it
 * again; `CompileError`, thrown.
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
