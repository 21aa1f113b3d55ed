import * as fc from "fast-check";
import { stackTensors } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Law, law } from "../law.ts";
import {
  batched,
  cotangentMap,
  evaluator,
  inputsOf,
  type SymbolicFunction,
  tangentMap,
} from "../symbolic.ts";
import { nearby } from "../values/compare.ts";
import { rowOf, type Vmap } from "./batching.ts";
import { exact } from "./derivatives.ts";

type Derivative = (f: SymbolicFunction) => SymbolicFunction;

const forward: Derivative = (f) => tangentMap(f, exact.forward);
const reverse: Derivative = (f) => cotangentMap(f, exact.reverse);

/** Both modes, and the second derivative. */
const derivatives: readonly Derivative[] = [
  forward,
  reverse,
  (f) => forward(reverse(f)),
  (f) => reverse(reverse(f)),
];

const near = nearby(1e-12);

/**
 * The derivatives of `vmap f` are those of `f` for each example, in both modes and to second order. A branch that an
 * example does not take contributes nothing, even if its derivative would be infinite.
 */
export const derivativesOfMaps = (vmap: Vmap = batched, size = 3): Law<SymbolicFunction> =>
  law("derivatives of maps", "d(vmap f) = stack ∘ map (d f)", (f: SymbolicFunction) => {
    const everyOperand = f.operands.map(() => true);
    const prepared = derivatives.map((d) => {
      const whole = d(vmap(f, everyOperand, size));
      return {
        name: whole.name,
        one: evaluator(d(f)),
        all: evaluator(whole),
        inputs: inputsOf(whole),
      };
    });
    return {
      given: fc
        .constantFrom(...prepared)
        .chain((each) => each.inputs.map((xs) => ({ xs, each, toString: () => xs.join("; ") }))),
      breach: ({ xs, each }) => {
        const examples = Array.from({ length: size }, (_, i) =>
          each.one(xs.map((x) => rowOf(x, i))),
        );
        const stacked = (examples[0] as readonly Tensor[]).map((_, k) =>
          stackTensors(examples.map((outputs) => outputs[k] as Tensor)),
        );
        return near(each.name, each.all(xs), stacked);
      },
    };
  });
