import { ShapeMismatch } from "../errors.ts";
import { allocate, bytesPerElement, type Storage } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  blank,
  type Columns,
  copyRows,
  mapColumns,
  roomFor,
  rowSize,
  writeColumns,
} from "./columns.ts";

/**
 * A lazy description of examples: where they are stored, in which order, and how they are mapped.
 *
 * Nothing is copied until rows are gathered, so that shuffling 60,000 images costs only their indices.
 */
export type Rows =
  | { readonly kind: "stored"; readonly size: number; readonly columns: Columns }
  | {
      readonly kind: "ordered";
      readonly size: number;
      readonly base: Rows;
      readonly order: Int32Array;
    }
  | {
      readonly kind: "mapped";
      readonly size: number;
      readonly base: Rows;
      readonly f: (batch: Columns) => Columns;
    }
  | {
      readonly kind: "joined";
      readonly size: number;
      readonly parts: readonly Rows[];
      /** The position of each part's first row. */
      readonly starts: readonly number[];
    }
  | { readonly kind: "kept"; readonly size: number; readonly stored: () => Rows }
  | {
      readonly kind: "cached";
      readonly size: number;
      readonly base: Rows;
      readonly store: () => Store;
    };

/** Computed rows. Only the first `most` rows are kept. */
interface Store {
  readonly most: number;
  readonly columns: Columns;
  /** Whether each of the first `most` rows is in the columns. */
  readonly has: Uint8Array;
  /** How many of them are not. */
  missing: number;
}

/** Selects rows by index, in any order. Indices may repeat. */
export const ordered = (base: Rows, order: Int32Array): Rows =>
  base.kind === "ordered"
    ? { ...base, size: order.length, order: composed(base.order, order) }
    : { kind: "ordered", size: order.length, base, order };

/** Appends rows to others. The result is one flat list of parts. */
export const joined = (first: Rows, second: Rows): Rows => {
  const [a, b] = [partsOf(first), partsOf(second)];
  return {
    kind: "joined",
    size: first.size + second.size,
    parts: [...a.parts, ...b.parts],
    starts: [...a.starts, ...b.starts.map((start) => start + first.size)],
  };
};

const partsOf = (rows: Rows): Pick<Joined, "parts" | "starts"> =>
  rows.kind === "joined" ? rows : { parts: [rows], starts: [0] };

type Joined = Extract<Rows, { readonly kind: "joined" }>;

const composed = (order: Int32Array, indices: Int32Array): Int32Array => {
  const out = new Int32Array(indices.length);
  for (let i = 0; i < out.length; i++) out[i] = order[indices[i] as number] as number;
  return out;
};

/** Copies the rows at `indices`, from 0 to `size - 1`, into new columns. */
export const gather = (rows: Rows, indices: Int32Array): Columns => {
  switch (rows.kind) {
    case "stored":
      return mapColumns(rows.columns, (tensor) => {
        const data = allocate(tensor.dtype, indices.length * rowSize(tensor));
        copyRows(tensor, indices, data);
        return Tensor.own([indices.length, ...tensor.shape.slice(1)], tensor.dtype, data);
      });
    case "ordered":
      return gather(rows.base, composed(rows.order, indices));
    case "mapped":
      return indices.length === 0
        ? withoutRows(sample(rows))
        : sameLength(rows.f(gather(rows.base, indices)), indices.length);
    case "joined":
      return interleaved(rows.parts, rows.starts, indices);
    case "kept":
      return gather(rows.stored(), indices);
    case "cached": {
      compute(rows, indices);
      const { most, columns } = rows.store();
      const stored: Rows = { kind: "stored", size: most, columns };
      if (most === rows.size || indices.every((i) => i < most)) return gather(stored, indices);
      // Rows that the store does not hold are computed again each time.
      return interleaved([stored, unstored(rows, most)], [0, most], indices);
    }
  }
};

type Cached = Extract<Rows, { readonly kind: "cached" }>;

/** The rows of a cache from `from` on, which it does not store. */
const unstored = ({ base, size }: Cached, from: number): Rows => ({
  kind: "ordered",
  size: size - from,
  base,
  order: range(from, size),
});

/** Computes those of the rows at `indices` that the store has room for and does not have. */
const compute = ({ base, store }: Cached, indices: Int32Array): void => {
  const held = store();
  if (held.missing === 0) return;
  const wanted = new Set(indices.filter((i) => i < held.most && held.has[i] === 0));
  if (wanted.size === 0) return;
  const those = Int32Array.from(wanted);
  const computed = gather(base, those);
  for (const [name, tensor] of Object.entries(held.columns)) {
    const width = rowSize(tensor);
    const [into, from] = [Tensor.read(tensor), Tensor.read(computed[name] as Tensor)];
    for (const [place, i] of those.entries())
      into.set(from.subarray(place * width, (place + 1) * width), i * width);
  }
  for (const i of those) held.has[i] = 1;
  held.missing -= those.length;
};

/** Writes the rows at `indices` into buffers with the columns' storage types. Stored rows are copied once. */
export const gatherInto = (
  rows: Rows,
  destination: { readonly [column: string]: Storage },
  indices: Int32Array,
): void => {
  switch (rows.kind) {
    case "stored":
      for (const column in destination) {
        const tensor = rows.columns[column];
        const into = destination[column];
        if (tensor === undefined || into === undefined) continue;
        roomFor(tensor, indices.length * rowSize(tensor), into);
        copyRows(tensor, indices, into);
      }
      return;
    case "ordered":
      gatherInto(rows.base, destination, composed(rows.order, indices));
      return;
    case "kept":
      gatherInto(rows.stored(), destination, indices);
      return;
    case "cached": {
      compute(rows, indices);
      const { most, columns } = rows.store();
      if (most === rows.size || indices.every((i) => i < most)) {
        gatherInto({ kind: "stored", size: most, columns }, destination, indices);
        return;
      }
      writeColumns(gather(rows, indices), destination);
      return;
    }
    default:
      writeColumns(gather(rows, indices), destination);
  }
};

/** One row as a sample of shapes and dtypes: the first, or zeros where there is none. */
export const sample = (rows: Rows): Columns => {
  switch (rows.kind) {
    case "stored":
      return rows.size > 0
        ? gather(rows, Int32Array.of(0))
        : mapColumns(rows.columns, (t) => blank(t, 1));
    case "ordered":
      return sample(rows.base);
    case "mapped":
      return rows.f(sample(rows.base));
    case "joined":
      return sample(rows.parts[0] as Rows);
    case "kept":
      return sample(rows.stored());
    case "cached":
      return sample(rows.base);
  }
};

/** Computes rows once, when they are first needed, and from then on only copies them. */
export const kept = (rows: Rows): Rows => {
  if (rows.kind === "stored" || rows.kind === "kept") return rows;
  let stored: Rows | undefined;
  return {
    kind: "kept",
    size: rows.size,
    stored: () => {
      stored ??= { kind: "stored", size: rows.size, columns: computed(rows) };
      return stored;
    },
  };
};

/** Whether rows are only copied when they are gathered, and not computed. */
const isStored = (rows: Rows): boolean => {
  switch (rows.kind) {
    case "stored":
    case "kept":
    case "cached":
      return true;
    case "ordered":
      return isStored(rows.base);
    case "joined":
      return rows.parts.every(isStored);
    case "mapped":
      return false;
  }
};

/**
 * Keeps rows once they are computed, as many as `maxBytes` hold: always the same ones, the first, so that an epoch in
 * any order finds all of them again.
 */
export const cached = (rows: Rows, maxBytes: number): Rows => {
  if (isStored(rows)) return rows;
  let made: Store | undefined;
  const store = (): Store => {
    if (made !== undefined) return made;
    const one = sample(rows);
    const bytes = Object.values(one).reduce(
      (sum, t) => sum + rowSize(t) * bytesPerElement(t.dtype),
      0,
    );
    const most = Math.min(rows.size, Math.floor(maxBytes / Math.max(1, bytes)));
    const columns = mapColumns(one, (t) => blank(t, most));
    made = { most, columns, has: new Uint8Array(most), missing: most };
    return made;
  };
  return { kind: "cached", size: rows.size, base: rows, store };
};

/** The number of rows computed together: large enough to be fast, small enough for the cache. */
const chunk = 1024;

/** Computes all rows chunk by chunk, and yields each with the position of its first row. */
export function* chunks(rows: Rows): Iterable<readonly [from: number, columns: Columns]> {
  for (let from = 0; from < rows.size; from += chunk)
    yield [from, gather(rows, range(from, Math.min(from + chunk, rows.size)))];
}

const computed = (rows: Rows): Columns => {
  const all = mapColumns(sample(rows), (t) => ({
    tensor: blank(t, rows.size),
    data: allocate(t.dtype, rows.size * rowSize(t)),
  }));
  for (const [from, columns] of chunks(rows))
    for (const [name, { tensor, data }] of Object.entries(all))
      data.set(Tensor.read(columns[name] as Tensor), from * rowSize(tensor));
  return mapColumns(all, ({ tensor, data }) => Tensor.own(tensor.shape, tensor.dtype, data));
};

/** `from, …, to - 1`. */
export const range = (from: number, to: number): Int32Array => {
  const out = new Int32Array(Math.max(0, to - from));
  for (let i = 0; i < out.length; i++) out[i] = from + i;
  return out;
};

const withoutRows = (columns: Columns): Columns => mapColumns(columns, (t) => blank(t, 0));

const sameLength = (columns: Columns, rows: number): Columns => {
  const all = Object.values(columns);
  // Without a column the number of rows is unknown.
  if (all.length === 0 || all.some((t) => t.shape[0] !== rows))
    throw new ShapeMismatch({
      op: "mapBatches",
      expected: `at least one column, and as many rows as came in (${rows}) along the leading axis of each`,
      actual: all.filter((t) => t.shape[0] !== rows).map((t) => t.shape),
      path: [],
    });
  return columns;
};

const interleaved = (
  parts: readonly Rows[],
  starts: readonly number[],
  indices: Int32Array,
): Columns => {
  const places = new Map<number, number[]>();
  for (let place = 0; place < indices.length; place++) {
    const part = lastUpTo(starts, indices[place] as number);
    const those = places.get(part);
    if (those === undefined) places.set(part, [place]);
    else those.push(place);
  }
  const pieces = Array.from(places, ([part, those]) => {
    const start = starts[part] as number;
    const own = Int32Array.from(those, (place) => (indices[place] as number) - start);
    return { those, columns: gather(parts[part] as Rows, own) };
  });
  const [one] = pieces;
  if (one === undefined) return gather(parts[0] as Rows, indices);
  if (pieces.length === 1) return one.columns;
  return mapColumns(one.columns, ({ shape, dtype }, name) => {
    const width = sizeOf(shape.slice(1));
    const data = allocate(dtype, indices.length * width);
    for (const { those, columns } of pieces) {
      const from = Tensor.read(columns[name] as Tensor);
      for (const [i, place] of those.entries())
        data.set(from.subarray(i * width, (i + 1) * width), place * width);
    }
    return Tensor.own([indices.length, ...shape.slice(1)], dtype, data);
  });
};

/**
 * The index of the last of ascending numbers that is at most `n`. Of equal ones (parts without rows) it is the
 * last.
 */
const lastUpTo = (numbers: readonly number[], n: number): number => {
  let [low, high] = [0, numbers.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) <= n) low = middle;
    else high = middle;
  }
  return low;
};
