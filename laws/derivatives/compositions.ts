import * as fc from "fast-check";
import type { Expr, Program } from "../../src/ir/expr.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { printProgram } from "../../src/ir/print.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { record, tensors, unkinked } from "../domain.ts";
import type { Family } from "../law.ts";
import { type Entry, operations } from "../operations.ts";
import { programOf, type SymbolicFunction, typesOf } from "../symbolic.ts";

/** Sums large values along their first axis, so that programs stay small. */
const bounded = (x: Expr): Expr => (sizeOf(x.shape) > 24 ? bounded(sum(x, 0)) : x);

/** A random program as data, which shrinks to fewer and earlier operations. */
interface Blueprint {
  readonly shapes: readonly Shape[];
  readonly steps: readonly (readonly [operation: string, x: number, y: number])[];
}

const build = ({ steps }: Blueprint, xs: readonly Expr[]): readonly Expr[] => {
  const made = steps.reduce<readonly Expr[]>((pool, [name, i, j]) => {
    // Counts from the latest value, so that most values are used.
    const pick = (k: number): Expr => pool[pool.length - 1 - (k % pool.length)] as Expr;
    const { make } = operations[name] as Entry;
    return [...pool, bounded(make(pick(i), pick(j)))];
  }, xs);
  return made.slice(-2);
};

/** Each name, repeated as often as its weight. */
const names: readonly string[] = Object.entries(operations).flatMap(([name, { weight = 1 }]) =>
  Array.from({ length: weight }, () => name),
);

const functionFrom = (blueprint: Blueprint): SymbolicFunction => ({
  name: blueprint.steps.map(([name]) => name).join(" · "),
  operands: blueprint.shapes.map((shape) => tensors(shape, unkinked)),
  apply: (xs) => build(blueprint, xs),
  rough: blueprint.steps.some(([name]) => operations[name]?.kinked === true),
});

const shapes: readonly Shape[] = [[], [2], [3], [2, 2], [2, 3], [2, 1, 2]];

const blueprints: fc.Arbitrary<Blueprint> = record({
  shapes: fc.array(fc.constantFrom(...shapes), { minLength: 1, maxLength: 2 }),
  steps: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(3), fc.nat(3)), {
    minLength: 1,
    maxLength: 6,
  }),
});

export const programText = (f: SymbolicFunction): string => printProgram(closed(f));
const closed = (f: SymbolicFunction): Program => programOf(typesOf(f), f.apply);

/** Random small programs of all operations. */
export const compositions: Family<SymbolicFunction> = {
  name: "random compositions",
  members: blueprints.map(functionFrom),
  show: programText,
};
