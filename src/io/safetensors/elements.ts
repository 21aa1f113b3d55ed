import { asLittleEndian } from "../../codec/bytes.ts";
import { bytesPerElement, type Dtype, type Storage } from "../../tensor/dtype.ts";
import { fromHalfBits, type Half } from "../../tensor/half.ts";

/** How elements of the file become those of a tensor: whole pieces of little-endian bytes, stored from `at` on. */
export interface ElementFormat {
  readonly dtype: Dtype;
  /** The bytes of an element in the file. */
  readonly width: number;
  /** Stores a piece. Returns the first element that the dtype does not have, as text. */
  readonly store: (piece: Uint8Array, into: Storage, at: number) => string | undefined;
}

/** The same bytes in the file and in memory. */
const same = (dtype: Dtype): ElementFormat => {
  const width = bytesPerElement(dtype);
  return {
    dtype,
    width,
    store: (piece, into, at) => {
      if (dtype === "bool") {
        const wrong = piece.find((byte) => byte > 1);
        if (wrong !== undefined) return String(wrong);
      }
      new Uint8Array(into.buffer, into.byteOffset + at * width, piece.length).set(
        asLittleEndian(piece, width),
      );
      return undefined;
    },
  };
};

/** Elements that are read one by one; `read` gives `undefined` for one that the dtype does not have. */
const read = (
  dtype: Dtype,
  width: number,
  read: (view: DataView, at: number) => number | bigint,
): ElementFormat => ({
  dtype,
  width,
  store: (piece, into, at) => {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let i = 0; i * width < piece.length; i++) {
      const element = read(view, i * width);
      if (dtype === "i32" && !(element >= -2147483648 && element <= 2147483647))
        return String(element);
      into[at + i] = Number(element);
    }
    return undefined;
  },
});

/** Halves, whose words become numbers. */
const half = (dtype: Half): ElementFormat =>
  read(dtype, 2, (view, at) => fromHalfBits(dtype, view.getUint16(at, true)));

/**
 * The element types of the format that fluxion reads. Those that it does not have are converted where no number is
 * lost: integers to i32 where they fit.
 */
export const elementFormats: { readonly [dtype: string]: ElementFormat } = {
  F64: same("f64"),
  F32: same("f32"),
  I32: same("i32"),
  U8: same("u8"),
  BOOL: same("bool"),
  F16: half("f16"),
  BF16: half("bf16"),
  I8: read("i32", 1, (view, at) => view.getInt8(at)),
  I16: read("i32", 2, (view, at) => view.getInt16(at, true)),
  U16: read("i32", 2, (view, at) => view.getUint16(at, true)),
  U32: read("i32", 4, (view, at) => view.getUint32(at, true)),
  I64: read("i32", 8, (view, at) => view.getBigInt64(at, true)),
  U64: read("i32", 8, (view, at) => view.getBigUint64(at, true)),
};

/** The name of a dtype in the file, widest first: in this order, every tensor begins at a multiple of its width. */
export const dtypeNames: { readonly [D in Dtype]: string } = {
  f64: "F64",
  f32: "F32",
  i32: "I32",
  f16: "F16",
  bf16: "BF16",
  u8: "U8",
  bool: "BOOL",
};
