import { flatten, unflatten } from "../algebra/tree.ts";
import { allocate } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Trees of tensors, alike in structure and shapes, as one tree with a new first axis. */
export const stackTensors = (trees: readonly unknown[]): unknown => {
  const { shape } = flatten(trees[0]);
  // The trees that layers make hold tensors and nothing else.
  const columns = trees.map((tree) => flatten(tree).leaves as readonly Tensor[]);
  const leaves = (columns[0] ?? []).map((first, i) => {
    const data = allocate(first.dtype, first.size * trees.length);
    columns.forEach((column, row) => {
      data.set(Tensor.read(column[i] as Tensor), row * first.size);
    });
    return Tensor.own([trees.length, ...first.shape], first.dtype, data);
  });
  return unflatten(shape, leaves);
};
