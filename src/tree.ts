import { StructureMismatch } from "./errors.ts";

/**
 * A tree of values: nested readonly arrays and plain objects; anything else is a leaf.
 *
 * Params, layer state, optimizer state and batches are trees. Objects are traversed in the order
 * of their sorted keys, so that two trees that are equal flatten alike however they were built.
 * `undefined` is a tree without leaves.
 */
export type Tree<A> = A | readonly Tree<A>[] | { readonly [key: string]: Tree<A> } | undefined;

/** The structure of a tree: its arrays and objects, with a place for each leaf. */
export type TreeShape =
  | { readonly kind: "leaf" }
  | { readonly kind: "none" }
  | { readonly kind: "array"; readonly items: readonly TreeShape[] }
  | {
      readonly kind: "object";
      readonly keys: readonly string[];
      readonly items: readonly TreeShape[];
    };

const leaf: TreeShape = { kind: "leaf" };
const none: TreeShape = { kind: "none" };

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Takes a tree apart, into its leaves in traversal order and its structure. */
export const flatten = <A>(
  tree: Tree<A>,
): { readonly leaves: readonly A[]; readonly shape: TreeShape } => {
  const leaves: A[] = [];
  const walk = (t: unknown): TreeShape => {
    if (t === undefined) return none;
    if (Array.isArray(t)) return { kind: "array", items: t.map(walk) };
    if (isPlainObject(t)) {
      const keys = Object.keys(t).sort();
      return { kind: "object", keys, items: keys.map((k) => walk(t[k])) };
    }
    // What is no array, no plain object and not undefined is a leaf of the tree.
    leaves.push(t as A);
    return leaf;
  };
  const shape = walk(tree);
  return { leaves, shape };
};

/** Puts a tree together from its structure and its leaves in traversal order: the inverse of {@link flatten}. */
export const unflatten = <A>(shape: TreeShape, leaves: readonly A[]): Tree<A> => {
  let next = 0;
  const build = (s: TreeShape): Tree<A> => {
    switch (s.kind) {
      case "leaf":
        return leaves[next++];
      case "none":
        return undefined;
      case "array":
        return s.items.map(build);
      case "object":
        return Object.fromEntries(s.items.map((item, i) => [s.keys[i] as string, build(item)]));
    }
  };
  return build(shape);
};

/** Whether two structures are equal. */
export const sameTreeShape = (a: TreeShape, b: TreeShape): boolean => {
  if (a.kind !== b.kind) return false;
  if (a.kind === "array" && b.kind === "array")
    return (
      a.items.length === b.items.length &&
      a.items.every((x, i) => sameTreeShape(x, b.items[i] as TreeShape))
    );
  if (a.kind === "object" && b.kind === "object")
    return (
      a.keys.length === b.keys.length &&
      a.keys.every((k, i) => k === b.keys[i]) &&
      a.items.every((x, i) => sameTreeShape(x, b.items[i] as TreeShape))
    );
  return true;
};

/** Formats a structure as text, with a dot for each leaf: `{bias: ·, weight: ·}`. */
export const showTreeShape = (shape: TreeShape): string => {
  switch (shape.kind) {
    case "leaf":
      return "·";
    case "none":
      return "nothing";
    case "array":
      return `[${shape.items.map(showTreeShape).join(", ")}]`;
    case "object":
      return `{${shape.items.map((item, i) => `${shape.keys[i]}: ${showTreeShape(item)}`).join(", ")}}`;
  }
};

/** The path of every leaf of a structure, in traversal order: `["layers", "0", "weight"]`. */
export const leafPaths = (shape: TreeShape): readonly (readonly string[])[] => {
  switch (shape.kind) {
    case "leaf":
      return [[]];
    case "none":
      return [];
    case "array":
      return shape.items.flatMap((item, i) => leafPaths(item).map((p) => [String(i), ...p]));
    case "object":
      return shape.items.flatMap((item, i) =>
        leafPaths(item).map((p) => [shape.keys[i] as string, ...p]),
      );
  }
};

/** The leaves of a tree, in traversal order. */
export const leaves = <A>(tree: Tree<A>): readonly A[] => flatten(tree).leaves;

/**
 * The path of every leaf of a tree, in traversal order.
 *
 * @example
 * ```ts
 * import { paths } from "fluxion/tree";
 * paths({ layers: [{ weight: 1, bias: 2 }], scale: 3 }).map((path) => path.join(".")) // => ["layers.0.bias", "layers.0.weight", "scale"]
 * ```
 */
export const paths = (tree: unknown): readonly (readonly string[])[] =>
  leafPaths(flatten(tree).shape);

/**
 * Applies a function to every leaf of a tree, and keeps the structure.
 *
 * @example
 * ```ts
 * import { map } from "fluxion/tree";
 * map((x: number) => 2 * x, { weight: 1, bias: [2, 3] }) // => { bias: [4, 6], weight: 2 }
 * ```
 */
export const map = <A, B>(f: (leaf: A) => B, tree: Tree<A>): Tree<B> => {
  const flat = flatten(tree);
  return unflatten(
    flat.shape,
    flat.leaves.map((leaf) => f(leaf)),
  );
};

/**
 * Applies a function to corresponding leaves of trees with one structure, and keeps the structure.
 *
 * **Fails with** `StructureMismatch`, thrown if the trees differ in structure.
 *
 * @example
 * ```ts
 * import { zip } from "fluxion/tree";
 * zip((x: number, y: number) => x + y, { a: 1, b: [2] }, { a: 10, b: [20] }) // => { a: 11, b: [22] }
 * ```
 */
export const zip = <A, B>(
  f: (...leaves: readonly A[]) => B,
  first: Tree<A>,
  ...rest: readonly Tree<A>[]
): Tree<B> => {
  const { leaves, shape } = flatten(first);
  const others = rest.map((tree) => {
    const other = flatten(tree);
    if (sameTreeShape(shape, other.shape)) return other.leaves;
    throw new StructureMismatch({
      op: "zip",
      expected: showTreeShape(shape),
      actual: showTreeShape(other.shape),
    });
  });
  // Trees of one structure have as many leaves.
  return unflatten(
    shape,
    leaves.map((leaf, i) => f(leaf, ...others.map((column) => column[i] as A))),
  );
};
