import { InvalidArgument } from "../../errors.ts";
import { foldIn, permutation, split } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import type { Row, RowOf } from "../dataset.ts";
import { isLater, Pull, type Pulled, pullOf, type Streamable } from "./pull.ts";
import { type Opening, type Streamed, type StreamOptions, streamed } from "./source.ts";

/** One file, or another part, of a stream: its name, and its number of rows if known. */
export interface Shard {
  readonly name: string;
  readonly rows?: number;
}

/** Opens one file. It receives a separate key, and the row of the file to start with. */
export type OpenShard<A> = (name: string, opening: Opening) => Streamable<A>;

const counts = whole(0);

const sharded = <R extends Row>(
  op: string,
  per: "row" | "batch",
  files: readonly (string | Shard)[],
  open: OpenShard<Row>,
  options: StreamOptions,
): Streamed<R> => {
  const shards = files.map((file): Shard => (typeof file === "string" ? { name: file } : file));
  if (shards.length === 0)
    throw new InvalidArgument({ op, argument: "files", expected: "at least one", actual: "none" });
  for (const { rows } of shards) counts(op, { rows });
  const isCounted = shards.every(({ rows }) => rows !== undefined);
  const total = shards.reduce((sum, { rows = 0 }) => sum + rows, 0);
  const rowsOf = (item: Row): number =>
    per === "row" ? 1 : (Object.values(item)[0]?.shape[0] ?? 0);
  return streamed<R>(
    op,
    per,
    // The rows of the files are those of R, or of batches of R.
    (opening) => inTurn(shards, open, opening, isCounted, options, rowsOf) as Pull<R>,
    {
      ...options,
      ...(isCounted && { rows: options.rows ?? total }),
      // Complete files before a row are skipped.
      seekable: isCounted,
    },
  );
};

/** The items of all files in sequence; if the run is shuffled, in an order determined by the key. */
const inTurn = (
  shards: readonly Shard[],
  open: OpenShard<Row>,
  opening: Opening,
  isCounted: boolean,
  { seekable: isFileSeekable = false, waiting = 1024, name: stream = "stream" }: StreamOptions,
  rowsOf: (item: Row) => number,
): Pull<Row> => {
  const [forOrder, forFiles] = split(opening.key, 2);
  const order = opening.shuffle
    ? Array.from(Tensor.read(permutation(forOrder, shards.length)))
    : shards.map((_, i) => i);
  const shardAt = (at: number): Shard => shards[order[at] as number] as Shard;

  let [at, start] = [0, 0];
  if (isCounted)
    while (at < order.length - 1 && start + (shardAt(at).rows ?? 0) <= opening.from)
      start += shardAt(at++).rows ?? 0;
  const skipped = isFileSeekable && isCounted ? opening.from - start : 0;
  let current: Pull<Row> | undefined;
  let rows = skipped;

  const begin = (from: number): Pull<Row> => {
    const { name } = shardAt(at);
    const key = foldIn(forFiles, order[at] as number);
    const place = () => ({ stream, epoch: opening.epoch + 1, row: rows, file: name });
    return pullOf(open(name, { ...opening, key, from }), from, waiting, place);
  };
  /** Interprets an answer of the current file: an item, or a request for the next file. */
  const heard = (result: IteratorResult<Row, unknown>): typeof result | undefined => {
    if (result.done !== true) {
      rows += rowsOf(result.value);
      return result;
    }
    const declared = shardAt(at).rows;
    if (declared !== undefined && rows !== declared)
      throw new Error(`it has ${rows} rows, and should have ${declared}`);
    current = undefined;
    start += rows;
    rows = 0;
    at++;
    return undefined;
  };
  const next = (): Pulled<Row> => {
    while (at < order.length) {
      current ??= begin(rows);
      const pulled = current.next();
      if (isLater(pulled)) return pulled.then((result) => heard(result) ?? next());
      const answer = heard(pulled);
      if (answer !== undefined) return answer;
    }
    return { done: true, value: undefined };
  };
  return new Pull({
    start: start + skipped,
    next,
    close: () => current?.close(),
    file: () => (at < order.length ? { name: shardAt(at).name, start } : undefined),
  });
};

/**
 * A stream of single rows from several files, in sequence. A shuffled run orders the files by the key of the epoch, and
 * the rows through the shuffle buffer.
 *
 * If every file declares its number of rows, a run resumes without reading the files of which it needs no more rows.
 * `seekable` declares that a file can also be entered at a row.
 *
 * **Fails with** `InvalidArgument`, thrown, where there are no files, or a number of rows is invalid. While it is read, with
 * `StreamFailed` where a file throws or has a different number of rows than declared.
 *
 * @example
 * ```ts
 * import { shardedRows } from "fluxion/data";
 * import { scalar } from "fluxion";
 * const parts = shardedRows(["a", "bc"], function* (name) {
 *   for (const letter of name) yield { letter: scalar(letter.charCodeAt(0), "i32") };
 * });
 * parts.per // => "row"
 * ```
 */
export const shardedRows = <R extends Row>(
  files: readonly (string | Shard)[],
  open: OpenShard<R>,
  options: StreamOptions = {},
): Streamed<R> => sharded<R>("shardedRows", "row", files, open, options);

/** A stream of several rows at once, from several files; see {@link shardedRows}. */
export const shardedBatches = <B extends Row>(
  files: readonly (string | Shard)[],
  open: OpenShard<B>,
  options: Omit<StreamOptions, "ragged"> = {},
): Streamed<RowOf<B>> => sharded<RowOf<B>>("shardedBatches", "batch", files, open, options);
