import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import { abs, add, lt, mul } from "../ir/ops/elementwise.ts";
import { zeros } from "../tensor/constructors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { map, type Tree } from "../tree.ts";

/** Below this a mean gradient moves nothing: its square root is still far below any epsilon. */
const negligible = 1e-32;

/**
 * The number, or 0 where it is negligible.
 *
 * A mean that decays by a factor ends at the least denormal number, which times the factor rounds to
 * itself: the params of a unit that is never active again would stay there, and arithmetic with
 * denormals takes tens of times as long.
 */
export const flushed = (x: Expr): Expr => where(lt(abs(x), negligible), 0, x);

/** A mean that forgets: `kept · old + (1 - kept) · now`. */
export const averaged = (kept: number, old: Expr, now: Expr): Expr =>
  flushed(add(mul(old, kept), mul(now, 1 - kept)));

/** A mean of squares that forgets: `kept · old + (1 - kept) · x²`, in PyTorch's order of rounding. */
export const averagedSquare = (kept: number, old: Expr, x: Expr): Expr =>
  flushed(add(mul(old, kept), mul(mul(x, 1 - kept), x)));

/** What decays and is added to: `kept · old + now`. */
export const accumulated = (kept: number, old: Expr, now: Expr): Expr =>
  flushed(add(mul(old, kept), now));

/** Zeros of the shapes and dtypes of a tree of tensors: how moments start. */
export const zerosOf = (params: Tree<Tensor>): Tree<Tensor> =>
  map((t) => zeros(t.shape, t.dtype), params);
