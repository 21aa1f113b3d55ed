import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import * as cumulative from "../../../src/ir/ops/cumulative.ts";
import * as reduction from "../../../src/ir/ops/reduction.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Known, KnownValues, Numbers } from "../../values/known.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

export type F = (x: Expr, y: Expr, z: Expr) => object;
/** Known values from one source. */
export const valueFrom =
  (source: string) =>
  (f: F, inputs: readonly (Numbers | Tensor)[], ...expected: readonly Numbers[]): Known => ({
    source,
    // As many expressions as the known value has inputs.
    apply: (...xs) => f(...(xs as readonly Expr[] as [Expr, Expr, Expr])),
    inputs,
    expected,
  });
const hand = valueFrom("by hand");
const numpy = valueFrom("the meaning of NumPy's function of the name");
const torch = valueFrom("the meaning of PyTorch's function of the name");

const tie = [1, 3, 3, 2];
const withNaN = [1, nan, 3];
const ln2 = Math.LN2;

export const knownReductions: KnownValues<typeof reduction> = {
  axesOf: [
    hand(
      (x) => [reduction.sum(x, reduction.axesOf([-1], 2))],
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [3, 7],
    ),
  ],
  sum: [
    hand(
      (x) => reduction.sum(x, 0),
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [4, 6],
    ),
    hand((x) => reduction.sum(x), [withNaN], nan),
    hand((x) => reduction.sum(x), [[]], 0),
  ],
  prod: [hand((x) => reduction.prod(x), [[2, 3, 4]], 24), hand((x) => reduction.prod(x), [[]], 1)],
  max: [
    hand((x) => reduction.max(x), [tie], 3),
    torch((x) => reduction.max(x), [withNaN], nan),
    hand((x) => reduction.max(x), [[]], -inf),
  ],
  min: [hand((x) => reduction.min(x), [tie], 1), torch((x) => reduction.min(x), [withNaN], nan)],
  mean: [
    hand(
      (x) => reduction.mean(x, 1),
      [
        [
          [1, 2],
          [3, 5],
        ],
      ],
      [1.5, 4],
    ),
    numpy((x) => reduction.mean(x), [[]], nan),
  ],
  keepDims: [
    hand(
      (x) => reduction.keepDims(reduction.sum(x, 1), x, 1),
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [[3], [7]],
    ),
  ],
  variance: [
    hand((x) => reduction.variance(x), [[1, 2, 3, 4]], 1.25),
    hand((x) => reduction.variance(x, 0, 1), [[1, 2, 3, 4]], 5 / 3),
    torch((x) => reduction.variance(x, 0, 1), [[1]], nan),
  ],
  logSumExp: [
    hand((x) => reduction.logSumExp(x), [[1e8, 1e8]], 1e8 + ln2),
    torch((x) => reduction.logSumExp(x), [[-inf, -inf]], -inf),
    torch((x) => reduction.logSumExp(x), [[inf, 0]], inf),
    torch((x) => reduction.logSumExp(x), [[nan, 0]], nan),
  ],
  isFinite: [
    hand((x) => reduction.isFinite(x), [[1, inf, -inf, nan]], [true, false, false, false]),
  ],
  logSoftmax: [
    hand((x) => reduction.logSoftmax(x), [[1e8, 1e8]], [-ln2, -ln2]),
    hand(
      (x) => reduction.logSoftmax(x),
      [[0, Math.log(3), -inf]],
      [-2 * ln2, Math.log(0.75), -inf],
    ),
    torch((x) => reduction.logSoftmax(x), [[-inf, -inf]], [nan, nan]),
  ],
  softmax: [
    hand((x) => reduction.softmax(x), [[0, Math.log(3), -inf]], [0.25, 0.75, 0]),
    torch((x) => reduction.softmax(x), [[inf, 0]], [nan, nan]),
  ],
  argmax: [
    numpy((x) => reduction.argmax(x), [tie], 1),
    numpy((x) => reduction.argmax(x), [withNaN], 1),
  ],
  argmin: [
    numpy((x) => reduction.argmin(x), [[2, 1, 1]], 1),
    numpy((x) => reduction.argmin(x), [withNaN], 1),
  ],
  cumsum: [
    hand((x) => reduction.cumsum(x), [[1, 2, 3]], [1, 3, 6]),
    hand((x) => reduction.cumsum(x, 0, true), [[1, 2, 3]], [6, 5, 3]),
  ],
  sortWithIndices: [
    numpy((x) => reduction.sortWithIndices(x), [[2, nan, 1, 2]], [1, 2, 2, nan], [2, 0, 3, 1]),
  ],
  sort: [numpy((x) => reduction.sort(x), [[2, nan, -inf, 1]], [-inf, 1, 2, nan])],
  argsort: [numpy((x) => reduction.argsort(x), [[2, nan, 1]], [2, 0, 1])],
};

export const knownCumulative: KnownValues<typeof cumulative> = {
  cumprod: [hand((x) => cumulative.cumprod(x), [[2, 3, 0, 4]], [2, 6, 0, 0])],
  logAddExp: [
    hand(
      (x, y) => cumulative.logAddExp(x, y),
      [
        [1e8, 0],
        [1e8, 0],
      ],
      [1e8 + ln2, ln2],
    ),
    numpy(
      (x, y) => cumulative.logAddExp(x, y),
      [
        [-inf, inf, nan],
        [-inf, 1, 0],
      ],
      [-inf, inf, nan],
    ),
  ],
  cumulativeLogSumExp: [
    hand((x) => cumulative.cumulativeLogSumExp(x), [[-inf, 0, 0]], [-inf, 0, ln2]),
  ],
  cummax: [
    torch((x) => cumulative.cummax(x), [[1, 3, 2, 3]], [1, 3, 3, 3], [0, 1, 1, 3]),
    torch((x) => cumulative.cummax(x), [withNaN], [1, nan, nan], [0, 1, 1]),
  ],
  cummin: [torch((x) => cumulative.cummin(x), [[3, 1, 2, 1]], [3, 1, 1, 1], [0, 1, 1, 3])],
  diff: [
    numpy((x) => cumulative.diff(x), [[1, 4, 9]], [3, 5]),
    numpy((x) => cumulative.diff(x, { order: 3 }), [[1, 4, 9]], []),
    numpy((x) => cumulative.diff(x, { prepend: constant(tensor([0])) }), [tensor([1, 4])], [1, 3]),
  ],
  trapezoid: [
    hand((y) => cumulative.trapezoid(y, { dx: 2 }), [[1, 2, 4]], 9),
    // Uneven spacing: (1 + 2)/2 · 1 + (2 + 4)/2 · 3.
    hand(
      (y, x) => cumulative.trapezoid(y, { x }),
      [
        [1, 2, 4],
        [0, 1, 4],
      ],
      10.5,
    ),
  ],
  cumulativeTrapezoid: [
    hand(
      (y, x) => cumulative.cumulativeTrapezoid(y, { x, axis: 0 }),
      [
        [
          [1, 0],
          [3, 2],
        ],
        [0, 2],
      ],
      [[4, 2]],
    ),
    hand((y) => cumulative.cumulativeTrapezoid(y), [[1, 2, 4]], [1.5, 4.5]),
    hand(
      (y, x) => cumulative.cumulativeTrapezoid(y, { x }),
      [
        [1, 2, 4],
        [0, 1, 4],
      ],
      [1.5, 10.5],
    ),
  ],
  gradient: [
    numpy((y) => cumulative.gradient(y), [[0, 1, 4, 9]], [1, 2, 4, 5]),
    // x² at 0, 1, 3: its slope at 1 is that of the parabola, 2.
    numpy(
      (y, x) => cumulative.gradient(y, { x, edgeOrder: 2 }),
      [
        [0, 1, 9],
        [0, 1, 3],
      ],
      [0, 2, 6],
    ),
  ],
};
