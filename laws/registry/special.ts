import type { Expr } from "../../src/ir/expr.ts";
import { abs, exp, logistic, mul } from "../../src/ir/ops/elementwise.ts";
import * as special from "../../src/special/index.ts";
import { positive, real, tensors, unkinked } from "../domain.ts";
import type { SymbolicFunction } from "../symbolic.ts";

const domains = { positive, real, unkinked } as const;
const on = (
  f: (x: Expr) => Expr,
  elements: keyof typeof domains,
): Omit<SymbolicFunction, "name"> => ({
  operands: [tensors([3], domains[elements])],
  apply: ([x]) => [f(x as Expr)],
});

/** A function where its arguments are large. */
const far =
  (f: (x: Expr) => Expr) =>
  (x: Expr): Expr =>
    f(mul(x, 20) as Expr);

/** Every special function, in several settings: one that is not here does not compile. */
const settings: {
  readonly [Name in keyof typeof special]: readonly Omit<SymbolicFunction, "name">[];
} = {
  besselI0: [on(special.besselI0, "real"), on(far(special.besselI0), "unkinked")],
  besselI1: [on(special.besselI1, "real"), on(far(special.besselI1), "unkinked")],
  besselI0Scaled: [
    on(special.besselI0Scaled, "unkinked"),
    on(far(special.besselI0Scaled), "unkinked"),
  ],
  besselI1Scaled: [on(special.besselI1Scaled, "real"), on(far(special.besselI1Scaled), "unkinked")],
  erfc: [on(special.erfc, "real")],
  erfcx: [on(special.erfcx, "real")],
  normalCdf: [on(special.normalCdf, "real")],
  logNormalCdf: [on(special.logNormalCdf, "real")],
  normalQuantile: [
    on((x) => special.normalQuantile(logistic(x) as Expr), "real"),
    on((x) => special.normalQuantile(exp(mul(abs(x) as Expr, -40) as Expr) as Expr), "unkinked"),
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
