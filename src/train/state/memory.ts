import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";

/** What an operator remembers of a run: a tree of numbers and tensors, so that it can be saved with the run. */
export type Memory = Tree<Tensor | number>;

/** What each operator of a run remembers, by the operator's name. */
export type Memories = { readonly [operator: string]: Memory };
