import { InvalidArgument } from "../errors.ts";
import type { TensorType } from "../ir/expr.ts";
import { flattenTensors } from "../ir/trees.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Flat, leafPaths, sameTreeShape, showTreeShape, type TreeShape } from "../tree.ts";
import { firstMismatch } from "./check.ts";

/** Converts trees of tensors to the leaves that a program takes. Errors name the argument and the path in its tree. */

/** The name of the `i`-th argument. */
export type NameOf = (i: number) => string;

const numbered: NameOf = (i) => `argument ${i + 1}`;

const nameOf = ([first = "0", ...path]: readonly string[], names: NameOf): string =>
  [names(Number(first)), ...(path.length === 0 ? [] : [path.join(".")])].join(" at ");

const wrong = (op: string, argument: string, expected: string, actual: string): InvalidArgument =>
  new InvalidArgument({ op, argument, expected, actual });

/**
 * The leaves of arguments, which must be tensors.
 *
 * **Fails with** `InvalidArgument`, thrown, where a leaf is none.
 */
export const tensorsOf = <T extends readonly unknown[]>(
  op: string,
  args: T,
  names: NameOf = numbered,
): Flat<T, Tensor> => flattenTensors(args, { op, leaf: (path) => nameOf(path, names) });

interface Difference {
  readonly path: readonly string[];
  readonly expected: string;
  readonly actual: string;
}

const itemsOf = (shape: TreeShape): readonly TreeShape[] =>
  shape.kind === "array" || shape.kind === "object" ? shape.items : [];
const keysOf = (shape: TreeShape): readonly string[] =>
  shape.kind === "object" ? shape.keys : itemsOf(shape).map((_, i) => String(i));

/** The outermost difference between two structures. */
const difference = (
  expected: TreeShape,
  actual: TreeShape,
  path: readonly string[] = [],
): Difference | undefined => {
  const [keys, others] = [keysOf(expected), keysOf(actual)];
  const alike =
    expected.kind === actual.kind &&
    keys.length === others.length &&
    keys.every((key, i) => key === others[i]);
  if (!alike) return { path, expected: showTreeShape(expected), actual: showTreeShape(actual) };
  for (const [i, item] of itemsOf(expected).entries()) {
    const other = itemsOf(actual)[i] as TreeShape;
    const found = difference(item, other, [...path, keys[i] as string]);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The arguments of a compiled function: their structure, and the type of each leaf. */
export interface Signature {
  readonly shape: TreeShape;
  readonly types: readonly TensorType[];
}

/**
 * The leaves of arguments that have the structure and the types of a signature.
 *
 * **Fails with** `InvalidArgument`, thrown, where the structure differs or a leaf is not a tensor; `ShapeMismatch` and
 * `DtypeMismatch`, thrown, where a tensor has another type. Each names the argument.
 */
export const leavesLike = (
  op: string,
  { shape, types }: Signature,
  args: readonly unknown[],
  names: NameOf = numbered,
): readonly Tensor[] => {
  const given = tensorsOf(op, args, names);
  const found = sameTreeShape(shape, given.shape) ? undefined : difference(shape, given.shape);
  if (found !== undefined) {
    const { path, expected, actual } = found;
    const argument = path.length === 0 ? "the list of arguments" : nameOf(path, names);
    throw wrong(op, argument, `${expected}, each · a tensor`, actual);
  }
  const nameAt = (i: number): string => nameOf(leafPaths(shape)[i] ?? [], names);
  const issue = firstMismatch(nameAt, types, given.leaves);
  if (issue !== undefined) throw issue;
  return given.leaves;
};
