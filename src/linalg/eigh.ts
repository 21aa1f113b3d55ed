import { customDerivative } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import { diagonal, diagonalMatrix } from "../ir/ops/diagonals.ts";
import { abs, add, div, eq, ge, gt, mul, neg, sub } from "../ir/ops/elementwise.ts";
import { onesLike, take, takeAlongAxis } from "../ir/ops/indexing.ts";
import { broadcastTo, lift } from "../ir/ops/promote.ts";
import { argmax, argsort, max } from "../ir/ops/reduction.ts";
import { expandDims, pad, slice } from "../ir/ops/structural.ts";
import type { Operand } from "../ir/types/shape.ts";
import { type Rotations, rotationOf, runSweeps, tableOf } from "./jacobi.ts";
import { scaleOfSums, unlessNaN } from "./scale.ts";
import {
  epsilonOf,
  identityMatrix,
  overStacks,
  squareOf,
  symmetricPart,
  times,
  timesTranspose,
  transposeTimes,
} from "./stacks.ts";

/** Eigenvalues and eigenvectors. A type alias and not an interface, so that it is a tree of expressions. */
export type Eigen = {
  /** The eigenvalues, ascending. `[...b, n]` */
  readonly values: Expr;
  /** The eigenvectors, one in each column. `[...b, n, n]` */
  readonly vectors: Expr;
};

/** The sign, 1 or -1, that makes the largest component of each column positive; of equally large ones, the first. */
export const signsOf = (x: Expr): Expr => {
  const greatest = takeAlongAxis(x, expandDims(argmax(abs(x), 0), 0), 0);
  const ones = onesLike(greatest);
  return where(ge(greatest, 0), ones, neg(ones));
};

/** The rotations that diagonalize `[[p, pq], [pq, q]]`. */
const rotations = (p: Expr, q: Expr, pq: Expr): Rotations => {
  const none = eq(pq, 0);
  return rotationOf(div(sub(q, p), mul(where(none, 1, pq), 2)), none);
};

/** The largest magnitude off the diagonal of a symmetric matrix. */
const offDiagonal = (a: Expr): Expr => max(abs(sub(a, diagonalMatrix(diagonal(a)))));

const rotated = (a: Expr): Eigen => {
  const n = a.shape[0] ?? 0;
  const even = n + (n % 2);
  const table = tableOf(even);
  const widths = [
    [0, even - n],
    [0, even - n],
  ] as const;
  const tiny = mul(max(abs(a)), epsilonOf(a.dtype) / 8);
  const start = { a: pad(a, widths), v: identityMatrix(even, even, a.dtype) };
  const end = runSweeps(
    even,
    start,
    ({ a: x, v }: typeof start) => {
      const [d, beside] = [diagonal(x), diagonal(x, 1)];
      const pairs = rotations(
        take(d, table.firsts),
        take(d, table.seconds),
        take(beside, table.firsts),
      );
      // Set to exactly 0: with rounding errors left there, the sweeps would never end.
      const rotatedBoth = table.rotated(table.rotated(x, 0, pairs), 1, pairs);
      return {
        a: where(table.between, 0, rotatedBoth),
        v: table.rotated(v, 1, pairs),
      };
    },
    ({ a: x }) => broadcastTo(gt(offDiagonal(x), tiny), []),
  );
  const values = slice(diagonal(end.a), [0], [n]);
  const order = argsort(values);
  const vectors = take(slice(end.v, [0, 0], [n, n]), order, 1);
  return { values: take(values, order), vectors: mul(vectors, signsOf(vectors)) };
};

/**
 * `1 / (λⱼ - λᵢ)`, and 0 where they are equal: the vectors of an eigenspace are any basis of it, and a function of
 * the space alone does not change if they rotate into one another.
 */
const gaps = (values: Expr): Expr => {
  const difference: Expr = sub(expandDims(values, 0), expandDims(values, 1));
  const none = eq(difference, 0);
  return where(none, 0, div(1, where(none, 1, difference)));
};

const eigenOf: (a: Expr) => Eigen = customDerivative(rotated, {
  name: "eigh",
  jvp: (a, tangent) => {
    const { values, vectors } = eigenOf(a);
    const inner = transposeTimes(vectors, times(tangent, vectors));
    return {
      values: diagonal(inner),
      vectors: times(vectors, mul(gaps(values), inner)),
    };
  },
  vjp: (_, { values, vectors }, w) => {
    const turning = mul(gaps(values), transposeTimes(vectors, w.vectors));
    const inner = add(diagonalMatrix(w.values), turning);
    return times(vectors, timesTranspose(inner, vectors));
  },
});

/**
 * Eigenvalues and orthonormal eigenvectors of a symmetric matrix, by Jacobi rotations. If a matrix is not symmetric,
 * its symmetric part is used. Signs make the largest component of each vector positive.
 *
 * **Shapes** `[...b, n, n] → values [...b, n], vectors [...b, n, n]`.
 * **Math** `A = V·diag(λ)·Vᵀ`; `λ̇ = diag(VᵀȦV)`, `V̇ = V·(F ∘ VᵀȦV)`, `Fᵢⱼ = 1/(λⱼ - λᵢ)`, 0 where they are equal.
 * So derivatives are right for equal eigenvalues too, if the function does not depend on the choice of basis.
 * **Fails with** `ShapeMismatch` when compiled, where `A` is not square.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Golub and Van Loan, "Matrix computations", section 8.5; Giles, "An extended collection of matrix
 * derivative results" (2008), section 3.1.
 *
 * @example
 * ```ts
 * import { Backend, compile, tensor } from "fluxion";
 * import { eigh } from "fluxion/linalg";
 * import * as Effect from "effect/Effect";
 * const a = tensor([[2, 1], [1, 2]]);
 * const eigen = Effect.runSync(compile(eigh, [a]).pipe(Effect.provide(Backend.layerReference)));
 * eigen(a).values.toArray() // => [1, 3]
 * ```
 */
export const eigh = (operand: Operand): Eigen => eigenOfStacks("eigh", operand);

const eigenOfStacks = (op: string, operand: Operand): Eigen =>
  overStacks([2], (x) => {
    const a = x;
    if (a.shape[0] === 0) return { values: diagonal(a), vectors: a };
    const scale = scaleOfSums(a);
    const { values, vectors } = eigenOf(symmetricPart(mul(a, scale)));
    return { values: div(values, scale), vectors: unlessNaN(vectors, scale) };
  })(squareOf(op, lift(operand)));

/** The eigenvalues of a symmetric matrix, ascending, as by {@link eigh}. */
export const eigenvaluesSymmetric = (a: Operand): Expr =>
  eigenOfStacks("eigenvaluesSymmetric", a).values;
