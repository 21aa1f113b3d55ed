import type { Params } from "../../../ir/expr.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import { emitFused, type Fused } from "../fused.ts";
import type { Operation } from "../pointwise/operation.ts";
import { type Buffer, bufferOf, transposeView, type View, whole, windowView } from "../view.ts";
import { fillKernel } from "./elementwise.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Windows added up where they lie. The output is seen through the windows too, and for each place in a
 * window, one after the other, all windows are added at once: they never meet in one element then, so
 * that vectors may be used. Axes before the windowed ones come outermost, which keeps to one example.
 */
export const overlapAddKernels = (
  params: Params<"overlapAdd">,
  y: View,
  shape: Shape,
  out: Buffer,
): readonly Kernel[] => {
  const all = whole(out, shape);
  const rank = shape.length;
  const first = Math.min(rank, ...params.axes);
  const axes = y.shape.map((_, a) => a);
  const order = [...axes.slice(0, first), ...axes.slice(rank), ...axes.slice(first, rank)];
  const to = transposeView(windowView(all, params, y.shape), order);
  const from = transposeView(y, order);
  const sum: Operation = {
    primitive: "add",
    operand: y.dtype,
    dtype: y.dtype,
    arguments: [0, 1],
  };
  const work: Fused = {
    space: to.shape,
    loads: [to, from],
    operations: [sum],
    stores: [{ value: 2, to }],
  };
  const add: Kernel = {
    name: `overlapAdd [${y.shape.join(", ")}] to [${shape.join(", ")}]`,
    reads: [out, ...[bufferOf(y)].flatMap((b) => b ?? [])],
    writes: [out],
    inPlace: [],
    operations: sizeOf(y.shape),
    emit: (site) => emitFused(site, work),
  };
  return [fillKernel(all, 0), add];
};
