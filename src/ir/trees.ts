import { InvalidArgument } from "../errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  type Flat,
  flatten,
  leafPaths,
  leavesLike,
  type Tree,
  type TreeShape,
  unflatten,
} from "../tree.ts";
import { parameter } from "./build.ts";
import { Expr } from "./expr.ts";
import { lift } from "./ops/promote.ts";
import { type Traced, trace } from "./trace.ts";

/** Trees of tensors, and the trees of expressions that stand for them in programs. */

/** A tree of expressions: what a symbolic function takes and returns. */
export type Exprs = Tree<Expr>;

/** `To` for a tree of any structure; `unknown` and `any` stay as they are. */
type Any<T, To> = unknown extends T ? T : To;

/** A tree of tensors with each tensor replaced by an expression of the same shape: what a program sees. */
export type Symbolic<T> = Tree<Tensor> extends T ? Any<T, Exprs> : SymbolicLeaves<T>;
type SymbolicLeaves<T> =
  T extends Tensor<infer S>
    ? Expr<S>
    : T extends object
      ? { readonly [K in keyof T]: Symbolic<T[K]> }
      : T;

/** A tree of expressions as the tree of tensors that it stands for. */
export type Concrete<T> = Exprs extends T ? Any<T, Tree<Tensor>> : ConcreteLeaves<T>;
type ConcreteLeaves<T> =
  T extends Expr<infer S extends Shape>
    ? Tensor<S>
    : T extends object
      ? { readonly [K in keyof T]: Concrete<T[K]> }
      : T;

/** The type of a tree with every leaf widened to any shape: the result of `vmap` for one example's tree. */
export type Unshaped<T> = Exprs extends T ? Any<T, Exprs> : UnshapedLeaves<T>;
type UnshapedLeaves<T> = T extends Expr
  ? Expr
  : T extends object
    ? { readonly [K in keyof T]: Unshaped<T[K]> }
    : T;

/**
 * A structure as that of a `T`, which has other leaves in the same places: expressions where there were tensors, or one
 * example's where there was a batch.
 */
export const shapeFor = <T>(shape: TreeShape): TreeShape<T> => shape as TreeShape<T>;

/** What an error calls the operation that takes a tree, and the leaf at a path of the tree. */
export interface TreeNames {
  readonly op: string;
  readonly leaf: (path: readonly string[]) => string;
}

const anyTree: TreeNames = {
  op: "a tree of tensors",
  leaf: (path) => ["the leaf", ...path].join(" "),
};

const shownOf = (x: unknown): string => {
  const text = String(x);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
};

const wrong = (
  { op, leaf }: TreeNames,
  shape: TreeShape,
  i: number,
  expected: string,
  given: unknown,
): InvalidArgument => {
  const argument = leaf(leafPaths(shape)[i] ?? []);
  return new InvalidArgument({ op, argument, expected, actual: shownOf(given) });
};

/**
 * Takes a tree of operands apart, and converts its leaves to expressions.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf is no operand.
 */
export const flattenExprs = <T>(tree: T): Flat<T, Expr> => {
  const { leaves, shape } = flatten<unknown>(tree);
  return { shape: shapeFor(shape), leaves: exprsAt(shape, leaves) };
};

const exprsAt = (shape: TreeShape, leaves: readonly unknown[]): readonly Expr[] =>
  leaves.map((leaf, i) => {
    if (leaf instanceof Expr || leaf instanceof Tensor || typeof leaf === "number")
      return lift(leaf);
    throw wrong(anyTree, shape, i, "an expression, a tensor or a number", leaf);
  });

/**
 * The expressions of a tree that must have the structure `expected`.
 *
 * **Fails with** `StructureMismatch`, thrown, with `op` as what returned the tree.
 */
export const exprsLike = (op: string, expected: TreeShape, tree: unknown): readonly Expr[] =>
  exprsAt(expected, leavesLike(op, expected, tree));

/**
 * Applies a function to every leaf of a tree of operands.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf is no operand.
 */
export const mapExprs = (f: (x: Expr) => Expr, tree: unknown): Exprs => {
  const { leaves, shape } = flattenExprs(tree);
  return unflatten(
    shape,
    leaves.map((leaf) => f(leaf)),
  );
};

/**
 * Any tree of operands as one whose type says so.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf is no operand.
 */
export const exprTree = (tree: unknown): Exprs => mapExprs((x) => x, tree);

/**
 * Takes a tree of tensors apart.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf is no tensor.
 */
export const flattenTensors = <T>(tree: T, names: TreeNames = anyTree): Flat<T, Tensor> => {
  const { leaves, shape } = flatten<unknown>(tree);
  const tensors = leaves.map((leaf, i) => {
    if (leaf instanceof Tensor) return leaf;
    throw wrong(names, shape, i, "a tensor", leaf);
  });
  return { shape: shapeFor(shape), leaves: tensors };
};

/**
 * Any tree of tensors as one whose type says so.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf is no tensor.
 */
export const tensorTree = (tree: unknown): Tree<Tensor> => {
  const { leaves, shape } = flattenTensors(tree);
  return unflatten(shape, leaves);
};

/** Builds a tree of type `T` from leaves and the structure of another `T`. The caller ensures that the leaves suit `T`. */
export const treeOf = <T>(shape: TreeShape<T>, leaves: readonly (Expr | Tensor)[]): T =>
  unflatten<unknown, Expr | Tensor>(shape, leaves) as T;

/** The expressions that stand for a tree of tensors in a program: the parameters of a function of such trees. */
export interface Symbols<T> extends Flat<Symbolic<T>, Expr> {
  readonly tree: Symbolic<T>;
}

/**
 * Makes a parameter for each tensor of a tree.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf is no tensor.
 */
export const symbolsOf = <T>(tree: T): Symbols<T> => {
  const { leaves, shape } = flattenTensors(tree);
  const parameters = leaves.map(parameter);
  const symbolic = shapeFor<Symbolic<T>>(shape);
  return { tree: treeOf(symbolic, parameters), leaves: parameters, shape: symbolic };
};

/** Traces a function of trees into a program of their leaves. `output` is the structure of its result. */
export const traceTree = <A, B>(
  f: (x: A) => B,
  inputs: Flat<A, Expr>,
  axis?: string,
): Traced & { readonly output: TreeShape<B> } => {
  let output: TreeShape<B> = { kind: "none" };
  const traced = trace(
    inputs.leaves,
    (xs) => {
      const made = flattenExprs(f(treeOf(inputs.shape, xs)));
      output = made.shape;
      return made.leaves;
    },
    axis,
  );
  return { ...traced, output };
};
