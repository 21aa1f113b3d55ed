import * as fc from "fast-check";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { evaluator, inputsOf, type SymbolicFunction, typesOf } from "../symbolic.ts";

/** The number of further samples whose elements replace an element of the first sample. */
const lenders = 4;

const withElement = (
  inputs: readonly Tensor[],
  operand: number,
  place: number,
  value: number,
): readonly Tensor[] =>
  inputs.map((x, i) => {
    if (i !== operand) return x;
    const elements = Array.from(x.toTypedArray());
    elements[place] = value;
    return tensorOf(x.shape, x.dtype, elements);
  });

/** All elements of float outputs in one list, so that outputs of the same function can be compared. */
const floatsOf = (outputs: readonly Tensor[]): readonly number[] =>
  outputs.flatMap((y) => (isFloat(y.dtype) ? Array.from(y.toTypedArray()) : []));

/** The places for NaN: any element of any float operand that has elements. */
const places = (
  f: SymbolicFunction,
  spared: readonly number[],
): readonly (readonly [operand: number, place: number])[] =>
  typesOf(f).flatMap(({ shape, dtype }, operand) =>
    isFloat(dtype) && !spared.includes(operand)
      ? Array.from(
          { length: shape.reduce((n, extent) => n * extent, 1) },
          (_, place) => [operand, place] as const,
        )
      : [],
  );

type Evaluate = (f: SymbolicFunction) => (inputs: readonly Tensor[]) => readonly Tensor[];

/**
 * NaN in, NaN out. If changing one input element changes an output element, then NaN in the input gives NaN in the
 * output. The law skips the operands in `spared`.
 */
export const nanPropagates = (
  valuesOf: Evaluate = evaluator,
  spared: readonly number[] = [],
): Law<SymbolicFunction> =>
  law(
    "NaN in, NaN out",
    "fₖ(x) ≠ fₖ(x′) for x, x′ that differ in element j ⇒ fₖ(x) = NaN where xⱼ = NaN",
    (f: SymbolicFunction) => {
      const evaluate = valuesOf(f);
      const choices = places(f, spared);
      return {
        given: record({
          x: inputsOf(f),
          others: fc.array(inputsOf(f), { minLength: lenders, maxLength: lenders }),
          at: fc.constantFrom(...(choices.length === 0 ? [[0, 0] as const] : choices)),
        }),
        breach: ({ x, others, at: [operand, place] }) => {
          if (choices.length === 0) return undefined;
          const before = floatsOf(evaluate(x));
          const lent = others.map(
            (other) => (other[operand] as Tensor).toTypedArray()[place] as number,
          );
          const moved = lent.map((value) =>
            floatsOf(evaluate(withElement(x, operand, place, value))),
          );
          const after = floatsOf(evaluate(withElement(x, operand, place, Number.NaN)));
          const silent = before.findIndex(
            (y, k) =>
              !Number.isNaN(after[k]) &&
              moved.some((ys) => ys[k] !== y && !(Number.isNaN(ys[k]) && Number.isNaN(y))),
          );
          return silent < 0
            ? undefined
            : `with NaN for element ${place} of operand ${operand}, element ${silent} of the output is ${after[silent]}`;
        },
      };
    },
  );
