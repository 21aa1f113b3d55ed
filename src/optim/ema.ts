import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import { abs, add, lt, mul } from "../ir/ops/elementwise.ts";
import { zeros } from "../tensor/constructors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { map, type Tree, zip } from "../tree.ts";

/** A mean below this moves no parameter: even its square root is far below any epsilon. */
const negligible = 1e-32;

/**
 * Replaces negligible numbers by 0.
 *
 * A decaying mean would otherwise stop at the smallest subnormal number, because that times the decay
 * rounds to itself. Units that are never active again reach it, and arithmetic with subnormal numbers is
 * tens of times slower.
 */
export const flushed = (x: Expr): Expr => where(lt(abs(x), negligible), 0, x);

/** A coefficient of updates: a number, or a scalar in the program, such as a hyper-parameter in the state. */
export type Coefficient = number | Expr;

/** An expression times a coefficient, which is rounded to its dtype. */
export const by = (x: Expr, c: Coefficient): Expr =>
  typeof c === "number" ? mul(x, c) : mul(x, cast(c, x.dtype));

/** An exponential moving average: `kept · old + (1 - kept) · now`. */
export const averaged = (kept: number, old: Expr, now: Expr): Expr =>
  flushed(add(mul(old, kept), mul(now, 1 - kept)));

/** An exponential moving average of squares: `kept · old + (1 - kept) · x²`, rounded in PyTorch's order. */
export const averagedSquare = (kept: number, old: Expr, x: Expr): Expr =>
  flushed(add(mul(old, kept), mul(mul(x, 1 - kept), x)));

/** A decaying sum: `kept · old + now`. */
export const accumulated = (kept: Coefficient, old: Expr, now: Expr): Expr =>
  flushed(add(by(old, kept), now));

/** Zeros of the shapes and dtypes of a tree of tensors: how moments start. */
export const zerosOf = (params: Tree<Tensor>): Tree<Tensor> =>
  map((t) => zeros(t.shape, t.dtype), params);

/** One of two trees by a condition. */
export const choose = (condition: Expr, yes: Tree<Expr>, no: Tree<Expr>): Tree<Expr> =>
  zip((a, b) => where(condition, a, b), yes, no);
