import type { Expr } from "../../../src/ir/expr.ts";
import * as linear from "../../../src/ir/ops/contraction.ts";
import * as control from "../../../src/ir/ops/control.ts";
import { mul } from "../../../src/ir/ops/elementwise.ts";
import * as indexed from "../../../src/ir/ops/indexing.ts";
import * as scatter from "../../../src/ir/ops/scatter.ts";
import * as structural from "../../../src/ir/ops/structural.ts";
import * as windows from "../../../src/ir/ops/window.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { real, tensors } from "../../domain.ts";
import type { Known, KnownValues } from "../../values/known.ts";
import { overExamples } from "../primitives/case.ts";
import { valueFrom } from "./reductions.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const hand = valueFrom("by hand");
const numpy = valueFrom("the meaning of NumPy's function of the name");
const torch = valueFrom("the meaning of PyTorch's function of the name");
const own = valueFrom("the documented meaning of an index out of range");
const int = (xs: readonly number[]) => tensor(xs, "i32");
const bool = (xs: readonly boolean[]) => tensor(xs);
const two = [
  [1, 2],
  [3, 4],
];

/** The results of an operation across examples, stacked. */
const across = (
  f: (x: Expr) => Expr,
  inputs: readonly number[],
  expected: readonly number[],
): Known => ({
  source: "by hand",
  apply: (xs) => {
    const operands = [tensors([inputs.length], real)];
    const one = { name: "", operands, apply: ([x]: readonly Expr[]) => [f(x as Expr)] };
    return overExamples(one, "batch").apply([xs]);
  },
  inputs: [inputs],
  expected: [expected],
});

export const knownControl: KnownValues<typeof control> = {
  where: [
    numpy((c, x, y) => control.where(c, x, y), [bool([true, false]), [1, nan], [inf, 2]], [1, 2]),
  ],
  cast: [
    hand((x) => control.cast(x, "i32"), [[1.9, -1.9, 3e9, nan]], [1, -1, 2147483647, 0]),
    hand((x) => control.cast(x, "u8"), [[-1, 255.9, 300, nan]], [0, 255, 255, 0]),
    hand((x) => control.cast(x, "bool"), [[0, -0, 0.5, nan]], [false, false, true, true]),
    hand((x) => control.cast(x, "f32"), [[0.1, 1e39]], [Math.fround(0.1), inf]),
  ],
  stopGradient: [hand((x) => control.stopGradient(x), [[1, nan]], [1, nan])],
  axisSum: [across((x) => control.axisSum(x, "batch"), [1, 2, 4], [7, 7, 7])],
  axisMean: [across((x) => control.axisMean(mul(x, 3), "batch"), [1, 2], [4.5, 4.5])],
};

export const knownAccess: KnownValues<typeof indexed> = {
  iota: [
    hand(
      () => indexed.iota([2, 2], 0),
      [],
      [
        [0, 0],
        [1, 1],
      ],
    ),
  ],
  fill: [hand(() => indexed.fill([2], nan), [], [nan, nan])],
  zerosLike: [hand((x) => indexed.zerosLike(x), [[nan, 1]], [0, 0])],
  onesLike: [hand((x) => indexed.onesLike(x), [[nan, 1]], [1, 1])],
  take: [
    numpy(
      (x, i) => indexed.take(x, i, 1),
      [two, int([1, 1, 0])],
      [
        [2, 2, 1],
        [4, 4, 3],
      ],
    ),
    own((x, i) => indexed.take(x, i), [[5, 6], int([2, -1, 2147483647, 0])], [0, 0, 0, 5]),
  ],
  takeAlongAxis: [
    numpy((x, i) => indexed.takeAlongAxis(x, i), [two, tensor([[1], [0]], "i32")], [[2], [3]]),
    own((x, i) => indexed.takeAlongAxis(x, i), [two, tensor([[2], [-1]], "i32")], [[0], [0]]),
  ],
  scatterAdd: [
    hand((x, i, u) => indexed.scatterAdd(x, i, u), [[1, 1], int([0, 0, 1]), [1, 2, 3]], [4, 4]),
    own((x, i, u) => indexed.scatterAdd(x, i, u), [[1, 1], int([2, -1, 1]), [nan, nan, 3]], [1, 4]),
  ],
  scatterAddAlongAxis: [
    hand(
      (x, i, u) => indexed.scatterAddAlongAxis(x, i, u),
      [two, tensor([[1], [0]], "i32"), [[10], [20]]],
      [
        [1, 12],
        [23, 4],
      ],
    ),
  ],
  oneHot: [
    hand(
      (i) => indexed.oneHot(i, 2),
      [int([1, 0])],
      [
        [0, 1],
        [1, 0],
      ],
    ),
    own(
      (i) => indexed.oneHot(i, 2),
      [int([2, -1])],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ],
  ravel: [numpy((x) => indexed.ravel(x), [two], [1, 2, 3, 4])],
};

export const knownProducts: KnownValues<typeof linear> = {
  dot: [
    hand(
      (x, y) => linear.dot(x, y, [[0], [0]]),
      [two, two],
      [
        [10, 14],
        [14, 20],
      ],
    ),
  ],
  matmul: [
    numpy(
      (x, y) => linear.matmul(x, y),
      [two, two],
      [
        [7, 10],
        [15, 22],
      ],
    ),
    numpy(
      (x, y) => linear.matmul(x, y),
      [
        [1, inf],
        [1, 0],
      ],
      nan,
    ),
  ],
  outer: [
    numpy(
      (x, y) => linear.outer(x, y),
      [
        [1, 2],
        [3, 4],
      ],
      [
        [3, 4],
        [6, 8],
      ],
    ),
  ],
};

export const knownScatters: KnownValues<typeof scatter> = {
  scatterReduce: [
    torch(
      (x, i, u) => scatter.scatterReduce(x, i, u, "max"),
      [[1, 1, 1], int([0, 2, 2]), [5, 0, nan]],
      [5, 1, nan],
    ),
    torch(
      (x, i, u) => scatter.scatterReduce(x, i, u, "prod"),
      [[2, 3], int([0, 0]), [4, 0]],
      [0, 3],
    ),
    torch(
      (x, i, u) => scatter.scatterReduce(x, i, u, "mean", { includeSelf: false }),
      [[9, 9], int([0, 0]), [1, 2]],
      [1.5, 9],
    ),
    hand(
      (x, i, u) => scatter.scatterReduce(x, i, u, "max", { includeSelf: false }),
      [int([9, 9]), int([0]), int([-2147483648])],
      [-2147483648, 9],
    ),
  ],
  scatterReduceAlongAxis: [
    torch(
      (x, i, u) => scatter.scatterReduceAlongAxis(x, i, u, "min"),
      [two, tensor([[1], [1]], "i32"), [[0], [9]]],
      [
        [1, 0],
        [3, 4],
      ],
    ),
  ],
  gather: [numpy((x, i, j) => scatter.gather(x, i, j), [two, int([0, 1]), int([1, 1])], [2, 4])],
  maskedScatter: [
    torch(
      (x, m, s) => scatter.maskedScatter(x, m, s),
      [[1, 2, 3], bool([true, false, true]), [8, 9]],
      [8, 2, 9],
    ),
  ],
};

export const knownRearrangements: KnownValues<typeof structural> = {
  reshape: [
    numpy((x) => structural.reshape(x, [-1, 1] as readonly number[]), [[1, 2]], [[1], [2]]),
  ],
  transpose: [
    numpy(
      (x) => structural.transpose(x),
      [two],
      [
        [1, 3],
        [2, 4],
      ],
    ),
  ],
  moveAxis: [
    numpy(
      (x) => structural.moveAxis(x, 0, -1),
      [two],
      [
        [1, 3],
        [2, 4],
      ],
    ),
  ],
  expandDims: [numpy((x) => structural.expandDims(x, -1), [[1, 2]], [[1], [2]])],
  squeeze: [numpy((x) => structural.squeeze(x, [0]), [[[1, 2]]], [1, 2])],
  slice: [numpy((x) => structural.slice(x, [-3], [4], [2]), [[1, 2, 3, 4]], [2, 4])],
  sliceAxis: [numpy((x) => structural.sliceAxis(x, 0, 0, -1), [[1, 2, 3]], [1, 2])],
  index: [numpy((x) => structural.index(x, -1), [[10, 20, 30]], 30)],
  pad: [hand((x) => structural.pad(x, [[1, 2, 1]], -1), [[1, 2]], [-1, 1, -1, 2, -1, -1])],
  concatenate: [numpy((x, y) => structural.concatenate([x, y]), [[1], [2, 3]], [1, 2, 3])],
  stack: [
    numpy(
      (x, y) => structural.stack([x, y], 1),
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 3],
        [2, 4],
      ],
    ),
  ],
  reverse: [numpy((x) => structural.reverse(x, [0]), [[1, 2, 3]], [3, 2, 1])],
};

export const knownWindows: KnownValues<typeof windows> = {
  slidingWindow: [
    numpy(
      (x) => windows.slidingWindow(x, { axes: [0], size: [2] }),
      [[1, 2, 3]],
      [
        [1, 2],
        [2, 3],
      ],
    ),
  ],
  overlapAdd: [
    hand(
      (y) => windows.overlapAdd(y, { axes: [0], size: [2], extent: [3] }),
      [
        [
          [1, 2],
          [2, 3],
        ],
      ],
      [1, 4, 3],
    ),
  ],
};
