import { InvalidArgument, InvalidBatchSize, ShapeMismatch, UnknownColumn } from "../errors.ts";
import type { TensorType } from "../ir/expr.ts";
import { stackTensors } from "../tensor/constructors.ts";
import type { Storage } from "../tensor/dtype.ts";
import { type Key, permutation } from "../tensor/key.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { holding } from "../tensor/validate.ts";
import { alike, type Columns, mapColumns } from "./columns.ts";
import {
  cached,
  chunks,
  gather,
  gatherInto,
  joined,
  kept,
  ordered,
  type Rows,
  range,
  sample,
} from "./rows.ts";

/** One example: a named record of tensors. */
export type Row = { readonly [column: string]: Tensor };

type Leading<T, N extends number> = T extends Tensor<infer S> ? Tensor<readonly [N, ...S]> : never;
type Rest<T> =
  T extends Tensor<infer S>
    ? S extends readonly [number, ...infer R extends Shape]
      ? Tensor<Readonly<R>>
      : Tensor
    : never;

/** A batch of examples: each column of the row with a leading axis added. */
export type Batch<R extends Row> = { readonly [C in keyof R]: Leading<R[C], number> };

/** The type of one row of stored columns: each without its leading axis. */
export type RowOf<C extends Row> = { readonly [K in keyof C]: Rest<C[K]> };

/** The options of {@link Dataset.batch}. */
export interface BatchOptions {
  /** Whether to leave out the last examples where they do not fill a batch. Defaults to `false`. */
  readonly dropRemainder?: boolean;
}

/** The batches of a dataset, in order. Each iteration makes them anew. */
export interface Batches<R extends Row> extends Iterable<Batch<R>> {
  /** The number of batches. */
  readonly count: number;
  readonly size: number;
}

/**
 * An immutable, lazy collection of examples. Every method returns a new dataset and copies nothing.
 *
 * **Fails with** thrown `InvalidArgument`, `ShapeMismatch`, `InvalidBatchSize`, `UnknownColumn`, for mistakes of
 * the caller. `validate` finds mistakes in the data itself.
 *
 * @example
 * ```ts
 * import { dataset, key, tensor } from "fluxion";
 * const points = dataset({ x: tensor([[1, 2], [3, 4], [5, 6]]), label: tensor([0, 1, 1], "i32") });
 * points.size // => 3
 * points.columns.x.shape // => [2]
 * points.skip(1).batch(2).count // => 1
 * points.filter((row) => row.label.item() === 1).row(0).x.toString() // => "[3. 4.]"
 * ```
 */
export class Dataset<out R extends Row = Row> {
  readonly #rows: Rows;
  #sample: Columns | undefined;

  private constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** Makes a dataset of columns; see {@link dataset}. */
  static of<const C extends Row>(columns: C): Dataset<RowOf<C>> {
    const tensors = Object.values(columns);
    const size = tensors[0]?.shape[0];
    if (size === undefined || tensors.some((t) => t.shape[0] !== size))
      throw new ShapeMismatch({
        op: "dataset",
        expected: "at least one column, and in all of them one example per row of the leading axis",
        actual: tensors.map((t) => t.shape),
        path: [],
      });
    if (size > mostRows)
      throw new ShapeMismatch({
        op: "dataset",
        expected: `at most ${mostRows} examples, as many as positions of i32 name`,
        actual: tensors.map((t) => t.shape),
        path: [],
      });
    return new Dataset<RowOf<C>>({ kind: "stored", size, columns });
  }

  #with(rows: Rows): Dataset<R> {
    return new Dataset<R>(rows);
  }

  #one(): Columns {
    this.#sample ??= sample(this.#rows);
    return this.#sample;
  }

  /** The number of examples. */
  get size(): number {
    return this.#rows.size;
  }

  /** The shape and dtype of each column for one example. */
  get columns(): { readonly [C in keyof R]: TensorType } {
    const types = mapColumns<Tensor, TensorType>(this.#one(), (t) => ({
      shape: t.shape.slice(1),
      dtype: t.dtype,
    }));
    // The constructors' types guarantee that the columns are those of R.
    return types as { readonly [C in keyof R]: TensorType };
  }

  /** The example at a position. Negative positions count from the end. */
  row(index: number): R {
    const position = index < 0 ? index + this.size : index;
    if (!Number.isInteger(position) || position < 0 || position >= this.size)
      throw new InvalidArgument({
        op: "row",
        argument: "index",
        expected: `a whole number below ${this.size}, or from -${this.size} if it counts from the end`,
        actual: String(index),
      });
    return rowAt<R>(gather(this.#rows, Int32Array.of(position)), 0);
  }

  /** Applies a function to every example. {@link mapBatches} is faster. */
  map<Q extends Row>(f: (row: R) => Q): Dataset<Q> {
    return this.#mapped<Q>((batch) => {
      const n = Object.values(batch)[0]?.shape[0] ?? 0;
      const rows = Array.from({ length: n }, (_, i) => f(rowAt<R>(batch, i)));
      const [first = {}] = rows;
      const names = Object.keys(first);
      const other = rows.find(
        (row) =>
          Object.keys(row).length !== names.length || !names.every((c) => Object.hasOwn(row, c)),
      );
      if (other !== undefined)
        throw new ShapeMismatch({
          op: "map",
          expected: `rows of the same columns, as the first one: ${names.join(", ")}`,
          actual: Object.values(other).map((t) => t.shape),
          path: [],
        });
      return mapColumns(first, (_, name) => stackTensors(rows.map((row) => row[name] as Tensor)));
    });
  }

  /** Applies a function to batches of examples of any size. It must treat every example alike. */
  mapBatches<Q extends Row>(f: (batch: Batch<R>) => Batch<Q>): Dataset<Q> {
    return this.#mapped<Q>((batch) => f(batch as Batch<R>));
  }

  /** Replaces one column by a function of batches of it. */
  mapColumn<C extends keyof R & string, S extends Shape>(
    column: C,
    f: (tensor: Leading<R[C], number>) => Tensor<readonly [number, ...S]>,
  ): Dataset<{ readonly [K in keyof R]: K extends C ? Tensor<S> : R[K] }> {
    this.#known(column);
    return this.#mapped((batch) => ({
      ...batch,
      [column]: f(batch[column] as Leading<R[C], number>),
    }));
  }

  #mapped<Q extends Row>(f: (batch: Columns) => Columns): Dataset<Q> {
    return new Dataset<Q>({ kind: "mapped", size: this.size, base: this.#rows, f });
  }

  #known(column: string): void {
    if (!Object.hasOwn(this.#one(), column))
      throw new UnknownColumn({ column, columns: Object.keys(this.#one()) });
  }

  /** Keeps only these columns. */
  select<C extends keyof R & string>(...columns: readonly C[]): Dataset<Pick<R, C>> {
    for (const column of columns) this.#known(column);
    if (columns.length === 0)
      throw new InvalidArgument({
        op: "select",
        argument: "columns",
        expected: "at least one column",
        actual: "none",
      });
    return this.#mapped((batch) =>
      Object.fromEntries(columns.map((column) => [column, batch[column] as Tensor])),
    );
  }

  /** One column of all examples. */
  column<C extends keyof R & string>(column: C): Leading<R[C], number> {
    return this.select(column).all()[column];
  }

  /** Keeps the examples that satisfy a predicate, which is called at once. */
  filter(keep: (row: R) => boolean): Dataset<R> {
    const order: number[] = [];
    for (const [from, batch] of chunks(this.#rows)) {
      const n = Object.values(batch)[0]?.shape[0] ?? 0;
      for (let i = 0; i < n; i++) if (keep(rowAt<R>(batch, i))) order.push(from + i);
    }
    return this.#with(ordered(this.#rows, Int32Array.from(order)));
  }

  /** Shuffles the examples by a key. */
  shuffle(key: Key): Dataset<R> {
    const order = Tensor.read(permutation(key, this.size));
    return this.#with(ordered(this.#rows, Int32Array.from(order)));
  }

  /** The examples at positions from 0 to `size - 1`, in that order; positions may repeat. */
  pick(indices: Int32Array): Dataset<R> {
    this.#inside("pick", indices);
    return this.#with(ordered(this.#rows, indices.slice()));
  }

  /** The first `n` examples, or all where there are fewer. */
  take(n: number): Dataset<R> {
    return this.#slice(0, whole("take", "n", n));
  }

  /** All but the first `n` examples. */
  skip(n: number): Dataset<R> {
    return this.#slice(whole("skip", "n", n), this.size);
  }

  #slice(from: number, to: number): Dataset<R> {
    return this.#with(ordered(this.#rows, range(from, Math.min(to, this.size))));
  }

  /**
   * Splits the dataset into disjoint parts: two for a fraction, which is that of the first, or one per count,
   * which may leave some examples out. A key shuffles the examples first.
   */
  split(fraction: number, key?: Key): readonly [Dataset<R>, Dataset<R>];
  split<const N extends readonly number[]>(
    counts: N,
    key?: Key,
  ): { readonly [I in keyof N]: Dataset<R> };
  split(parts: number | readonly number[], key?: Key): readonly Dataset<R>[] {
    const counts = typeof parts === "number" ? this.#fraction(parts) : parts;
    let together = 0;
    const ends = counts.map((n) => {
      together += n;
      return together;
    });
    if (counts.some((n) => !Number.isSafeInteger(n) || n < 0) || (ends.at(-1) ?? 0) > this.size)
      throw new InvalidArgument({
        op: "split",
        argument: "counts",
        expected: `whole numbers that are not negative, together at most ${this.size}`,
        actual: counts.slice(0, 20).join(", "),
      });
    const from = key === undefined ? this : this.shuffle(key);
    return ends.map((end, i) => from.#slice(ends[i - 1] ?? 0, end));
  }

  #fraction(fraction: number): readonly [number, number] {
    if (!(fraction >= 0 && fraction <= 1))
      throw new InvalidArgument({
        op: "split",
        argument: "fraction",
        expected: "a number from 0 to 1",
        actual: String(fraction),
      });
    const first = Math.round(fraction * this.size);
    return [first, this.size - first];
  }

  /** Appends the examples of another dataset with the same columns. */
  concat(other: Dataset<R>): Dataset<R> {
    const [mine, theirs] = [this.#one(), other.#one()];
    if (!alike(mine, theirs))
      throw new ShapeMismatch({
        op: "concat",
        expected: "two datasets with the same columns, of the same shapes and dtypes",
        actual: [...Object.values(mine), ...Object.values(theirs)].map((t) => t.shape.slice(1)),
        path: [],
      });
    const size = this.size + other.size;
    if (size > mostRows)
      throw new InvalidArgument({
        op: "concat",
        argument: "other",
        expected: `at most ${mostRows} examples together`,
        actual: String(size),
      });
    return this.#with(joined(this.#rows, other.#rows));
  }

  /** Computes the examples once, when one is first needed, and from then on only copies them. */
  materialize(): Dataset<R> {
    return this.#with(kept(this.#rows));
  }

  /**
   * Keeps examples once they are computed, as many as `maxBytes` hold, and computes the others whenever they are
   * needed. Nothing is computed before it is needed, and what is stored anyway is not copied.
   *
   * **Fails with** `InvalidArgument`, thrown, where `maxBytes` is negative or NaN.
   */
  cache(maxBytes: number): Dataset<R> {
    holding("a number of bytes", (n) => n >= 0)("cache", { maxBytes });
    return this.#with(cached(this.#rows, maxBytes));
  }

  /** The examples in batches. **Fails with** `InvalidBatchSize`, thrown, unless `1 ≤ size ≤ this.size`. */
  batch(size: number, { dropRemainder = false }: BatchOptions = {}): Batches<R> {
    if (!Number.isSafeInteger(size) || size < 1 || size > this.size)
      throw new InvalidBatchSize({ size, examples: this.size });
    const count = dropRemainder ? Math.floor(this.size / size) : Math.ceil(this.size / size);
    const batchAt = (i: number): Batch<R> =>
      this.gather(range(i * size, Math.min((i + 1) * size, this.size)));
    return {
      count,
      size,
      *[Symbol.iterator]() {
        for (let i = 0; i < count; i++) yield batchAt(i);
      },
    };
  }

  /** All examples as one batch. */
  all(): Batch<R> {
    return this.gather(range(0, this.size));
  }

  /** Gathers the examples at positions from 0 to `size - 1`. */
  gather(indices: Int32Array): Batch<R> {
    this.#inside("gather", indices);
    // The gathered rows have the columns of R, with many examples of each.
    return gather(this.#rows, indices) as Batch<R>;
  }

  /**
   * Gathers into buffers that the caller owns, one per wanted column, with the storage type of the column's
   * dtype. Nothing else is allocated where the dataset is stored or materialized.
   *
   * **Fails with** `ShapeMismatch`, thrown, where a buffer is too short or of another dtype.
   */
  gatherInto(
    destination: { readonly [C in keyof R & string]?: Storage },
    indices: Int32Array,
  ): void {
    this.#inside("gatherInto", indices);
    gatherInto(this.#rows, destination as { readonly [column: string]: Storage }, indices);
  }

  #inside(op: string, indices: Int32Array): void {
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number;
      if (index < 0 || index >= this.size)
        throw new InvalidArgument({
          op,
          argument: "indices",
          expected: `whole numbers from 0 to ${this.size - 1}`,
          actual: String(index),
        });
    }
  }
}

const mostRows = 2 ** 31 - 1;

/** Makes a dataset of columns whose leading axis counts the examples. */
export const dataset = Dataset.of;

const rowAt = <R extends Row>(batch: Columns, i: number): R => {
  const row = mapColumns(batch, (t) => {
    const shape = t.shape.slice(1);
    const width = t.size / (t.shape[0] ?? 1);
    return Tensor.own(shape, t.dtype, Tensor.read(t).slice(i * width, (i + 1) * width));
  });
  // A row of the columns of R.
  return row as Row as R;
};

const whole = (op: string, argument: string, n: number): number => {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new InvalidArgument({
      op,
      argument,
      expected: "a whole number that is not negative",
      actual: String(n),
    });
  return n;
};
