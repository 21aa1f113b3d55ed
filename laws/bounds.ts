import { issuesOf } from "../src/backend/check.ts";
import type { PrimitiveTag, Program } from "../src/ir/expr.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { type Law, law } from "./law.ts";
import { type Case, functionOf } from "./registry/primitives/case.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "./symbolic.ts";
import type { Compile } from "./values/meaning.ts";
import { within } from "./values/roundoff.ts";

/** Invalid numbers for an axis, extent, position or count, and numbers whose products overflow 32 bits. */
export const wild: readonly number[] = [
  ...[-1, 0.5, 1.5, 2 - 2 ** -52, -0.5, Number.NaN, Number.POSITIVE_INFINITY],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 + 1, 2 ** 53, -(2 ** 53), 1e300],
];

/** All copies of a parameter in which one number is replaced by `by`. */
const distorted = (value: unknown, by: number): readonly unknown[] => {
  if (typeof value === "number") return [by];
  if (!Array.isArray(value)) return [];
  return value.flatMap((part, i) => distorted(part, by).map((other) => value.with(i, other)));
};

/** Programs of one primitive in one setting in which one number of its parameters is replaced by each wild number. */
export const distortionsOf = <P extends PrimitiveTag>(
  primitive: P,
  given: Case<P>,
): readonly SymbolicFunction[] =>
  Object.entries(given.params).flatMap(([name, value]) =>
    wild.flatMap((by) =>
      distorted(value, by).map((other) => ({
        ...functionOf(primitive, { ...given, params: { ...given.params, [name]: other } }),
        name: `${primitive} ${given.label} with ${name} ${JSON.stringify(other)} (${by})`,
      })),
    ),
  );

/** Large valid programs are skipped: they take memory, and test nothing about bounds. */
const isLarge = (program: Program): boolean =>
  program.nodes.some((node) => node.outputs.some(({ shape }) => sizeOf(shape) > 2 ** 20));

const refusals: ReadonlySet<unknown> = new Set(["CompileError", "MemoryLimit"]);

/**
 * For programs that may be invalid: a backend refuses them, or computes what the reference rules compute. A kernel that
 * reads outside its operands gives a different result.
 */
export const inBounds = (compile: Compile): Law<SymbolicFunction> =>
  law(
    "within bounds",
    "p is refused, or compiled p x = run p x to rounding",
    (f: SymbolicFunction) => {
      const program = programOf(typesOf(f), f.apply);
      const refused = issuesOf(program).length > 0;
      const executable = refused || isLarge(program) ? undefined : compiledOr(compile, program);
      const judge = executable && within(program);
      return {
        given: inputsOf(f),
        breach: (x) => executable && judge?.(x, executable.run(x)),
      };
    },
  );

const compiledOr = (compile: Compile, program: Program) => {
  try {
    return compile(program);
  } catch (error) {
    const tag = (error as { readonly _tag?: unknown })._tag;
    if (refusals.has(tag)) return undefined;
    throw error;
  }
};
