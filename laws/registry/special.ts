import type { Expr } from "../../src/ir/expr.ts";
import * as special from "../../src/special/index.ts";
import { positive, tensors, unkinked } from "../domain.ts";
import type { SymbolicFunction } from "../symbolic.ts";

const domains = { positive, unkinked } as const;
const on = (
  f: (x: Expr) => Expr,
  elements: keyof typeof domains,
): Omit<SymbolicFunction, "name"> => ({
  operands: [tensors([3], domains[elements])],
  apply: ([x]) => [f(x as Expr)],
});

/** Every special function, in several settings: one that is not here does not compile. */
const settings: {
  readonly [Name in keyof typeof special]: readonly Omit<SymbolicFunction, "name">[];
} = {
  logGamma: [on(special.logGamma, "positive"), on(special.logGamma, "unkinked")],
  digamma: [on(special.digamma, "positive")],
  polygamma: [1, 2].map((n) => on((x) => special.polygamma(n, x), "positive")),
  multivariateLogGamma: [on((x) => special.multivariateLogGamma(x, 1), "positive")],
};

export const specialFunctions: readonly SymbolicFunction[] = Object.entries(settings).flatMap(
  ([name, all]) =>
    all.map((setting, i) => ({ ...setting, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
);
