import type { Key } from "../../tensor/key.ts";
import type { Memories } from "./memory.ts";

/**
 * The whole state of a training run at one moment. A run resumed from it continues exactly as if it had not been
 * interrupted.
 *
 * **Laws** `laws.training`: `train (a ++ b) = resume (train a) b`, bit for bit.
 */
export interface TrainState<C = unknown> {
  /** What the learner carries from step to step: params, layer state, optimizer state. */
  readonly carried: C;
  /** The key of the run. Shuffling, augmentation and dropout derive from it and the counters below. */
  readonly key: Key;
  /** The number of complete epochs. */
  readonly epoch: number;
  /** The number of completed batches in the current epoch; 0 once the epoch is complete. */
  readonly batch: number;
  /** The total number of steps. */
  readonly step: number;
  /**
   * The memories of the operators that this state passed through, such as the best value so far. In the middle of an
   * epoch also the summaries of its steps, of which its loss and metrics are made at its end.
   */
  readonly memory: Memories;
}
