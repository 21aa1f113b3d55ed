/** Linear algebra: matrix decompositions with custom derivative rules, and functions built from them. */

export { cholesky, choleskyInverse, choleskySolve } from "./cholesky.ts";
export { type Eigen, eigenvaluesSymmetric, eigh } from "./eigh.ts";
export { type LU, lu, luSolve, orderOfPivots } from "./lu.ts";
export {
  conditionNumber,
  type MatrixNorm,
  matrixNorm,
  type NormOptions as VectorNormOptions,
  pairwiseDistances,
  vectorNorm,
} from "./norms.ts";
export { matrixExponential, matrixPower } from "./powers.ts";
export { type CutOptions, leastSquares, matrixRank, pseudoInverse } from "./pseudoInverse.ts";
export { householderProduct, type QR, qr } from "./qr.ts";
export { type SVD, singularValues, svd } from "./svd.ts";
export {
  determinant,
  inverse,
  type SignedLog,
  signedLogDeterminant,
  solve,
} from "./systems.ts";
export { type TriangularOptions, triangularSolve } from "./triangular.ts";
