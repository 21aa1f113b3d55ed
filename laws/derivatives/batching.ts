import * as fc from "fast-check";
import { stackTensors } from "../../src/tensor/constructors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { batched, evaluator, inputsOf, type SymbolicFunction } from "../symbolic.ts";
import { sameBits } from "../values/compare.ts";

/** Takes example `i` out of a batch. */
export const rowOf = (x: Tensor, i: number): Tensor => {
  const shape = x.shape.slice(1);
  const size = sizeOf(shape);
  return tensorOf(shape, x.dtype, Array.from(x.toTypedArray().slice(i * size, (i + 1) * size)));
};

/**
 * Up to this many operands, every combination of mapped operands is tested. Beyond it, each alone, each left out, and
 * all.
 */
const few = 4;

/** The choices of mapped operands among `count` operands; none of them is empty, unless there are no operands. */
export const choices = (count: number): readonly (readonly boolean[])[] => {
  const places = Array.from({ length: count }, (_, i) => i);
  if (count === 0) return [[]];
  if (count <= few)
    return Array.from({ length: 2 ** count - 1 }, (_, n) =>
      places.map((i) => (((n + 1) >> i) & 1) === 1),
    );
  return [
    places.map(() => true),
    ...places.map((k) => places.map((i) => i === k)),
    ...places.map((k) => places.map((i) => i !== k)),
  ];
};

/** A function that maps a function over examples. */
export type Vmap = typeof batched;

/** `vmap` of a function equals the stack of its results for each example. */
export const mapping = (vmap: Vmap = batched, size = 2): Law<SymbolicFunction> =>
  law("mapping", "vmap f = stack ∘ map f, whichever operands are mapped", (f: SymbolicFunction) => {
    const evaluate = evaluator(f);
    const prepared = choices(f.operands.length).map((mapped) => {
      const whole = vmap(f, mapped, size);
      return { mapped, whole: lazy(() => evaluator(whole)), inputs: inputsOf(whole) };
    });
    return {
      given: fc
        .constantFrom(...prepared)
        .chain(({ mapped, whole, inputs }) => inputs.map((xs) => new Sample(xs, mapped, whole))),
      breach: ({ xs, mapped, whole }) => {
        const examples = Array.from({ length: size }, (_, i) =>
          evaluate(xs.map((x, k) => (mapped[k] ? rowOf(x, i) : x))),
        );
        const stacked = (examples[0] as readonly Tensor[]).map((_, k) =>
          stackTensors(examples.map((outputs) => outputs[k] as Tensor)),
        );
        return sameBits("vmap f", whole()(xs), stacked);
      },
    };
  });

type Evaluate = ReturnType<typeof evaluator>;

/** Makes the value at the first call, and keeps it. */
const lazy = (make: () => Evaluate): (() => Evaluate) => {
  let made: Evaluate | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

/** The operands of a mapped function, and which of them are mapped. It prints as both. */
class Sample {
  readonly xs: readonly Tensor[];
  readonly mapped: readonly boolean[];
  readonly whole: () => Evaluate;

  constructor(xs: Sample["xs"], mapped: Sample["mapped"], whole: Sample["whole"]) {
    this.xs = xs;
    this.mapped = mapped;
    this.whole = whole;
  }

  toString(): string {
    return this.xs.map((x, i) => `${this.mapped[i] ? "each of " : ""}${x}`).join("; ");
  }
}
