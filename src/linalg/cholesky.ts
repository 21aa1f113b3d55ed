import { customDerivative, scan } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { outer } from "../ir/ops/contraction.ts";
import { where } from "../ir/ops/control.ts";
import { tril } from "../ir/ops/diagonals.ts";
import { add, div, ge, mul, sqrt, sub } from "../ir/ops/elementwise.ts";
import { iota, take } from "../ir/ops/indexing.ts";
import { lift } from "../ir/ops/promote.ts";
import { transpose } from "../ir/ops/structural.ts";
import { asOne } from "../ir/types/diagnose.ts";
import type { Operand } from "../ir/types/shape.ts";
import {
  identityMatrix,
  matrixTranspose,
  overStacks,
  squareOf,
  symmetricPart,
  times,
  timesTranspose,
  transposeTimes,
} from "./stacks.ts";
import { solveTriangle, systemShapes, triangularSolve } from "./triangular.ts";

/** Factors column by column, and subtracts each column's product from the remainder: `rest -= l·lᵀ`. */
const factor = (a: Expr): Expr => {
  const rows = iota([a.shape[0] ?? 0]);
  const [, columns] = scan(
    (rest: Expr, k: Expr) => {
      const pivot = take(take(rest, k), k);
      const column: Expr = where(ge(rows, k), div(take(rest, k, 1), sqrt(pivot)), 0);
      return [sub(rest, outer(column, column)), column] as const;
    },
    a,
    rows,
  );
  return transpose(columns);
};

/** The lower triangle with the diagonal halved. */
const lowerHalf = (x: Expr): Expr => mul(add(tril(x), tril(x, -1)), 0.5);

const factorOf: (a: Expr) => Expr = customDerivative(factor, {
  name: "cholesky",
  jvp: (a, tangent) => {
    const l = factorOf(a);
    const inner = transpose(solveTriangle(l, transpose(solveTriangle(l, tangent, true)), true));
    return times(l, lowerHalf(inner));
  },
  vjp: (_, l, w) => {
    const inner = lowerHalf(transposeTimes(l, w));
    const left = solveTriangle(transpose(l), inner, false);
    return transpose(solveTriangle(transpose(l), transpose(left), false));
  },
});

/**
 * The Cholesky factor of a symmetric positive definite `A`: the lower triangular `L` with a positive diagonal and
 * `L·Lᵀ = A`. If `A` is not symmetric, its symmetric part is used, as in JAX.
 *
 * **Shapes** `[...b, n, n] → [...b, n, n]`.
 * **Math** `L̇ = L·Φ(L⁻¹ȦL⁻ᵀ)`, where `Φ` takes the lower triangle with the diagonal halved. If `A` is not positive
 * definite, `L` is NaN from the first column on whose pivot has no root.
 * **Fails with** `ShapeMismatch` when compiled, where `A` is not square.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Murray, "Differentiation of the Cholesky decomposition" (2016), equations 8 and 9.
 *
 * @example
 * ```ts
 * import { Backend, compile, tensor } from "fluxion";
 * import { cholesky } from "fluxion/linalg";
 * import * as Effect from "effect/Effect";
 * const a = tensor([[4, 2], [2, 10]]);
 * const factor = Effect.runSync(
 *   compile(cholesky, [a]).pipe(Effect.provide(Backend.layerReference)),
 * );
 * factor(a).toArray() // => [[2, 0], [1, 3]]
 * ```
 */
export const cholesky = (operand: Operand): Expr =>
  overStacks([2], (a) => factorOf(symmetricPart(a)))(squareOf("cholesky", lift(operand)));

/**
 * Solves `A·X = B`, given the Cholesky factor `L` of `A`.
 *
 * **Shapes** `L: [...b, n, n], B: [...b, n, k] or [n] → as B`.
 */
export const choleskySolve = (factor: Operand, right: Operand): Expr => {
  const [l, b] = [lift(factor), lift(right)];
  return asOne("choleskySolve", systemShapes, [l, b], () =>
    triangularSolve(l, triangularSolve(l, b), { transposed: true }),
  );
};

/** The inverse `A⁻¹`, given the Cholesky factor `L` of `A`. */
export const choleskyInverse = (factor: Operand): Expr => {
  const l = squareOf("choleskyInverse", lift(factor));
  return overStacks([2], (x) => {
    const one = x;
    const n = one.shape[0] ?? 0;
    const inverse = solveTriangle(tril(one), identityMatrix(n, n, one.dtype), true);
    return timesTranspose(matrixTranspose(inverse), matrixTranspose(inverse));
  })(l);
};
