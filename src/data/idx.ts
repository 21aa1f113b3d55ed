import * as E from "fp-ts/lib/Either.js";
import { IdxCorrupt, type IdxProblem } from "../errors.ts";
import { allocate, type Dtype } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** How an element type of IDX is stored and read; the format is big-endian. */
interface Element {
  readonly name: string;
  readonly bytes: number;
  readonly dtype: Dtype;
  readonly read: (view: DataView, offset: number) => number;
}

const elements: { readonly [code: number]: Element } = {
  8: { name: "u8", bytes: 1, dtype: "u8", read: (v, o) => v.getUint8(o) },
  9: { name: "i8", bytes: 1, dtype: "i32", read: (v, o) => v.getInt8(o) },
  11: { name: "i16", bytes: 2, dtype: "i32", read: (v, o) => v.getInt16(o) },
  12: { name: "i32", bytes: 4, dtype: "i32", read: (v, o) => v.getInt32(o) },
  13: { name: "f32", bytes: 4, dtype: "f32", read: (v, o) => v.getFloat32(o) },
  14: { name: "f64", bytes: 8, dtype: "f64", read: (v, o) => v.getFloat64(o) },
};

/** What a file is expected to hold; an extent of `undefined` may be any. */
export interface IdxExpectation {
  readonly dtype?: Dtype;
  readonly shape?: readonly (number | undefined)[];
}

/**
 * A tensor of the bytes of an IDX file that is not compressed. Pure: it runs wherever the bytes are.
 *
 * 8-bit unsigned elements are `u8`, other integers `i32`, floats themselves.
 *
 * **Fails with** `IdxCorrupt`: wrong magic number, another type or rank than expected, too few bytes or
 * too many.
 *
 * **Source** LeCun, Cortes and Burges, "The MNIST database": the IDX file format.
 *
 * @example
 * ```ts
 * import { decodeIdx } from "fluxion";
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9);
 * const decoded = decodeIdx(bytes, "labels.idx");
 * decoded._tag === "Right" ? decoded.right.toString() : decoded.left // => "[7 8 9]"
 * ```
 */
export const decodeIdx = (
  bytes: Uint8Array,
  file: string,
  expectation: IdxExpectation = {},
): E.Either<IdxCorrupt, Tensor> => {
  const corrupt = (problem: IdxProblem, offset: number, expected: string, actual: string) =>
    E.left(new IdxCorrupt({ file, problem, offset, expected, actual }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4)
    return corrupt("truncated", bytes.length, "4 bytes of magic number", many(bytes.length));
  const [zero0, zero1, code = 0, rank = 0] = bytes;
  const element = elements[code];
  if (zero0 !== 0 || zero1 !== 0 || element === undefined)
    return corrupt(
      "magic",
      0,
      "a magic number of IDX, 00 00 and a type",
      hex(bytes.subarray(0, 4)),
    );
  if (expectation.dtype !== undefined && element.dtype !== expectation.dtype)
    return corrupt("type", 2, `elements of type ${expectation.dtype}`, element.name);
  if (expectation.shape !== undefined && expectation.shape.length !== rank)
    return corrupt("type", 3, `${expectation.shape.length} axes`, String(rank));
  const start = 4 + 4 * rank;
  if (bytes.length < start)
    return corrupt(
      "truncated",
      bytes.length,
      `${rank} extents of 4 bytes each`,
      many(bytes.length - 4),
    );
  const shape: Shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const axis = shape.findIndex((d, i) => d !== (expectation.shape?.[i] ?? d));
  if (axis >= 0)
    return corrupt(
      "type",
      4 + 4 * axis,
      `an extent of ${expectation.shape?.[axis]}`,
      String(shape[axis]),
    );
  const size = sizeOf(shape);
  const needed = size * element.bytes;
  const left = bytes.length - start;
  if (left < needed)
    return corrupt("truncated", bytes.length, `${needed} bytes of elements`, many(left));
  if (left > needed)
    return corrupt(
      "trailing",
      start + needed,
      `the end, after ${needed} bytes of elements`,
      `${many(left - needed)} more`,
    );
  return E.right(Tensor.own(shape, element.dtype, elementsOf(element, view, start, size)));
};

const elementsOf = (element: Element, view: DataView, start: number, size: number) => {
  // The greater part of all IDX files: bytes, which need no decoding, and are copied as they are.
  if (element.dtype === "u8")
    return new Uint8Array(view.buffer, view.byteOffset + start, size).slice();
  const data = allocate(element.dtype, size);
  for (let i = 0; i < size; i++) data[i] = element.read(view, start + i * element.bytes);
  return data;
};

const many = (n: number): string => `${n} byte${n === 1 ? "" : "s"}`;

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
