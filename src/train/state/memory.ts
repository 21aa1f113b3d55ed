import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";

/** The memory of an operator: a tree of numbers and tensors, which can be saved with the run. */
export type Memory = Tree<Tensor | number>;

/** The memories of the operators of a run, by name. */
export type Memories = { readonly [operator: string]: Memory };
