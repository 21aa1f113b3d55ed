import { foldIn, type Key, permutation } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { range } from "../rows.ts";

/** Separates the keys of epochs from those of the steps, which count from 0. */
const ordering = -1;

/** The key of an epoch, which counts from 0, of a run: it orders the epoch's rows. */
export const epochKey = (key: Key, epoch: number): Key => foldIn(foldIn(key, ordering), epoch);

/** The order of the examples in an epoch, which counts from 0. */
export const epochOrder = (
  key: Key,
  epoch: number,
  examples: number,
  shuffle: boolean,
): Int32Array =>
  shuffle
    ? Int32Array.from(Tensor.read(permutation(epochKey(key, epoch), examples)))
    : range(0, examples);
