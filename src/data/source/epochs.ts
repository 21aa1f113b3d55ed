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

/** The options of reading the epochs of a source. */
export interface ReadOptions {
  /** The number of rows of a batch. */
  readonly batchSize: number;
  /** The key of the run. Together with the epoch's number, it determines the order of the rows. */
  readonly key: Key;
  /** Whether each epoch shuffles the rows anew. Defaults to `true`. */
  readonly shuffle?: boolean;
  /** Whether to drop the last rows of an epoch if they do not fill a batch. Defaults to `false`. */
  readonly dropRemainder?: boolean;
  /** The number of classes of each label column. Each row of a stream is checked as it is read. */
  readonly labels?: { readonly [column: string]: number };
  /** Whether every number of a stream must be finite. Each row is checked as it is read. Defaults to `true`. */
  readonly finite?: boolean;
  /**
   * The maximum bytes of computed examples of a lazy dataset to keep. Other examples are computed again in each epoch.
   * Defaults to 2³⁰.
   */
  readonly cacheBytes?: number;
}

/**
 * The epochs of a source in batches. Training loops read datasets, streams and sources without rows through this
 * interface.
 */
export interface Epochs {
  /** The types of one row's columns; ragged columns have their largest length. */
  readonly spec: RowSpec;
  /** The possible row types of a batch: one, or one for each length that ragged columns are padded to. */
  readonly buckets: readonly RowSpec[];
  readonly batchSize: number;
  /** The number of rows of an epoch that are in a batch, if it is known in advance. */
  readonly rowsPerEpoch: number | undefined;
  /** The number of batches of an epoch, if it is known in advance. */
  readonly stepsPerEpoch: number | undefined;
  /**
   * Opens an epoch, counted from 0, after its first `position` batches. The source closes with the scope.
   *
   * A dataset starts there directly. A stream is read again from the start of the epoch, or from a row where it can be
   * entered, and earlier rows are skipped: the same rows follow, bit for bit.
   */
  readonly open: (
    epoch: number,
    position: number,
  ) => Effect.Effect<BatchReader, SourceError, Scope.Scope>;
}

/** The batches of one epoch, in order. Datasets and generators answer at once, other streams when rows arrive. */
export interface BatchReader {
  /**
   * The number of rows of the next batch: 0 at the end of the epoch, and `undefined` if the rows have not arrived. Then
   * run {@link wait} and ask again. A dataset never gives `undefined`.
   */
  readonly ready: () => number | undefined;
  /** The bucket of the next batch: an index into {@link Epochs.buckets}. */
  readonly bucket: () => number;
  /**
   * Writes the next batch into arrays, one for each wanted column, each with the column's storage type and at least as
   * long as the batch, and moves on. Does nothing unless {@link ready} gives a number of rows.
   */
  readonly fill: (into: { readonly [column: string]: Storage }) => void;
  /**
   * Completes when {@link ready} has an answer. Fails if the source failed, once every complete batch before the
   * failure was taken.
   */
  readonly wait: Effect.Effect<void, SourceError>;
  /** The number of batches taken from this epoch. A run saves it, and {@link Epochs.open} continues from it. */
  readonly position: () => number;
}
