import type { Params } from "../../../ir/expr.ts";
import { store } from "../../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import type { Border, Kernel } from "../kernel.ts";
import { type Buffer, sliceView, type View, whole } from "../view.ts";
import { copyKernel, fillKernel } from "./elementwise.ts";

/** Writes operands into parts of a larger result: concatenation and padding. */

/** The parts of a padded result before and after `x` along each axis; they do not overlap. */
const borderOf = ({ low, high }: Params<"pad">, all: View): readonly View[] =>
  all.shape.flatMap((n, axis) => {
    const [before, after] = [low[axis] as number, high[axis] as number];
    const slab = (from: number, to: number): readonly View[] => {
      // Along each earlier axis, only the part between its borders.
      const start = all.shape.map((_, a) =>
        a < axis ? (low[a] as number) : a === axis ? from : 0,
      );
      const end = all.shape.map((d, a) =>
        a < axis ? d - (high[a] as number) : a === axis ? to : d,
      );
      const shape = end.map((e, a) => e - (start[a] as number));
      const part = sliceView(
        all,
        shape,
        start,
        shape.map(() => 1),
      );
      return sizeOf(shape) === 0 ? [] : [part];
    };
    return [...slab(0, before), ...slab(n - after, n)];
  });

/** The kernel that fills several parts of a buffer with one number. */
const borderKernel = (parts: readonly View[], value: number, out: Buffer): Kernel<Border> => ({
  name: `border of [${parts.map((part) => sizeOf(part.shape)).join(" + ")}]`,
  reads: [],
  writes: [out],
  scratch: [],
  inPlace: [],
  operations: 0,
  work: { kind: "border", parts, value },
});

export const padKernels = (
  params: Params<"pad">,
  x: View,
  shape: Shape,
  out: Buffer,
): readonly Kernel[] => {
  const { low, high, interior } = params;
  const value = store(x.dtype, params.value);
  const all = whole(out, shape);
  const inside = sliceView(
    all,
    x.shape,
    low,
    interior.map((n) => n + 1),
  );
  const isDense = [...low, ...high].every((n) => n >= 0) && interior.every((n) => n === 0);
  const around = isDense ? borderKernel(borderOf(params, all), value, out) : fillKernel(all, value);
  return [around, copyKernel(x, inside)];
};

/** The part of the result for each operand of a concatenation. */
export const partsOf = (
  axis: number,
  inputs: readonly View[],
  shape: Shape,
  out: Buffer,
): readonly View[] => {
  const all = whole(out, shape);
  let start = 0;
  return inputs.map((x) => {
    const from = shape.map((_, a) => (a === axis ? start : 0));
    start += x.shape[axis] as number;
    return sliceView(
      all,
      x.shape,
      from,
      shape.map(() => 1),
    );
  });
};

export const concatenateKernels = (
  axis: number,
  inputs: readonly View[],
  shape: Shape,
  out: Buffer,
): readonly Kernel[] =>
  partsOf(axis, inputs, shape, out).map((part, i) => copyKernel(inputs[i] as View, part));
