import { scan } from "../../autodiff/control.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, div, exp, gt, log, maximum, minimum, mul, sub } from "../../ir/ops/elementwise.ts";
import { oneHot, take } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { argsort, max } from "../../ir/ops/reduction.ts";
import { expandDims, index, stack } from "../../ir/ops/structural.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { fromTypedArray } from "../../tensor/constructors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { positive, probability, whole } from "../../tensor/validate.ts";

/**
 * Operations on boxes of an image. A box is `[left, top, right, bottom]` in pixels; the last axis of a tensor of boxes has
 * these four. A box whose right is not beyond its left, or whose bottom is not beyond its top, has no area.
 */

/** The four coordinates of boxes. */
const corners = (boxes: Expr): readonly [Expr, Expr, Expr, Expr] => [
  index(boxes, 0, -1),
  index(boxes, 1, -1),
  index(boxes, 2, -1),
  index(boxes, 3, -1),
];

const extent = (from: Expr, to: Expr): Expr => maximum(sub(to, from), 0);

/** The area of boxes; 0 for a box of no area. **Shapes** `[...n, 4] → [...n]`. **Units** square pixels. */
export const boxArea = (boxes: Operand): Expr => {
  const [left, top, right, bottom] = corners(lift(boxes));
  return mul(extent(left, right), extent(top, bottom));
};

/**
 * The area that two boxes share over the area that they cover together, for every pair; 0 for two boxes of no area.
 *
 * **Shapes** `[n, 4], [m, 4] → [n, m]`.
 * **Source** Jaccard, "The distribution of the flora in the alpine zone" (1912).
 */
export const boxIou = (a: Operand, b: Operand): Expr => {
  const [x, y] = [expandDims(lift(a), -2), expandDims(lift(b), -3)];
  const [one, other] = [corners(x), corners(y)];
  const wide = extent(maximum(one[0], other[0]), minimum(one[2], other[2]));
  const high = extent(maximum(one[1], other[1]), minimum(one[3], other[3]));
  const both = mul(wide, high);
  const together = sub(add(boxArea(x), boxArea(y)), both);
  const some = gt(together, 0);
  return where(some, div(both, where(some, together, 1)), 0);
};

/**
 * Which boxes stay when each, from the highest score to the lowest, removes those that overlap it by more than `overlap`,
 * by default 0.5. Of equal scores the later box comes first. For several classes, call it for each.
 *
 * **Shapes** `boxes: [n, 4], scores: [n] → [n]` (bool).
 * **Fails with** `InvalidArgument`, thrown, where `overlap` is not from 0 to 1.
 * **Source** Girshick et al. (2013), arXiv:1311.2524, section 2.
 */
export const nonMaximumSuppression = (
  boxes: Operand,
  scores: Operand,
  { overlap = 0.5 }: { readonly overlap?: number } = {},
): Expr => {
  probability("nonMaximumSuppression", { overlap });
  const all = lift(boxes);
  const n = all.shape.at(-2) ?? 0;
  const order = argsort(lift(scores));
  const close = where(gt(boxIou(all, all), overlap), lift(1, all.dtype), 0);
  // A step looks at the box of the next score, and at what stayed before.
  const [stays] = scan<Expr, Expr, undefined>(
    (kept, i) => {
      const removed = gt(max(mul(take(close, i, 0), kept)), 0);
      const own = oneHot(i, n, all.dtype);
      return [where(removed, kept, maximum(kept, own)), undefined];
    },
    mul(boxArea(all), 0),
    order,
    { reverse: true },
  );
  return gt(stays, 0);
};

/** The layout of {@link anchorBoxes}. */
export interface AnchorOptions {
  /** The number of cells along height and width. */
  readonly cells: readonly [rows: number, columns: number];
  /** The pixels from one cell to the next. */
  readonly stride: number;
  /** The roots of the areas of the boxes of a cell, in pixels. */
  readonly sizes: readonly number[];
  /** Heights over widths. Defaults to 1 alone. */
  readonly ratios?: readonly number[];
  /** What becomes of boxes that reach beyond the image of `cells · stride` pixels. Defaults to `"keep"`. */
  readonly beyond?: "keep" | "clip";
}

/**
 * Boxes of several sizes and ratios around the center of every cell of an image.
 *
 * **Shapes** `→ [rows · columns · sizes · ratios, 4]`, cells by rows, in a cell sizes by ratios.
 * **Fails with** `InvalidArgument`, thrown, where a number of cells is not a positive whole number, or another number not
 * above 0.
 * **Source** Ren et al. (2015), arXiv:1506.01497, section 3.1.1.
 *
 * @example
 * ```ts
 * import { anchorBoxes } from "fluxion/functional";
 * anchorBoxes({ cells: [1, 2], stride: 4, sizes: [2] }).toArray() // => [[1, 1, 3, 3], [5, 1, 7, 3]]
 * ```
 */
export const anchorBoxes = (options: AnchorOptions): Tensor => {
  const { cells, stride, sizes, ratios = [1], beyond = "keep" } = options;
  const [rows, columns] = cells;
  whole(1)("anchorBoxes", { rows, columns });
  positive("anchorBoxes", { stride });
  for (const size of sizes) positive("anchorBoxes", { size });
  for (const ratio of ratios) positive("anchorBoxes", { ratio });
  const within = (x: number, most: number): number =>
    beyond === "clip" ? Math.min(most, Math.max(0, x)) : x;
  const around = (row: number, column: number, size: number, ratio: number): readonly number[] => {
    const [x, y] = [(column + 0.5) * stride, (row + 0.5) * stride];
    const [wide, high] = [size / Math.sqrt(ratio), size * Math.sqrt(ratio)];
    const [most, lowest] = [columns * stride, rows * stride];
    return [
      within(x - wide / 2, most),
      within(y - high / 2, lowest),
      within(x + wide / 2, most),
      within(y + high / 2, lowest),
    ];
  };
  const boxes = Array.from({ length: rows * columns }, (_, cell) =>
    sizes.flatMap((size) =>
      ratios.flatMap((ratio) => around(Math.floor(cell / columns), cell % columns, size, ratio)),
    ),
  ).flat();
  return fromTypedArray([boxes.length / 4, 4], Float32Array.from(boxes));
};

/** Centers, widths and heights of boxes. */
const centered = (boxes: Expr) => {
  const [left, top, right, bottom] = corners(boxes);
  const [wide, high] = [sub(right, left), sub(bottom, top)];
  return { x: add(left, mul(wide, 0.5)), y: add(top, mul(high, 0.5)), wide, high };
};

/**
 * Boxes as offsets from anchors, which a detector learns. A box of no extent gives -∞, and an anchor of no extent NaN
 * or ±∞.
 *
 * **Shapes** `boxes` and `anchors` `[...n, 4] → [...n, 4]`.
 * **Math** `(x - xₐ)/wₐ`, `(y - yₐ)/hₐ`, `ln(w/wₐ)`, `ln(h/hₐ)` of centers and extents.
 * **Source** Ren et al. (2015), arXiv:1506.01497, equation 2.
 */
export const encodeBoxes = (boxes: Operand, anchors: Operand): Expr => {
  const [b, a] = [centered(lift(boxes)), centered(lift(anchors))];
  const parts = [
    div(sub(b.x, a.x), a.wide),
    div(sub(b.y, a.y), a.high),
    log(div(b.wide, a.wide)),
    log(div(b.high, a.high)),
  ];
  return stack(parts, -1);
};

/**
 * The boxes of offsets from anchors: the inverse of {@link encodeBoxes}. `limit` bounds the logarithms of extents, so that
 * an untrained detector does not overflow; it defaults to `ln(1000/16)`.
 *
 * **Shapes** `offsets` and `anchors` `[...n, 4] → [...n, 4]`.
 * **Fails with** `InvalidArgument`, thrown, where `limit` is not above 0.
 * **Source** Ren et al. (2015), arXiv:1506.01497, equation 2.
 */
export const decodeBoxes = (
  offsets: Operand,
  anchors: Operand,
  { limit = Math.log(1000 / 16) }: { readonly limit?: number } = {},
): Expr => {
  positive("decodeBoxes", { limit });
  const [dx, dy, dw, dh] = corners(lift(offsets));
  const a = centered(lift(anchors));
  const [x, y] = [add(a.x, mul(dx, a.wide)), add(a.y, mul(dy, a.high))];
  const half = (d: Expr, of: Expr): Expr => mul(mul(exp(minimum(d, limit)), of), 0.5);
  const [wide, high] = [half(dw, a.wide), half(dh, a.high)];
  return stack([sub(x, wide), sub(y, high), add(x, wide), add(y, high)], -1);
};
