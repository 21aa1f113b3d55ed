import { customDerivative } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import { diagonal, diagonalMatrix } from "../ir/ops/diagonals.ts";
import { abs, add, div, eq, ge, gt, mul, neg, sub } from "../ir/ops/elementwise.ts";
import { onesLike, take } from "../ir/ops/indexing.ts";
import { broadcastTo, lift } from "../ir/ops/promote.ts";
import { argsort, max, sum } from "../ir/ops/reduction.ts";
import { expandDims, pad, slice, transpose } from "../ir/ops/structural.ts";
import type { Operand } from "../ir/types/shape.ts";
import { signsOf } from "./eigh.ts";
import { type Rotations, rotationOf, runSweeps, type Table, tableOf } from "./jacobi.ts";
import { reflect, reflections } from "./qr.ts";
import { directionOf, lengthOf, scaleOfSums, unlessNaN } from "./scale.ts";
import {
  epsilonOf,
  identityMatrix,
  matrixOf,
  overStacks,
  times,
  timesTranspose,
  transposeTimes,
} from "./stacks.ts";

/** A singular value decomposition. A type alias and not an interface, so that it is a tree of expressions. */
export type SVD = {
  /** The left singular vectors: orthonormal columns. `[...b, m, k]` */
  readonly u: Expr;
  /** The singular values, descending. `[...b, k]` */
  readonly s: Expr;
  /** The right singular vectors: orthonormal columns. `[...b, n, k]` */
  readonly v: Expr;
};

/** The largest cosine between two nonzero columns. */
const coherence = (x: Expr): Expr => {
  const unit = directionOf(x, 0);
  const gram = transposeTimes(unit, unit);
  return max(abs(sub(gram, diagonalMatrix(diagonal(gram)))));
};

/**
 * The rotations that make pairs of columns orthogonal. The cotangent of twice the angle, `(|y|² - |x|²)/2xy`, is
 * computed from the quotient of the lengths and the cosine, since squares of small columns may underflow.
 */
const rotations = (x: Expr, table: Table): Rotations => {
  const [norms, units] = [lengthOf(x, 0), directionOf(x, 0)];
  const [a, b] = [take(norms, table.firsts), take(norms, table.seconds)];
  const [first, second] = [take(units, table.firsts, 1), take(units, table.seconds, 1)];
  const cosines = sum(mul(first, second), 0);
  const none = eq(cosines, 0);
  const held = (y: Expr): Expr => where(none, 1, y);
  const [p, q] = [held(a), held(b)];
  const excess = mul(div(sub(q, p), p), add(div(p, q), 1));
  return rotationOf(div(excess, mul(held(cosines), 2)), none);
};

/**
 * Normalizes orthogonal columns, and replaces zero columns by unit vectors orthogonal to the others. Reflections of
 * an identity are orthonormal whatever the columns.
 */
const orthonormal = (x: Expr): Expr => {
  const [m = 0, n = 0] = x.shape;
  const { vectors, scales, triangle } = reflect(x);
  const q = reflections(vectors, scales, identityMatrix(m, n, x.dtype));
  const ones = onesLike(scales);
  return mul(q, where(ge(diagonal(triangle), 0), ones, neg(ones)));
};

const rotated = (a: Expr): SVD => {
  const [m = 0, n = 0] = a.shape;
  const even = n + (n % 2);
  const table = tableOf(even);
  const start = {
    x: pad(a, [
      [0, 0],
      [0, even - n],
    ]),
    v: identityMatrix(even, even, a.dtype),
  };
  const end = runSweeps(
    even,
    start,
    ({ x, v }: typeof start) => {
      const pairs = rotations(x, table);
      return { x: table.rotated(x, 1, pairs), v: table.rotated(v, 1, pairs) };
    },
    ({ x }) => broadcastTo(gt(coherence(x), epsilonOf(a.dtype) * Math.sqrt(m)), []),
  );
  const x = slice(end.x, [0, 0], [m, n]);
  const norms = lengthOf(x, 0);
  const order = argsort(neg(norms));
  const s = take(norms, order);
  const directions = directionOf(take(x, order, 1), 0);
  const v = take(slice(end.v, [0, 0], [n, n]), order, 1);
  const signs = signsOf(v);
  return { u: mul(orthonormal(directions), signs), s, v: mul(v, signs) };
};

/**
 * `1/(sⱼ² - sᵢ²)` times `sⱼ` and times `sᵢ`, in factors that avoid squares: one over the difference (0 where they are
 * equal), and shares of the sum.
 */
const gaps = (s: Expr) => {
  const [columns, rows] = [expandDims(s, 0), expandDims(s, 1)];
  const difference: Expr = sub(columns, rows);
  const none = eq(difference, 0);
  const held = (y: Expr): Expr => where(none, 1, y);
  const total = held(add(columns, rows));
  return {
    over: (x: Expr): Expr => where(none, 0, div(x, held(difference))),
    columns: div(columns, total),
    rows: div(rows, total),
  };
};

/** The part of `x` that is orthogonal to the columns of `u`. */
const orthogonalPart = (u: Expr, x: Expr): Expr => sub(x, times(u, transposeTimes(u, x)));

/** The singular value decomposition of a matrix with no more columns than rows. */
const tall: (a: Expr) => SVD = customDerivative(rotated, {
  name: "svd",
  jvp: (a, tangent) => {
    const { u, s, v } = tall(a);
    const [m = 0, n = 0] = a.shape;
    const inner = transposeTimes(u, times(tangent, v));
    const across = transpose(inner);
    const { over, columns, rows } = gaps(s);
    const left = over(add(mul(inner, columns), mul(rows, across)));
    const right = over(add(mul(rows, inner), mul(across, columns)));
    const turning = times(u, left);
    const leaving = m > n ? div(orthogonalPart(u, times(tangent, v)), s) : undefined;
    return {
      u: leaving === undefined ? turning : add(turning, leaving),
      s: diagonal(inner),
      v: times(v, right),
    };
  },
  vjp: (a, { u, s, v }, w) => {
    const [m = 0, n = 0] = a.shape;
    const { over, columns, rows } = gaps(s);
    const skew = (x: Expr): Expr => over(sub(x, transpose(x)));
    const left = mul(skew(transposeTimes(u, w.u)), columns);
    const right = mul(rows, skew(transposeTimes(v, w.v)));
    const inner: Expr = add(add(left, right), diagonalMatrix(w.s));
    const within = times(u, inner);
    const all = m > n ? add(within, div(orthogonalPart(u, w.u), s)) : within;
    return timesTranspose(all, v);
  },
});

const factors = (a: Expr): SVD => {
  const [m = 0, n = 0] = a.shape;
  if (m === 0 || n === 0) {
    const s = diagonal(a);
    return { u: identityMatrix(m, 0, a.dtype), s, v: identityMatrix(n, 0, a.dtype) };
  }
  const scale = scaleOfSums(a);
  const x = mul(a, scale);
  const made = tall(m >= n ? x : transpose(x));
  const [left, right] = [unlessNaN(made.u, scale), unlessNaN(made.v, scale)];
  const s = div(made.s, scale);
  return m >= n ? { u: left, s, v: right } : { u: right, s, v: left };
};

/**
 * The singular value decomposition `A = U·diag(s)·Vᵀ`, by Jacobi rotations of the columns, which compute small
 * singular values as accurately as large ones. Signs make the largest component of each column of the shorter vectors
 * positive.
 *
 * **Shapes** `[...b, m, n] → u [...b, m, k], s [...b, k], v [...b, n, k]`, `k = min(m, n)`.
 * **Math** with `P = UᵀȦV` and `Fᵢⱼ = 1/(sⱼ² - sᵢ²)`, 0 where they are equal: `ṡ = diag(P)`, `U̇ = U(F ∘ (PS + SPᵀ))
 * + (I - UUᵀ)ȦVS⁻¹`, `V̇ = V(F ∘ (SP + PᵀS)) + (I - VVᵀ)ȦᵀUS⁻¹`. The last terms, which vanish for a square matrix,
 * are infinite or NaN if a singular value is 0.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Hestenes, "Inversion of matrices by biorthogonalization and related results" (1958); Townsend,
 * "Differentiating the singular value decomposition" (2016).
 */
export const svd = (operand: Operand): SVD =>
  overStacks([2], (a) => factors(a))(matrixOf("svd", lift(operand)));

const valuesOf: (a: Expr) => Expr = customDerivative((a: Expr) => factors(a).s, {
  name: "singularValues",
  jvp: (a, tangent) => {
    const { u, v } = factors(a);
    return diagonal(transposeTimes(u, times(tangent, v)));
  },
  vjp: (a, _, w) => {
    const { u, v } = factors(a);
    return timesTranspose(mul(u, w), v);
  },
});

/**
 * The singular values, descending. Their derivative `diag(UᵀȦV)` is finite for any matrix.
 *
 * **Shapes** `[...b, m, n] → [...b, min(m, n)]`.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const singularValues = (operand: Operand): Expr =>
  overStacks([2], (a) => valuesOf(a))(matrixOf("singularValues", lift(operand)));
