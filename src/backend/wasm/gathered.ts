import { apply } from "../../ir/build.ts";
import type { AnyNode, DotParams, Expr, Params, Program } from "../../ir/expr.ts";
import { pad, reverse, transpose } from "../../ir/ops/structural.ts";
import { slidingWindow } from "../../ir/ops/window.ts";
import { dce } from "../../ir/passes/dce.ts";
import { everywhere, rewrite } from "../../ir/passes/rewrite.ts";

import { gatheredElements } from "./gatheredElements.ts";

/**
 * Products that are spread over windows, as the gradient of a convolution to its input is, gathered instead:
 * where windows begin one element after the other, what falls on an element is itself a convolution, of the
 * padded operand with the kernel turned round. Nothing as large as all windows is written then, and what
 * makes convolutions fast serves their gradients.
 *
 * The terms are added in another order, and zeros of the padding among them, so this is no pass that keeps
 * bits: a kernel that is not finite makes NaN at the border, as it does in every padded convolution.
 *
 * **Source** Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016),
 * arXiv:1603.07285, section 4.
 */

/** What to take away before and after each windowed axis. */
type Crops = readonly (readonly [before: number, after: number])[];

/** A gathered sum: all of it, or less, and which axes slide. */
interface Gathered {
  readonly axes: readonly number[];
  readonly reach: readonly number[];
  readonly cropped: (crops: Crops) => Expr;
}

const at = (xs: readonly number[], i: number): number => xs[i] as number;

/** A product of matrices with fewer columns than a vector has lanes wastes them: then windows are spread. */
const fewestColumns = 4;

/** What an expression is a transposition of, and how its axes stand in that. */
const untransposed = (x: Expr): { readonly of: Expr; readonly axes: readonly number[] } => {
  const { node } = x;
  if (node.primitive !== "transpose") return { of: x, axes: x.shape.map((_, a) => a) };
  const inner = untransposed(node.inputs[0] as Expr);
  return { of: inner.of, axes: node.params.permutation.map((a) => at(inner.axes, a)) };
};

const freeAxes = (x: Expr, contract: readonly number[]): readonly number[] =>
  x.shape.map((_, a) => a).filter((a) => !contract.includes(a));

/** `overlapAdd` of a product of matrices as the product of windows. */
const ofDot = (
  params: Params<"overlapAdd">,
  spread: Expr,
  path: readonly string[],
): Gathered | undefined => {
  const { axes, size, dilation } = params;
  const { of: product, axes: order } = untransposed(spread);
  const { node } = product;
  if (node.primitive !== "dot" || node.params.batch[0].length > 0) return undefined;
  const { contract }: DotParams = node.params;
  const [x, kernel] = node.inputs as readonly [Expr, Expr];
  const [freeX, freeK] = [freeAxes(x, contract[0]), freeAxes(kernel, contract[1])];
  const rank = order.length - axes.length;
  const inX = axes.map((a) => freeX[at(order, a)]);
  const inK = axes.map((_, i) => freeK[at(order, rank + i) - freeX.length]);
  if (inX.some((a) => a === undefined) || inK.some((a) => a === undefined)) return undefined;
  const [slides, inside] = [inX as readonly number[], inK as readonly number[]];
  const channels = freeK.filter((a) => !inside.includes(a));
  const columns = channels.reduce((n, a) => n * at(kernel.shape, a), 1);
  if (columns < fewestColumns) return undefined;
  const reach = size.map((k, i) => (k - 1) * at(dilation, i));
  const turned = reverse(kernel, inside) as Expr;
  const after = x.shape.length;
  const cropped = (crops: Crops): Expr => {
    const widths = x.shape.map((_, a) => {
      const i = slides.indexOf(a);
      const [low, high] = crops[i] ?? [0, 0];
      return i < 0 ? ([0, 0] as const) : ([at(reach, i) - low, at(reach, i) - high] as const);
    });
    const isPadded = widths.some(([low, high]) => low + high > 0);
    const windows = slidingWindow(isPadded ? pad(x, widths) : x, { axes: slides, size, dilation });
    const sums: DotParams["contract"] = [
      [...inside.map((_, i) => after + i), ...contract[0]],
      [...inside, ...contract[1]],
    ];
    const whole = apply("dot", { contract: sums, batch: [[], []] }, [windows, turned], path)[0];
    const place = (a: number): number => {
      const axis = at(order, a);
      return axis < freeX.length
        ? axis
        : freeX.length + channels.indexOf(at(freeK, axis - freeX.length));
    };
    return transpose(
      whole as Expr,
      Array.from({ length: rank }, (_, a) => place(a)),
    );
  };
  return { axes, reach, cropped };
};

/** `overlapAdd` of a product of elements as the sum over windows. */
const ofElements = (params: Params<"overlapAdd">, spread: Expr): Gathered | undefined => {
  const { axes, size, dilation } = params;
  const rank = spread.shape.length - axes.length;
  const inside = axes.map((_, i) => rank + i);
  const reach = size.map((k, i) => (k - 1) * at(dilation, i));
  const made = (crops: Crops): Expr | undefined => {
    const widths = crops.map(
      ([low, high], i) => [at(reach, i) - low, at(reach, i) - high] as const,
    );
    return gatheredElements(spread, { places: axes, inside, size, dilation, widths });
  };
  if (made(axes.map(() => [0, 0])) === undefined) return undefined;
  // What can be gathered whole can be gathered in part.
  return { axes, reach, cropped: (crops) => made(crops) as Expr };
};

/** What a slice takes away of windowed axes, if it takes nothing else and no more than padding made. */
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
  const made = new Map<AnyNode, Gathered>();
  return rewrite(p, (node, inputs) => {
    const [x] = inputs;
    if (node.primitive === "overlapAdd" && x !== undefined && x.dtype === "f32") {
      if (node.params.stride.some((s) => s !== 1)) return undefined;
      const gathered = ofDot(node.params, x, node.path) ?? ofElements(node.params, x);
      if (gathered === undefined) return undefined;
      const whole = gathered.cropped(gathered.axes.map(() => [0, 0]));
      made.set(whole.node, gathered);
      return [whole];
    }
    const gathered = x && made.get(x.node);
    if (node.primitive !== "slice" || gathered === undefined || x === undefined) return undefined;
    const crops = cropsOf(node.params, x.shape, gathered);
    return crops && [gathered.cropped(crops)];
  });
};

export const gatheredWindows = (p: Program): Program => {
  const next = everywhere(gathering)(p);
  return next === p ? p : dce(next);
};
