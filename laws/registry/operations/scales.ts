import { Expr } from "../../../src/ir/expr.ts";
import { dot } from "../../../src/ir/ops/contraction.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { add, atan2, div, maximum, mul, rem, sqrt, sub } from "../../../src/ir/ops/elementwise.ts";
import { mean, variance } from "../../../src/ir/ops/reduction.ts";
import * as linalg from "../../../src/linalg/index.ts";
import { cosineEmbedding, infoNce, ntXent } from "../../../src/nn/losses/contrastive.ts";
import { importanceLoss } from "../../../src/nn/losses/routing.ts";
import { globalNorm } from "../../../src/optim/transforms/parts.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { type Domain, positive, real, tensorOf, tensors } from "../../domain.ts";
import type { Homogeneous } from "../../values/scaling.ts";

type Setting = Omit<Homogeneous, "name">;
/** The reason why a function is not homogeneous. */
type Reason = string;

/**
 * Matrices that are not nearly singular and have well-separated singular values and eigenvalues: a diagonal of distinct
 * numbers plus a quarter of anything.
 */
const regular = (shape: Shape, symmetric = false): Domain => {
  const [n = 0, m = 0] = shape;
  return {
    type: { shape, dtype: "f32" },
    values: tensors(shape, real).values.map((x) => {
      const elements = x.toTypedArray();
      const at = (row: number, column: number): number =>
        (elements[row * m + column] as number) / 4 + Math.cos(2 * (row * m + column) + 1) / 8;
      return tensorOf(
        shape,
        "f32",
        Array.from({ length: n * m }, (_, i) => {
          const [row, column] = [Math.floor(i / m), i % m];
          const own = symmetric ? (at(row, column) + at(column, row)) / 2 : at(row, column);
          return row === column ? own + 3 * 2 ** row : own;
        }),
      );
    }),
  };
};

const anything = (shape: Shape): Domain => tensors(shape, real, "f32");

/** The expressions that an operation returns: one, or a record of them. */
const partsOf = (made: object): readonly Expr[] =>
  made instanceof Expr ? [made] : (Object.values(made) as readonly Expr[]);

/** A function of one matrix. */
const of = (
  f: (a: Expr) => object,
  degrees: readonly number[],
  shape: Shape = [3, 3],
): Setting => ({
  operands: [regular(shape)],
  degrees,
  apply: ([a]) => partsOf(f(a as Expr)),
});

/** A function of a matrix and of another operand, which is scaled too or stays fixed. */
const withOther = (
  f: (a: Expr, b: Expr) => object,
  degrees: readonly number[],
  operandDegrees: readonly number[] = [1, 0],
  other: Shape = [3, 2],
): Setting => ({
  operands: [regular([3, 3]), anything(other)],
  operandDegrees,
  degrees,
  apply: ([a, b]) => partsOf(f(a as Expr, b as Expr)),
});

/** The degree of every operation of linear algebra. A missing one does not compile. */
const operations: { readonly [Name in keyof typeof linalg]: readonly Setting[] | Reason } = {
  cholesky: [
    {
      operands: [regular([3, 3], true)],
      operandDegrees: [2],
      degrees: [1],
      apply: ([a]) => [linalg.cholesky(a as Expr)],
    },
  ],
  choleskySolve: [withOther(linalg.choleskySolve, [-2])],
  choleskyInverse: [of(linalg.choleskyInverse, [-2])],
  triangularSolve: [
    withOther(linalg.triangularSolve, [-1]),
    withOther(linalg.triangularSolve, [1], [0, 1]),
  ],
  lu: [of(linalg.lu, [0, 1]), of(linalg.lu, [0, 1], [4, 2])],
  luSolve: [withOther((a, b) => linalg.luSolve(linalg.lu(a), b), [-1])],
  orderOfPivots: [of((a) => linalg.orderOfPivots(linalg.lu(a).pivots, 3), [])],
  solve: [withOther(linalg.solve, [-1]), withOther(linalg.solve, [0], [1, 1])],
  inverse: [of(linalg.inverse, [-1])],
  determinant: [of(linalg.determinant, [2], [2, 2]), of(linalg.determinant, [3])],
  signedLogDeterminant: "a logarithm is scaled by adding a term",
  qr: [of(linalg.qr, [0, 1]), of(linalg.qr, [0, 1], [4, 2]), of(linalg.qr, [0, 1], [2, 3])],
  householderProduct: "its vectors have 1 as their first element",
  eigh: [of(linalg.eigh, [1, 0])],
  eigenvaluesSymmetric: [of(linalg.eigenvaluesSymmetric, [1])],
  svd: [of(linalg.svd, [0, 1, 0]), of(linalg.svd, [0, 1, 0], [4, 2])],
  singularValues: [of(linalg.singularValues, [1]), of(linalg.singularValues, [1], [2, 3])],
  pseudoInverse: [
    of((a) => linalg.pseudoInverse(a), [-1]),
    of((a) => linalg.pseudoInverse(a), [-1], [4, 2]),
  ],
  matrixRank: [of((a) => linalg.matrixRank(a), [], [2, 3])],
  leastSquares: [withOther(linalg.leastSquares, [-1])],
  matrixPower: [
    of((a) => linalg.matrixPower(a, 3), [3]),
    of((a) => linalg.matrixPower(a, -2), [-2]),
  ],
  matrixExponential: "an exponential",
  vectorNorm: [2, 1, 3, 10, 0.5, -1, -3, Number.POSITIVE_INFINITY].map((p) =>
    of((a) => linalg.vectorNorm(a, p, { axes: [0] }), [1]),
  ),
  matrixNorm: (["frobenius", "nuclear", 1, -1, 2, -2, Number.POSITIVE_INFINITY] as const).map(
    (kind) => of((a) => linalg.matrixNorm(a, kind), [1], [2, 3]),
  ),
  pairwiseDistances: [
    withOther(linalg.pairwiseDistances, [1], [1, 1], [2, 3]),
    withOther((a, b) => linalg.pairwiseDistances(a, b, 3), [1], [1, 1], [2, 3]),
  ],
  conditionNumber: [
    of((a) => linalg.conditionNumber(a), [0]),
    of((a) => linalg.conditionNumber(a, 1), [0]),
  ],
};

const directed = (shape: Shape): Domain => tensors(shape, positive, "f32");

/** A function of two vectors of positive numbers. */
const pair = (
  f: (x: Expr, y: Expr) => Expr,
  degree: number,
  operandDegrees: readonly number[] = [1, 1],
): Setting => ({
  operands: [directed([3]), directed([3])],
  operandDegrees,
  degrees: [degree],
  apply: ([x, y]) => [f(x as Expr, y as Expr)],
});

/** Primitives with gradients that compute squares of their own. */
const primitives: { readonly [name: string]: readonly Setting[] } = {
  mul: [pair(mul, 2), pair(mul, 0, [1, -1])],
  div: [pair(div, 0), pair(div, 2, [1, -1])],
  atan2: [pair(atan2, 0)],
  sqrt: [pair((x, y) => mul(sqrt(x), sqrt(y)), 2, [2, 2])],
  maximum: [pair(maximum, 1)],
  rem: [pair(rem, 1)],
  dot: [
    pair((x, y) => dot(x, y, [[0], [0]]), 2),
    pair((x, y) => dot(x, y, [[0], [0]]), 0, [1, -1]),
  ],
  mean: [pair((x, y) => mean(add(x, y)), 1)],
  variance: [pair((x, y) => variance(sub(x, y)), 2)],
};

const others: { readonly [name: string]: readonly Setting[] } = {
  cosineEmbedding: [
    {
      operands: [directed([3]), directed([3])],
      degrees: [0],
      apply: ([x, y]) => [cosineEmbedding(x as Expr, y as Expr, 1)],
    },
  ],
  infoNce: [
    {
      operands: [directed([3]), directed([2, 3])],
      degrees: [0],
      apply: ([x, y]) => [infoNce(x as Expr, y as Expr, 1, 0.5)],
    },
  ],
  ntXent: [
    {
      operands: [directed([2, 3]), directed([2, 3])],
      degrees: [0],
      apply: ([x, y]) => [ntXent(x as Expr, y as Expr)],
    },
  ],
  importanceLoss: [
    {
      operands: [directed([2, 3])],
      degrees: [0],
      apply: ([x]) => [importanceLoss(x as Expr)],
    },
  ],
  globalNorm: [
    {
      operands: [directed([3]), directed([2])],
      degrees: [1],
      apply: ([x, y]) => [cast(globalNorm([x as Expr, y as Expr]), (x as Expr).dtype)],
    },
  ],
};

/** All homogeneous functions. */
export const homogeneousFunctions: readonly Homogeneous[] = Object.entries<
  readonly Setting[] | Reason
>({ ...operations, ...primitives, ...others }).flatMap(([name, all]) =>
  typeof all === "string"
    ? []
    : all.map((each, i) => ({ ...each, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
);
