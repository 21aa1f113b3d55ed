import { foldIn, type Key, permutation } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Sets the keys of the epochs' orders apart from those of the steps, which count from 0. */
const ordering = -1;

/** The order in which an epoch (counted from 0) sees the examples of a run. */
export const epochOrder = (
  key: Key,
  epoch: number,
  examples: number,
  shuffle: boolean,
): Int32Array =>
  shuffle
    ? Int32Array.from(Tensor.read(permutation(foldIn(foldIn(key, ordering), epoch), examples)))
    : Int32Array.from({ length: examples }, (_, i) => i);
