import type { Expr } from "../../../src/index.ts";
import {
  add,
  and,
  cast,
  concatenate,
  div,
  eq,
  exp,
  expandDims,
  floor,
  gt,
  index,
  iota,
  matmul,
  max,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  sliceAxis,
  square,
  stack,
  sub,
  sum,
  take,
  topK,
  transpose,
  where,
} from "../../../src/ir/index.ts";
import { logSigmoid, maxPool, nonMaximumSuppression } from "../../../src/nn/functional/index.ts";

/**
 * A detector without anchors: each cell of a grid says, for each class, how likely the center of a box is in it, and how
 * far the sides of that box are. A box is left, top, right and bottom as shares of the image; in `[boxes, 5]` its class
 * follows, -1 for none.
 *
 * **Source** Zhou et al., "Objects as points" (2019), arXiv:1904.07850: heat maps and their loss; Liu et al. (2019),
 * arXiv:1909.00700 (TTFNet): bells as wide as boxes, in all of which the sides are learned.
 */

/** A side of boxes, or what is at another place of their last axis. */
const part = (boxes: Expr, side: number): Expr => index(boxes, side, -1);
const parts = (boxes: Expr, n: number): readonly Expr[] =>
  Array.from({ length: n }, (_, side) => part(boxes, side));
const sigmoid = (x: Expr): Expr => exp(logSigmoid(x));

/** The grid of a detector. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  /** The width and height of a box, as shares of the image, where the network answers 0. */
  readonly usual: readonly [width: number, height: number];
}

/** The boxes of all cells, `[rows · columns, 4]`, of the logarithms of the distances of their sides. */
export const boxesAround = (sides: Expr, { rows, columns, usual }: Grid): Expr => {
  const middles = (n: number): Expr => div(add(cast(iota([n]), "f32"), 0.5), n);
  const [x, y] = [middles(columns), expandDims(middles(rows), 1)];
  const all = parts(sides, 4).map((side, i) => {
    const far = mul(exp(side), usual[i % 2 === 0 ? 0 : 1] / 2);
    const from = i % 2 === 0 ? x : y;
    return i < 2 ? sub(from, far) : add(from, far);
  });
  return reshape(stack(all, -1), [rows * columns, 4]);
};

/**
 * How much each cell is in the middle of each box, `[boxes, rows, columns]`: 1 at the cell of its center, and falling as a
 * bell whose width is that of the box.
 */
const bells = (boxes: Expr, { rows, columns }: Grid): Expr => {
  const along = (first: number, n: number): Expr => {
    const [from, to] = [mul(part(boxes, first), n), mul(part(boxes, first + 2), n)];
    const deviation = div(add(mul(sub(to, from), 0.54), 1), 6);
    const off = sub(cast(iota([n]), "f32"), expandDims(floor(mul(add(from, to), 0.5)), 1));
    return exp(mul(square(div(off, expandDims(deviation, 1))), -0.5));
  };
  const bell = mul(expandDims(along(1, rows), 2), expandDims(along(0, columns), 1));
  return where(reshape(gt(part(boxes, 4), -1), [boxes.shape[0] ?? 0, 1, 1]), bell, 0);
};

/** How far boxes are from others, pair by pair: 1 minus the generalized overlap of Rezatofighi et al. (2019), arXiv:1902.09630. */
const apart = (found: Expr, boxes: Expr): Expr => {
  const area = (side: (i: number) => Expr): Expr =>
    mul(maximum(sub(side(2), side(0)), 0), maximum(sub(side(3), side(1)), 0));
  const joint = (first: typeof maximum, last: typeof maximum): Expr =>
    area((i) => (i < 2 ? first : last)(part(found, i), part(boxes, i)));
  const [both, hull] = [joint(maximum, minimum), joint(minimum, maximum)];
  const together = sub(
    add(
      area((i) => part(found, i)),
      area((i) => part(boxes, i)),
    ),
    both,
  );
  const share = (of: Expr, all: Expr): Expr => div(of, add(all, 1e-9));
  return add(sub(1, share(both, together)), share(sub(hull, together), hull));
};

/** A focal loss of centers, in which cells near a center count less as false ones. Its sum over the cells. */
const heatLoss = (heat: Expr, bell: Expr, boxes: Expr, { classes }: Grid): Expr => {
  const wanted = stack(
    Array.from({ length: classes }, (_, kind) =>
      max(where(reshape(eq(part(boxes, 4), kind), [boxes.shape[0] ?? 0, 1, 1]), bell, 0), 0),
    ),
    -1,
  );
  const right = mul(square(sigmoid(neg(heat))), logSigmoid(heat));
  const wrong = mul(square(sigmoid(heat)), logSigmoid(neg(heat)));
  return neg(sum(where(eq(wanted, 1), right, mul(square(square(sub(1, wanted))), wrong))));
};

/** How far the boxes of cells are from the true ones that the cells are in the middle of. Its sum over the true boxes. */
const sidesLoss = (found: Expr, bell: Expr, boxes: Expr): Expr => {
  const cells = found.shape[0] ?? 0;
  const owned = reshape(where(and(eq(bell, max(bell, 0)), gt(bell, 0.1)), bell, 0), [
    boxes.shape[0] ?? 0,
    cells,
  ]);
  const weights = div(owned, expandDims(maximum(sum(owned, 1), 1e-9), 1));
  const owns = cast(gt(owned, 0), "f32");
  const own = div(
    matmul(transpose(owns), sliceAxis(boxes, -1, 0, 4)),
    expandDims(maximum(sum(owns, 0), 1), 1),
  );
  return sum(mul(sum(weights, 0), apart(found, own)));
};

/** The loss of the centers and of the sides of one image, for each of its boxes. */
export const centersLoss = (heat: Expr, found: Expr, boxes: Expr, grid: Grid): Expr => {
  const bell = bells(boxes, grid);
  const count = maximum(sum(cast(gt(part(boxes, 4), -1), "f32")), 1);
  const sides = sidesLoss(found, bell, boxes);
  return div(add(heatLoss(heat, bell, boxes, grid), mul(sides, 5)), count);
};

/**
 * The boxes that are found, at most `most`: `[most, 6]`, left, top, right, bottom, class and score, which is 0 for none. They
 * are the peaks of the heat, without those that overlap a surer one of their class by more than a half.
 */
export const detections = (heat: Expr, found: Expr, { classes }: Grid, most: number): Expr => {
  const score = sigmoid(heat);
  const peaks = where(eq(score, maxPool(score, 3, { stride: 1, padding: "same" })), score, 0);
  const { values, indices } = topK(reshape(peaks, [(found.shape[0] ?? 0) * classes]), most);
  const cell = floor(div(cast(indices, "f32"), classes));
  const kind = sub(cast(indices, "f32"), mul(cell, classes));
  const boxes = take(found, cast(cell, "i32"), 0);
  // Classes lie side by side, so that no box suppresses one of another class.
  const beside = add(boxes, mul(expandDims(kind, 1), 4));
  const stays = nonMaximumSuppression(beside, values, { overlap: 0.5 });
  return concatenate([boxes, stack([kind, where(stays, values, 0)], 1)], 1);
};
