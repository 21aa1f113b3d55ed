import * as fc from "fast-check";
import type { Forward } from "../src/autodiff/forwardMode.ts";
import type { Reverse } from "../src/autodiff/reverseMode.ts";
import { issuesOf } from "../src/backend/check.ts";
import type { PrimitiveTag, Program, TensorType } from "../src/ir/expr.ts";
import { isFloat } from "../src/tensor/dtype.ts";
import { isPossible, sizeOf } from "../src/tensor/shape.ts";
import { type Law, law } from "./law.ts";
import { type Case, functionOf } from "./registry/primitives/case.ts";
import {
  cotangentMap,
  inputsOf,
  programOf,
  type SymbolicFunction,
  tangentMap,
  typesOf,
} from "./symbolic.ts";
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

/** All copies of a parameter in which one list has an item less or more. */
const resized = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) return [];
  const inner = value.flatMap((part, i) => resized(part).map((other) => value.with(i, other)));
  return inner.length > 0 ? inner : [value.slice(0, -1), [...value, 0]];
};

/**
 * Programs of one primitive in one setting in which one number of its parameters is replaced by each wild number, or one
 * list of them has another length.
 */
export const distortionsOf = <P extends PrimitiveTag>(
  primitive: P,
  given: Case<P>,
): readonly SymbolicFunction[] =>
  Object.entries(given.params).flatMap(([name, value]) =>
    [...wild.flatMap((by) => distorted(value, by)), ...resized(value)].map((other) => ({
      ...functionOf(primitive, { ...given, params: { ...given.params, [name]: other } }),
      name: `${primitive} ${given.label} with ${name} ${shown(other)}`,
    })),
  );

/** A parameter as text, with the numbers that JSON does not have. */
const shown = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(shown).join(", ")}]` : String(value);

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

const isFloating = ({ dtype }: TensorType): boolean => isFloat(dtype);

/** A derivative without the value beside it, whose own mistakes would hide that the derivative has none. */
const alone = (f: SymbolicFunction, outputs: number): SymbolicFunction => ({
  ...f,
  apply: (xs) => f.apply(xs).slice(outputs),
});

/**
 * For programs that may be invalid: where a program is refused, so are its derivatives. A derivative that does not use
 * the value would otherwise be computed from parameters that do not fit.
 */
export const refusedThroughout = (maps: Forward & Reverse): Law<SymbolicFunction> =>
  law(
    "derivatives of what is refused",
    "p is refused implies that J p · v and (J p)ᵀ · w are refused",
    (f: SymbolicFunction) => {
      const types = typesOf(f);
      const program = programOf(types, f.apply);
      const concerns =
        issuesOf(program).length > 0 &&
        types.some(isFloating) &&
        program.outputs.some(isFloating) &&
        // A cotangent has the shape of its output, if a tensor can have it.
        program.outputs.every(({ shape }) => isPossible(shape));
      const accepted = (concerns ? [tangentMap(f, maps), cotangentMap(f, maps)] : []).find(
        (g) => issuesOf(programOf(typesOf(g), alone(g, program.outputs.length).apply)).length === 0,
      );
      return {
        given: fc.constant(undefined),
        breach: () => accepted && `${accepted.name} is accepted`,
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
