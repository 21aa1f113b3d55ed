import { lengthColumn } from "./admit.ts";
import type { RowSpec } from "./epochs.ts";
import { type Arrays, copyTo, type Supply } from "./inbox.ts";
import { roomFor, widthsOf } from "./shuffleBuffer.ts";
import type { Ragged } from "./source.ts";

/** The rows for a batcher: their number, and whether they are the last. */
export interface Rows extends Supply {
  readonly available: () => number;
  readonly ended: () => boolean;
}

/** Cuts rows into batches. */
export interface Batcher {
  /** The number of rows of the next batch; 0 at the end, `undefined` if too few rows have arrived. */
  readonly ready: () => number | undefined;
  readonly bucket: () => number;
  /** Takes the next batch, which must be ready. Without arrays it drops the batch. */
  readonly fill: (into: Arrays | undefined) => void;
}

/** Makes batches of rows in the order of their arrival. */
export const inOrder = (rows: Rows, batchSize: number, dropRemainder: boolean): Batcher => {
  const ready = (): number | undefined => {
    const n = Math.min(batchSize, rows.available());
    if (n === batchSize) return n;
    if (!rows.ended()) return undefined;
    return dropRemainder ? 0 : n;
  };
  return {
    ready,
    bucket: () => 0,
    fill: (into) => rows.take(into, 0, ready() ?? 0),
  };
};

/** The row types that result from padding to each of the lengths. */
export const bucketSpecs = (spec: RowSpec, { columns, lengths }: Ragged): readonly RowSpec[] =>
  lengths.map((length) =>
    Object.fromEntries(
      Object.entries(spec).map(([column, { shape, dtype }]) => [
        column,
        { shape: columns.includes(column) ? [length, ...shape.slice(1)] : shape, dtype },
      ]),
    ),
  );

/**
 * Makes batches of rows of similar length: each row waits in the bucket of the smallest length that holds it, until the
 * bucket is full. At the end, the remaining rows of each bucket form a smaller batch, the shortest bucket first.
 */
export const byLength = (
  rows: Rows,
  spec: RowSpec,
  ragged: Ragged,
  batchSize: number,
  dropRemainder: boolean,
): Batcher => {
  const { lengths } = ragged;
  const inner: RowSpec = { ...spec, [lengthColumn]: { shape: [], dtype: "i32" } };
  const one = roomFor(inner, 1);
  const buckets = bucketSpecs(spec, ragged).map((of) => ({
    widths: widthsOf(of),
    store: roomFor(of, batchSize),
    rows: 0,
  }));
  let full: number | undefined;

  /** Puts the next row into its bucket. */
  const sort = (): void => {
    rows.take(one, 0, 1);
    const length = one[lengthColumn]?.[0] ?? 0;
    const at = lengths.findIndex((most) => length <= most);
    const bucket = buckets[at];
    if (bucket === undefined) return;
    for (const [column, store] of Object.entries(bucket.store)) {
      const width = bucket.widths[column] as number;
      // Elements beyond the row's length are padding.
      store.set((one[column] as typeof store).subarray(0, width), bucket.rows * width);
    }
    bucket.rows++;
    if (bucket.rows === batchSize) full = at;
  };

  const ready = (): number | undefined => {
    while (full === undefined && rows.available() > 0) sort();
    if (full === undefined && rows.ended() && !dropRemainder) {
      const left = buckets.findIndex((bucket) => bucket.rows > 0);
      full = left < 0 ? undefined : left;
    }
    if (full !== undefined) return buckets[full]?.rows;
    return rows.ended() ? 0 : undefined;
  };

  return {
    ready,
    bucket: () => {
      ready();
      return full ?? 0;
    },
    fill: (into) => {
      const bucket = ready() === undefined || full === undefined ? undefined : buckets[full];
      if (bucket === undefined) return;
      if (into !== undefined) copyTo(bucket.widths, bucket.store, 0, into, 0, bucket.rows);
      bucket.rows = 0;
      full = undefined;
    },
  };
};
