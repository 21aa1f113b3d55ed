import type { Expr } from "../ir/expr.ts";
import { flattenExprs, treeOf } from "../ir/trees.ts";
import { isFloat } from "../tensor/dtype.ts";

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
  const others = flattenExprs(second).leaves;
  return treeOf<T>(
    shape,
    leaves.map((a, i) => {
      // Trees of one structure have the same number of leaves.
      const b = others[i] as Expr;
      return isFloat(a.dtype) ? f(a, b) : b;
    }),
  );
};
