import * as E from "fp-ts/lib/Either.js";
import { IdxCorrupt, type IdxProblem } from "../../errors.ts";
import { allocate, type Dtype } from "../../tensor/dtype.ts";
import { reachOf, type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** The size and reader of an IDX element type. The format is big-endian. */
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

/** The expected contents of a file. An extent of `undefined` matches any. */
export interface IdxExpectation {
  readonly dtype?: Dtype;
  readonly shape?: readonly (number | undefined)[];
  /**
   * The maximum number of element bytes in a compressed file. Defaults to that of `shape` where all of its
   * extents are given, and to 2³⁰ elsewhere.
   */
  readonly maxBytes?: number;
}

/** The header of a file: the type, shape and position of its elements. */
export interface IdxHeader {
  readonly shape: Shape;
  readonly element: Element;
  readonly size: number;
  /** The byte after the header. */
  readonly start: number;
  /** The byte after the elements. */
  readonly end: number;
}

/** The bytes of the longest header: a magic number and 255 extents. */
export const longestHeader = 4 + 4 * 255;

/** The maximum number of examples without elements, since the file has no bytes to back them. */
const mostOfNothing = 2 ** 20;

/** Decodes the header of a file. **Fails with** `IdxCorrupt`. */
export const decodeIdxHeader = (
  bytes: Uint8Array,
  file: string,
  { dtype, shape: expected }: IdxExpectation,
): E.Either<IdxCorrupt, IdxHeader> => {
  const corrupt = corruptIn(file);
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
  if (dtype !== undefined && element.dtype !== dtype)
    return corrupt("type", 2, `elements of type ${dtype}`, element.name);
  if (expected !== undefined && expected.length !== rank)
    return corrupt("type", 3, `${expected.length} axes`, String(rank));
  const start = 4 + 4 * rank;
  if (bytes.length < start)
    return corrupt(
      "truncated",
      bytes.length,
      `${rank} extents of 4 bytes each`,
      many(bytes.length - 4),
    );
  const shape: Shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const axis = shape.findIndex((d, i) => d !== (expected?.[i] ?? d));
  if (axis >= 0)
    return corrupt("type", 4 + 4 * axis, `an extent of ${expected?.[axis]}`, String(shape[axis]));
  // An extent of 0 is handled first, since the product of the others may be infinite.
  const isEmpty = shape.includes(0);
  if (isEmpty && reachOf(shape) > mostOfNothing)
    return corrupt(
      "size",
      4,
      `at most ${mostOfNothing} examples of nothing`,
      `the shape [${shape.join(", ")}]`,
    );
  const size = isEmpty ? 0 : sizeOf(shape);
  return E.right({ shape, element, size, start, end: start + size * element.bytes });
};

const corruptIn =
  (file: string) =>
  (
    problem: IdxProblem,
    offset: number,
    expected: string,
    actual: string,
  ): E.Left<IdxCorrupt> => // Typed as `Left`, so that it fits an `Either` of any right type.
  ({ _tag: "Left", left: new IdxCorrupt({ file, problem, offset, expected, actual }) });

/**
 * Decodes an uncompressed IDX file to a tensor. It is pure and runs anywhere.
 *
 * 8-bit unsigned elements become `u8`, other integers `i32`, and floats keep their type.
 *
 * **Fails with** `IdxCorrupt`: a wrong magic number, an unexpected type or shape, too few or too many bytes, or
 * more than 2²⁰ examples without elements.
 *
 * **Source** LeCun, Cortes and Burges, "The MNIST database": the IDX file format.
 *
 * @example
 * ```ts
 * import { decodeIdx } from "fluxion/data";
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9);
 * const decoded = decodeIdx(bytes, "labels.idx");
 * decoded._tag === "Right" ? decoded.right.toString() : decoded.left // => "[7 8 9]"
 * ```
 */
export const decodeIdx = (
  bytes: Uint8Array,
  file: string,
  expectation: IdxExpectation = {},
): E.Either<IdxCorrupt, Tensor> =>
  E.chain(({ shape, element, size, start, end }: IdxHeader) => {
    const corrupt = corruptIn(file);
    const elements = `${end - start} bytes of elements`;
    if (bytes.length < end)
      return corrupt("truncated", bytes.length, elements, many(bytes.length - start));
    if (bytes.length > end)
      return corrupt(
        "trailing",
        end,
        `the end, after ${elements}`,
        `${many(bytes.length - end)} more`,
      );
    return E.right(Tensor.own(shape, element.dtype, elementsOf(element, bytes, start, size)));
  })(decodeIdxHeader(bytes, file, expectation));

const elementsOf = (element: Element, bytes: Uint8Array, start: number, size: number) => {
  // Most IDX files hold bytes, which are copied without decoding.
  // (`Buffer.slice` would not copy.)
  if (element.dtype === "u8") return new Uint8Array(bytes.subarray(start));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = allocate(element.dtype, size);
  for (let i = 0; i < size; i++) data[i] = element.read(view, start + i * element.bytes);
  return data;
};

const many = (n: number): string => `${n} byte${n === 1 ? "" : "s"}`;

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
