import { tensorTree } from "../../ir/trees.ts";
import { stackTensors } from "../../tensor/constructors.ts";
import { zip } from "../../tree.ts";

/** Stacks trees of tensors with the same structure and shapes along a new first axis. */
export const stackTrees = (trees: readonly unknown[]): unknown => {
  const [first, ...rest] = trees.map(tensorTree);
  return zip((...leaves) => stackTensors(leaves), first, ...rest);
};
