import { customDerivative, scan } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { dot, outer } from "../ir/ops/contraction.ts";
import { cast, where } from "../ir/ops/control.ts";
import { tril, triu } from "../ir/ops/diagonals.ts";
import { abs, add, div, eq, ge, gt, mul, neg, sub } from "../ir/ops/elementwise.ts";
import { iota, take } from "../ir/ops/indexing.ts";
import { floating, lift } from "../ir/ops/promote.ts";
import { max } from "../ir/ops/reduction.ts";
import { concatenate, sliceAxis, transpose } from "../ir/ops/structural.ts";
import { asOne } from "../ir/types/diagnose.ts";
import type { Operand } from "../ir/types/shape.ts";
import { lengthOf, scaleOfSums } from "./scale.ts";
import {
  identityMatrix,
  matrixOf,
  matrixTranspose,
  overStacks,
  times,
  timesTranspose,
  transposeTimes,
} from "./stacks.ts";
import { solveTriangle } from "./triangular.ts";

/** Householder reflections `I - τ·v·vᵀ`, one per row, and the triangle that they turn a matrix into. */
interface Reflected {
  readonly vectors: Expr;
  readonly scales: Expr;
  readonly triangle: Expr;
}

/**
 * Reduces a matrix to a triangle by Householder reflections, column by column. A column that is zero below the
 * diagonal is not reflected. Signs of the triangle's diagonal are LAPACK's.
 */
export const reflect = (a: Expr): Reflected => {
  const [m = 0, n = 0] = a.shape;
  const rows = iota([m]);
  const [triangle, [vectors, scales]] = scan(
    (r: Expr, k: Expr) => {
      const column = take(r, k, 1);
      const head = take(column, k);
      const tail: Expr = where(gt(rows, k), column, 0);
      const norm = lengthOf(where(ge(rows, k), column, 0));
      const none = eq(max(abs(tail)), 0);
      const end: Expr = where(none, head, where(ge(head, 0), neg(norm), norm));
      const divisor: Expr = where(none, 1, sub(head, end));
      const vector = add(div(tail, divisor), cast(eq(rows, k), a.dtype));
      const scale: Expr = where(none, 0, div(sub(end, head), end));
      return [applyReflection(r, vector, scale), [vector, scale]] as const;
    },
    a,
    iota([Math.min(m, n)]),
  );
  return { vectors, scales, triangle };
};

/** `(I - τ·v·vᵀ)·x`. */
const applyReflection = (x: Expr, vector: Expr, scale: Expr): Expr =>
  sub(x, outer(mul(scale, vector), dot(vector, x, [[0], [0]])));

/** Applies a product of reflections to `x`; the first reflection is outermost. */
export const reflections = (vectors: Expr, scales: Expr, x: Expr): Expr =>
  scan(
    (y: Expr, { v, t }: { readonly v: Expr; readonly t: Expr }) =>
      [applyReflection(y, v, t), []] as const,
    x,
    { v: vectors, t: scales },
    { reverse: true },
  )[0];

/** A QR decomposition. A type alias and not an interface, so that it is a tree of expressions. */
export type QR = {
  /** The factor with orthonormal columns. `[...b, m, min(m, n)]` */
  readonly q: Expr;
  /** The upper triangular factor. `[...b, min(m, n), n]` */
  readonly r: Expr;
};

/** The symmetric matrix with the lower triangle of `x`. */
const lowerOnBothSides = (x: Expr): Expr => add(tril(x), transpose(tril(x, -1)));

/** The QR decomposition of a matrix with no more columns than rows. */
const tall: (a: Expr) => QR = customDerivative(
  (a: Expr): QR => {
    const [m = 0, n = 0] = a.shape;
    const { vectors, scales, triangle } = reflect(a);
    return {
      q: reflections(vectors, scales, identityMatrix(m, n, a.dtype)),
      r: sliceAxis(triu(triangle), 0, 0, n),
    };
  },
  {
    name: "qr",
    jvp: (a, tangent) => {
      const { q, r } = tall(a);
      const moved = matrixTranspose(
        solveTriangle(matrixTranspose(r), matrixTranspose(tangent), true),
      );
      const inner = transposeTimes(q, moved);
      const low = tril(inner, -1);
      const skew = sub(low, transpose(low));
      const outside: Expr = sub(moved, times(q, inner));
      return { q: add(times(q, skew), outside), r: times(sub(inner, skew), r) };
    },
    vjp: (_, { q, r }, w) => {
      const inner = sub(timesTranspose(r, w.r), transposeTimes(w.q, q));
      const total: Expr = add(w.q, times(q, lowerOnBothSides(inner)));
      return matrixTranspose(solveTriangle(r, matrixTranspose(total), false));
    },
  },
);

const factors = (a: Expr): QR => {
  const [m = 0, n = 0] = a.shape;
  if (m >= n) return tall(a);
  const { q, r } = tall(sliceAxis(a, 1, 0, m));
  return { q, r: concatenate([r, transposeTimes(q, sliceAxis(a, 1, m, n))], 1) };
};

/**
 * The QR decomposition `A = Q·R`, by Householder reflections: `Q` has orthonormal columns, `R` is upper triangular.
 * Signs of `R`'s diagonal are LAPACK's.
 *
 * **Shapes** `[...b, m, n] → q [...b, m, k], r [...b, k, n]`, `k = min(m, n)`.
 * **Math** with `C = QᵀȦR⁻¹` and `X = tril(C, -1) - tril(C, -1)ᵀ`: `Q̇ = QX + (I - QQᵀ)ȦR⁻¹`, `Ṙ = (C - X)R`. The
 * derivatives are infinite or NaN if the first `k` columns do not have full rank.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Golub and Van Loan, "Matrix computations", algorithm 5.2.1; Walter, "Structured higher-order
 * algorithmic differentiation in the forward and reverse mode" (2012).
 */
export const qr = (operand: Operand): QR =>
  overStacks([2], (a) => {
    const scale = scaleOfSums(a);
    const { q, r } = factors(mul(a, scale));
    return { q, r: div(r, scale) };
  })(matrixOf("qr", lift(operand)));

/**
 * The first columns of a product of Householder reflections `I - τᵢ·vᵢ·vᵢᵀ`, stored as LAPACK does: `vᵢ` is column
 * `i` of a matrix below its diagonal, with 1 on it.
 *
 * **Shapes** `[...b, m, n], [...b, k] → [...b, m, n]`, `k ≤ n ≤ m`.
 */
export const householderProduct = (columns: Operand, scales: Operand): Expr => {
  const op = "householderProduct";
  const [x, t] = [lift(columns), lift(scales)];
  const product = (a: Expr, taus: Expr): Expr => {
    const [m = 0, n = 0] = a.shape;
    const k = taus.shape[0] ?? 0;
    const below = sliceAxis(tril(a, -1), 1, 0, k);
    const vectors = transpose(add(below, identityMatrix(m, k, a.dtype)));
    return reflections(vectors, taus, identityMatrix(m, n, a.dtype));
  };
  return asOne(op, "[..., m, n] and at most n scales, [..., k]", [x, t], () =>
    overStacks([2, 1], (a, taus) => product(a as Expr, taus as Expr))(
      floating(op, x),
      floating(op, t),
    ),
  );
};
