import type { Expr, TensorType } from "../../../src/ir/expr.ts";
import * as linear from "../../../src/ir/ops/contraction.ts";
import * as cumulative from "../../../src/ir/ops/cumulative.ts";
import * as diagonals from "../../../src/ir/ops/diagonals.ts";
import * as sums from "../../../src/ir/ops/einsum.ts";
import * as elementwise from "../../../src/ir/ops/elementwise.ts";
import * as fourier from "../../../src/ir/ops/fourier.ts";
import * as indexed from "../../../src/ir/ops/indexing.ts";
import * as arrangement from "../../../src/ir/ops/rearrange.ts";
import * as reduction from "../../../src/ir/ops/reduction.ts";
import * as scatter from "../../../src/ir/ops/scatter.ts";
import * as order from "../../../src/ir/ops/sorting.ts";
import * as structural from "../../../src/ir/ops/structural.ts";
import * as windows from "../../../src/ir/ops/window.ts";
import * as linalg from "../../../src/linalg/index.ts";
import * as boxes from "../../../src/nn/functional/boxes.ts";
import type { Dtype } from "../../../src/tensor/dtype.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { Called } from "../../explanations.ts";

type Call = Omit<Called, "name">;
type Use = (x: Expr, y: Expr, z: Expr) => unknown;

const of = (operands: readonly TensorType[], use: Use): Call => ({
  operands,
  apply: ([x, y, z]) => use(x as Expr, y as Expr, z as Expr),
});
const typed = (dtype: Dtype, shape: Shape): TensorType => ({ shape, dtype });
const f = (...shape: readonly number[]): TensorType => typed("f32", shape);
const i = (...shape: readonly number[]): TensorType => typed("i32", shape);
const b = (...shape: readonly number[]): TensorType => typed("bool", shape);
const complex =
  (use: (z: fourier.Complex) => unknown): Use =>
  (re, im) =>
    use({ re, im });

/** Direct calls of the functions of a module, each with operands that fit. A missing function does not compile. */
type Calls<Module, Except extends keyof Module = never> = {
  readonly [Name in Exclude<keyof Module, Except>]: readonly Call[];
};

const matrix = f(2, 3);
const square = f(3, 3);

const unary = (use: Use): readonly Call[] => [of([matrix], use)];
const binary = (use: Use): readonly Call[] => [of([matrix, matrix], use), of([f(2, 1), f(3)], use)];
const integers = (use: Use): readonly Call[] => [of([i(2, 3), i(3)], use)];

const reductions: Calls<typeof reduction, "axesOf" | "keepDims"> = {
  isFinite: unary(reduction.isFinite),
  sum: unary((x) => reduction.sum(x, [0, 1])),
  prod: unary((x) => reduction.prod(x, 1)),
  max: unary((x) => reduction.max(x, -1)),
  min: unary((x) => reduction.min(x, 0)),
  mean: unary((x) => reduction.mean(x, [-1])),
  variance: unary((x) => reduction.variance(x, 1)),
  logSumExp: unary((x) => reduction.logSumExp(x, 1)),
  logSoftmax: unary((x) => reduction.logSoftmax(x)),
  softmax: unary((x) => reduction.softmax(x, 1)),
  argmax: unary((x) => reduction.argmax(x)),
  argmin: unary((x) => reduction.argmin(x, 0)),
  cumsum: unary((x) => reduction.cumsum(x, 1)),
  sortWithIndices: unary((x) => reduction.sortWithIndices(x)),
  sort: unary((x) => reduction.sort(x, 1)),
  argsort: unary((x) => reduction.argsort(x)),
};

const rearrangements: Calls<typeof structural> = {
  reshape: [
    of([matrix], (x) => structural.reshape(x, [3, 2] as Shape)),
    of([matrix], (x) => structural.reshape(x, [-1, 2] as Shape)),
    of([f(0, 3)], (x) => structural.reshape(x, [0, 5] as Shape)),
    of([f(2, 0)], (x) => structural.reshape(x, [0, -1, 1] as Shape)),
  ],
  transpose: unary((x) => structural.transpose(x, [1, 0])),
  moveAxis: unary((x) => structural.moveAxis(x, 1, 0)),
  expandDims: unary((x) => structural.expandDims(x, 2)),
  squeeze: [of([f(1, 3)], (x) => structural.squeeze(x, [0]))],
  slice: unary((x) => structural.slice(x, [0, 1], [2, 3])),
  sliceAxis: unary((x) => structural.sliceAxis(x, 1, 1, 3)),
  index: unary((x) => structural.index(x, 1)),
  pad: unary((x) =>
    structural.pad(x, [
      [1, 0],
      [0, 2],
    ]),
  ),
  concatenate: [of([matrix, f(1, 3)], (x, y) => structural.concatenate([x, y]))],
  stack: [of([matrix, matrix], (x, y) => structural.stack([x, y], 1))],
  reverse: unary((x) => structural.reverse(x, [1])),
};

const arrangements: Calls<typeof arrangement> = {
  roll: unary((x) => arrangement.roll(x, 1, 1)),
  tile: unary((x) => arrangement.tile(x, [2, 1])),
  repeat: unary((x) => arrangement.repeat(x, 2, 1)),
  kron: [of([matrix, f(2)], arrangement.kron)],
  cross: [of([f(2, 3), f(2, 3)], (x, y) => arrangement.cross(x, y))],
  searchSorted: [of([f(4), matrix], (x, y) => arrangement.searchSorted(x, y))],
  repeatByCounts: [of([matrix, i(3)], (x, n) => arrangement.repeatByCounts(x, n, 4))],
  meshgrid: [of([f(2), f(3)], (x, y) => arrangement.meshgrid(x, y))],
  cartesianProduct: [of([f(2), f(3)], (x, y) => arrangement.cartesianProduct(x, y))],
  combinations: [of([f(4)], (x) => arrangement.combinations(x))],
};

const cumulatives: Calls<typeof cumulative> = {
  cumprod: unary((x) => cumulative.cumprod(x)),
  logAddExp: binary(cumulative.logAddExp),
  cumulativeLogSumExp: unary((x) => cumulative.cumulativeLogSumExp(x, 1)),
  cummax: unary((x) => cumulative.cummax(x)),
  cummin: unary((x) => cumulative.cummin(x, 1)),
  diff: [
    of([f(2, 4)], (x) => cumulative.diff(x, { order: 2 })),
    of([matrix, f(2, 1)], (x, y) => cumulative.diff(x, { prepend: y, append: y })),
  ],
  trapezoid: [
    of([matrix], (y) => cumulative.trapezoid(y)),
    of([matrix, f(3)], (y, x) => cumulative.trapezoid(y, { x })),
  ],
  cumulativeTrapezoid: [
    of([matrix, f(2)], (y, x) => cumulative.cumulativeTrapezoid(y, { x, axis: 0 })),
  ],
  gradient: [
    of([f(2, 4)], (y) => cumulative.gradient(y, { edgeOrder: 2 })),
    of([f(4), f(4)], (y, x) => cumulative.gradient(y, { x })),
  ],
};

const diagonal: Calls<typeof diagonals> = {
  tril: unary((x) => diagonals.tril(x)),
  triu: unary((x) => diagonals.triu(x, 1)),
  diagonal: unary((x) => diagonals.diagonal(x)),
  diagonalMatrix: unary((x) => diagonals.diagonalMatrix(x, 1)),
  trace: unary(diagonals.trace),
};

const { einsum } = sums;
const summations: Calls<typeof sums> = {
  einsum: [
    of([matrix, f(3, 4)], (x, y) => einsum("ij,jk->ik" as string, x, y)),
    of([square], (x) => einsum("ii->i" as string, x)),
    of([f(2), f(2, 3)], (x, y) => einsum("...i,...ij->...j" as string, x, y)),
  ],
};

const transforms: Calls<typeof fourier> = {
  fft: [
    of([matrix], (x) => fourier.fft(x)),
    of(
      [matrix, matrix],
      complex((z) => fourier.fft(z)),
    ),
  ],
  ifft: [
    of(
      [matrix, matrix],
      complex((z) => fourier.ifft(z, { axis: 0, size: 4 })),
    ),
  ],
  rfft: [of([matrix], (x) => fourier.rfft(x))],
  irfft: [
    of(
      [matrix, matrix],
      complex((z) => fourier.irfft(z, { size: 5 })),
    ),
  ],
  fftn: [of([matrix], (x) => fourier.fftn(x))],
  ifftn: [
    of(
      [matrix, matrix],
      complex((z) => fourier.ifftn(z)),
    ),
  ],
  rfftn: [of([matrix], (x) => fourier.rfftn(x, { axes: [0, 1] }))],
  irfftn: [
    of(
      [matrix, matrix],
      complex((z) => fourier.irfftn(z, { axes: [0, 1], size: 4 })),
    ),
  ],
};

const accesses: Calls<typeof indexed, "iota" | "fill"> = {
  zerosLike: unary(indexed.zerosLike),
  onesLike: unary(indexed.onesLike),
  take: [of([matrix, i(4)], (x, at) => indexed.take(x, at, 1))],
  takeAlongAxis: [of([matrix, i(2, 1)], (x, at) => indexed.takeAlongAxis(x, at))],
  scatterAdd: [of([matrix, i(4), f(4, 3)], (x, at, y) => indexed.scatterAdd(x, at, y))],
  scatterAddAlongAxis: [
    of([matrix, i(2, 2), f(2, 2)], (x, at, y) => indexed.scatterAddAlongAxis(x, at, y)),
  ],
  oneHot: [of([i(2)], (x) => indexed.oneHot(x, 3))],
  ravel: unary(indexed.ravel),
};

const products: Calls<typeof linear> = {
  dot: [of([matrix, f(4, 3)], (x, y) => linear.dot(x, y, [[1], [1]]))],
  matmul: [
    of([matrix, f(3, 4)], (x, y) => linear.matmul(x, y)),
    of([f(2, 2, 3), f(2, 3, 4)], (x, y) => linear.matmul(x, y)),
    of([f(3), f(2, 3, 4)], (x, y) => linear.matmul(x, y)),
  ],
  outer: [of([f(2), f(3)], linear.outer)],
};

const orders: Calls<typeof order> = {
  topK: unary((x) => order.topK(x, 2)),
  kthValue: unary((x) => order.kthValue(x, 1)),
  quantile: unary((x) => order.quantile(x, 0.5)),
  median: unary((x) => order.median(x)),
  mode: unary((x) => order.mode(x)),
};

const kinds = ["sum", "mean", "prod", "max", "min"] as const;
const scatters: Calls<typeof scatter> = {
  scatterReduce: kinds.flatMap((kind) => [
    of([f(3, 2), i(4), f(4, 2)], (x, at, y) => scatter.scatterReduce(x, at, y, kind)),
    of([f(2, 3), i(2), f(2, 2)], (x, at, y) =>
      scatter.scatterReduce(x, at, y, kind, { axis: 1, includeSelf: false }),
    ),
  ]),
  scatterReduceAlongAxis: kinds.map((kind) =>
    of([matrix, i(2, 2), f(2, 2)], (x, at, y) => scatter.scatterReduceAlongAxis(x, at, y, kind)),
  ),
  gather: [of([f(3, 2, 2), i(4), i(4)], (x, at, y) => scatter.gather(x, at, y))],
  maskedScatter: [of([matrix, b(2, 3), f(4)], (x, m, y) => scatter.maskedScatter(x, m, y))],
};

const sliding: Calls<typeof windows> = {
  slidingWindow: unary((x) => windows.slidingWindow(x, { axes: [1], size: [2] })),
  overlapAdd: [of([f(3, 2)], (x) => windows.overlapAdd(x, { axes: [0], size: [2], extent: [4] }))],
};

const elementWise: Calls<typeof elementwise> = {
  ...{ neg: unary(elementwise.neg), abs: unary(elementwise.abs), sign: unary(elementwise.sign) },
  ...{ floor: unary(elementwise.floor), ceil: unary(elementwise.ceil) },
  ...{
    round: unary(elementwise.round),
    sqrt: unary(elementwise.sqrt),
    exp: unary(elementwise.exp),
  },
  ...{ expm1: unary(elementwise.expm1), log: unary(elementwise.log) },
  ...{ log1p: unary(elementwise.log1p), sin: unary(elementwise.sin), cos: unary(elementwise.cos) },
  ...{ tan: unary(elementwise.tan), asin: unary(elementwise.asin), acos: unary(elementwise.acos) },
  ...{ atan: unary(elementwise.atan), tanh: unary(elementwise.tanh), erf: unary(elementwise.erf) },
  ...{ logistic: unary(elementwise.logistic), square: unary(elementwise.square) },
  ...{ reciprocal: unary(elementwise.reciprocal), rsqrt: unary(elementwise.rsqrt) },
  ...{ add: binary(elementwise.add), sub: binary(elementwise.sub), mul: binary(elementwise.mul) },
  ...{ div: binary(elementwise.div), rem: binary(elementwise.rem), pow: binary(elementwise.pow) },
  ...{ maximum: binary(elementwise.maximum), minimum: binary(elementwise.minimum) },
  ...{ atan2: binary(elementwise.atan2), eq: binary(elementwise.eq), ne: binary(elementwise.ne) },
  ...{ lt: binary(elementwise.lt), le: binary(elementwise.le), gt: binary(elementwise.gt) },
  ...{ ge: binary(elementwise.ge), and: integers(elementwise.and), or: integers(elementwise.or) },
  ...{ xor: integers(elementwise.xor), shiftLeft: integers(elementwise.shiftLeft) },
  ...{ shiftRight: integers(elementwise.shiftRight) },
  not: [of([b(2, 3)], elementwise.not)],
  clip: unary((x) => elementwise.clip(x, 0, 1)),
};

const algebra: Calls<typeof linalg> = {
  cholesky: [of([square], linalg.cholesky)],
  choleskySolve: [of([square, f(3, 2)], linalg.choleskySolve)],
  choleskyInverse: [of([square], linalg.choleskyInverse)],
  eigh: [of([square], linalg.eigh)],
  eigenvaluesSymmetric: [of([square], linalg.eigenvaluesSymmetric)],
  lu: unary(linalg.lu),
  luSolve: [
    of([square, square, i(3)], (lower, upper, at) =>
      linalg.luSolve({ lower, upper, order: at }, lower),
    ),
  ],
  orderOfPivots: [of([i(2)], (x) => linalg.orderOfPivots(x, 3))],
  vectorNorm: unary((x) => linalg.vectorNorm(x, 3, { axes: 1 })),
  matrixNorm: unary((x) => linalg.matrixNorm(x)),
  conditionNumber: [of([square], (x) => linalg.conditionNumber(x, 1))],
  pairwiseDistances: [of([matrix, f(4, 3)], (x, y) => linalg.pairwiseDistances(x, y))],
  matrixPower: [of([square], (x) => linalg.matrixPower(x, 3))],
  matrixExponential: [of([square], linalg.matrixExponential)],
  pseudoInverse: unary((x) => linalg.pseudoInverse(x)),
  matrixRank: unary((x) => linalg.matrixRank(x)),
  leastSquares: [of([f(4, 2), f(4, 1)], (x, y) => linalg.leastSquares(x, y))],
  qr: unary(linalg.qr),
  householderProduct: [of([f(4, 3), f(2)], linalg.householderProduct)],
  svd: unary(linalg.svd),
  singularValues: unary(linalg.singularValues),
  solve: [of([square, f(3, 2)], linalg.solve), of([square, f(3)], linalg.solve)],
  inverse: [of([square], linalg.inverse)],
  determinant: [of([square], linalg.determinant)],
  signedLogDeterminant: [of([square], linalg.signedLogDeterminant)],
  triangularSolve: [of([square, f(3, 2)], (x, y) => linalg.triangularSolve(x, y))],
};

const boxing: Calls<typeof boxes, "anchorBoxes"> = {
  boxArea: [of([f(2, 3, 4)], boxes.boxArea)],
  boxIou: [of([f(2, 4), f(3, 4)], boxes.boxIou)],
  nonMaximumSuppression: [of([f(3, 4), f(3)], (x, y) => boxes.nonMaximumSuppression(x, y))],
  encodeBoxes: [of([f(3, 4), f(3, 4)], boxes.encodeBoxes)],
  decodeBoxes: [of([f(3, 4), f(3, 4)], (x, y) => boxes.decodeBoxes(x, y))],
};

const named = (table: { readonly [name: string]: readonly Call[] }): readonly Called[] =>
  Object.entries(table).flatMap(([name, calls]) =>
    calls.map((call, k) => ({ ...call, name: k === 0 ? name : `${name}, setting ${k + 1}` })),
  );

/** Every operation and every function of linear algebra, called with operands that fit. */
export const operationCalls: readonly Called[] = [
  reductions,
  rearrangements,
  arrangements,
  cumulatives,
  diagonal,
  summations,
  transforms,
  accesses,
  products,
  orders,
  scatters,
  sliding,
  elementWise,
  algebra,
  boxing,
].flatMap(named);
