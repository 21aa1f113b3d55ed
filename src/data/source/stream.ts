import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { InvalidArgument, InvalidBatchSize, ShapeMismatch, StreamEnded } from "../../errors.ts";
import { allocate, holds } from "../../tensor/dtype.ts";
import { split } from "../../tensor/key.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Admit, admitting, lengthColumn, specOf, unknownLabels } from "./admit.ts";
import { bucketSpecs, byLength, inOrder, type Rows } from "./batcher.ts";
import type { BatchReader, Epochs, ReadOptions, RowSpec, SourceError } from "./epochs.ts";
import { feedOf } from "./feed.ts";
import { firstItem } from "./firstItem.ts";
import { type Arrays, Inbox } from "./inbox.ts";
import { epochKey } from "./order.ts";
import { ShuffleBuffer, widthsOf } from "./shuffleBuffer.ts";
import type { Streamed } from "./source.ts";
import { giveWay } from "./turns.ts";

/** A stream whose row types are known. */
interface Known {
  readonly stream: Streamed;
  readonly spec: RowSpec;
  readonly admit: Admit;
  readonly options: ReadOptions;
}

/** The keys of an epoch: one for the stream itself, and one for the order of its rows. */
const keysOf = ({ key }: ReadOptions, epoch: number) => split(epochKey(key, epoch), 2);

const bucketsOf = ({ ragged }: Streamed, spec: RowSpec): readonly RowSpec[] =>
  ragged === undefined ? [spec] : bucketSpecs(spec, ragged);

/** Throws unless each array has the storage type of its column, and room for the rows. */
const checkRoom = (spec: RowSpec, rows: number, into: Arrays): void => {
  for (const [column, array] of Object.entries(into)) {
    const type = spec[column];
    if (type === undefined) continue;
    const elements = rows * sizeOf(type.shape);
    if (array.length < elements || array.constructor !== allocate(type.dtype, 0).constructor)
      throw new ShapeMismatch({
        op: "fill",
        expected: `an array of ${type.dtype} for at least ${elements} elements of "${column}"`,
        actual: [[array.length]],
        path: [],
      });
  }
};

/** Reads an epoch of a stream from a given position. */
const reading = (
  { stream, spec, admit, options }: Known,
  epoch: number,
  position: number,
): BatchReader & { readonly close: () => Promise<void> } => {
  const { batchSize, shuffle = true, dropRemainder = false } = options;
  const { ragged } = stream;
  const inner: RowSpec =
    ragged === undefined ? spec : { ...spec, [lengthColumn]: { shape: [], dtype: "i32" } };
  const [forStream, forOrder] = keysOf(options, epoch);
  const inbox = new Inbox(widthsOf(inner));
  const buffer = shuffle
    ? new ShuffleBuffer(
        inbox,
        inner,
        Math.min(stream.shuffleBuffer, stream.rows ?? stream.shuffleBuffer),
        forOrder,
      )
    : undefined;
  const rows: Rows = {
    available: () => buffer?.available(feed.ended()) ?? inbox.rows,
    ended: () => feed.ended(),
    take: (into, at, n) => (buffer ?? inbox).take(into, at, n),
  };
  const batcher =
    ragged === undefined
      ? inOrder(rows, batchSize, dropRemainder)
      : byLength(rows, spec, ragged, batchSize, dropRemainder);

  // Batches by length depend on the rows before them. So does a shuffled order, unless the number of rows is known.
  const isEntered =
    ragged === undefined && (!shuffle || (stream.seekable && stream.rows !== undefined));
  // After the last batch, which may be smaller, all rows were taken.
  const before = isEntered
    ? Math.min(position * batchSize, stream.rows ?? Number.POSITIVE_INFINITY)
    : 0;
  const from = buffer?.enter(before, stream.rows ?? 0) ?? before;
  let at = isEntered ? position : 0;
  let isClosed = false;
  const waiters = new Set<() => void>();
  const wake = (): void => {
    const woken = [...waiters];
    // A waiter may wait again immediately.
    waiters.clear();
    for (const waiter of woken) waiter();
  };

  /** Skips the batches before the position. Returns whether the position is reached. */
  const settle = (): boolean => {
    const passed = Math.min(from - skipped, inbox.rows);
    if (passed > 0) inbox.take(undefined, 0, passed);
    skipped += passed;
    const isAtEnd = feed.ended() && inbox.rows === 0 && skipped > from - batchSize;
    if (skipped === from || isAtEnd) buffer?.absorb();
    while (at < position && (batcher.ready() ?? 0) > 0) {
      batcher.fill(undefined);
      at++;
    }
    const isThere = (skipped === from || isAtEnd) && at >= position;
    if (!isThere && feed.ended() && rows.available() === 0) {
      const expected = Math.max(1, (position - 1) * batchSize + 1);
      feed.fail(new StreamEnded({ ...feed.place(), expected, by: "position" }));
    }
    return isThere;
  };
  const answer = (): number | undefined => {
    if (isClosed) return 0;
    return settle() ? batcher.ready() : undefined;
  };
  const feed = feedOf({
    stream,
    opening: { epoch, key: forStream, shuffle, from },
    admit,
    inbox,
    bound: stream.prefetch * batchSize,
    isNeeded: () => answer() === undefined,
    arrived: () => {
      // Stores arrived rows at once, so that there is room for more.
      if (answer() !== undefined || feed.failure() !== undefined) wake();
    },
  });
  let skipped = feed.start;

  const ready = (): number | undefined => {
    if (!isClosed) feed.advance();
    return answer();
  };
  const wait: Effect.Effect<void, SourceError> = Effect.suspend(() => {
    if (ready() !== undefined) return Effect.void;
    const failure = feed.failure();
    if (failure !== undefined) return Effect.fail(failure);
    // A generator that takes its time lets others run.
    if (feed.paused()) return Effect.andThen(giveWay, wait);
    const arrival = Effect.callback<void>((resume) => {
      const waiter = () => resume(Effect.void);
      waiters.add(waiter);
      return Effect.sync(() => waiters.delete(waiter));
    });
    return Effect.andThen(arrival, wait);
  });
  return {
    ready,
    bucket: () => batcher.bucket(),
    fill: (into) => {
      const n = answer() ?? 0;
      if (n === 0) return;
      checkRoom(bucketsOf(stream, spec)[batcher.bucket()] ?? spec, n, into);
      batcher.fill(into);
      at++;
      feed.advance();
    },
    wait,
    position: () => at,
    close: () => {
      isClosed = true;
      wake();
      return feed.close();
    },
  };
};

/** Makes the epochs of a stream. It reads the first row if the stream does not declare its row types. */
export const streamEpochs = Effect.fnUntraced(function* (stream: Streamed, options: ReadOptions) {
  const { batchSize, dropRemainder = false, shuffle = true } = options;
  const { rows, ragged, per } = stream;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    return yield* new InvalidArgument({
      op: "epochsOf",
      argument: "batchSize",
      expected: "a whole number, 1 or more",
      actual: String(batchSize),
    });
  if (rows !== undefined && batchSize > rows)
    return yield* new InvalidBatchSize({ size: batchSize, examples: rows });
  const [key] = keysOf(options, 0);
  const spec =
    stream.spec ??
    specOf(yield* firstItem(stream, { epoch: 0, key, shuffle, from: 0 }), per, ragged);
  const unknown = unknownLabels(spec, options);
  if (unknown !== undefined) return yield* unknown;
  const { pad = 0, columns = [] } = ragged ?? {};
  for (const column of columns) {
    const type = spec[column];
    if (type === undefined || type.shape.length === 0 || !holds(type.dtype, pad))
      return yield* new InvalidArgument({
        op: "streamRows",
        argument: "ragged",
        expected:
          "columns that the rows have, with an axis of length, of a dtype that holds the padding",
        actual: `${column}, padded with ${pad}`,
      });
  }
  const admit = admitting(spec, per, ragged, options);
  const steps = rows === undefined || ragged !== undefined ? undefined : rows / batchSize;
  const stepsPerEpoch =
    steps === undefined ? undefined : dropRemainder ? Math.floor(steps) : Math.ceil(steps);
  return {
    spec,
    buckets: bucketsOf(stream, spec),
    batchSize,
    rowsPerEpoch:
      stepsPerEpoch === undefined || rows === undefined
        ? undefined
        : Math.min(rows, stepsPerEpoch * batchSize),
    stepsPerEpoch,
    open: (epoch, position): Effect.Effect<BatchReader, SourceError, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.sync(() => reading({ stream, spec, admit, options }, epoch, position)),
        (reader) => Effect.promise(reader.close),
      ),
  } satisfies Epochs;
});
