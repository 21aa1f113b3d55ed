import type { Exprs } from "../autodiff/index.ts";
import type { Expr } from "../ir/expr.ts";
import { zeros } from "../tensor/constructors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten, type Tree, unflatten } from "../tree.ts";

export type { Exprs };

/** The expressions of a tree, in order. */
export const leavesOf = (tree: Exprs): readonly Expr[] =>
  // A tree's leaves are what it is a tree of.
  flatten(tree).leaves as readonly Expr[];

/** The tree shaped like `like` with the given leaves. */
export const shapedLike = (like: Exprs, leaves: readonly Expr[]): Exprs =>
  // As many leaves as `like` has, of the type that `Exprs` is a tree of.
  unflatten(flatten(like).shape, leaves) as Exprs;

/** A function of corresponding leaves, over the shape of the first tree. */
export const zipTrees = (
  f: (...leaves: readonly Expr[]) => Expr,
  first: Exprs,
  ...rest: readonly Exprs[]
): Exprs => {
  const others = rest.map(leavesOf);
  return shapedLike(
    first,
    leavesOf(first).map((x, i) => f(x, ...others.map((leaves) => leaves[i] as Expr))),
  );
};

/** Zeros shaped like a tree of tensors: how moments begin. */
export const zerosOf = (params: Tree<Tensor>): Tree<Tensor> => {
  const { leaves, shape } = flatten(params);
  // As for `leavesOf` and `shapedLike`.
  const tensors = leaves as readonly Tensor[];
  return unflatten(
    shape,
    tensors.map((t) => zeros(t.shape, t.dtype)),
  ) as Tree<Tensor>;
};
