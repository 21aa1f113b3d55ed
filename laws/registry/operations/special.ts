import type { Expr } from "../../../src/ir/expr.ts";
import { abs, exp, logistic, mul } from "../../../src/ir/ops/elementwise.ts";
import * as special from "../../../src/special/index.ts";
import { positive, real, tensors, unkinked } from "../../domain.ts";
import type { SymbolicFunction } from "../../symbolic.ts";

const domains = { positive, real, unkinked } as const;
const on = (
  f: (x: Expr) => Expr,
  elements: keyof typeof domains,
): Omit<SymbolicFunction, "name"> => ({
  operands: [tensors([3], domains[elements])],
  apply: ([x]) => [f(x as Expr)],
});

/** A function at large arguments. */
const far =
  (f: (x: Expr) => Expr) =>
  (x: Expr): Expr =>
    f(mul(x, 20));

/** Every special function, in several settings. A missing one does not compile. */
const settings: {
  readonly [Name in keyof typeof special]: readonly Omit<SymbolicFunction, "name">[];
} = {
  i0: [on(special.i0, "real"), on(far(special.i0), "unkinked")],
  i1: [on(special.i1, "real"), on(far(special.i1), "unkinked")],
  i0e: [on(special.i0e, "unkinked"), on(far(special.i0e), "unkinked")],
  i1e: [on(special.i1e, "real"), on(far(special.i1e), "unkinked")],
  erfc: [on(special.erfc, "real")],
  erfcx: [on(special.erfcx, "real")],
  ndtr: [on(special.ndtr, "real")],
  logNdtr: [on(special.logNdtr, "real")],
  ndtri: [
    on((x) => special.ndtri(logistic(x)), "real"),
    on((x) => special.ndtri(exp(mul(abs(x), -40))), "unkinked"),
  ],
  logGamma: [
    on(special.logGamma, "positive"),
    on(special.logGamma, "unkinked"),
    on(far(special.logGamma), "positive"),
  ],
  digamma: [on(special.digamma, "positive"), on(special.digamma, "unkinked")],
  polygamma: [1, 2].flatMap((n) => [
    on((x) => special.polygamma(n, x), "positive"),
    on((x) => special.polygamma(n, x), "unkinked"),
  ]),
  multivariateLogGamma: [on((x) => special.multivariateLogGamma(x, 1), "positive")],
};

export const specialFunctions: readonly SymbolicFunction[] = Object.entries(settings).flatMap(
  ([name, all]) =>
    all.map((setting, i) => ({ ...setting, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
);
