import { StructureMismatch } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { lift } from "../ir/ops/promote.ts";
import { type Traced, trace } from "../ir/trace.ts";
import type { Operand } from "../ir/types/shape.ts";
import {
  flatten,
  sameTreeShape,
  showTreeShape,
  type Tree,
  type TreeShape,
  unflatten,
} from "../tree.ts";

/** A tree of expressions: what a symbolic function takes and returns. */
export type Exprs = Tree<Expr>;

/** The leaves of a tree of operands as expressions, and its structure. */
export const leavesOf = (
  tree: unknown,
): { readonly leaves: readonly Expr[]; readonly shape: TreeShape } => {
  const { leaves, shape } = flatten(tree);
  // A symbolic function takes and returns operands: that is what its type says.
  return { leaves: leaves.map((x) => lift(x as Operand)), shape };
};

/**
 * The leaves of a tree that must have the structure `expected`: leaves alone do not tell `{ a, b }` from
 * `[b, a]`.
 *
 * **Fails with** `StructureMismatch`, thrown, with `op` as what returned the tree.
 */
export const leavesLike = (op: string, expected: TreeShape, tree: unknown): readonly Expr[] => {
  const { leaves, shape } = leavesOf(tree);
  if (sameTreeShape(expected, shape)) return leaves;
  throw new StructureMismatch({
    op,
    expected: showTreeShape(expected),
    actual: showTreeShape(shape),
  });
};

/** The tree of type `A` whose structure `shape` was taken from an `A`. */
export const treeOf = <A>(shape: TreeShape, leaves: readonly Expr[]): A =>
  unflatten(shape, leaves) as A;

/** A function of trees as a program of its leaves; `output` is the structure of what it returns. */
export const traceTree = <A, B>(
  f: (x: A) => B,
  inputs: { readonly leaves: readonly Expr[]; readonly shape: TreeShape },
  axis?: string,
): Traced & { readonly output: TreeShape } => {
  let output: TreeShape = { kind: "none" };
  const traced = trace(
    inputs.leaves,
    (xs) => {
      const made = leavesOf(f(treeOf<A>(inputs.shape, xs)));
      output = made.shape;
      return made.leaves;
    },
    axis,
  );
  return { ...traced, output };
};
