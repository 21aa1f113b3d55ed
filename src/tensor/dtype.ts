import { MemoryLimit } from "../errors.ts";
import { type Half, toHalf, writeHalves } from "./half.ts";

/**
 * The element types.
 *
 * `f32` is the default of every constructor; the laws and the reference backend compute in `f64`; `i32` holds
 * indices, labels and random bits; `u8` holds images; `bool` is 0 or 1. `f16` and `bf16` store numbers in two bytes:
 * arithmetic on them is done in f32 and gives f32, and only `cast` makes them.
 */
export type Dtype = "f32" | "f64" | Half | "i32" | "u8" | "bool";

/** The typed array that stores the elements of a dtype; a `bool` takes one byte. */
export type Storage = Float32Array | Float64Array | Int32Array | Uint8Array;

const bytes: { readonly [D in Dtype]: number } = {
  ...{ f32: 4, f64: 8, f16: 2, bf16: 2 },
  ...{ i32: 4, u8: 1, bool: 1 },
};

/** The number of bytes of one element in a file and in the memory of a program; on the heap, halves take four. */
export const bytesPerElement = (dtype: Dtype): number => bytes[dtype];

/** Whether a dtype only stores numbers, in two bytes. */
export const isHalf = (dtype: Dtype): dtype is Half => dtype === "f16" || dtype === "bf16";

/** Whether a dtype is a float, and so has derivatives. */
export const isFloat = (dtype: Dtype): dtype is "f32" | "f64" | Half =>
  dtype === "f32" || dtype === "f64" || isHalf(dtype);

/** The dtype in which numbers of a dtype are computed with. */
export const computing = (dtype: Dtype): Exclude<Dtype, Half> => (isHalf(dtype) ? "f32" : dtype);

/** The smallest number of a dtype: the initial value of a running maximum. */
export const leastNumber = (dtype: Dtype): number =>
  isFloat(dtype) ? Number.NEGATIVE_INFINITY : dtype === "i32" ? -2147483648 : 0;

/** The largest number of a dtype: the initial value of a running minimum. */
export const greatestNumber = (dtype: Dtype): number =>
  isFloat(dtype) ? Number.POSITIVE_INFINITY : { i32: 2147483647, u8: 255, bool: 1 }[dtype];

/**
 * Whether `value` is in the range of `dtype`: for floats, any number that does not round to an infinity; for
 * integers, the integers of their range; for `bool`, 0 and 1.
 */
export const holds = (dtype: Dtype, value: number): boolean =>
  isFloat(dtype)
    ? !Number.isFinite(value) || Number.isFinite(store(dtype, value))
    : store(dtype, value) === value;

/** The range that {@link holds} checks, in words for error messages. */
export const heldBy: { readonly [D in Dtype]: string } = {
  f32: "a number of at most 3.4e38 in size",
  f64: "a number",
  f16: "a number of at most 65504 in size",
  bf16: "a number of at most 3.38e38 in size",
  i32: "a whole number from -2147483648 to 2147483647",
  u8: "a whole number from 0 to 255",
  bool: "0 or 1",
};

/**
 * A zeroed buffer of `size` elements. **Fails with** `MemoryLimit`, thrown if the machine cannot allocate it.
 */
export const allocate = (dtype: Dtype, size: number): Storage => {
  try {
    return zeroed(dtype, size);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const needed = size * bytesPerElement(dtype);
    throw new MemoryLimit({ of: "tensor", needed, limit: undefined, largest: [] });
  }
};

const zeroed = (dtype: Dtype, size: number): Storage => {
  switch (dtype) {
    case "f32":
    case "f16":
    case "bf16":
      return new Float32Array(size);
    case "f64":
      return new Float64Array(size);
    case "i32":
      return new Int32Array(size);
    case "u8":
    case "bool":
      return new Uint8Array(size);
  }
};

/** The elements of a dtype as memory and files hold them: those of halves as words of 16 bits. */
export const encodedElements = (dtype: Dtype, data: Storage): Storage | Uint16Array =>
  isHalf(dtype) ? writeHalves(dtype, data, new Uint16Array(data.length)) : data;

/**
 * Converts a number to the value that `dtype` stores for it: `cast` for one element.
 *
 * Floats round to nearest, ties to even, and halves by way of f32; `i32` truncates towards zero and saturates, NaN becomes 0 (the meaning
 * of WebAssembly's `i32.trunc_sat`); `u8` likewise between 0 and 255; `bool` is `value != 0`.
 */
export const store = (dtype: Dtype, value: number): number => {
  switch (dtype) {
    case "f32":
      return Math.fround(value);
    case "f64":
      return value;
    case "f16":
    case "bf16":
      return toHalf(dtype, value);
    case "i32":
      return Number.isNaN(value)
        ? 0
        : Math.trunc(Math.min(Math.max(value, -2147483648), 2147483647));
    case "u8":
      return Number.isNaN(value) ? 0 : Math.trunc(Math.min(Math.max(value, 0), 255));
    case "bool":
      return value !== 0 ? 1 : 0;
  }
};
