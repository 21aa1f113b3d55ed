import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeWith, pathOf } from "../../codec/decode.ts";
import { jsonNumber } from "../../codec/number.ts";
import { type TreeJson, treeCodecWith } from "../../codec/tensor.ts";
import { DecodeError } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";
import type { Safetensors } from "./content.ts";

/** Trees of tensors and numbers in safetensors files: tensors by the names of their paths, and the structure as JSON. */

/** The structure of a tree as JSON: `true` for a tensor, the number for a number, and `null` for a tree without leaves. */
export type TreeStructure = TreeJson<true | number | string>;

/** A tree taken apart: its tensors by name, and what puts them together again. */
export interface NamedTree {
  readonly tensors: Safetensors["tensors"];
  readonly structure: TreeStructure;
}

/**
 * The name of the tensor at a path, as other tools write it: `params.0.weight`. A dot within a key gets a backslash,
 * so that no two paths have one name.
 */
const nameOf = (path: readonly string[]): string =>
  path.map((key) => key.replaceAll(/[\\.]/g, "\\$&")).join(".");

const isItems = <L>(tree: Tree<L>): tree is readonly Tree<L>[] => Array.isArray(tree);

/** Takes a tree apart, into named tensors and its structure. */
export const namedTree = (tree: Tree<Tensor | number>): NamedTree => {
  const named: (readonly [name: string, tensor: Tensor])[] = [];
  const structureOf = (below: Tree<Tensor | number>, path: readonly string[]): TreeStructure => {
    if (below === undefined) return null;
    if (typeof below === "number") return jsonNumber.encode(below);
    if (below instanceof Tensor) {
      named.push([nameOf(path), below]);
      return true;
    }
    return isItems(below)
      ? below.map((child, i) => structureOf(child, [...path, String(i)]))
      : Object.fromEntries(
          Object.entries(below).map(([key, child]) => [key, structureOf(child, [...path, key])]),
        );
  };
  const structure = structureOf(tree, []);
  return { tensors: Object.fromEntries(named), structure };
};

const isLeafJson = (input: unknown): boolean =>
  input === true || typeof input === "number" || typeof input === "string";

/**
 * Puts a tree together again: the inverse of {@link namedTree}. `where` names the input in errors.
 *
 * **Fails with** `DecodeError`, where the structure names a tensor that is not there, or there is one that it does
 * not name.
 */
export const treeFrom = (
  { tensors, structure }: Pick<NamedTree, "tensors"> & { readonly structure: unknown },
  where: string,
): Effect.Effect<Tree<Tensor | number>, DecodeError> => {
  const taken = new Set<string>();
  const leaf = new t.Type<Tensor | number, true | number | string>(
    "a tensor or a number",
    (value): value is Tensor | number => value instanceof Tensor || typeof value === "number",
    (input, context) => {
      if (input !== true) return jsonNumber.validate(input, context);
      const name = nameOf(pathOf(context));
      const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (tensor === undefined) return t.failure(input, context, `a tensor named "${name}"`);
      taken.add(name);
      return t.success(tensor);
    },
    (value) => (value instanceof Tensor ? true : jsonNumber.encode(value)),
  );
  const codec = treeCodecWith("a tree of tensors and numbers", leaf, isLeafJson);
  return Effect.flatMap(decodeWith(codec, structure, where), (tree) => {
    const spare = Object.keys(tensors).find((name) => !taken.has(name));
    if (spare === undefined) return Effect.succeed(tree);
    const issue = { path: [spare], expected: "no such tensor", actual: "one" };
    return Effect.fail(new DecodeError({ where, issues: [issue] }));
  });
};
