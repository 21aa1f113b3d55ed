import type { Issue } from "../../errors.ts";
import { type Each, each, nth } from "../../tensor/list.ts";
import { sameShape } from "../../tensor/shape.ts";
import { apply, filled, parameter } from "../build.ts";
import type { Expr, TensorType } from "../expr.ts";
import { program } from "../program.ts";

/**
 * Requires that expressions have the given types: returns them if they do, and otherwise invalid nodes of those
 * types, so that compiling reports `op` with the actual types.
 *
 * For the results of users' functions, which no primitive's type rule checks.
 */
export const ascribe = <const T extends readonly TensorType[]>(
  op: string,
  types: T,
  given: readonly Expr[],
): Each<T, Expr> => {
  const fits =
    given.length === types.length &&
    types.every(({ shape, dtype }, i) => {
      const x = nth(given, i);
      return x.dtype === dtype && sameShape(x.shape, shape);
    });
  if (fits) return each(types, (_, i) => nth(given, i));
  const inputs = types.map(parameter);
  // The identity on these types, which does not accept the given operands.
  const identity = program(inputs, inputs);
  const rules = { kind: "checkpoint" } as const;
  const outputs = apply("call", { name: op, program: identity, rules }, given);
  return each(types, (_, i) => nth(outputs, i));
};

/**
 * Makes invalid nodes of the intended types, so that compiling reports `issue` with the layer around them.
 *
 * For mistakes that no type rule sees because the primitives would still compute something, as on an empty sequence.
 */
export const refuse = <const M extends readonly TensorType[]>(
  issue: Issue,
  given: readonly Expr[],
  meant: M,
): Each<M, Expr> => {
  const nothing = meant.map(({ shape, dtype }) => filled(shape, dtype, 0));
  const rules = { kind: "refused", issue } as const;
  const outputs = apply(
    "call",
    { name: issue._tag, program: program(given.map(parameter), nothing), rules },
    given,
  );
  return each(meant, (_, i) => nth(outputs, i));
};
