import { sameShape } from "../tensor/shape.ts";
import { apply, parameter } from "./build.ts";
import type { Expr, TensorType } from "./expr.ts";
import { program } from "./graph.ts";

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
