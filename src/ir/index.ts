/** Expressions and programs: what users write functions with. */

export { constant, parameter } from "./build.ts";
export type { Expr, PrimitiveTag, Program, TensorType } from "./expr.ts";
export { program } from "./graph.ts";
export { hash } from "./hash.ts";
export {
  cartesianProduct,
  combinations,
  cross,
  kron,
  meshgrid,
  repeatByCounts,
  repeatElements,
  roll,
  searchSorted,
  tile,
} from "./ops/arrangement.ts";
export { type Across, axisMean, axisSum, cast, stopGradient, where } from "./ops/control.ts";
export {
  type CentralDifferenceOptions,
  type Chosen,
  centralDifferences,
  cummax,
  cummin,
  cumprod,
  cumulativeLogSumExp,
  cumulativeTrapezoid,
  type DifferenceOptions,
  diff,
  logAddExp,
  type TrapezoidOptions,
  trapezoid,
} from "./ops/cumulative.ts";
export { diagonal, diagonalMatrix, trace, tril, triu } from "./ops/diagonals.ts";
export { einsum } from "./ops/einsum.ts";
export {
  abs,
  acos,
  add,
  and,
  asin,
  atan,
  atan2,
  ceil,
  clamp,
  cos,
  div,
  eq,
  erf,
  exp,
  expm1,
  floor,
  ge,
  gt,
  le,
  log,
  log1p,
  logistic,
  lt,
  maximum,
  minimum,
  mul,
  ne,
  neg,
  not,
  or,
  pow,
  reciprocal,
  rem,
  round,
  rsqrt,
  shiftLeft,
  shiftRight,
  sign,
  sin,
  sqrt,
  square,
  sub,
  tan,
  tanh,
  xor,
} from "./ops/elementwise.ts";
export {
  type Complex,
  type FourierAxes,
  type FourierNorm,
  type FourierOptions,
  fft,
  fftn,
  ifft,
  ifftn,
  irfft,
  irfftn,
  rfft,
  rfftn,
} from "./ops/fourier.ts";
export {
  fill,
  iota,
  oneHot,
  onesLike,
  ravel,
  scatterAdd,
  scatterAddAlongAxis,
  take,
  takeAlongAxis,
  zerosLike,
} from "./ops/indexed.ts";
export { dot, matmul, outer } from "./ops/linear.ts";
export { broadcastTo } from "./ops/operand.ts";
export {
  kthValue,
  median,
  mode,
  type QuantileMethod,
  type QuantileOptions,
  quantile,
  topKWithIndices,
} from "./ops/order.ts";
/** Randomness inside programs: the same bits as the functions of the same names on tensors. */
export * as random from "./ops/random.ts";
export {
  argmax,
  argmin,
  argsort,
  cumsum,
  isFinite,
  keepAxes,
  logSoftmax,
  logSumExp,
  max,
  mean,
  min,
  prod,
  softmax,
  sort,
  sortWithIndices,
  sum,
  variance,
} from "./ops/reduction.ts";
export {
  maskedScatter,
  type ScatterKind,
  type ScatterOptions,
  scatterReduce,
  scatterReduceAlongAxis,
  takeAt,
} from "./ops/scatter.ts";
export {
  concatenate,
  expandDims,
  index,
  moveAxis,
  pad,
  reshape,
  reverse,
  slice,
  sliceAxis,
  squeeze,
  stack,
  transpose,
} from "./ops/structural.ts";
export { overlapAdd, slidingWindow, type WindowOptions } from "./ops/window.ts";
export { printProgram } from "./print.ts";
export type { Operand, ShapeError, ShapeOf } from "./shapeTypes.ts";
export { scoped } from "./trace.ts";
