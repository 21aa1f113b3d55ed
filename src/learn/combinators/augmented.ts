import { map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { BatchAugmentation } from "../../data/augmentation/batch.ts";
import { foldInKey } from "../../ir/ops/random.ts";
import type { Columns, Learner } from "../learner.ts";

/** Separates the key of the augmentation from the other keys of a step. */
const augmenting = -2;

/**
 * Changes each batch at random before the learner sees it: `mixup`, `cutmix`, or changes of columns by `eachExample`.
 * Held-out rows are not changed.
 *
 * **Fails with** the issues of the augmentation, when compiled.
 *
 * @example
 * ```ts
 * import { dense, meanSquaredError, sgd, supervised } from "fluxion";
 * import { mixup } from "fluxion/data";
 * import { augmented } from "fluxion/learn";
 * const line = supervised({
 *   input: "x",
 *   target: "y",
 *   model: dense(1, 1),
 *   loss: meanSquaredError,
 *   optimizer: sgd({ learningRate: 0.1 }),
 * });
 * const mixing = augmented(mixup({ inputs: ["x"], targets: ["y"] }))(line);
 * mixing.metrics.length // => 1
 * ```
 */
export const augmented =
  (change: BatchAugmentation) =>
  <R extends Columns, C>(learner: Learner<R, C>): Learner<R, C> => ({
    ...learner,
    name: `augmented ${learner.name}`,
    step: (carried, batch, context) =>
      learner.step(carried, change(batch, foldInKey(context.key, augmenting)), context),
    adjust: (settings) => pipe(learner.adjust(settings), map(augmented(change))),
  });
