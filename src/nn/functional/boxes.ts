import { scan } from "../../autodiff/control.ts";
import type { Expr } from "../../ir/expr.ts";
import { stopGradient, where } from "../../ir/ops/control.ts";
import {
  add,
  div,
  eq,
  exp,
  gt,
  log,
  maximum,
  minimum,
  mul,
  sub,
} from "../../ir/ops/elementwise.ts";
import { fill, oneHot, take } from "../../ir/ops/indexing.ts";
import { lift, mistaken } from "../../ir/ops/promote.ts";
import { argsort, max } from "../../ir/ops/reduction.ts";
import { expandDims, index, stack } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { fromTypedArray } from "../../tensor/constructors.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding, positive, probability, whole } from "../../tensor/validate.ts";

/**
 * Operations on boxes of an image. A box is `[left, top, right, bottom]` in pixels; the last axis of a tensor of boxes has
 * these four. A box whose right is not beyond its left, or whose bottom is not beyond its top, has no area.
 */

/** The four coordinates of boxes. Another last axis is reported, by the operation that it was given to. */
const corners = (boxes: Expr): readonly [Expr, Expr, Expr, Expr] => {
  const shape = [...boxes.shape.slice(0, -1), 4];
  const fitting = boxes.shape.at(-1) === 4 ? boxes : mistaken("boxes", "[..., 4]", boxes, shape);
  const [left, top, right, bottom] = [0, 1, 2, 3].map((at) => index(fitting, at, -1));
  return [left, top, right, bottom] as [Expr, Expr, Expr, Expr];
};

/** The width and the height of boxes, at least 0. */
const extents = ([left, top, right, bottom]: readonly [Expr, Expr, Expr, Expr]) => ({
  wide: maximum(sub(right, left), 0),
  high: maximum(sub(bottom, top), 0),
});

/** The area of boxes; 0 for a box of no area. **Shapes** `[...n, 4] → [...n]`. **Units** square pixels. */
export const boxArea = (boxes: Operand): Expr => {
  const given = lift(boxes);
  return asOne("boxArea", "boxes [..., 4]", [given], () => {
    const { wide, high } = extents(corners(given));
    return mul(wide, high);
  });
};

/**
 * The area that two boxes share over the area that they cover together, for every pair; 0 for a box of no area. The ratio
 * is exact for boxes whose areas are beyond the range of floats. A coordinate of NaN gives NaN.
 *
 * **Shapes** `[n, 4], [m, 4] → [n, m]`.
 * **Source** Jaccard, "The distribution of the flora in the alpine zone" (1912).
 */
export const boxIou = (a: Operand, b: Operand): Expr => {
  const [of, beside] = [lift(a), lift(b)];
  return asOne("boxIou", "boxes [n, 4] and [m, 4]", [of, beside], () => {
    const [one, other] = [corners(expandDims(of, -2)), corners(expandDims(beside, -3))];
    const shared = extents([
      ...([maximum(one[0], other[0]), maximum(one[1], other[1])] as const),
      ...([minimum(one[2], other[2]), minimum(one[3], other[3])] as const),
    ]);
    const [x, y] = [extents(one), extents(other)];
    // The ratio does not depend on the unit of an axis: the greater extent of a pair, whose areas are then at most 1.
    const unit = (p: Expr, q: Expr): Expr => {
      const greatest = stopGradient(maximum(p, q));
      return where(eq(greatest, 0), 1, greatest);
    };
    const [width, height] = [unit(x.wide, y.wide), unit(x.high, y.high)];
    const area = (box: typeof x): Expr => mul(div(box.wide, width), div(box.high, height));
    const both = area(shared);
    const together = sub(add(area(x), area(y)), both);
    const none = eq(together, 0);
    return where(none, 0, div(both, where(none, 1, together)));
  });
};

/**
 * Which boxes stay when each, from the highest score to the lowest, removes those that overlap it by more than `overlap`,
 * by default 0.5. Of equal scores the later box comes first, and NaN counts as the highest score, as when sorting. A box of
 * no area, or with a coordinate of NaN, overlaps no other: it stays, and removes nothing. For several classes, call it for
 * each.
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
  const [all, ranks] = [lift(boxes), lift(scores)];
  return asOne("nonMaximumSuppression", "boxes [n, 4] and scores [n]", [all, ranks], () =>
    suppressed(all, ranks, overlap),
  );
};

const suppressed = (all: Expr, scores: Expr, overlap: number): Expr => {
  const [n = 0] = all.shape;
  const fitting = sameShape(scores.shape, [n]) ? scores : mistaken("scores", "[n]", scores, [n]);
  const order = argsort(fitting);
  const close = where(gt(boxIou(all, all), overlap), lift(1, all.dtype), 0);
  // A step looks at the box of the next score, and at what stayed before.
  const [stays] = scan<Expr, Expr, undefined>(
    (kept, i) => {
      const removed = gt(max(mul(take(close, i, 0), kept)), 0);
      const own = oneHot(i, n, all.dtype);
      return [where(removed, kept, maximum(kept, own)), undefined];
    },
    fill([n], 0, all.dtype),
    order,
    { reverse: true },
  );
  return gt(stays, 0);
};

const above = holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n));

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
 * Boxes of several sizes and ratios around the center of every cell of an image. They may reach beyond the image: it is
 * `cells · stride` pixels, to which `beyond: "clip"` cuts them, so that one that lies outside has no area.
 *
 * **Shapes** `→ [rows · columns · sizes · ratios, 4]`, cells by rows, in a cell sizes by ratios.
 * **Fails with** `InvalidArgument`, thrown, where a number of cells is not a positive whole number, or another number not
 * finite and above 0.
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
  above("anchorBoxes", { stride });
  for (const size of sizes) above("anchorBoxes", { size });
  for (const ratio of ratios) above("anchorBoxes", { ratio });
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
 * Boxes as offsets from anchors, which a detector learns. A box of no extent gives -∞, one of negative extent NaN, and an
 * anchor of no extent NaN or ±∞.
 *
 * **Shapes** `boxes` and `anchors` `[...n, 4] → [...n, 4]`.
 * **Math** `(x - xₐ)/wₐ`, `(y - yₐ)/hₐ`, `ln(w/wₐ)`, `ln(h/hₐ)` of centers and extents.
 * **Source** Ren et al. (2015), arXiv:1506.01497, equation 2.
 */
export const encodeBoxes = (boxes: Operand, anchors: Operand): Expr => {
  const [given, around] = [lift(boxes), lift(anchors)];
  return asOne("encodeBoxes", "boxes and anchors [..., 4]", [given, around], () => {
    const [b, a] = [centered(given), centered(around)];
    const parts = [
      div(sub(b.x, a.x), a.wide),
      div(sub(b.y, a.y), a.high),
      log(div(b.wide, a.wide)),
      log(div(b.high, a.high)),
    ];
    return stack(parts, -1);
  });
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
  const [given, around] = [lift(offsets), lift(anchors)];
  return asOne("decodeBoxes", "offsets and anchors [..., 4]", [given, around], () => {
    const [dx, dy, dw, dh] = corners(given);
    const a = centered(around);
    const [x, y] = [add(a.x, mul(dx, a.wide)), add(a.y, mul(dy, a.high))];
    const half = (d: Expr, of: Expr): Expr => mul(mul(exp(minimum(d, limit)), of), 0.5);
    const [wide, high] = [half(dw, a.wide), half(dh, a.high)];
    return stack([sub(x, wide), sub(y, high), add(x, wide), add(y, high)], -1);
  });
};
