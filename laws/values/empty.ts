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

/** The extents of operands, each once: any of them may be 0. */
const extentsOf = (types: readonly TensorType[]): readonly number[] => [
  ...new Set(types.flatMap(({ shape }) => shape)),
];

const emptied =
  (extent: number) =>
  (type: TensorType): TensorType => ({
    ...type,
    shape: type.shape.map((d) => (d === extent ? 0 : d)),
  });

/** What came of emptying all axes of one extent: a mistake, a refusal, or what is to be run. */
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
 * 17: where axes are empty a function is refused by an error of fluxion's, or means the same on every backend. All
 * axes that are equally long are emptied together.
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
            return `without the axes of ${extent} it ends in a raw ${made.error}`;
          if (made?.kind !== "taken") return undefined;
          const inputs = x.map((each: Tensor, i) => {
            const { shape, dtype } = made.types[i] as TensorType;
            return shape.includes(0) ? tensorOf(shape, dtype, []) : each;
          });
          const difference = agreement(made.program, inputs, made.run(inputs));
          return difference === undefined
            ? undefined
            : `without the axes of ${extent}: ${difference}`;
        },
      };
    },
  );
