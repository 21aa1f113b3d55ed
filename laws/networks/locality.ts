import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { exact } from "../derivatives/derivatives.ts";
import { tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { cotangentMap, evaluator, inputsOf, type SymbolicFunction } from "../symbolic.ts";

const numbersOf = (xs: readonly Tensor[]): readonly number[] =>
  xs.flatMap((x) => Array.from(x.toTypedArray()));

/** `x` with one element replaced. */
const having = (x: Tensor, at: number, value: number): Tensor =>
  tensorOf(
    x.shape,
    x.dtype,
    Array.from(x.toTypedArray(), (v, i) => (i === at ? value : v)),
  );

/** Replacements that show whether a result depends on an element: larger, smaller, and slightly different. */
const finite = (x: number): readonly number[] => [x + 1000, x - 1000, x + 0.3];
const hostile = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** Finds an output that no finite change of an element affects, but a non-finite one does. */
const breachOf = (
  evaluate: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  operand: number,
): string | undefined => {
  const x = inputs[operand] as Tensor;
  const before = numbersOf(evaluate(inputs));
  const after = (at: number, value: number) =>
    numbersOf(evaluate(inputs.map((each, i) => (i === operand ? having(each, at, value) : each))));
  for (const [at, value] of Array.from(x.toTypedArray()).entries()) {
    const changed = finite(value).map((v) => after(at, v));
    const still = before.map((y, i) => changed.every((ys) => Object.is(ys[i], y)));
    for (const wild of hostile) {
      const found = after(at, wild).findIndex((y, i) => still[i] && !Object.is(y, before[i]));
      if (found >= 0)
        return `output ${found} changes where element ${at} of operand ${operand} is ${wild}, but with no finite change of it`;
    }
  }
  return undefined;
};

/**
 * An output that does not depend on an element does not change where that element is NaN or infinite. The same holds
 * for the gradient by the first operand and the elements of its cotangent.
 */
export const locality = (
  of: { readonly gradients?: (f: SymbolicFunction) => boolean } = {},
): Law<SymbolicFunction> =>
  law(
    "locality",
    "an output that no finite change of an element moves is the same when that is NaN or infinite, and so are gradients",
    (f: SymbolicFunction) => {
      const evaluate = evaluator(f);
      const map = cotangentMap(f, exact.reverse);
      const backward = evaluator(map);
      return {
        given: inputsOf(map),
        breach: (inputs: readonly Tensor[]) => {
          const count = f.operands.length;
          const primal = inputs.slice(0, count);
          if (!isFloat((primal[0] as Tensor).dtype)) return undefined;
          const forward = breachOf(evaluate, primal, 0);
          if (forward !== undefined || of.gradients?.(f) === false) return forward;
          const values = evaluate(primal).length;
          // The gradient by the first operand.
          const gradient = (xs: readonly Tensor[]) => backward(xs).slice(values, values + 1);
          const reason = breachOf(gradient, inputs, count);
          return reason && `in the gradient, ${reason}`;
        },
      };
    },
  );
