import type { Params } from "../../../ir/expr.ts";
import { leastOf } from "../../../tensor/extremes.ts";
import { at, type Shape, sizeOf } from "../../../tensor/shape.ts";
import type { Fused, Operation } from "../fused.ts";
import type { Kernel, OverlapAdd } from "../kernel.ts";
import {
  type Buffer,
  bufferOf,
  literal,
  makeBuffer,
  transposeView,
  type View,
  whole,
  windowView,
} from "../view.ts";
import { elementwiseKernel, fillKernel } from "./elementwise.ts";

/** Maximum overlapping windows that are added in single precision; more are added in double precision. */
const mostInTurn = 1024;

/**
 * The kernels that add up overlapping windows in place. The output is read and written as windows too. For each
 * position in a window, one after another, that position of all windows is added at once: these never share an element,
 * so that vectors may be used. Windows that do not overlap are stored, not added. Axes before the windowed ones are
 * outermost, so that a part of the work stays within one example.
 */
export const overlapAddKernels = (
  params: Params<"overlapAdd">,
  y: View,
  shape: Shape,
  out: Buffer,
): readonly Kernel[] => {
  /** The most windows that share an element: at most all windows along an axis, or all positions in one. */
  const overlapping = params.axes.reduce(
    (n, axis, i) => n * Math.min(at(y.shape, axis), at(params.size, i)),
    1,
  );
  if (y.dtype === "f32" && overlapping > mostInTurn) {
    // Sums in double precision, rounded once.
    const sums = makeBuffer("f64", out.size, "totals of windows");
    const rounded = castOf(whole(sums, shape), whole(out, shape));
    return [...addedIn(params, y, shape, sums), elementwiseKernel(rounded)];
  }
  return addedIn(params, y, shape, out);
};

const castOf = (from: View, to: View): Fused => ({
  space: from.shape,
  loads: [from],
  operations: [{ primitive: "cast", operand: from.dtype, dtype: to.dtype, arguments: [0] }],
  stores: [{ value: 1, to }],
});

/** Kernels that add the windows up in the dtype of `out`. */
const addedIn = (
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
  const { dtype } = out;
  const term: Operation = { primitive: "cast", operand: y.dtype, dtype, arguments: [1] };
  const sum = (to: number): Operation => ({
    primitive: "add",
    operand: dtype,
    dtype,
    arguments: [0, to],
  });
  const work: Fused = {
    space: to.shape,
    // Added to a number zero even where nothing overlaps: 0 + −0 is 0.
    loads: [apart ? literal(dtype, to.shape, 0) : to, from],
    ...(dtype === y.dtype
      ? { operations: [sum(1)], stores: [{ value: 2, to }] }
      : { operations: [term, sum(2)], stores: [{ value: 3, to }] }),
  };
  const add: Kernel<OverlapAdd> = {
    name: `overlapAdd [${y.shape.join(", ")}] to [${shape.join(", ")}]`,
    reads: [...(apart ? [] : [out]), ...[bufferOf(y)].flatMap((b) => b ?? [])],
    writes: [out],
    scratch: [],
    inPlace: [],
    operations: sizeOf(y.shape),
    work: { kind: "overlapAdd", fused: work, apart: first },
  };
  return apart && everywhere ? [add] : [fillKernel(all, 0), add];
};
