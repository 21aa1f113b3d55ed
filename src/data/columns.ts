import { ShapeMismatch } from "../errors.ts";
import { allocate, type Storage } from "../tensor/dtype.ts";
import { sameShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Named tensors that share a leading axis: the examples. */
export type Columns = { readonly [column: string]: Tensor };

/** Applies a function to every value of a record. */
export const mapColumns = <A, B>(
  columns: { readonly [column: string]: A },
  f: (value: A, column: string) => B,
): { readonly [column: string]: B } =>
  Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, f(value, name)]));

/** The elements of one row. */
export const rowSize = (tensor: Tensor): number => sizeOf(tensor.shape.slice(1));

/** Makes a column of zeros. */
export const blank = (tensor: Tensor, rows: number): Tensor =>
  Tensor.own(
    [rows, ...tensor.shape.slice(1)],
    tensor.dtype,
    allocate(tensor.dtype, rows * rowSize(tensor)),
  );

/** Writes whole columns into buffers that the caller owns. */
export const writeColumns = (
  columns: Columns,
  destination: { readonly [column: string]: Storage },
): void => {
  for (const column in destination) {
    const tensor = columns[column];
    const into = destination[column];
    if (tensor === undefined || into === undefined) continue;
    roomFor(tensor, tensor.size, into);
    into.set(Tensor.read(tensor));
  }
};

/**
 * Throws unless a buffer has the column's storage type and enough room, since typed arrays drop writes beyond
 * their end silently.
 */
export const roomFor = (tensor: Tensor, elements: number, into: Storage): void => {
  if (into.length < elements || into.constructor !== Tensor.read(tensor).constructor)
    throw new ShapeMismatch({
      op: "gatherInto",
      expected: `a buffer of ${tensor.dtype} for at least ${elements} elements`,
      actual: [[into.length]],
      path: [],
    });
};

/** Rows of at least this many elements are copied by `set`, narrower ones element by element. */
const wide = 24;

/** Copies rows to the front of `into`; consecutive rows are copied together. */
export const copyRows = (tensor: Tensor, indices: Int32Array, into: Storage): void => {
  const from = Tensor.read(tensor);
  const width = rowSize(tensor);
  if (width < wide) {
    for (let i = 0; i < indices.length; i++) {
      const row = (indices[i] as number) * width;
      for (let j = 0; j < width; j++) into[i * width + j] = from[row + j] as number;
    }
    return;
  }
  for (let i = 0; i < indices.length; ) {
    const first = indices[i] as number;
    let n = 1;
    while (indices[i + n] === first + n) n++;
    into.set(from.subarray(first * width, (first + n) * width), i * width);
    i += n;
  }
};

/** Whether two datasets have the same columns, with equal shapes and dtypes. */
export const alike = (a: Columns, b: Columns): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, x]) => {
    const y = b[name];
    return y !== undefined && x.dtype === y.dtype && sameShape(x.shape.slice(1), y.shape.slice(1));
  });
