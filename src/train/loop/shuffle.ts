import { foldIn, type Key, permutation } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Separates the keys that shuffle epochs from those of the steps, which count from 0. */
const ordering = -1;

/** The order of the examples in an epoch, which counts from 0. */
export const epochOrder = (
  key: Key,
  epoch: number,
  examples: number,
  shuffle: boolean,
): Int32Array =>
  shuffle
    ? Int32Array.from(Tensor.read(permutation(foldIn(foldIn(key, ordering), epoch), examples)))
    : Int32Array.from({ length: examples }, (_, i) => i);
