import { leastOf } from "../../../algebra/extremes.ts";
import type { Params } from "../../../ir/expr.ts";
import { at, type Shape, sizeOf } from "../../../tensor/shape.ts";
import { emitFused, type Fused, piecesOf } from "../fused.ts";
import type { Operation } from "../pointwise/operation.ts";
import {
  type Buffer,
  bufferOf,
  literal,
  transposeView,
  type View,
  whole,
  windowView,
} from "../view.ts";
import { fillKernel } from "./elementwise.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Windows added up where they lie. The output is seen through the windows too, and for each place in a
 * window, one after the other, all windows are added at once: they never meet in one element then, so
 * that vectors may be used. Windows that do not overlap are written and not added. Axes before the windowed ones come outermost, which keeps to one example.
 */
export const overlapAddKernels = (
  params: Params<"overlapAdd">,
  y: View,
  shape: Shape,
  out: Buffer,
): readonly Kernel[] => {
  const all = whole(out, shape);
  const rank = shape.length;
  const first = Math.min(rank, leastOf(params.axes));
  const axes = y.shape.map((_, a) => a);
  const order = [...axes.slice(0, first), ...axes.slice(rank), ...axes.slice(first, rank)];
  const to = transposeView(windowView(all, params, y.shape), order);
  const from = transposeView(y, order);
  const gap = params.axes.map(
    (_, i) => at(params.stride, i) - (at(params.size, i) - 1) * at(params.dilation, i) - 1,
  );
  const apart = gap.every((n) => n >= 0);
  const everywhere =
    gap.every((n) => n === 0) &&
    params.extent.every((n, i) => params.dilation[i] === 1 && n % at(params.stride, i) === 0);
  const sum: Operation = {
    primitive: "add",
    operand: y.dtype,
    dtype: y.dtype,
    arguments: [0, 1],
  };
  const work: Fused = {
    space: to.shape,
    // Added to a number zero where they are alone: 0 + -0 is 0.
    loads: [apart ? literal(y.dtype, to.shape, 0) : to, from],
    operations: [sum],
    stores: [{ value: 2, to }],
  };
  const add: Kernel = {
    name: `overlapAdd [${y.shape.join(", ")}] to [${shape.join(", ")}]`,
    reads: [...(apart ? [] : [out]), ...[bufferOf(y)].flatMap((b) => b ?? [])],
    writes: [out],
    inPlace: [],
    operations: sizeOf(y.shape),
    // Windows may meet in one element: only the axes before them may be cut.
    pieces: piecesOf(work, { leading: first }),
    emit: (site, range) => emitFused(site, work, range, { leading: first }),
  };
  return apart && everywhere ? [add] : [fillKernel(all, 0), add];
};
