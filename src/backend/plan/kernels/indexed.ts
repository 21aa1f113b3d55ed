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

/** The number of elements at indices. */
const taken = ({ batch, middle, count, rest }: IndexedLayout): number =>
  batch * middle * count * rest;

/** The share of a buffer that elements at indices are at most. */
const reaching = (buffers: readonly Buffer[], elements: number, of: Shape) => {
  const size = sizeOf(of);
  const share = size === 0 ? 1 : Math.min(1, elements / size);
  return new Map(buffers.map((buffer) => [buffer, share] as const));
};

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
  reaches: reaching(
    buffersOf([from]),
    taken(layoutOf(params, from.shape, indices.shape)),
    from.shape,
  ),
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
    reaches: reaching([to], sizeOf(updates.shape), x.shape),
    work: {
      kind: "scatterAdd",
      layout: layoutOf(params, x.shape, indices.shape),
      ...{ indices, updates, to },
    },
  };
  return [copyKernel(x, whole(to, x.shape)), scatter];
};
