import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import { buffersOf } from "../fused.ts";
import type { Gather, IndexedLayout, Kernel, ScatterAdd } from "../kernel.ts";
import { type Buffer, type View, whole } from "../view.ts";
import { copyKernel } from "./elementwise.ts";

/** The parameters of access by index. */
interface IndexedParams {
  readonly axis: number;
  readonly batch: number;
}

const layoutOf = ({ axis, batch }: IndexedParams, x: Shape, indices: Shape): IndexedLayout => ({
  batch: sizeOf(x.slice(0, batch)),
  middle: sizeOf(x.slice(batch, axis)),
  extent: x[axis] as number,
  count: sizeOf(indices.slice(batch)),
  rest: sizeOf(x.slice(axis + 1)),
});

/** The kernel that takes elements at indices. Both `from` and `indices` must be contiguous. */
export const gatherKernel = (
  params: IndexedParams,
  from: View,
  indices: View,
  to: Buffer,
): Kernel<Gather> => ({
  name: `gather [${from.shape.join(", ")}] at [${indices.shape.join(", ")}]`,
  reads: buffersOf([from, indices]),
  writes: [to],
  scratch: [],
  inPlace: [],
  operations: 0,
  work: {
    kind: "gather",
    layout: layoutOf(params, from.shape, indices.shape),
    ...{ from, indices, to },
  },
});

/** The kernels that copy `x` and add updates to the copy. `indices` and `updates` must be contiguous. */
export const scatterAddKernels = (
  params: IndexedParams,
  x: View,
  indices: View,
  updates: View,
  to: Buffer,
): readonly Kernel[] => {
  const scatter: Kernel<ScatterAdd> = {
    name: `scatterAdd [${x.shape.join(", ")}] at [${indices.shape.join(", ")}]`,
    reads: [to, ...[indices, updates].flatMap((v) => buffersOf([v]))],
    writes: [to],
    scratch: [],
    inPlace: [],
    operations: sizeOf(updates.shape),
    work: {
      kind: "scatterAdd",
      layout: layoutOf(params, x.shape, indices.shape),
      ...{ indices, updates, to },
    },
  };
  return [copyKernel(x, whole(to, x.shape)), scatter];
};
