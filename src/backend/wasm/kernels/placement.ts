import type { Params } from "../../../ir/expr.ts";
import { store } from "../../../tensor/dtype.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { type Buffer, sliceView, type View, whole } from "../view.ts";
import { copyKernel, fillKernel } from "./elementwise.ts";
import type { Kernel } from "./kernel.ts";

/** Operands written into parts of a larger result. */

export const padKernels = (
  { low, interior, value }: Params<"pad">,
  x: View,
  shape: Shape,
  out: Buffer,
): readonly Kernel[] => {
  const all = whole(out, shape);
  const inside = sliceView(
    all,
    x.shape,
    low,
    interior.map((n) => n + 1),
  );
  return [fillKernel(all, store(x.dtype, value)), copyKernel(x, inside)];
};

/** Where each operand of a concatenation goes. */
export const partsOf = (
  axis: number,
  inputs: readonly View[],
  shape: Shape,
  out: Buffer,
): readonly View[] => {
  const all = whole(out, shape);
  const starts = inputs.map((_, i) =>
    inputs.slice(0, i).reduce((n, x) => n + (x.shape[axis] as number), 0),
  );
  return inputs.map((x, i) =>
    sliceView(
      all,
      x.shape,
      shape.map((_, a) => (a === axis ? (starts[i] as number) : 0)),
      shape.map(() => 1),
    ),
  );
};

export const concatenateKernels = (
  axis: number,
  inputs: readonly View[],
  shape: Shape,
  out: Buffer,
): readonly Kernel[] =>
  partsOf(axis, inputs, shape, out).map((part, i) => copyKernel(inputs[i] as View, part));
