import type { AnyNode, Expr, Params, Program } from "../../../ir/expr.ts";
import { dce } from "../../../ir/passes/dce.ts";
import { concerning, everywhere, rewrite } from "../../../ir/passes/rewrite.ts";
import { at, sizeOf } from "../../../tensor/shape.ts";
import { gathered } from "./windowProduct.ts";

/**
 * Turns products that are added up over windows, such as the gradient of a convolution by its input, into convolutions.
 * If windows begin one element after another, the sum of all terms that belong to an element is a convolution of the
 * padded operand with the flipped kernel. It writes nothing as large as all windows, and is as fast as any convolution.
 *
 * The pass changes the order of additions, and adds zeros of the padding, so it may change bits. A kernel that is not
 * finite makes NaN near a border, as in every padded convolution.
 *
 * **Source** Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016),
 * arXiv:1603.07285, section 4.
 */

/** The number of elements to cut off before and after each windowed axis. */
type Crops = readonly (readonly [before: number, after: number])[];

/** A sum over windows as a convolution: its axes that slide, and how to make it whole or cropped. */
interface Gathered {
  readonly axes: readonly number[];
  readonly reach: readonly number[];
  readonly cropped: (crops: Crops) => Expr;
}

/** The sums over windows that `overlapAdd` gives, as a convolution; `undefined` if they are none. */
const gatheredOf = (params: Params<"overlapAdd">, spread: Expr): Gathered | undefined => {
  const { axes, size, dilation } = params;
  const rank = spread.shape.length - axes.length;
  const inside = axes.map((_, i) => rank + i);
  const reach = size.map((k, i) => (k - 1) * at(dilation, i));
  const made = (crops: Crops): Expr | undefined => {
    const widths = crops.map(
      ([low, high], i) => [at(reach, i) - low, at(reach, i) - high] as const,
    );
    return gathered(spread, { places: axes, inside, size, dilation, widths });
  };
  if (made(axes.map(() => [0, 0])) === undefined) return undefined;
  // A crop of the whole can also be made directly.
  return { axes, reach, cropped: (crops) => made(crops) as Expr };
};

/** The elements that a slice cuts off windowed axes; `undefined` if it cuts anything else, or more than the padding. */
const cropsOf = (
  { start, limit, stride }: Params<"slice">,
  shape: readonly number[],
  { axes, reach }: Gathered,
): Crops | undefined => {
  const crops = shape.map((n, a) => [at(start, a), n - at(limit, a)] as const);
  const isCrop = crops.every(([before, after], a) => {
    const i = axes.indexOf(a);
    const most = i < 0 ? 0 : at(reach, i);
    return at(stride, a) === 1 && before <= most && after <= most;
  });
  return isCrop ? axes.map((a) => crops[a] as Crops[number]) : undefined;
};

const gathering = (p: Program): Program => {
  const sums = new Map<AnyNode, Gathered>();
  return rewrite(p, (node, [x]) => {
    if (x === undefined) return undefined;
    if (node.primitive === "overlapAdd") {
      const isDense = node.params.stride.every((s) => s === 1) && sizeOf(x.shape) > 0;
      const sum = isDense && x.dtype === "f32" ? gatheredOf(node.params, x) : undefined;
      if (sum === undefined) return undefined;
      const whole = sum.cropped(sum.axes.map(() => [0, 0]));
      sums.set(whole.node, sum);
      return [whole];
    }
    const sum = node.primitive === "slice" ? sums.get(x.node) : undefined;
    if (node.primitive !== "slice" || sum === undefined) return undefined;
    const crops = cropsOf(node.params, x.shape, sum);
    return crops && [sum.cropped(crops)];
  });
};

export const gatheredWindows = (p: Program): Program => {
  const next = everywhere(concerning(["overlapAdd"], gathering))(p);
  return next === p ? p : dce(next);
};
