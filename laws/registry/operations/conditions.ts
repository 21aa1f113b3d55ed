import * as fc from "fast-check";
import { cond, scan } from "../../../src/autodiff/control.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import {
  div,
  exp,
  gt,
  log,
  lt,
  mul,
  neg,
  pow,
  sqrt,
  sub,
} from "../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { zeros } from "../../../src/tensor/constructors.ts";
import { tensors } from "../../domain.ts";
import type { SymbolicFunction } from "../../symbolic.ts";

type F = (x: Expr) => Expr;

const elements = fc.constantFrom(0, -0, 1, -1, 4, -0.25, 1e3);
const choose =
  (taken: (x: Expr) => Expr, yes: F, no: F): F =>
  (x) =>
    cond(taken(x) as Expr as Expr<readonly []>, yes, no, x);

const isPositive: F = (x) => gt(x, 0);
const root: F = (x) => sqrt(x);
const flat: F = (x) => mul(x, 0);
const turned: F = (x) => neg(x);

const conditional = (name: string, f: F): SymbolicFunction => ({
  name,
  operands: [tensors([], elements)],
  apply: ([x]) => [f(x as Expr)],
});

/** Conditionals in which the branch not taken has an infinite or NaN derivative. */
export const conditionalFunctions: readonly SymbolicFunction[] = [
  conditional("a root or nothing", choose(isPositive, root, flat)),
  conditional(
    "a logarithm or a line",
    choose(isPositive, (x) => log(x), turned),
  ),
  conditional(
    "a quotient or 0",
    choose(
      (x) => gt(mul(x, x), 0),
      (x) => div(1, x),
      flat,
    ),
  ),
  conditional(
    "a power or an exponential",
    choose(
      isPositive,
      (x) => pow(x, 0.5),
      (x) => exp(mul(x, 500)),
    ),
  ),
  conditional(
    "one choice within another",
    choose(
      isPositive,
      choose(
        (x) => lt(x, 2),
        (x) => sqrt(sub(2, x)),
        root,
      ),
      flat,
    ),
  ),
  conditional(
    "a choice in each step of a loop",
    (x) =>
      scan(
        (c: Expr, _: Expr) => [choose(isPositive, root, flat)(c), c] as const,
        x,
        constant(zeros([2])),
      )[0],
  ),
  {
    name: "a choice of vectors",
    operands: [tensors([], elements), tensors([2], fc.constantFrom(1, -1, 4, -0.25))],
    apply: ([p, x]) => [
      cond(
        gt(p as Expr, 0) as Expr as Expr<readonly []>,
        (y: Expr) => sum(sqrt(y)),
        (y: Expr) => sum(mul(y, 0)),
        x as Expr,
      ),
    ],
  },
];
