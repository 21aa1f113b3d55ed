import { stackTensors } from "../../tensor/constructors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { flatten, unflatten } from "../../tree.ts";

/** Trees of tensors, alike in structure and shapes, as one tree with a new first axis. */
export const stackTrees = (trees: readonly unknown[]): unknown => {
  const { shape, leaves } = flatten(trees[0]);
  // The trees that layers make hold tensors and nothing else.
  const columns = trees.map((tree) => flatten(tree).leaves as readonly Tensor[]);
  return unflatten(
    shape,
    leaves.map((_, i) => stackTensors(columns.map((column) => column[i] as Tensor))),
  );
};
