import { defer, from, type Observable } from "rxjs";
import type { Batch, BatchOptions, Dataset, Row } from "./dataset.ts";

/**
 * Emits the batches of a dataset in order, as a cold stream. Every subscription makes them anew, one at a time,
 * until it is unsubscribed.
 *
 * **Fails with** `InvalidBatchSize`, as the stream's error.
 *
 * @example
 * ```ts
 * import { dataset } from "fluxion";
 * import { batches$ } from "fluxion/data";
 * import { arange } from "fluxion/tensor";
 * const sizes: number[] = [];
 * batches$(dataset({ x: arange(5) }), 2).subscribe((batch) => sizes.push(batch.x.size));
 * sizes // => [2, 2, 1]
 * ```
 */
export const batches$ = <R extends Row>(
  dataset: Dataset<R>,
  size: number,
  options: BatchOptions = {},
): Observable<Batch<R>> => defer(() => from(dataset.batch(size, options)));
