import * as Effect from "effect/Effect";
import { InvalidBatchSize } from "../../errors.ts";
import { passedOn } from "../../tensor/validate.ts";
import type { Dataset, Row } from "../dataset.ts";
import type { BatchReader, Epochs, ReadOptions } from "./epochs.ts";

/** The default for the maximum bytes of computed rows to keep. */
const keptBytes = 2 ** 30;

/**
 * The epochs of examples with random access, in a separate order for each epoch. Nothing waits, and any position is
 * reached directly.
 */
export const storedEpochs = <R extends Row>(
  dataset: Dataset<R>,
  rows: number,
  orderOf: (epoch: number) => Int32Array,
  { batchSize, dropRemainder = false, cacheBytes = keptBytes }: ReadOptions,
): Effect.Effect<Epochs, InvalidBatchSize> => {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1 || batchSize > rows)
    return Effect.fail(new InvalidBatchSize({ size: batchSize, examples: rows }));
  // The columns are accessed by name, so the type of the rows does not matter.
  const held = passedOn("epochsOf", () => dataset.cache(cacheBytes), {
    maxBytes: "cacheBytes",
  }) as Dataset<Row>;
  const steps = dropRemainder ? Math.floor(rows / batchSize) : Math.ceil(rows / batchSize);
  const used = Math.min(rows, steps * batchSize);
  const reader = (epoch: number, position: number): BatchReader => {
    const order = orderOf(epoch);
    let at = position;
    const ready = () => Math.max(0, Math.min(batchSize, used - at * batchSize));
    return {
      ready,
      bucket: () => 0,
      fill: (into) => {
        if (ready() === 0) return;
        held.gatherInto(into, order.subarray(at * batchSize, at * batchSize + ready()));
        at++;
      },
      wait: Effect.void,
      position: () => at,
    };
  };
  return Effect.sync(() => ({
    spec: held.columns,
    buckets: [held.columns],
    batchSize,
    rowsPerEpoch: used,
    stepsPerEpoch: steps,
    open: (epoch, position) => Effect.sync(() => reader(epoch, position)),
  }));
};
