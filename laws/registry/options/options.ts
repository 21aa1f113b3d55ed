import * as fc from "fast-check";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import * as linear from "../../../src/ir/ops/contraction.ts";
import * as cumulative from "../../../src/ir/ops/cumulative.ts";
import * as diagonals from "../../../src/ir/ops/diagonals.ts";
import type * as sums from "../../../src/ir/ops/einsum.ts";
import * as fourier from "../../../src/ir/ops/fourier.ts";
import * as indexed from "../../../src/ir/ops/indexing.ts";
import * as arrangement from "../../../src/ir/ops/rearrange.ts";
import * as reduction from "../../../src/ir/ops/reduction.ts";
import * as scatter from "../../../src/ir/ops/scatter.ts";
import * as order from "../../../src/ir/ops/sorting.ts";
import * as structural from "../../../src/ir/ops/structural.ts";
import * as windows from "../../../src/ir/ops/window.ts";
import { ones, tensor } from "../../../src/tensor/constructors.ts";
import {
  type Arguments,
  anyWhole,
  between,
  everyOption,
  finiteNumber,
  type Option,
  type OptionsOf,
  placeOf,
  type Range,
  wholeFrom,
} from "../../options.ts";

const none: Arguments = {};
const matrix = constant(ones([2, 3])) as Expr;
const row = constant(tensor([3, 1, 2]));
const ints = constant(tensor([0, 1], "i32"));
const probability = between(0, 1);
const axis = placeOf(2);
const along = (use: (axis: number) => unknown, range: Range = axis): Arguments => ({
  axis: [range, use],
});
/** Axes of a two-dimensional tensor, given as a list. */
const listed = (use: (axes: readonly number[]) => unknown): Arguments => ({
  "an axis": [axis, (n) => use([n])],
});
const extent = wholeFrom(0);
const i32 = wholeFrom(-(2 ** 31), 2 ** 31 - 1);
const notZero: Range = {
  says: "a finite number that is not 0",
  inside: fc.constantFrom(1, -2, 1e-3),
  outside: fc.oneof(fc.constantFrom(0, -0), finiteNumber.outside),
};
const inShape = (use: (shape: readonly number[]) => unknown): Arguments => ({
  "an extent": [extent, (n) => use([2, n])],
});
const complex = { re: matrix, im: matrix };

const arrangements: OptionsOf<typeof arrangement> = {
  roll: {
    shift: [anyWhole, (n) => arrangement.roll(matrix, n)],
    ...along((a) => arrangement.roll(matrix, 1, a)),
  },
  tile: { times: [extent, (n) => arrangement.tile(matrix, [2, n])] },
  repeat: {
    times: [extent, (n) => arrangement.repeat(matrix, n)],
    ...along((a) => arrangement.repeat(matrix, 2, a)),
  },
  kron: none,
  cross: along((a) => arrangement.cross(ones([3, 3]), ones([3, 3]), a)),
  searchSorted: none,
  repeatByCounts: {
    total: [extent, (n) => arrangement.repeatByCounts(ones([3, 2]), ints, n)],
    ...along((a) => arrangement.repeatByCounts(ones([2, 2]), ints, 3, a)),
  },
  meshgrid: none,
  cartesianProduct: none,
  combinations: { r: [extent, (n) => arrangement.combinations(row, n)] },
};

const cumulatives: OptionsOf<typeof cumulative> = {
  cumprod: along((a) => cumulative.cumprod(matrix, a)),
  logAddExp: none,
  cumulativeLogSumExp: along((a) => cumulative.cumulativeLogSumExp(matrix, a)),
  cummax: along((a) => cumulative.cummax(matrix, a)),
  cummin: along((a) => cumulative.cummin(matrix, a)),
  diff: {
    order: [wholeFrom(0, 3), (n) => cumulative.diff(matrix, { order: n })],
    ...along((a) => cumulative.diff(matrix, { axis: a })),
  },
  trapezoid: {
    dx: [finiteNumber, (n) => cumulative.trapezoid(matrix, { dx: n })],
    ...along((a) => cumulative.trapezoid(matrix, { axis: a })),
  },
  cumulativeTrapezoid: {
    dx: [finiteNumber, (n) => cumulative.cumulativeTrapezoid(matrix, { dx: n })],
    ...along((a) => cumulative.cumulativeTrapezoid(matrix, { axis: a })),
  },
  gradient: {
    dx: [notZero, (n) => cumulative.gradient(matrix, { dx: n })],
    edgeOrder: [wholeFrom(1, 2), (n) => cumulative.gradient(matrix, { edgeOrder: n as 1 })],
    ...along((a) => cumulative.gradient(matrix, { axis: a })),
  },
};

const diagonal: OptionsOf<typeof diagonals> = {
  tril: { offset: [anyWhole, (n) => diagonals.tril(matrix, n)] },
  triu: { offset: [anyWhole, (n) => diagonals.triu(matrix, n)] },
  diagonal: {
    offset: [anyWhole, (n) => diagonals.diagonal(matrix, n)],
    "first axis": [
      placeOf(3),
      (n) => diagonals.diagonal(ones([2, 2, 2]), 0, [n, n === 0 || n === -3 ? 1 : 0]),
    ],
  },
  diagonalMatrix: { offset: [anyWhole, (n) => diagonals.diagonalMatrix(row, n)] },
  trace: none,
};

const summations: OptionsOf<typeof sums> = { einsum: none };

const size = wholeFrom(1);
const transforms: OptionsOf<typeof fourier> = {
  fft: {
    size: [size, (n) => fourier.fft(matrix, { size: n })],
    ...along((a) => fourier.fft(matrix, { axis: a })),
  },
  ifft: {
    size: [size, (n) => fourier.ifft(matrix, { size: n })],
    ...along((a) => fourier.ifft(matrix, { axis: a })),
  },
  rfft: {
    size: [size, (n) => fourier.rfft(matrix, { size: n })],
    ...along((a) => fourier.rfft(matrix, { axis: a })),
  },
  irfft: {
    size: [size, (n) => fourier.irfft(complex, { size: n })],
    ...along((a) => fourier.irfft(complex, { axis: a })),
  },
  fftn: listed((axes) => fourier.fftn(matrix, { axes })),
  ifftn: listed((axes) => fourier.ifftn(matrix, { axes })),
  rfftn: listed((axes) => fourier.rfftn(matrix, { axes })),
  irfftn: {
    size: [size, (n) => fourier.irfftn(complex, { size: n })],
    ...listed((axes) => fourier.irfftn(complex, { axes })),
  },
};

const accesses: OptionsOf<typeof indexed> = {
  iota: { ...inShape((shape) => indexed.iota(shape)), ...along((a) => indexed.iota([2, 3], a)) },
  fill: inShape((shape) => indexed.fill(shape, 1)),
  zerosLike: none,
  onesLike: none,
  take: {
    "a number as index": [i32, (n) => indexed.take(matrix, n)],
    ...along((a) => indexed.take(matrix, ints, a)),
  },
  takeAlongAxis: along((a) =>
    indexed.takeAlongAxis(
      ones([2, 2]),
      constant(
        tensor(
          [
            [0, 1],
            [1, 0],
          ],
          "i32",
        ),
      ),
      a,
    ),
  ),
  scatterAdd: along((a) => indexed.scatterAdd(ones([2, 2]), ints, ones([2, 2]), a)),
  scatterAddAlongAxis: along((a) =>
    indexed.scatterAddAlongAxis(
      ones([2, 2]),
      constant(
        tensor(
          [
            [0, 1],
            [1, 0],
          ],
          "i32",
        ),
      ),
      ones([2, 2]),
      a,
    ),
  ),
  oneHot: { classes: [extent, (n) => indexed.oneHot(ints, n)] },
  ravel: none,
};

const products: OptionsOf<typeof linear> = {
  dot: {
    "a contracted axis": [
      wholeFrom(0, 1),
      (n) => linear.dot(ones([2, 2]), ones([2, 2]), [[n], [0]]),
    ],
  },
  matmul: none,
  outer: none,
};

const orders: OptionsOf<typeof order> = {
  topK: {
    k: [wholeFrom(0, 3), (n) => order.topK(matrix, n)],
    ...along((a) => order.topK(matrix, 1, { axis: a })),
  },
  kthValue: {
    k: [wholeFrom(0, 2), (n) => order.kthValue(matrix, n)],
    ...along((a) => order.kthValue(matrix, 1, a)),
  },
  quantile: {
    q: [probability, (n) => order.quantile(matrix, n)],
    ...along((a) => order.quantile(matrix, 0.5, { axis: a })),
  },
  median: along((a) => order.median(matrix, a)),
  mode: along((a) => order.mode(matrix, a)),
};

const reductions: OptionsOf<typeof reduction> = {
  axesOf: none,
  keepDims: none,
  isFinite: none,
  sum: along((a) => reduction.sum(matrix, a)),
  prod: along((a) => reduction.prod(matrix, a)),
  max: along((a) => reduction.max(matrix, a)),
  min: along((a) => reduction.min(matrix, a)),
  mean: along((a) => reduction.mean(matrix, a)),
  variance: {
    correction: [finiteNumber, (n) => reduction.variance(matrix, 1, n)],
    ...along((a) => reduction.variance(matrix, a)),
  },
  logSumExp: along((a) => reduction.logSumExp(matrix, a)),
  logSoftmax: along((a) => reduction.logSoftmax(matrix, a)),
  softmax: along((a) => reduction.softmax(matrix, a)),
  argmax: along((a) => reduction.argmax(matrix, a)),
  argmin: along((a) => reduction.argmin(matrix, a)),
  cumsum: along((a) => reduction.cumsum(matrix, a)),
  sortWithIndices: along((a) => reduction.sortWithIndices(matrix, a)),
  sort: along((a) => reduction.sort(matrix, a)),
  argsort: along((a) => reduction.argsort(matrix, a)),
};

const scatters: OptionsOf<typeof scatter> = {
  scatterReduce: along((a) =>
    scatter.scatterReduce(ones([2, 2]), ints, ones([2, 2]), "max", { axis: a }),
  ),
  scatterReduceAlongAxis: along((a) =>
    scatter.scatterReduceAlongAxis(
      ones([2, 2]),
      constant(
        tensor(
          [
            [0, 1],
            [1, 0],
          ],
          "i32",
        ),
      ),
      ones([2, 2]),
      "prod",
      { axis: a },
    ),
  ),
  gather: none,
  maskedScatter: none,
};

const rearrangements: OptionsOf<typeof structural> = {
  reshape: {
    "an extent": [wholeFrom(3, 3), (n) => structural.reshape(matrix, [2, n === -1 ? -7 : n])],
  },
  transpose: {
    "an axis": [placeOf(2), (n) => structural.transpose(matrix, [n, n === 0 || n === -2 ? 1 : 0])],
  },
  moveAxis: {
    from: [axis, (n) => structural.moveAxis(matrix, n, 0)],
    to: [axis, (n) => structural.moveAxis(matrix, 0, n)],
  },
  expandDims: along((a) => structural.expandDims(matrix, a), placeOf(3)),
  squeeze: listed((axes) => structural.squeeze(ones([1, 1]), axes)),
  slice: {
    start: [placeOf(2), (n) => structural.slice(matrix, [n, 0], [2, 3])],
    limit: [wholeFrom(-2, 2), (n) => structural.slice(matrix, [0, 0], [n, 3])],
    stride: [wholeFrom(1), (n) => structural.slice(matrix, [0, 0], [2, 3], [n, 1])],
  },
  sliceAxis: {
    start: [placeOf(2), (n) => structural.sliceAxis(matrix, 0, n, 2)],
    limit: [wholeFrom(-2, 2), (n) => structural.sliceAxis(matrix, 0, 0, n)],
    stride: [wholeFrom(1), (n) => structural.sliceAxis(matrix, 0, 0, 2, n)],
    ...along((a) => structural.sliceAxis(matrix, a, 0, 1)),
  },
  index: {
    at: [placeOf(3), (n) => structural.index(row, n)],
    ...along((a) => structural.index(matrix, 0, a)),
  },
  pad: {
    before: [extent, (n) => structural.pad(row, [[n, 0]])],
    after: [extent, (n) => structural.pad(row, [[0, n]])],
    between: [extent, (n) => structural.pad(row, [[0, 0, n]])],
    value: [i32, (n) => structural.pad(ints, [[1, 1]], n)],
  },
  concatenate: {
    ...along((a) => structural.concatenate([matrix, matrix], a)),
    "axis of one": [axis, (n) => structural.concatenate([matrix], n)],
  },
  stack: along((a) => structural.stack([matrix, matrix], a), placeOf(3)),
  reverse: listed((axes) => structural.reverse(matrix, axes)),
};

const sliding: OptionsOf<typeof windows> = {
  slidingWindow: {
    size: [wholeFrom(1, 3), (n) => windows.slidingWindow(matrix, { axes: [1], size: [n] })],
    stride: [
      wholeFrom(1),
      (n) => windows.slidingWindow(matrix, { axes: [1], size: [2], stride: [n] }),
    ],
    dilation: [
      wholeFrom(1, 2),
      (n) => windows.slidingWindow(matrix, { axes: [1], size: [2], dilation: [n] }),
    ],
    ...along((a) => windows.slidingWindow(matrix, { axes: [a], size: [1] })),
  },
  overlapAdd: {
    extent: [
      wholeFrom(4, 4),
      (n) => windows.overlapAdd(ones([3, 2]), { axes: [0], size: [2], extent: [n] }),
    ],
  },
};

/** Every numeric argument of every operation. */
export const operationOptions: readonly Option[] = [
  ...everyOption(arrangements),
  ...everyOption(cumulatives),
  ...everyOption(diagonal),
  ...everyOption(summations),
  ...everyOption(transforms),
  ...everyOption(accesses),
  ...everyOption(products),
  ...everyOption(orders),
  ...everyOption(reductions),
  ...everyOption(scatters),
  ...everyOption(rearrangements),
  ...everyOption(sliding),
];
