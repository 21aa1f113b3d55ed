import type { Key } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";
import type { Memories } from "./memory.ts";

/**
 * Everything that a training run is at one moment: an immutable value from which the run goes on
 * exactly as if it had not been interrupted.
 *
 * **Laws** `laws.training`: `train (a ++ b) = resume (train a) b`, bit for bit.
 */
export interface TrainState<P = unknown, S = unknown> {
  readonly params: P;
  /** What layers carry along from step to step, such as running statistics. */
  readonly layerState: S;
  readonly optimizerState: Tree<Tensor>;
  /** The key of the run: shuffling, augmentation and dropout are derived from it and the counters below. */
  readonly key: Key;
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Batches of the current epoch that are done; 0 between epochs. */
  readonly batch: number;
  /** Steps taken in all. */
  readonly step: number;
  /** What the operators that this state went through know of the run: the best value so far, and since when. */
  readonly memory: Memories;
}
