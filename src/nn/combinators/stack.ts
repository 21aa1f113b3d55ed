import { stackTensors } from "../../tensor/constructors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { flatten, unflatten } from "../../tree.ts";

/** Stacks trees of tensors with the same structure and shapes along a new first axis. */
export const stackTrees = (trees: readonly unknown[]): unknown => {
  const { shape, leaves } = flatten(trees[0]);
  // Trees made by layers hold only tensors.
  const columns = trees.map((tree) => flatten(tree).leaves as readonly Tensor[]);
  return unflatten(
    shape,
    leaves.map((_, i) => stackTensors(columns.map((column) => column[i] as Tensor))),
  );
};
