import { customDerivative, scan } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { dot } from "../ir/ops/contraction.ts";
import { where } from "../ir/ops/control.ts";
import { diagonal, tril, triu } from "../ir/ops/diagonals.ts";
import { div, eq, neg, sub } from "../ir/ops/elementwise.ts";
import { iota, onesLike, zerosLike } from "../ir/ops/indexing.ts";
import { lift } from "../ir/ops/promote.ts";
import { expandDims, reshape } from "../ir/ops/structural.ts";
import { asOne } from "../ir/types/diagnose.ts";
import type { Operand } from "../ir/types/shape.ts";
import { sameShape } from "../tensor/shape.ts";
import { matrixTranspose, overStacks, squareOf, times, timesTranspose } from "./stacks.ts";

/** Options of {@link triangularSolve}. */
export interface TriangularOptions {
  /** Whether to read the lower triangle, and not the upper one. Defaults to true. The other triangle is not read. */
  readonly lower?: boolean;
  /** Whether to solve with the transposed triangle, `Aᵀ·X = B`. Defaults to false. */
  readonly transposed?: boolean;
  /** Whether to take the diagonal to be ones without reading it. Defaults to false. */
  readonly unitDiagonal?: boolean;
}

/** Which triangle of a matrix to read, and whether its diagonal is ones. */
interface Triangle {
  readonly lower: boolean;
  readonly unit: boolean;
}

interface System {
  readonly a: Expr;
  readonly b: Expr;
}

/** The matrix with everything outside the triangle set to 0. */
const partOf = (x: Expr, { lower, unit }: Triangle): Expr =>
  lower ? tril(x, unit ? -1 : 0) : triu(x, unit ? 1 : 0);

/** Forward or back substitution, row by row: `xₖ = (bₖ - Σ aₖⱼ xⱼ) / aₖₖ`, summed over the rows already known. */
const substitute =
  ({ lower, unit }: Triangle) =>
  ({ a, b }: System): Expr => {
    const n = a.shape[0] ?? 0;
    const rows = expandDims(iota([n]), 1);
    const steps = {
      row: lower ? tril(a, -1) : triu(a, 1),
      divisor: unit ? onesLike(diagonal(a)) : diagonal(a),
      right: b,
      k: iota([n]),
    };
    const [x] = scan(
      (known: Expr, { row, divisor, right, k }: typeof steps) => {
        const next = div(sub(right, dot(row, known, [[0], [0]])), divisor);
        return [where(eq(rows, k), next, known), []] as const;
      },
      zerosLike(b),
      steps,
      { reverse: !lower },
    );
    return x;
  };

/** Solves with one triangle: `a⁻¹·b`, with the derivatives `a⁻¹(ḃ - ȧx)` and `(-a⁻ᵀw·xᵀ, a⁻ᵀw)`. */
const triangularSolver = (triangle: Triangle): ((system: System) => Expr) => {
  const across = { ...triangle, lower: !triangle.lower };
  const whole: (system: System) => Expr = customDerivative(substitute(triangle), {
    name: "triangularSolve",
    jvp: ({ a, b }, tangent: System) => {
      const x = whole({ a, b });
      return whole({ a, b: sub(tangent.b, times(partOf(tangent.a, triangle), x)) });
    },
    vjp: ({ a }, x, w) => {
      const right = triangularSolver(across)({ a: matrixTranspose(a), b: w });
      return { a: neg(partOf(timesTranspose(right, x), triangle)), b: right };
    },
  });
  return whole;
};

/** Solves with one triangular matrix and a matrix of right-hand sides. */
export const solveTriangle = (a: Expr, b: Expr, lower: boolean, unit = false): Expr =>
  triangularSolver({ lower, unit })({ a, b });

/** The shapes of a system and its right-hand sides. */
export const systemShapes = "matrices [..., n, n] and right-hand sides [..., n, k] or [n]";

/** Whether `b` has one vector for each matrix of `a`, and not a matrix. */
const isVector = (a: Expr, b: Expr): boolean =>
  b.shape.length === 1 ||
  (b.shape.length === a.shape.length - 1 && sameShape(b.shape, a.shape.slice(0, -1)));

/** Extends a solver for matrices to right-hand sides that may be vectors. */
export const withVectors =
  (solver: (a: Expr, b: Expr) => Expr) =>
  (a: Expr, b: Expr): Expr => {
    if (!isVector(a, b)) return solver(a, b);
    const x = solver(a, expandDims(b, -1));
    return reshape(x, x.shape.slice(0, -1));
  };

/**
 * Solves `A·X = B` for a triangular `A`, by substitution.
 *
 * **Shapes** `A: [...b, n, n], B: [...b, n, k] or [n] → as B`; leading axes broadcast.
 * **Math** `x = A⁻¹b`, `ẋ = A⁻¹(ḃ - Ȧx)`. A zero on the diagonal gives infinities and NaN.
 * **Fails with** `ShapeMismatch` when compiled, where `A` is not square.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { triangularSolve } from "fluxion/linalg";
 * import * as Effect from "effect/Effect";
 * const [a, b] = [tensor([[2, 0], [1, 4]]), tensor([2, 9])];
 * const solve = Effect.runSync(
 *   compile((x: Expr, y: Expr) => triangularSolve(x, y), [a, b]).pipe(
 *     Effect.provide(Backend.layerReference),
 *   ),
 * );
 * solve(a, b).toArray() // => [1, 2]
 * ```
 */
export const triangularSolve = (
  left: Operand,
  right: Operand,
  { lower = true, transposed = false, unitDiagonal = false }: TriangularOptions = {},
): Expr => {
  const [x, y] = [lift(left), lift(right)];
  const solver = triangularSolver({ lower: lower !== transposed, unit: unitDiagonal });
  return asOne("triangularSolve", systemShapes, [x, y], () => {
    const square = squareOf("triangularSolve", x);
    const solved = overStacks([2, 2], (a, b) => solver({ a, b }));
    return withVectors((a, b) => solved(transposed ? matrixTranspose(a) : a, b))(square, y);
  });
};
