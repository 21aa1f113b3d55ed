import { customDerivative } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { cast, stopGradient, where } from "../ir/ops/control.ts";
import { diagonal, diagonalMatrix } from "../ir/ops/diagonals.ts";
import { abs, add, eq, log, mul, ne, neg, rem, sign, sub } from "../ir/ops/elementwise.ts";
import { iota, take } from "../ir/ops/indexing.ts";
import { lift } from "../ir/ops/promote.ts";
import { argsort, max, prod, sum } from "../ir/ops/reduction.ts";
import { asOne } from "../ir/types/diagnose.ts";
import type { Operand } from "../ir/types/shape.ts";
import { type Eliminated, eliminate, unpacked } from "./lu.ts";
import {
  epsilonOf,
  identityMatrix,
  matrixTranspose,
  overStacks,
  squareOf,
  times,
  timesTranspose,
} from "./stacks.ts";
import { solveTriangle, systemShapes, withVectors } from "./triangular.ts";

interface System {
  readonly a: Expr;
  readonly b: Expr;
}

const solution: (system: System) => Expr = customDerivative(
  ({ a, b }: System) => {
    const { packed, order } = eliminate(a);
    return solveTriangle(packed, solveTriangle(packed, take(b, order), true, true), false);
  },
  {
    name: "solve",
    jvp: ({ a, b }, tangent) =>
      solution({ a, b: sub(tangent.b, times(tangent.a, solution({ a, b }))) }),
    vjp: ({ a }, x, w) => {
      const right = solution({ a: matrixTranspose(a), b: w });
      return { a: neg(timesTranspose(right, x)), b: right };
    },
  },
);

/**
 * Solves `A·X = B`, by elimination with partial pivoting.
 *
 * **Shapes** `A: [...b, n, n], B: [...b, n, k] or [n] → as B`; leading axes broadcast.
 * **Math** `Ẋ = A⁻¹(Ḃ - ȦX)`. Where `A` is singular the solution is infinite or NaN.
 * **Fails with** `ShapeMismatch` when compiled, where `A` is not square.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 *
 * @example
 * ```ts
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { solve } from "fluxion/linalg";
 * import * as Effect from "effect/Effect";
 * const [a, b] = [tensor([[0, 2], [4, 1]]), tensor([6, 7])];
 * const program = compile((x: Expr, y: Expr) => solve(x, y), [a, b]);
 * Effect.runSync(program.pipe(Effect.provide(Backend.layerReference)))(a, b).toArray() // => [1, 3]
 * ```
 */
export const solve = (left: Operand, right: Operand): Expr => {
  const [a, b] = [lift(left), lift(right)];
  return asOne("solve", systemShapes, [a, b], () =>
    withVectors(overStacks([2, 2], (x, y) => solution({ a: x, b: y })))(squareOf("solve", a), b),
  );
};

const inverseOf = (a: Expr): Expr => {
  const n = a.shape[0] ?? 0;
  return solution({ a, b: identityMatrix(n, n, a.dtype) });
};

/**
 * The inverse `A⁻¹`. To multiply by it, {@link solve} is faster and more accurate.
 *
 * **Shapes** `[...b, n, n] → [...b, n, n]`.
 * **Math** `d(A⁻¹) = -A⁻¹·Ȧ·A⁻¹`. Infinite or NaN where `A` is singular.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const inverse = (operand: Operand): Expr =>
  overStacks([2], (a) => inverseOf(a))(squareOf("inverse", lift(operand)));

/** The parity of the row swaps: 1 for an even number, -1 for an odd one. */
const parityOf = ({ pivots, packed }: Eliminated): Expr => {
  const moved = cast(ne(pivots, iota(pivots.shape)), "i32");
  return cast(sub(1, mul(rem(sum(moved), 2), 2)), packed.dtype);
};

/**
 * Perturbs a singular matrix, by no more than rounding, so that elimination finds every pivot. Determinant times
 * inverse then gives the cofactors of `A` to rounding; a regular matrix stays as it is.
 */
const regular = (a: Expr): Expr => {
  const { packed, order } = eliminate(stopGradient(a));
  const pivots = diagonal(packed);
  const greatest = max(abs(a));
  const least = mul(where(eq(greatest, 0), 1, greatest), 4 * epsilonOf(a.dtype));
  const raised = diagonalMatrix(where(eq(pivots, 0), least, 0));
  const { lower } = unpacked(packed);
  return add(a, stopGradient(take(times(lower, raised), argsort(order))));
};

/** The derivative of the determinant with respect to each element: `det(A)·A⁻ᵀ`. */
const cofactors = (a: Expr): Expr => {
  const n = a.shape[0] ?? 0;
  // An empty matrix has determinant 1 and no derivative.
  if (n === 0) return a;
  const near = regular(a);
  return mul(determinantOf(near), matrixTranspose(inverseOf(near)));
};

const determinantOf: (a: Expr) => Expr = customDerivative(
  (a: Expr) => {
    const made = eliminate(a);
    return mul(parityOf(made), prod(diagonal(made.packed)));
  },
  {
    name: "determinant",
    jvp: (a, tangent) => sum(mul(cofactors(a), tangent)),
    vjp: (a, _, w) => mul(w, cofactors(a)),
  },
);

/**
 * The determinant, by elimination. An f32 matrix is computed in f64, since partial products of pivots, or the
 * divisors in the gradient, may be out of range even if the result is not.
 *
 * **Shapes** `[...b, n, n] → [...b]`.
 * **Math** `d det(A) = Σ cofᵢⱼ Ȧᵢⱼ`, for singular matrices too.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const determinant = (operand: Operand): Expr =>
  overStacks([2], (x) => {
    const a = x;
    return a.dtype === "f32" ? cast(determinantOf(cast(a, "f64")), "f32") : determinantOf(a);
  })(squareOf("determinant", lift(operand)));

/** A number as sign and logarithm. A type alias and not an interface, so that it is a tree of expressions. */
export type SignedLog = {
  /** The sign: -1, 0 or 1. */
  readonly sign: Expr;
  /** The logarithm of the magnitude; -∞ if that is 0. */
  readonly logMagnitude: Expr;
};

const logDeterminantOf: (a: Expr) => SignedLog = customDerivative(
  (a: Expr): SignedLog => {
    const made = eliminate(a);
    const pivots = diagonal(made.packed);
    return {
      sign: mul(parityOf(made), prod(sign(pivots))),
      logMagnitude: sum(log(abs(pivots))),
    };
  },
  {
    name: "signedLogDeterminant",
    jvp: (a, tangent) => {
      const slope = matrixTranspose(inverseOf(a));
      const flat: Expr = mul(sum(tangent), 0);
      return { sign: flat, logMagnitude: sum(mul(slope, tangent)) };
    },
    vjp: (a, _, w) => mul(w.logMagnitude, matrixTranspose(inverseOf(a))),
  },
);

/**
 * The determinant as a sign and the logarithm of its magnitude, which neither overflow nor underflow.
 *
 * **Shapes** `[...b, n, n] → [...b]` each.
 * **Math** `d log|det A| = tr(A⁻¹·Ȧ)`; infinite or NaN where `A` is singular.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const signedLogDeterminant = (operand: Operand): SignedLog =>
  overStacks([2], (a) => logDeterminantOf(a))(squareOf("signedLogDeterminant", lift(operand)));
