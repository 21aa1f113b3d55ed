import { customDerivative, scan } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { outer } from "../ir/ops/contraction.ts";
import { where } from "../ir/ops/control.ts";
import { tril, triu } from "../ir/ops/diagonals.ts";
import { abs, add, and, div, eq, ge, gt, sub } from "../ir/ops/elementwise.ts";
import { iota, take } from "../ir/ops/indexing.ts";
import { lift } from "../ir/ops/promote.ts";
import { argmax, argsort } from "../ir/ops/reduction.ts";
import { concatenate, expandDims, sliceAxis } from "../ir/ops/structural.ts";
import { asOne } from "../ir/types/diagnose.ts";
import type { Operand } from "../ir/types/shape.ts";
import { whole } from "../tensor/validate.ts";
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

/**
 * The result of an elimination: `L` packed below the diagonal and `U` on and above it, the row that each step swapped
 * up, and the resulting order of rows.
 */
export interface Eliminated {
  readonly packed: Expr;
  readonly pivots: Expr;
  readonly order: Expr;
}

/** Swaps row `k` and row `p`. */
const swapRows = (rows: Expr, k: Expr, p: Expr): Expr =>
  where(eq(rows, k), p, where(eq(rows, p), k, rows));

/**
 * Gaussian elimination with partial pivoting. A column without a pivot stays as it is, with a zero on the diagonal.
 */
export const eliminate = (x: Expr): Eliminated => {
  const [m = 0, n = 0] = x.shape;
  if (m === 0 || n === 0) return { packed: x, pivots: iota([0]), order: iota([m]) };
  const [rows, columns] = [iota([m]), iota([n])];
  const [last, pivots] = scan(
    ({ a, order }: { readonly a: Expr; readonly order: Expr }, k: Expr) => {
      const p = argmax(where(ge(rows, k), abs(take(a, k, 1)), -1), 0);
      const to = swapRows(rows, k, p);
      const b = take(a, to);
      const [row, column] = [take(b, k), take(b, k, 1)];
      const pivot = take(row, k);
      const below = gt(rows, k);
      const ratio: Expr = where(and(below, eq(pivot, 0)), 0, div(column, pivot));
      const factor: Expr = where(below, ratio, 0);
      const rest: Expr = sub(b, outer(factor, where(gt(columns, k), row, 0)));
      const kept = and(expandDims(below, 1), eq(columns, k));
      const next = where(kept, expandDims(factor, 1), rest);
      return [{ a: next, order: take(order, to) }, p] as const;
    },
    { a: x, order: rows },
    iota([Math.min(m, n)]),
  );
  return { packed: last.a, pivots, order: last.order };
};

/** An LU decomposition. A type alias and not an interface, so that it is a tree of expressions. */
export type LU = {
  /** The lower triangular factor, with ones on the diagonal. `[...b, m, min(m, n)]` */
  readonly lower: Expr;
  /** The upper triangular factor. `[...b, min(m, n), n]` */
  readonly upper: Expr;
  /** The row of `A` that each row of `L·U` equals, as i32. `[...b, m]` */
  readonly order: Expr;
  /** The row that each step swapped with its own, as i32: LAPACK's pivots, counted from 0. `[...b, min(m, n)]` */
  readonly pivots: Expr;
};

/** Unpacks the two triangular factors of a packed matrix. */
export const unpacked = (packed: Expr): { readonly lower: Expr; readonly upper: Expr } => {
  const [m = 0, n = 0] = packed.shape;
  const k = Math.min(m, n);
  const lower = add(sliceAxis(tril(packed, -1), 1, 0, k), identityMatrix(m, k, packed.dtype));
  return { lower: lower, upper: sliceAxis(triu(packed), 0, 0, k) };
};

/** Splits a matrix into its first `k` rows or columns, and the others. */
const splitAt = (x: Expr, axis: number, k: number): readonly [Expr, Expr] => [
  sliceAxis(x, axis, 0, k),
  sliceAxis(x, axis, k, x.shape[axis] ?? k),
];

/** `X·U⁻¹` for an upper triangle. */
const dividedBy = (x: Expr, upper: Expr): Expr =>
  matrixTranspose(solveTriangle(matrixTranspose(upper), matrixTranspose(x), true));
/** `X·U⁻ᵀ` for an upper triangle. */
const dividedByTranspose = (x: Expr, upper: Expr): Expr =>
  matrixTranspose(solveTriangle(upper, matrixTranspose(x), false));

const factorsOf: (a: Expr) => LU = customDerivative(
  (a: Expr) => {
    const { packed, order, pivots } = eliminate(a);
    return { ...unpacked(packed), order, pivots };
  },
  {
    name: "lu",
    jvp: (a, tangent) => {
      const { lower, upper, order, pivots } = factorsOf(a);
      const k = upper.shape[0] ?? 0;
      const moved = take(tangent, order);
      const [[l1, l2], [u1, u2]] = [splitAt(lower, 0, k), splitAt(upper, 1, k)];
      const [top, bottom] = splitAt(moved, 0, k);
      const [square, right] = splitAt(top, 1, k);
      const inner = dividedBy(solveTriangle(l1, square, true, true), u1);
      const [dl, du] = [times(l1, tril(inner, -1)), times(triu(inner), u1)];
      const below = dividedBy(sub(sliceAxis(bottom, 1, 0, k), times(l2, du)), u1);
      const beside = solveTriangle(l1, sub(right, times(dl, u2)), true, true);
      const [dLower, dUpper] = [concatenate([dl, below]), concatenate([du, beside], 1)];
      return { lower: dLower, upper: dUpper, order, pivots };
    },
    vjp: (_, { lower, upper, order }, w) => {
      const k = upper.shape[0] ?? 0;
      const [[l1, l2], [u1, u2]] = [splitAt(lower, 0, k), splitAt(upper, 1, k)];
      const [[wl1, wl2], [wu1, wu2]] = [splitAt(w.lower, 0, k), splitAt(w.upper, 1, k)];
      const below = dividedByTranspose(wl2, u1);
      const beside = solveTriangle(matrixTranspose(l1), wu2, false, true);
      const wl = sub(wl1, timesTranspose(beside, u2));
      const wu = sub(wu1, transposeTimes(l2, below));
      const inner: Expr = add(tril(transposeTimes(l1, wl), -1), triu(timesTranspose(wu, u1)));
      const square = dividedByTranspose(solveTriangle(matrixTranspose(l1), inner, false, true), u1);
      // One of the two is empty: a matrix has rows below its square part, or columns beside it.
      const [m, n] = [lower.shape[0] ?? 0, upper.shape[1] ?? 0];
      const rows = m > n ? concatenate([square, below]) : concatenate([square, beside], 1);
      return take(rows, argsort(order));
    },
  },
);

/**
 * The LU decomposition `L·U = A[order]`, by Gaussian elimination with partial pivoting.
 *
 * **Shapes** `[...b, m, n] → lower [...b, m, k], upper [...b, k, n], order [...b, m]`, `k = min(m, n)`.
 * **Math** with `F = L⁻¹ȦU⁻¹` with the rows of `Ȧ` in order, `L̇ = L·tril(F, -1)` and `U̇ = triu(F)·U`. The values
 * are right for any matrix; the derivatives are infinite or NaN if the first `k` columns do not have full rank.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Golub and Van Loan, "Matrix computations", algorithm 3.4.1.
 */
export const lu = (operand: Operand): LU =>
  overStacks([2], (a) => factorsOf(a))(matrixOf("lu", lift(operand)));

/**
 * Solves `A·X = B`, or `Aᵀ·X = B`, given the LU factors of `A`.
 *
 * **Shapes** `B: [...b, n, k] → [...b, n, k]`.
 */
export const luSolve = (
  { lower, upper, order }: Omit<LU, "pivots">,
  right: Operand,
  { transposed = false }: { readonly transposed?: boolean } = {},
): Expr => {
  const solved = (x: Expr, y: Expr, at: Expr, z: Expr): Expr => {
    if (!transposed) return solveTriangle(y, solveTriangle(x, take(z, at), true, true), false);
    const inner = solveTriangle(matrixTranspose(y), z, true);
    return take(solveTriangle(matrixTranspose(x), inner, false, true), argsort(at));
  };
  const given = [lower, upper, order, lift(right)];
  const expected = "the factors of square matrices and right-hand sides [..., n, k]";
  return asOne("luSolve", expected, given, () =>
    overStacks([2, 2, 1, 2], (x, y, at, z) => solved(x as Expr, y as Expr, at as Expr, z as Expr))(
      ...given,
    ),
  );
};

/**
 * Converts LAPACK's pivots, counted from 0, to the order of rows that they give: step `k` swaps row `k` with the row
 * that the pivot names.
 *
 * **Fails with** `InvalidArgument`, thrown if `rows` is not an integer of at least 0.
 */
export const orderOfPivots = (operand: Operand, rows: number): Expr => {
  whole(0)("orderOfPivots", { rows });
  const given = lift(operand, "i32");
  return asOne("orderOfPivots", "i32 pivots, [..., k]", [given], () =>
    overStacks([1], (pivots) => {
      const all = iota([rows]);
      const steps = { p: pivots, k: iota([pivots.shape[0] ?? 0]) };
      const [order] = scan(
        (order: Expr, { p, k }: typeof steps) => [take(order, swapRows(all, k, p)), []] as const,
        all,
        steps,
      );
      return order;
    })(given),
  );
};
