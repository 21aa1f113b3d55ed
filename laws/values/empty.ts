import * as fc from "fast-check";
import { issuesOf } from "../../src/backend/check.ts";
import type { TensorType } from "../../src/ir/expr.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { isTyped } from "../options.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "../symbolic.ts";
import { agreement } from "./hostileMeaning.ts";
import type { Compile } from "./meaning.ts";

/** The distinct extents of the operands. Any of them may become 0. */
const extentsOf = (types: readonly TensorType[]): readonly number[] => [
  ...new Set(types.flatMap(({ shape }) => shape)),
];

const emptied =
  (extent: number) =>
  (type: TensorType): TensorType => ({
    ...type,
    shape: type.shape.map((d) => (d === extent ? 0 : d)),
  });

/** Sets all axes of one extent to 0. Returns a breach, a refusal, or an executable to run. */
const attempt = (f: SymbolicFunction, extent: number, compile: Compile) => {
  const types = typesOf(f).map(emptied(extent));
  try {
    const program = programOf(types, f.apply);
    if (issuesOf(program).length > 0) return { kind: "refused" } as const;
    return { kind: "taken", program, run: compile(program).run, types } as const;
  } catch (error) {
    return isTyped(error)
      ? ({ kind: "refused" } as const)
      : ({ kind: "raw", error: String(error) } as const);
  }
};

/**
 * With empty axes, a function is refused with a typed error, or gives the same result on every backend. Axes of equal
 * length are emptied together.
 */
export const emptyAxes = (compile: Compile): Law<SymbolicFunction> =>
  law(
    "empty axes",
    "compiled p x = run p x for x without elements, or a typed error",
    (f: SymbolicFunction) => {
      const extents = extentsOf(typesOf(f));
      const attempts = extents.map((extent) => ({ extent, made: attempt(f, extent, compile) }));
      return {
        given: record({ x: inputsOf(f), nth: fc.nat(Math.max(0, extents.length - 1)) }),
        breach: ({ x, nth }) => {
          const { extent = 0, made } = attempts[nth] ?? {};
          if (made?.kind === "raw")
            return `with the axes of ${extent} empty it ends in a raw ${made.error}`;
          if (made?.kind !== "taken") return undefined;
          const inputs = x.map((each: Tensor, i) => {
            const { shape, dtype } = made.types[i] as TensorType;
            return shape.includes(0) ? tensorOf(shape, dtype, []) : each;
          });
          const difference = agreement(made.program, inputs, made.run(inputs));
          return difference === undefined
            ? undefined
            : `with the axes of ${extent} empty: ${difference}`;
        },
      };
    },
  );
