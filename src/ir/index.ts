/** Expressions and programs: what users write functions with. */

export { constant, parameter } from "./build.ts";
export type { Expr, PrimitiveTag, Program, TensorType } from "./expr.ts";
export { hash } from "./hash/hash.ts";
export { dot, matmul, outer } from "./ops/contraction.ts";
export { type Across, axisMean, axisSum, cast, stopGradient, where } from "./ops/control.ts";
export {
  type Chosen,
  cummax,
  cummin,
  cumprod,
  cumulativeLogSumExp,
  cumulativeTrapezoid,
  type DifferenceOptions,
  diff,
  type GradientOptions,
  gradient,
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
  clip,
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
} from "./ops/indexing.ts";
export { broadcastTo } from "./ops/promote.ts";
/** Randomness inside programs: the same bits as the functions of the same names on tensors. */
export * as random from "./ops/random.ts";
export {
  cartesianProduct,
  combinations,
  cross,
  kron,
  meshgrid,
  repeat,
  repeatByCounts,
  roll,
  searchSorted,
  tile,
} from "./ops/rearrange.ts";
export {
  argmax,
  argmin,
  argsort,
  cumsum,
  isFinite,
  keepDims,
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
  gather,
  maskedScatter,
  type ScatterKind,
  type ScatterOptions,
  scatterReduce,
  scatterReduceAlongAxis,
} from "./ops/scatter.ts";
export {
  kthValue,
  median,
  mode,
  type QuantileMethod,
  type QuantileOptions,
  quantile,
  topK,
} from "./ops/sorting.ts";
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
export { program } from "./program.ts";
export { scoped } from "./trace.ts";
export type { Operand, ShapeError, ShapeOf } from "./types/shape.ts";
