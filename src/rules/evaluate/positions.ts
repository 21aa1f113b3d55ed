import type { Dtype, Storage } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";

/** The element at a position; the caller knows that there is one. */
export const at = (data: Storage, position: number): number => data[position] as number;

/**
 * Where the elements of a strided view lie, in row-major order of the view.
 *
 * Every rearrangement is one of these: a transposition permutes strides, a broadcast has strides of
 * zero, a slice multiplies them and starts later, a reversal negates them and starts at the end.
 */
export const positions = (shape: Shape, strides: readonly number[], start = 0): readonly number[] =>
  shape.reduce<readonly number[]>(
    (outer, extent, axis) => {
      const inner = Array.from({ length: extent }, (_, i) => i * (strides[axis] as number));
      return outer.flatMap((p) => inner.map((q) => p + q));
    },
    [start],
  );

/** The items of `list` (extents, strides) at `axes`. */
export const pick = (list: readonly number[], axes: readonly number[]): readonly number[] =>
  axes.map((a) => list[a] as number);

/** The axes of a tensor of `rank` that are not among `axes`. */
export const others = (rank: number, axes: readonly number[]): readonly number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));

/** Addition in a dtype before rounding: integers wrap around, bools are joined. */
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

/** Multiplication in a dtype before rounding: integers wrap around. */
export const multiplication = (dtype: Dtype): ((x: number, y: number) => number) =>
  dtype === "i32" ? Math.imul : (x, y) => x * y;
