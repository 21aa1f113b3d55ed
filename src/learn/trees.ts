import type { Expr } from "../ir/expr.ts";
import { exprsLike, flattenExprs, treeOf } from "../ir/trees.ts";
import { isFloat } from "../tensor/dtype.ts";
import { nth } from "../tensor/list.ts";

/** Applies a function to every leaf of a tree of expressions, and keeps the structure. */
export const eachLeaf = <T>(f: (leaf: Expr) => Expr, tree: T): T => {
  const { leaves, shape } = flattenExprs(tree);
  return treeOf<T>(shape, leaves.map(f));
};

/**
 * Applies a function to the corresponding float leaves of two trees of one structure. Other leaves come from the second
 * tree.
 */
export const bothLeaves = <T>(f: (a: Expr, b: Expr) => Expr, first: T, second: T): T => {
  const { leaves, shape } = flattenExprs(first);
  const others = exprsLike("the second of two trees", shape, second);
  return treeOf<T>(
    shape,
    leaves.map((a, i) => {
      const b = nth(others, i);
      return isFloat(a.dtype) ? f(a, b) : b;
    }),
  );
};
