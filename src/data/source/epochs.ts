import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type {
  EmptyDataset,
  InvalidArgument,
  InvalidBatchSize,
  LabelOutOfRange,
  NonFiniteData,
  RowMismatch,
  StreamEnded,
  StreamFailed,
  StreamOverflow,
  UnknownColumn,
} from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import type { Storage } from "../../tensor/dtype.ts";
import type { Key } from "../../tensor/key.ts";
import type { Row } from "../dataset.ts";

/** The shape and dtype of each column of one row. */
export type RowSpec<R extends Row = Row> = { readonly [C in keyof R]: TensorType };

/** The errors of reading a source. */
export type SourceError =
  | EmptyDataset
  | InvalidArgument
  | InvalidBatchSize
  | UnknownColumn
  | StreamFailed
  | StreamEnded
  | StreamOverflow
  | RowMismatch
  | NonFiniteData
  | LabelOutOfRange;

/** How the epochs of a source are read. */
export interface ReadOptions {
  /** Rows of a batch. */
  readonly batchSize: number;
  /** The key of the run. With an epoch's number it determines the order of the rows. */
  readonly key: Key;
  /** Whether each epoch shuffles the rows anew. Defaults to `true`. */
  readonly shuffle?: boolean;
  /** Whether an epoch leaves out the last rows where they do not fill a batch. Defaults to `false`. */
  readonly dropRemainder?: boolean;
  /** The number of classes of label columns, which is checked for each row of a stream as it is read. */
  readonly labels?: { readonly [column: string]: number };
  /** Whether every number of a stream must be finite, which is checked as it is read. Defaults to `true`. */
  readonly finite?: boolean;
  /**
   * The bytes of examples of a lazy dataset that are kept once they are computed. Others are computed again in each
   * epoch. Defaults to 2³⁰.
   */
  readonly cacheBytes?: number;
}

/**
 * The epochs of a source in batches: the one face that a training loop sees of datasets, streams and learners that
 * make their own experience.
 */
export interface Epochs {
  /** The types of one row's columns; of ragged ones with the greatest length. */
  readonly spec: RowSpec;
  /** The types that rows of a batch may have: one, or one for each length that ragged columns are padded to. */
  readonly buckets: readonly RowSpec[];
  readonly batchSize: number;
  /** Rows of an epoch that are in a batch, if that is known before it is read. */
  readonly rowsPerEpoch: number | undefined;
  /** Batches of an epoch, if that is known before it is read. */
  readonly stepsPerEpoch: number | undefined;
  /**
   * Opens an epoch, which counts from 0, after `position` batches of it. The scope's end closes the source.
   *
   * A dataset goes there at once. A stream is read again from the start of the epoch, or from where it can be entered,
   * and what comes before the position is passed over: the same rows follow, bit for bit.
   */
  readonly open: (
    epoch: number,
    position: number,
  ) => Effect.Effect<BatchReader, SourceError, Scope.Scope>;
}

/** The batches of one epoch, one after the other. Datasets and generators answer at once, other streams when they can. */
export interface BatchReader {
  /**
   * The number of rows of the next batch: 0 at the end of the epoch, and `undefined` if they have not arrived or never
   * will. Then run {@link wait} and ask again. A dataset always answers.
   */
  readonly ready: () => number | undefined;
  /** Which of {@link Epochs.buckets} the next batch is of. */
  readonly bucket: () => number;
  /**
   * Writes the next batch into arrays, one for each wanted column, each of the column's storage and at least as long as
   * the batch, and moves on. Does nothing unless {@link ready} said a number of rows.
   */
  readonly fill: (into: { readonly [column: string]: Storage }) => void;
  /**
   * Completes when {@link ready} has an answer. Fails if the source did; every whole batch before the fault was then
   * taken.
   */
  readonly wait: Effect.Effect<void, SourceError>;
  /** The batches of this epoch that were taken: what is saved with a run, and where {@link Epochs.open} goes on. */
  readonly position: () => number;
}
