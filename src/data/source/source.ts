import type { Key } from "../../tensor/key.ts";
import { holding, whole } from "../../tensor/validate.ts";
import type { Batch, Dataset, Row, RowOf } from "../dataset.ts";
import type { RowSpec } from "./epochs.ts";
import type { Pull, Streamable } from "./pull.ts";

/**
 * A source of rows: a dataset, a dataset with a sampler, a stream that need not fit into memory, or no rows, for a
 * learner that makes its own experience.
 */
export type Source<R extends Row = Row> = Dataset<R> | Sampled<R> | Streamed<R> | Experience;

/** Draws the rows of an epoch, in order. */
export interface Sampler<in R extends Row = Row> {
  readonly name: string;
  /** The number of rows of an epoch of a dataset, and a function from an epoch's key to their positions. */
  readonly of: (dataset: Dataset<R>) => {
    readonly rows: number;
    readonly draw: (key: Key) => Int32Array;
  };
}

/** A dataset whose epochs a sampler draws. */
export interface Sampled<out R extends Row = Row> {
  readonly _tag: "Sampled";
  readonly dataset: Dataset<R>;
  readonly rows: number;
  readonly draw: (key: Key) => Int32Array;
  /** The only batch size that these draws allow; missing if they allow any. */
  readonly batchSize?: number;
}

/** The epoch for which a stream is opened. */
export interface Opening {
  /** The number of the epoch, from 0. */
  readonly epoch: number;
  /** The key of the epoch. A stream must give the same rows for the same key to be resumed bit for bit. */
  readonly key: Key;
  /** Whether the run shuffles its rows. A stream of files then orders the files by the key. */
  readonly shuffle: boolean;
  /** The row to start with; 0 unless the stream declares itself `seekable`. */
  readonly from: number;
  /** Aborted when the rows are no longer needed, so that pending network requests can end. */
  readonly signal: AbortSignal;
}

/** Sequences of different lengths: they are padded, and rows of similar length share a batch. */
export interface Ragged {
  /** The columns whose first axis varies in length from row to row. All are padded to the same length. */
  readonly columns: readonly string[];
  /**
   * The lengths to pad rows to, ascending. A row is padded to the smallest length that holds it; a longer row is an
   * error. One program is compiled for each length.
   */
  readonly lengths: readonly number[];
  /** The padding number. Defaults to 0. */
  readonly pad?: number;
}

/** The options of a stream. */
export interface StreamOptions {
  /** The name of the stream in errors. Defaults to `"stream"`. */
  readonly name?: string;
  /**
   * The shape and dtype of each column of a row. Defaults to those of the first row, for which the stream is opened
   * once more.
   */
  readonly spec?: RowSpec;
  /** The number of rows of an epoch. A longer stream is cut off, a shorter one is an error. Defaults to all rows. */
  readonly rows?: number;
  /**
   * Whether the stream starts at the requested row, so that a run resumes without reading earlier rows. A shuffled run
   * also needs `rows` for that, and reads again what its shuffle buffer still held.
   */
  readonly seekable?: boolean;
  /** The number of rows in the shuffle buffer. Defaults to 1024. */
  readonly shuffleBuffer?: number;
  /** The number of batches to read ahead, beside the shuffle buffer. Defaults to 2. */
  readonly prefetch?: number;
  /**
   * The number of items of an Observable that may wait until they are used, since it cannot be paused. Defaults to
   * 1024.
   */
  readonly waiting?: number;
  /** Columns whose rows have different lengths, for a stream of single rows. */
  readonly ragged?: Ragged;
}

/** A stream of rows that is opened for each epoch. */
export interface Streamed<out R extends Row = Row> {
  readonly _tag: "Streamed";
  readonly name: string;
  /** Whether the stream yields single rows, or several rows along a leading axis. */
  readonly per: "row" | "batch";
  readonly open: (
    opening: Opening,
  ) => Streamable<R> | Streamable<Batch<R>> | Pull<R> | Pull<Batch<R>>;
  readonly spec: RowSpec | undefined;
  readonly rows: number | undefined;
  readonly seekable: boolean;
  readonly shuffleBuffer: number;
  readonly prefetch: number;
  readonly waiting: number;
  readonly ragged: Ragged | undefined;
}

/** A source without rows, for a learner that makes its own experience. */
export interface Experience {
  readonly _tag: "Experience";
  readonly stepsPerEpoch: number;
}

const numbers = whole(1);

/** Checks the options of a stream and fills in defaults. */
export const streamed = <R extends Row>(
  op: string,
  per: "row" | "batch",
  open: Streamed<R>["open"],
  {
    name = "stream",
    spec,
    rows,
    seekable = false,
    shuffleBuffer = 1024,
    prefetch = 2,
    waiting = 1024,
    ragged,
  }: StreamOptions,
): Streamed<R> => {
  numbers(op, { rows, shuffleBuffer, prefetch, waiting });
  if (ragged !== undefined) {
    const { lengths, pad } = ragged;
    ascending(op, { lengths: lengths.length === 0 ? Number.NaN : lengths[0] });
    for (const [i, length] of lengths.entries())
      holding(
        "whole numbers above 0, each above the last",
        (n) => Number.isSafeInteger(n) && n > (lengths[i - 1] ?? 0),
      )(op, { lengths: length });
    holding("a number", (n) => !Number.isNaN(n))(op, { pad });
  }
  return {
    _tag: "Streamed",
    ...{ name, per, open, spec, rows, seekable, shuffleBuffer, prefetch, waiting, ragged },
  };
};

const ascending = holding("at least one length, each a whole number above 0", Number.isSafeInteger);

/**
 * A stream of single rows, opened for each epoch: an async iterable, a generator or an Observable.
 *
 * @example
 * ```ts
 * import { streamRows } from "fluxion/data";
 * import { scalar } from "fluxion";
 * const squares = streamRows(function* () {
 *   for (let i = 0; i < 1e9; i++) yield { x: scalar(i), y: scalar(i * i) };
 * }, { rows: 1000 });
 * squares.rows // => 1000
 * ```
 */
export const streamRows = <R extends Row>(
  open: (opening: Opening) => Streamable<R>,
  options: StreamOptions = {},
): Streamed<R> => streamed<R>("streamRows", "row", open, options);

/**
 * A stream of several rows at once, along the leading axis of each column. The number of rows per item does not matter:
 * batches are cut anew.
 */
export const streamBatches = <B extends Row>(
  open: (opening: Opening) => Streamable<B>,
  options: Omit<StreamOptions, "ragged"> = {},
): Streamed<RowOf<B>> => streamed("streamBatches", "batch", open as never, options);

/** A source without rows, for a learner that makes its own experience: an epoch has a fixed number of steps. */
export const experience = (stepsPerEpoch: number): Experience => {
  numbers("experience", { stepsPerEpoch });
  return { _tag: "Experience", stepsPerEpoch };
};

/** A dataset whose epochs a sampler draws; see `weighted` and `balanced`. */
export const sampled = <R extends Row>(dataset: Dataset<R>, sampler: Sampler<R>): Sampled<R> => ({
  _tag: "Sampled",
  dataset,
  ...sampler.of(dataset),
});
