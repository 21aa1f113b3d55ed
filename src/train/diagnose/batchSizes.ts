import {
  catchError,
  concatMap,
  from,
  last,
  map,
  type Observable,
  of as only,
  takeWhile,
} from "rxjs";
import { MemoryLimit } from "../../errors.ts";
import { whole } from "../../tensor/validate.ts";
import type { StepCompleted } from "../events/event.ts";
import { stopAfter } from "../operators/stopAfter.ts";
import { withBatchSize, withEpochs } from "../pipeline/overrides.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { type TrainOptions, train$ } from "../train.ts";

/** The speed at a batch size. */
export interface BatchSpeed {
  readonly batchSize: number;
  /** `undefined` where the step does not fit into memory. */
  readonly examplesPerSecond: number | undefined;
}

/** The options of {@link batchSizes$}. */
export interface BatchSizes<C> extends Omit<TrainOptions<C>, "from"> {
  /** The batch sizes to try, in order. Defaults to 1, 2, 4, … up to 1024. */
  readonly sizes?: readonly number[];
  /** The number of steps at each. Defaults to 20. */
  readonly steps?: number;
}

const powers = Array.from({ length: 11 }, (_, i) => 2 ** i);

/**
 * Finds a batch size: trains for some steps at one batch size after the other, and emits how many examples a second each
 * one takes. It ends at the first that does not fit into memory. Smaller batches often learn more from each example. The
 * operators of the pipeline see nothing of it.
 *
 * With the digits as batch sizes, and `x` for one that does not fit:
 *
 * ```text
 * sizes   1-2-4-8|
 * events  1-2-x|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where a size or `steps` is not a whole number above 0; and with the errors of
 * the runs, but for `MemoryLimit`.
 */
export const batchSizes$ = <C, E>(
  of: Pipeline<C, E>,
  { sizes = powers, steps = 20, ...options }: BatchSizes<C> = {},
): Observable<BatchSpeed> => {
  for (const size of sizes) whole(1)("batchSizes$", { sizes: size });
  whole(1)("batchSizes$", { steps });
  const bare = { ...of, operators: [], baselines: [] };
  const speedOf = (batchSize: number): Observable<BatchSpeed> =>
    train$(
      withEpochs(steps)(withBatchSize(batchSize, { dropRemainder: true })(bare)),
      options,
    ).pipe(
      stopAfter({ steps }),
      last((event): event is StepCompleted => event._tag === "StepCompleted"),
      map(({ examplesPerSecond }) => ({ batchSize, examplesPerSecond })),
      catchError((error) => {
        if (error instanceof MemoryLimit) return only({ batchSize, examplesPerSecond: undefined });
        throw error;
      }),
    );
  return from(sizes).pipe(
    concatMap(speedOf),
    takeWhile(({ examplesPerSecond }) => examplesPerSecond !== undefined, true),
  );
};
