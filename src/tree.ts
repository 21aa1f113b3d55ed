/**
 * A tree of values: nested readonly arrays and plain objects; anything else is a leaf.
 *
 * Params, layer state, optimizer state and batches are trees. Objects are traversed in the order
 * of their sorted keys, so that two trees that are equal flatten alike however they were built.
 * `undefined` is a tree without leaves.
 */
export type Tree<A> = A | readonly Tree<A>[] | { readonly [key: string]: Tree<A> } | undefined;

/** What is left of a tree when its leaves are taken out. */
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

/** The leaves in traversal order, and the structure that held them. */
export const flatten = (
  tree: unknown,
): { readonly leaves: readonly unknown[]; readonly shape: TreeShape } => {
  const leaves: unknown[] = [];
  const walk = (t: unknown): TreeShape => {
    if (t === undefined) return none;
    if (Array.isArray(t)) return { kind: "array", items: t.map(walk) };
    if (isPlainObject(t)) {
      const keys = Object.keys(t).sort();
      return { kind: "object", keys, items: keys.map((k) => walk(t[k])) };
    }
    leaves.push(t);
    return leaf;
  };
  const shape = walk(tree);
  return { leaves, shape };
};

/** The inverse of `flatten`. */
export const unflatten = (shape: TreeShape, leaves: readonly unknown[]): unknown => {
  let next = 0;
  const build = (s: TreeShape): unknown => {
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

/** A structure in words, with a dot for each leaf: `{bias: ·, weight: ·}`. */
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

/** The path of every leaf, in traversal order: `["layers", "0", "weight"]`. */
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
