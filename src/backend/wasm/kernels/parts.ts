import type { Copy, Kernel } from "../../plan/kernel.ts";
import { copyKernel, fillKernel } from "../../plan/kernels/elementwise.ts";
import { type Buffer, makeBuffer, type View, whole } from "../../plan/view.ts";

/**
 * Products summed in parts, each part added to those before it. If there are many parts, the part that rounding drops
 * from a sum is kept and added with the next, so that the error does not grow with the number of parts.
 */

/** Maximum parts that are added plainly: that many roundings have the same error as the sum of one part. */
const mostParts = 128;

/** Whether a sum of this many parts must keep its rounding errors. */
export const areMany = (parts: number): boolean => parts > mostParts;

/** A buffer of `elements` sums, 0 at first, followed by the rounding error of each. */
export const sumsAndLost = (
  elements: number,
  what: string,
): readonly [sums: Buffer, lost: number] => [makeBuffer("f32", 2 * elements, what), elements];

/** The kernels that add up `parts` products in `out`; `add` makes the kernel that adds one product to given buffers. */
export const sumOfParts = <W>(
  parts: number,
  out: Buffer,
  add: (
    to: Buffer,
    how: { readonly accumulate: true; readonly lost?: number },
  ) => readonly Kernel<W>[],
): readonly Kernel<W | Copy>[] => {
  if (out.dtype !== "f32" || !areMany(parts))
    return [fillKernel(whole(out, [out.size]), 0), ...add(out, { accumulate: true })];
  const [sums, lost] = sumsAndLost(out.size, "sums of many parts");
  const made: View = { ...whole(sums, [sums.size]), shape: [out.size] };
  return [
    fillKernel(whole(sums, [sums.size]), 0),
    ...add(sums, { accumulate: true, lost }),
    copyKernel(made, whole(out, [out.size])),
  ];
};
