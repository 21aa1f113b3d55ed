import * as Effect from "effect/Effect";
import { InvalidBatchSize } from "../../errors.ts";
import type { Dataset, Row } from "../dataset.ts";
import type { BatchReader, Epochs, ReadOptions } from "./epochs.ts";

/** The default for the bytes of computed rows that are kept. */
const keptBytes = 2 ** 30;

/**
 * The epochs of examples with random access, in an order for each epoch: nothing waits, and a position is reached at
 * once.
 */
export const storedEpochs = <R extends Row>(
  dataset: Dataset<R>,
  rows: number,
  orderOf: (epoch: number) => Int32Array,
  { batchSize, dropRemainder = false, cacheBytes = keptBytes }: ReadOptions,
): Effect.Effect<Epochs, InvalidBatchSize> => {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1 || batchSize > rows)
    return Effect.fail(new InvalidBatchSize({ size: batchSize, examples: rows }));
  // Of which type the rows are does not matter to who names columns.
  const held = dataset.cache(cacheBytes) as Dataset<Row>;
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
