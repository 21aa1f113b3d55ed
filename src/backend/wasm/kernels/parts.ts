import { type Buffer, makeBuffer, type View, whole } from "../../plan/view.ts";
import { copyKernel, fillKernel } from "./elementwise.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Products whose sums are made in parts, each added to those before it. Where the parts are many, what rounding
 * takes from a sum is kept beside it and given back with the next part, so that the error does not grow with
 * their number.
 */

/** So many parts are added up as they are: an error of as many roundings is that of one part. */
const mostParts = 128;

/** Whether the sums of so many parts need what rounding takes from them. */
export const areMany = (parts: number): boolean => parts > mostParts;

/** `elements` sums, 0 at first, with what is lost of them so many elements behind. */
export const sumsAndLost = (
  elements: number,
  what: string,
): readonly [sums: Buffer, lost: number] => [makeBuffer("f32", 2 * elements, what), elements];

/** The kernels that add up `parts` products in `out`; `add` makes those that add, to wherever they are told. */
export const sumOfParts = (
  parts: number,
  out: Buffer,
  add: (
    to: Buffer,
    how: { readonly accumulate: true; readonly lost?: number },
  ) => readonly Kernel[],
): readonly Kernel[] => {
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
