import * as Effect from "effect/Effect";
import { InvalidArgument } from "../../errors.ts";
import type { Key } from "../../tensor/key.ts";
import { Dataset, type Row } from "../dataset.ts";
import type { BatchReader, Epochs, ReadOptions, RowSpec, SourceError } from "./epochs.ts";
import { epochKey, epochOrder } from "./order.ts";
import type { Source } from "./source.ts";
import { storedEpochs } from "./stored.ts";
import { streamEpochs } from "./stream.ts";

/** Epochs without rows, of a number of steps each. */
const emptyEpochs = (steps: number, batchSize: number): Epochs => {
  const reader = (position: number): BatchReader => {
    let at = position;
    return {
      ready: () => (at < steps ? batchSize : 0),
      bucket: () => 0,
      fill: () => {
        if (at < steps) at++;
      },
      wait: Effect.void,
      position: () => at,
    };
  };
  return {
    spec: {},
    buckets: [{}],
    batchSize,
    rowsPerEpoch: 0,
    stepsPerEpoch: steps,
    open: (_, position) => Effect.sync(() => reader(position)),
  };
};

/**
 * Makes the epochs of any source, in batches.
 *
 * The epoch's key determines a permutation of a dataset's rows, and the shuffling of a stream through its buffer. The
 * position in an epoch is the number of batches taken; reading continues from there with the same rows.
 *
 * **Fails with** `InvalidBatchSize`, `InvalidArgument`, `UnknownColumn` for a labeled column that is not there; for a
 * stream that does not say of which types its rows are, also with the errors of reading its first row.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
import { InvalidArgument } from "../../errors.ts";
 * import { dataset, key } from "fluxion";
 * import { epochsOf } from "fluxion/data";
 * import { arange } from "fluxion/tensor";
 * const epochs = Effect.runSync(epochsOf(dataset({ x: arange(5) }), { batchSize: 2, key: key(0), shuffle: false }));
 * const reader = Effect.runSync(Effect.scoped(epochs.open(0, 1)));
 * const x = new Float32Array(2);
 * reader.fill({ x });
 * Array.from(x) // => [2, 3]
 * reader.ready() // => 1
 * ```
 */
export const epochsOf = <R extends Row>(
  source: Source<R>,
  options: ReadOptions,
): Effect.Effect<Epochs, SourceError> => {
  const { key, shuffle = true, batchSize } = options;
  if (source instanceof Dataset)
    return storedEpochs(
      source,
      source.size,
      (epoch) => epochOrder(key, epoch, source.size, shuffle),
      options,
    );
  switch (source._tag) {
    case "Sampled":
      if (source.batchSize !== undefined && source.batchSize !== batchSize)
        return Effect.fail(
          new InvalidArgument({
            op: "the run",
            argument: "batchSize",
            expected: `${source.batchSize}, for which its source draws rows`,
            actual: String(batchSize),
          }),
        );
      return storedEpochs(
        source.dataset,
        source.rows,
        (epoch) => source.draw(epochKey(key, epoch)),
        options,
      );
    case "Streamed":
      return streamEpochs(source, options);
    case "Experience":
      return Effect.succeed(emptyEpochs(source.stepsPerEpoch, batchSize));
  }
};

/** The types of the columns of any source. **Fails with** what {@link epochsOf} does. */
export const columnTypes = (source: Source, key: Key): Effect.Effect<RowSpec, SourceError> => {
  // Some draws allow one batch size only.
  const { batchSize = 1 } = source instanceof Dataset || source._tag !== "Sampled" ? {} : source;
  return Effect.map(epochsOf(source, { batchSize, key, shuffle: false }), ({ spec }) => spec);
};
