import type { Structural, Windowing } from "../../../src/ir/expr.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { type Domain, real, tensors } from "../../domain.ts";
import type { Case, Cases } from "./case.ts";

const matrix = [2, 3] as const;
const box = [2, 1, 3] as const;
const of = (shape: Shape): Domain => tensors(shape, real);

const reshaped = (from: Shape, shape: Shape): Case<"reshape"> => ({
  label: `[${from.join(", ")}] to [${shape.join(", ")}]`,
  params: { shape },
  operands: [of(from)],
});

const permuted = (...permutation: readonly number[]): Case<"transpose"> => ({
  label: `by (${permutation.join(", ")})`,
  params: { permutation },
  operands: [of(permutation.length === 0 ? [] : box)],
});

const spread = (from: Shape, shape: Shape, axes: readonly number[]): Case<"broadcast"> => ({
  label: `[${from.join(", ")}] to [${shape.join(", ")}] along (${axes.join(", ")})`,
  params: { shape, axes },
  operands: [of(from)],
});

const cut = (
  start: readonly number[],
  limit: readonly number[],
  stride: readonly number[],
): Case<"slice"> => ({
  label: `(${start.join(", ")}) to (${limit.join(", ")}) by (${stride.join(", ")})`,
  params: { start, limit, stride },
  operands: [of([3, 5])],
});

const padded = (
  shape: Shape,
  low: readonly number[],
  high: readonly number[],
  interior: readonly number[],
  value = 0,
): Case<"pad"> => ({
  label: `[${shape.join(", ")}] by (${low.join(", ")}), (${high.join(", ")}), (${interior.join(", ")})`,
  params: { low, high, interior, value },
  operands: [of(shape)],
});

const joined = (axis: number, ...shapes: readonly Shape[]): Case<"concatenate"> => ({
  label: `${shapes.length} along ${axis}`,
  params: { axis },
  operands: shapes.map(of),
});

const turned = (...axes: readonly number[]): Case<"reverse"> => ({
  label: `(${axes.join(", ")})`,
  params: { axes },
  operands: [of(matrix)],
});

type Windows = readonly (readonly [axis: number, size: number, stride: number, dilation: number])[];

const windowing = (windows: Windows): Windowing => ({
  axes: windows.map((w) => w[0]),
  size: windows.map((w) => w[1]),
  stride: windows.map((w) => w[2]),
  dilation: windows.map((w) => w[3]),
});

const slid = (shape: Shape, ...windows: Windows): Case<"window"> => ({
  label: `of [${shape.join(", ")}]: ${windows.map((w) => `(${w.join(", ")})`).join(", ")}`,
  params: windowing(windows),
  operands: [of(shape)],
});

const overlapped = (
  shape: Shape,
  extent: readonly number[],
  ...windows: Windows
): Case<"overlapAdd"> => ({
  label: `of [${shape.join(", ")}]: ${windows.map((w) => `(${w.join(", ")})`).join(", ")} in (${extent.join(", ")})`,
  params: { ...windowing(windows), extent },
  operands: [of(shape)],
});

export const structural: Cases<keyof Structural> = {
  reshape: [
    reshaped(matrix, [3, 2]),
    reshaped(matrix, [6]),
    reshaped([], [1, 1]),
    reshaped([1], []),
    reshaped([0, 2], [3, 0]),
  ],
  transpose: [
    permuted(),
    permuted(0, 1, 2),
    permuted(0, 2, 1),
    permuted(1, 0, 2),
    permuted(1, 2, 0),
    permuted(2, 0, 1),
    permuted(2, 1, 0),
  ],
  broadcast: [
    spread([3], matrix, [1]),
    spread([2], matrix, [0]),
    spread([], matrix, []),
    spread(matrix, [2, 2, 3], [0, 2]),
    spread(matrix, matrix, [0, 1]),
  ],
  slice: [
    cut([0, 0], [3, 5], [1, 1]),
    cut([1, 0], [3, 5], [1, 2]),
    cut([0, 1], [2, 5], [1, 3]),
    cut([2, 2], [2, 4], [1, 1]),
    cut([0, 0], [3, 4], [2, 3]),
  ],
  pad: [
    padded([2, 2], [1, 0], [0, 2], [0, 0]),
    padded([2, 3], [0, 1], [0, 0], [1, 2], 1.5),
    padded([0, 2], [1, 0], [1, 0], [2, 1]),
    padded([1], [0], [0], [3]),
    padded([], [], [], []),
  ],
  concatenate: [
    joined(0, [2], [1]),
    joined(1, [2, 1], [2, 2], [2, 1]),
    joined(0, [0, 2], [1, 2]),
    joined(0, [2]),
  ],
  reverse: [turned(), turned(0), turned(1), turned(0, 1)],
  window: [
    slid([2]),
    slid([4], [0, 2, 1, 1]),
    slid([2, 6], [1, 2, 2, 3]),
    slid([3, 4, 2], [0, 2, 1, 1], [1, 2, 2, 1]),
    slid([3, 3], [1, 3, 1, 1], [0, 1, 2, 1]),
  ],
  overlapAdd: [
    overlapped([2], []),
    overlapped([3, 2], [4], [0, 2, 1, 1]),
    // The last elements are in no window.
    overlapped([2, 1, 2], [6], [1, 2, 2, 4]),
    overlapped([2, 2, 2, 1, 2], [2, 4], [0, 1, 1, 1], [1, 2, 2, 1]),
  ],
};
