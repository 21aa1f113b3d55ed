import type { Dtype, Storage } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";

/** The element at a position that is known to exist. */
export const at = (data: Storage, position: number): number => data[position] as number;

/**
 * The positions of the elements of a strided view, in row-major order of the view.
 *
 * Every rearrangement is one of these: a transposition permutes strides, a broadcast has strides of
 * zero, a slice multiplies them and starts later, a reversal negates them and starts at the end.
 */
export const positions = (shape: Shape, strides: readonly number[], start = 0): Int32Array => {
  const out = new Int32Array(sizeOf(shape)).fill(start);
  let count = 1;
  shape.forEach((extent, axis) => {
    const stride = nth(strides, axis);
    // From the back, so that no position is overwritten before it is read.
    for (let outer = (out.length === 0 ? 0 : count) - 1; outer >= 0; outer--) {
      const position = out[outer] as number;
      for (let i = extent - 1; i >= 0; i--) out[outer * extent + i] = position + i * stride;
    }
    count *= extent;
  });
  return out;
};

/** The items of `list` (extents or strides) at `axes`. */
export const pick = (list: readonly number[], axes: readonly number[]): readonly number[] =>
  axes.map((a) => nth(list, a));

/** The axes of a tensor of `rank` that are not among `axes`. */
export const others = (rank: number, axes: readonly number[]): readonly number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));

/** Addition in a dtype, before rounding: integers wrap around, and bools use logical or. */
export const addition = (dtype: Dtype): ((x: number, y: number) => number) => {
  switch (dtype) {
    case "i32":
      return (x, y) => (x + y) | 0;
    case "u8":
      return (x, y) => (x + y) & 255;
    case "bool":
      return (x, y) => x | y;
    default:
      return (x, y) => x + y;
  }
};

/** Multiplication in a dtype, before rounding: integers wrap around. */
export const multiplication = (dtype: Dtype): ((x: number, y: number) => number) =>
  dtype === "i32" ? Math.imul : (x, y) => x * y;
