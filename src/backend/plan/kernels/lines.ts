import { sizeOf } from "../../../tensor/shape.ts";
import type { ArgReduction, CumulativeSum, Kernel, Sort } from "../kernel.ts";
import { type Buffer, bufferOf, type View } from "../view.ts";

/**
 * Kernels that work along one axis, line by line: the index of an extreme, running sums, sorting. All take contiguous
 * views.
 */

const about = (what: string, axis: number, from: View, writes: readonly Buffer[]) => ({
  name: `${what} along ${axis} of [${from.shape.join(", ")}]`,
  reads: [bufferOf(from) as Buffer], // a contiguous view is of a buffer
  writes,
  scratch: [],
  inPlace: [],
  operations: sizeOf(from.shape),
});

export const argReductionKernel = (
  extreme: "max" | "min",
  axis: number,
  from: View,
  to: Buffer,
): Kernel<ArgReduction> => ({
  ...about(`arg${extreme}`, axis, from, [to]),
  work: { kind: "argReduction", extreme, axis, from, to },
});

export const cumulativeSumKernel = (
  axis: number,
  reverse: boolean,
  from: View,
  to: Buffer,
): Kernel<CumulativeSum> => ({
  ...about("cumsum", axis, from, [to]),
  work: { kind: "cumulativeSum", axis, reverse, from, to },
});

export const sortKernel = (
  axis: number,
  from: View,
  values: Buffer,
  indices: Buffer,
): Kernel<Sort> => {
  const length = from.shape[axis] as number;
  return {
    ...about("sort", axis, from, [values, indices]),
    operations: sizeOf(from.shape) * Math.ceil(Math.log2(Math.max(2, length))),
    work: { kind: "sort", axis, from, values, indices },
  };
};
