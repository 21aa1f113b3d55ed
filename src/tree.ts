/** Trees of values: map, zip, leaves and paths. */

import { StructureMismatch } from "./errors.ts";

/**
 * A tree of values: nested readonly arrays and plain objects; anything else is a leaf.
 *
 * Params, layer state, optimizer state and batches are trees. Objects are traversed in the order
 * of their sorted keys, so that two trees that are equal flatten alike however they were built.
 * `undefined` is a tree without leaves.
 */
export type Tree<A> = A | readonly Tree<A>[] | { readonly [key: string]: Tree<A> } | undefined;

/** Types that are leaves whatever they hold: values without fields, and expressions. */
type Atom =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | ((...args: never) => unknown)
  | { readonly shape: readonly number[]; readonly dtype: string };

/** The levels of named object types that {@link LeafOf} looks into, so that a type within itself has an end. */
type Deeper = readonly [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/**
 * The type of the leaves of a tree of type `T`. An object type with methods is that of a class, and so a leaf.
 */
export type LeafOf<T> = LeafAt<T, 0>;
type LeafAt<T, D extends number> = unknown extends T
  ? T
  : [T] extends [Tree<infer A>]
    ? LeafWithin<A, D>
    : never;
// An interface is no `Tree`, since others may add fields to it, and so is found here.
type LeafWithin<A, D extends number> = A extends Atom | undefined
  ? Exclude<A, undefined>
  : A extends readonly (infer Item)[]
    ? LeafAt<Item, D>
    : Extract<A[keyof A], (...args: never) => unknown> extends never
      ? Deeper[D] extends number
        ? LeafAt<A[keyof A], Deeper[D]>
        : never
      : A;

/** The type of a tree of type `T` with a `B` for each leaf: what {@link map} returns. */
export type LeafMap<T, B> = Tree<LeafOf<T>> extends T ? Tree<B> : LeavesMapped<T, B>;
type LeavesMapped<T, B> = T extends undefined
  ? T
  : T extends LeafOf<T>
    ? B
    : { readonly [K in keyof T]: LeafMap<T[K], B> };

type Structure =
  | { readonly kind: "leaf" }
  | { readonly kind: "none" }
  | { readonly kind: "array"; readonly items: readonly TreeShape[] }
  | {
      readonly kind: "object";
      readonly keys: readonly string[];
      readonly items: readonly TreeShape[];
    };

declare const ofTree: unique symbol;

/**
 * The structure of a tree: its arrays and objects, with a place for each leaf. The type remembers the type of the tree
 * that the structure was taken from.
 */
export type TreeShape<T = unknown> = Structure & { readonly [ofTree]?: T };

const leaf: TreeShape = { kind: "leaf" };
const none: TreeShape = { kind: "none" };

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** A tree taken apart: its leaves in traversal order, and its structure. */
export interface Flat<T, A = LeafOf<T>> {
  readonly leaves: readonly A[];
  readonly shape: TreeShape<T>;
}

/**
 * Takes a tree apart, into its leaves in traversal order and its structure.
 *
 * @example
 * ```ts
 * import { flatten } from "fluxion/tree";
 * flatten({ weight: 1, bias: [2, 3] }).leaves // => [2, 3, 1]
 * ```
 */
export const flatten = <T>(tree: T): Flat<T> => {
  const leaves: LeafOf<T>[] = [];
  const walk = (t: unknown): TreeShape => {
    if (t === undefined) return none;
    if (Array.isArray(t)) return { kind: "array", items: t.map(walk) };
    if (isPlainObject(t)) {
      const keys = Object.keys(t).sort();
      return { kind: "object", keys, items: keys.map((k) => walk(t[k])) };
    }
    // Anything but an array, a plain object and `undefined` is a leaf of the tree.
    leaves.push(t as LeafOf<T>);
    return leaf;
  };
  // It was taken from a T.
  return { leaves, shape: walk(tree) as TreeShape<T> };
};

/** Puts a tree together from its structure and its leaves in traversal order: the inverse of {@link flatten}. */
export const unflatten = <T, B>(shape: TreeShape<T>, leaves: readonly B[]): LeafMap<T, B> => {
  let next = 0;
  const build = (s: TreeShape): Tree<B> => {
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
  // The structure of a T, with a B in the place of each leaf.
  return build(shape) as LeafMap<T, B>;
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

/**
 * The leaves of a tree, in traversal order.
 *
 * @example
 * ```ts
 * import { leaves } from "fluxion/tree";
 * leaves({ weight: 1, bias: [2, 3] }) // => [2, 3, 1]
 * ```
 */
export const leaves = <T>(tree: T): readonly LeafOf<T>[] => flatten(tree).leaves;

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
 * map((x) => 2 * x, { weight: 1, bias: [2, 3] }) // => { bias: [4, 6], weight: 2 }
 * ```
 */
export const map = <T, B>(f: (leaf: LeafOf<T>) => B, tree: T): LeafMap<T, B> => {
  const { leaves, shape } = flatten(tree);
  return unflatten(
    shape,
    leaves.map((leaf) => f(leaf)),
  );
};

/** The structure of a tree where another one is wanted: what {@link zip} and others report. */
const mismatch = (op: string, expected: TreeShape, actual: TreeShape): StructureMismatch =>
  new StructureMismatch({
    op,
    expected: showTreeShape(expected),
    actual: showTreeShape(actual),
  });

/**
 * The leaves of a tree that must have the structure `expected`: leaves alone do not tell `{ a, b }` from
 * `[b, a]`.
 *
 * **Fails with** `StructureMismatch`, thrown, with `op` as what returned the tree.
 */
export const leavesLike = <T>(op: string, expected: TreeShape, tree: T): readonly LeafOf<T>[] => {
  const { leaves, shape } = flatten(tree);
  if (sameTreeShape(expected, shape)) return leaves;
  throw mismatch(op, expected, shape);
};

/**
 * Applies a function to corresponding leaves of trees with one structure, and keeps the structure.
 *
 * **Fails with** `StructureMismatch`, thrown if the trees differ in structure.
 *
 * @example
 * ```ts
 * import { zip } from "fluxion/tree";
 * zip((x, y) => x + y, { a: 1, b: [2] }, { a: 10, b: [20] }) // => { a: 11, b: [22] }
 * ```
 */
export const zip = <T, U extends readonly unknown[], B>(
  f: (leaf: LeafOf<T>, ...others: { readonly [K in keyof U]: LeafOf<U[K]> }) => B,
  first: T,
  ...rest: U
): LeafMap<T, B> => {
  const { leaves, shape } = flatten(first);
  const columns = rest.map((tree) => leavesLike("zip", shape, tree));
  return unflatten(
    shape,
    leaves.map((leaf, i) => {
      // Trees of one structure have as many leaves: these are one of each tree.
      const others = columns.map((column) => column[i]) as readonly unknown[];
      return f(leaf, ...(others as { readonly [K in keyof U]: LeafOf<U[K]> }));
    }),
  );
};
