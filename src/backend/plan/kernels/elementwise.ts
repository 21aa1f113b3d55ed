import { sizeOf } from "../../../tensor/shape.ts";
import { buffersOf, copying, describe, type Fused, inPlaceOf, writtenBy } from "../fused.ts";
import type { Access, Copy, Elementwise, Kernel } from "../kernel.ts";
import { isContiguous, literal, makeBuffer, type View, whole } from "../view.ts";

/** The memory that fused work touches, and its cost. */
export const accessOf = (fused: Fused): Access => ({
  name: `${describe(fused) || "copy"} [${fused.space.join(", ")}]`,
  reads: buffersOf(fused.loads),
  writes: writtenBy(fused),
  scratch: [],
  inPlace: inPlaceOf(fused),
  operations: fused.operations.length * sizeOf(fused.space),
});

/** The kernel of a group of element-wise operations: one loop. */
export const elementwiseKernel = (fused: Fused): Kernel<Elementwise> => ({
  ...accessOf(fused),
  work: { kind: "elementwise", fused },
});

/** The kernel that copies one view into another of the same shape. */
export const copyKernel = (from: View, to: View): Kernel<Copy> => ({
  ...accessOf(copying(from, to)),
  work: { kind: "copy", from, to },
});

/** The kernel that fills a view with one number. */
export const fillKernel = (to: View, value: number): Kernel<Copy> =>
  copyKernel(literal(to.dtype, to.shape, value), to);

/** A view as contiguous memory: itself if it is contiguous, else a copy. */
export const packedView = (
  view: View,
): { readonly view: View; readonly copies: readonly Kernel<Copy>[] } => {
  if (isContiguous(view)) return { view, copies: [] };
  const buffer = makeBuffer(view.dtype, sizeOf(view.shape), "operand in order");
  const to = whole(buffer, view.shape);
  return { view: to, copies: [copyKernel(view, to)] };
};
