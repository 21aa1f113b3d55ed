import { apply1 } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, eq, floor, mul, sub } from "../../ir/ops/elementwise.ts";
import { iota } from "../../ir/ops/indexing.ts";
import { lift, mistaken } from "../../ir/ops/promote.ts";
import { max } from "../../ir/ops/reduction.ts";
import { expandDims, index, moveAxis } from "../../ir/ops/structural.ts";
import type { Operand } from "../../ir/types/shape.ts";
import { nth } from "../../tensor/list.ts";
import { axesUpTo, type PerAxis, perAxis } from "./geometry.ts";

/** The element indices of pseudo-random windows along an axis. **Shapes** `u: [channels] → [channels, m, k]` of i32. */
const indicesOf = (u: Expr, n: number, m: number, k: number): Expr => {
  const last = n - k;
  const alpha = m > 1 ? last / (m - 1) : 0;
  const shift = expandDims(u, -1);
  const places = iota([1, m], 1);
  const reached: Expr = floor(mul(add(cast(places, u.dtype), shift), alpha));
  const steps: Expr = sub(reached, floor(mul(shift, alpha)));
  const starts: Expr = where(eq(places, m - 1), last, cast(steps, "i32"));
  return add(expandDims(starts, -1), iota([1, 1, k], 2));
};

/**
 * Fractional max pooling: the maximum of each of `places` windows of `size` elements, which begin at pseudo-random
 * distances from one another. It reduces an example by any factor, such as √2.
 *
 * **Shapes** `x: [...n, c] → y: [...places, c]`, one example; `samples: [c, axes]` of floats from 0 to 1, one for each
 * channel and axis.
 * **Math** with `α = (n - size)/(places - 1)`, window `i` begins at `⌊(i + u)α⌋ - ⌊uα⌋`, and the last at `n - size`.
 * Tied maxima share the derivative; samples have none.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number; `ShapeMismatch`, when compiled,
 * where the windows have no room, `places + size - 1 > n`, or the samples do not fit.
 * **Source** Graham (2014), arXiv:1412.6071, section 2.
 */
export const fractionalMaxPool = (
  operand: Operand,
  size: PerAxis,
  places: PerAxis,
  samples: Expr,
): Expr => {
  const op = "fractionalMaxPool";
  const x = lift(operand);
  const [rank, channels] = [x.shape.length - 1, x.shape.at(-1) ?? 1];
  const window = perAxis(op, "size", size, rank);
  const counts = perAxis(op, "places", places, rank);
  const made = [...counts, channels];
  const least = window.map((k, i) => k + nth(counts, i) - 1);
  if (least.some((n, i) => n > nth(x.shape, i)))
    return mistaken(op, `${least.join(" × ")} elements or more in each channel`, x, made);
  if (samples.shape.length !== 2 || samples.shape[0] !== channels || samples.shape[1] !== rank)
    return mistaken(op, `samples [${channels}, ${rank}]`, samples, made);
  const indices = (axis: number): Expr =>
    indicesOf(index(samples, axis, -1), nth(x.shape, axis), nth(counts, axis), nth(window, axis));
  // Channels first, since each has windows of its own; then every axis becomes windows and elements of a window.
  const windows = axesUpTo(rank).reduce<Expr>(
    (y, axis) => apply1("gather", { axis: 2 * axis + 1, batch: 1 }, y, indices(axis)),
    moveAxis(x, -1, 0),
  );
  const inside = axesUpTo(rank).map((axis) => 2 * axis + 2);
  return moveAxis(max(windows, inside), 0, -1);
};
