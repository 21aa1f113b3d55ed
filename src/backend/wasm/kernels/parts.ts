import type { Copy, Kernel } from "../../plan/kernel.ts";
import { copyKernel, fillKernel } from "../../plan/kernels/elementwise.ts";
import { type Buffer, makeBuffer, type View, whole } from "../../plan/view.ts";

/**
 * Products summed in parts, each part added to those before it. If there are many, what rounding takes from a sum is
 * kept beside it and given back with the next part, so that the error does not grow with the number of parts.
 */

/** Maximum parts added plainly: the error of as many roundings is that of one part. */
const mostParts = 128;

/** Whether a sum of this many parts has to keep what rounding takes from it. */
export const areMany = (parts: number): boolean => parts > mostParts;

/** A buffer of `elements` sums, 0 at first, and behind them as many values of what rounding took. */
export const sumsAndLost = (
  elements: number,
  what: string,
): readonly [sums: Buffer, lost: number] => [makeBuffer("f32", 2 * elements, what), elements];

/** Kernels that add up `parts` products in `out`; `add` makes the kernel that adds one, given where. */
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
