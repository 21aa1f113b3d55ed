import type { Expr, Program } from "../ir/expr.ts";
import { orZero } from "./make.ts";
import type { Derive, Maybe } from "./rule.ts";

/** Lists of values that only some operands have, such as tangents and cotangents of an inner program's operands. */

/** The `x`s that `keep` marks. */
export const marked = <A>(xs: readonly A[], keep: readonly boolean[]): readonly A[] =>
  xs.filter((_, i) => keep[i]);

/** The inverse of {@link marked}: puts values back at the marked positions, and `undefined` elsewhere. */
export const spreadOut = (values: readonly Expr[], keep: readonly boolean[]): readonly Maybe[] => {
  const rest = [...values];
  return keep.map((k) => (k ? rest.shift() : undefined));
};

export const some = <A>(t: A | undefined): t is A => t !== undefined;

/** The smallest set of carries that contains `start` and is closed under `grow`. */
export const settle = (
  start: readonly boolean[],
  grow: (active: readonly boolean[]) => readonly boolean[],
): readonly boolean[] => {
  const next = grow(start).map((g, i) => g || start[i] === true);
  return next.every((n, i) => n === start[i]) ? start : settle(next, grow);
};

/** A program's pullback as one function of primals and cotangents, for the active operands. */
export const pullInside = (
  derive: Derive,
  program: Program,
  active: readonly boolean[],
  given: readonly boolean[],
) => {
  const count = active.length;
  return (xs: readonly Expr[]): readonly Expr[] => {
    const primals = xs.slice(0, count);
    const cts = derive.vjp(program, primals, active).pullback(spreadOut(xs.slice(count), given));
    return marked(
      primals.map((x, i) => orZero(cts[i], x)),
      active,
    );
  };
};
