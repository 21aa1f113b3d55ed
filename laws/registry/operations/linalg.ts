import { constant } from "../../../src/ir/build.ts";
import { Expr } from "../../../src/ir/expr.ts";
import { add, mul } from "../../../src/ir/ops/elementwise.ts";
import * as linalg from "../../../src/linalg/index.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { real, tensorOf, tensors } from "../../domain.ts";
import type { SymbolicFunction } from "../../symbolic.ts";

interface Setting extends Omit<SymbolicFunction, "name"> {
  /** The operation itself, on any matrices. */
  readonly bare: SymbolicFunction["apply"];
}

/**
 * Matrices that are neither nearly singular nor have two nearly equal eigenvalues or singular values: a diagonal of
 * distinct numbers plus a quarter of `x`.
 */
const regular = (x: Expr): Expr => {
  const [n = 0, m = 0] = x.shape;
  const data = Array.from({ length: n * m }, (_, i) => {
    const [row, column] = [Math.floor(i / m), i % m];
    return row === column ? 3 * 2 ** row : Math.cos(2 * i + 1) / 8;
  });
  return add(mul(x, 0.25), constant(tensorOf([n, m], "f64", data))) as Expr;
};

/** The expressions that an operation returns: one, or a record of them. */
const partsOf = (made: object): readonly Expr[] =>
  made instanceof Expr ? [made] : (Object.values(made) as readonly Expr[]);

/** A function of one well-conditioned matrix, and of another operand. */
const of = (
  f: (a: Expr, b: Expr) => object,
  shape: Shape = [3, 3],
  ...others: readonly Shape[]
): Setting => ({
  operands: [shape, ...others].map((s) => tensors(s, real)),
  apply: ([a, b]) => partsOf(f(regular(a as Expr), b as Expr)),
  bare: ([a, b]) => partsOf(f(a as Expr, b as Expr)),
});

const positive = (a: Expr): Expr => linalg.matrixPower(a, 2);

/** Operations of linear algebra in several settings. A missing one does not compile. */
const settings: { readonly [Name in keyof typeof linalg]: readonly Setting[] } = {
  cholesky: [of(linalg.cholesky), of(linalg.cholesky, [1, 1])],
  choleskySolve: [of(linalg.choleskySolve, [3, 3], [3, 2]), of(linalg.choleskySolve, [2, 2], [2])],
  choleskyInverse: [of(linalg.choleskyInverse)],
  triangularSolve: [
    of(linalg.triangularSolve, [3, 3], [3, 2]),
    of((a, b) => linalg.triangularSolve(a, b, { lower: false }), [3, 3], [3]),
    of((a, b) => linalg.triangularSolve(a, b, { transposed: true }), [2, 2], [2, 2]),
    of((a, b) => linalg.triangularSolve(a, b, { unitDiagonal: true }), [3, 3], [3, 1]),
  ],
  lu: [of(linalg.lu), of(linalg.lu, [4, 2]), of(linalg.lu, [2, 3])],
  luSolve: [
    of((a, b) => linalg.luSolve(linalg.lu(a), b), [3, 3], [3, 2]),
    of((a, b) => linalg.luSolve(linalg.lu(a), b, { transposed: true }), [3, 3], [3, 1]),
  ],
  orderOfPivots: [of((a) => linalg.orderOfPivots(linalg.lu(a).pivots, 3))],
  solve: [of(linalg.solve, [3, 3], [3, 2]), of(linalg.solve, [2, 2], [2])],
  inverse: [of(linalg.inverse)],
  determinant: [of(linalg.determinant), of(linalg.determinant, [1, 1])],
  signedLogDeterminant: [of(linalg.signedLogDeterminant, [2, 2])],
  qr: [of(linalg.qr), of(linalg.qr, [4, 2]), of(linalg.qr, [2, 3])],
  householderProduct: [of(linalg.householderProduct, [4, 3], [2])],
  eigh: [of(linalg.eigh), of(linalg.eigh, [2, 2]), of((a) => linalg.eigh(positive(a)))],
  eigenvaluesSymmetric: [of(linalg.eigenvaluesSymmetric)],
  svd: [of(linalg.svd), of(linalg.svd, [4, 2]), of(linalg.svd, [2, 3])],
  singularValues: [of(linalg.singularValues), of(linalg.singularValues, [2, 3])],
  pseudoInverse: [
    of((a) => linalg.pseudoInverse(a)),
    of((a) => linalg.pseudoInverse(a), [4, 2]),
    of((a) => linalg.pseudoInverse(a), [2, 3]),
  ],
  matrixRank: [of((a) => linalg.matrixRank(a), [2, 3])],
  leastSquares: [of((a, b) => linalg.leastSquares(a, b), [4, 2], [4])],
  matrixPower: [
    of((a) => linalg.matrixPower(a, 3), [2, 2]),
    of((a) => linalg.matrixPower(a, -2), [2, 2]),
    of((a) => linalg.matrixPower(a, 0), [2, 2]),
  ],
  matrixExponential: [of(linalg.matrixExponential, [2, 2])],
  vectorNorm: [1, 2, 3, -1, Number.POSITIVE_INFINITY, 0].map((p) =>
    of((a) => linalg.vectorNorm(a, p, { axes: [0] })),
  ),
  matrixNorm: (["frobenius", "nuclear", 1, -1, 2, -2, Number.POSITIVE_INFINITY] as const).map(
    (kind) => of((a) => linalg.matrixNorm(a, kind), [2, 3]),
  ),
  pairwiseDistances: [of((a, b) => linalg.pairwiseDistances(a, b, 3), [3, 2], [1, 2])],
  conditionNumber: [
    of((a) => linalg.conditionNumber(a)),
    of((a) => linalg.conditionNumber(a, 1), [2, 2]),
  ],
};

/** Every operation of linear algebra in each of its settings. */
export const linearAlgebra: readonly (Setting & SymbolicFunction)[] = Object.entries(
  settings,
).flatMap(([name, all]) =>
  all.map((setting, i) => ({ ...setting, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
);

/** The same of matrices that may be singular, and of any dtype: nothing is done to them before. */
export const bareLinearAlgebra: readonly SymbolicFunction[] = linearAlgebra.map((f) => ({
  name: `${f.name}, bare`,
  operands: f.operands,
  apply: f.bare,
}));
