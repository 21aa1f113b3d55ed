import type { Issue } from "../../errors.ts";
import { sameShape } from "../../tensor/shape.ts";
import { apply, filled, parameter } from "../build.ts";
import type { Expr, TensorType } from "../expr.ts";
import { program } from "../program.ts";

/**
 * What must be of these types: itself where it is, and otherwise invalid nodes of those types, so that
 * compiling reports `op` with what it was given.
 *
 * For what users' own functions return, which no primitive's type rule sees.
 */
export const ascribe = (
  op: string,
  types: readonly TensorType[],
  given: readonly Expr[],
): readonly Expr[] => {
  const fits =
    given.length === types.length &&
    types.every(({ shape, dtype }, i) => {
      const x = given[i] as Expr;
      return x.dtype === dtype && sameShape(x.shape, shape);
    });
  if (fits) return given;
  const inputs = types.map(parameter);
  // The identity of these types, which does not take what was given.
  const identity = program(inputs, inputs);
  return apply("call", { name: op, program: identity, rules: { kind: "checkpoint" } }, given);
};

/**
 * Invalid nodes of the types that were meant, so that compiling reports `issue` with the layer around them.
 *
 * For mistakes that no type rule sees, since the primitives would compute something: of an empty sequence, say.
 */
export const refuse = (
  issue: Issue,
  given: readonly Expr[],
  meant: readonly TensorType[],
): readonly Expr[] => {
  const nothing = meant.map(({ shape, dtype }) => filled(shape, dtype, 0));
  const rules = { kind: "refused", issue } as const;
  return apply(
    "call",
    { name: issue._tag, program: program(given.map(parameter), nothing), rules },
    given,
  );
};
