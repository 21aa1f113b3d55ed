import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import { abs, div, eq, mul, ne, pow, sub } from "../ir/ops/elementwise.ts";
import { floating, lift } from "../ir/ops/operand.ts";
import { type Axes, axesOf, keepAxes, max, min, sum } from "../ir/ops/reduction.ts";
import { expandDims, index, moveAxis } from "../ir/ops/structural.ts";
import type { Operand } from "../ir/shapeTypes.ts";
import { normalAxis } from "../tensor/shape.ts";
import { awayFromZero, lengthOf, unitOfPowers } from "./scale.ts";
import { matrixOf, squareOf } from "./stacks.ts";
import { singularValues } from "./svd.ts";
import { inverse } from "./systems.ts";

/** Which axes a norm is taken along. */
export interface NormOptions {
  /** The axes along which the norm is taken; all where not given. */
  readonly axes?: Axes;
  /** Whether they are kept, of extent 1. */
  readonly keep?: boolean;
}

/**
 * The `p`-norm of vectors: any number, ∞ (the greatest magnitude) and -∞ (the least) among them; 0 counts
 * what is not zero. 2 where not given.
 *
 * **Shapes** `[a, b, c], axes [-1] → [a, b]`.
 * **Math** `(Σ |xᵢ|ᵖ)^(1/p)`; at 0 its derivative is 0.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const vectorNorm = (
  operand: Operand,
  p = 2,
  { axes, keep = false }: NormOptions = {},
): Expr => {
  const x = floating("vectorNorm", lift(operand));
  const along = axesOf(axes, x.shape.length);
  const norm = normAlong(x, p, along);
  return keep ? keepAxes(norm, x, along) : norm;
};

const normAlong = (x: Expr, p: number, axes: readonly number[]): Expr => {
  if (p === Number.POSITIVE_INFINITY) return max(abs(x), axes);
  if (p === Number.NEGATIVE_INFINITY) return min(abs(x), axes);
  if (p === 0) return sum(cast(ne(x, 0) as Expr, x.dtype), axes);
  if (p === 1) return sum(abs(x), axes);
  if (p === 2) return lengthOf(x, axes);
  const power = (y: Expr, e: number): Expr => pow(y, lift(e, x.dtype)) as Expr;
  const size = abs(x) as Expr;
  /** `(Σ yᵖ)^(1/p)` of magnitudes, the greatest or least of which decides what it is about. */
  const summed = (y: Expr, decisive: Expr, f: (total: Expr) => Expr): Expr => {
    const unit = unitOfPowers(decisive, p);
    const parts = div(y, keepAxes(unit, x, axes)) as Expr;
    return mul(
      f(
        sum(
          awayFromZero(parts, (part) => power(part, p)),
          axes,
        ) as Expr,
      ),
      unit,
    ) as Expr;
  };
  const root = (total: Expr): Expr => power(total, 1 / p);
  if (p > 0) return summed(size, max(size, axes) as Expr, (total) => awayFromZero(total, root));
  // An element of 0 has an infinite power, and makes the norm 0.
  const none = eq(min(size, axes), 0) as Expr;
  const held = where(keepAxes(none, x, axes), 1, size) as Expr;
  return where(none, 0, summed(held, min(held, axes) as Expr, root)) as Expr;
};

/** Which norm of a matrix: of its elements as a vector, of its singular values, or the greatest sum of a line. */
export type MatrixNorm = "frobenius" | "nuclear" | number;

/**
 * A norm of matrices: `"frobenius"` (where not given) of the elements, `"nuclear"` the sum of the singular
 * values, 2 and -2 the greatest and the least of them, 1 and -1 the greatest and the least sum of a column's
 * magnitudes, ∞ and -∞ of a row's.
 *
 * **Shapes** `[...b, m, n] → [...b]`.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const matrixNorm = (
  operand: Operand,
  kind: MatrixNorm = "frobenius",
  {
    axes = [-2, -1],
    keep = false,
  }: { readonly axes?: readonly [number, number]; readonly keep?: boolean } = {},
): Expr => {
  const given = matrixOf("matrixNorm", lift(operand));
  const rank = given.shape.length;
  const [row, column] = axes.map((a) => normalAxis(a, rank)) as [number, number];
  const rows = moveAxis(given, row, rank - 1);
  const x = moveAxis(rows, column > row ? column - 1 : column, rank - 1);
  const norm = normOf(x, kind);
  return keep ? keepAxes(norm, given, [row, column]) : norm;
};

const normOf = (x: Expr, kind: MatrixNorm): Expr => {
  switch (kind) {
    case "frobenius":
      return vectorNorm(x, 2, { axes: [-2, -1] });
    case "nuclear":
      return sum(singularValues(x), -1) as Expr;
    case 2:
      return index(singularValues(x), 0, -1);
    case -2:
      return index(singularValues(x), -1, -1);
    default: {
      const lines = sum(abs(x) as Expr, Math.abs(kind) === 1 ? -2 : -1) as Expr;
      return kind > 0 ? (max(lines, -1) as Expr) : (min(lines, -1) as Expr);
    }
  }
};

/**
 * The condition number of matrices: by which factor relative errors may grow when they are inverted.
 *
 * **Shapes** `[...b, n, n] → [...b]`; for the norm 2 (where not given) also of `[...b, m, n]`.
 * **Math** `‖A‖·‖A⁻¹‖`; for 2 the greatest singular value over the least, for -2 the reverse.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const conditionNumber = (operand: Operand, kind: MatrixNorm = 2): Expr => {
  const x = matrixOf("conditionNumber", lift(operand));
  if (kind === 2) return div(matrixNorm(x, 2), matrixNorm(x, -2)) as Expr;
  if (kind === -2) return div(matrixNorm(x, -2), matrixNorm(x, 2)) as Expr;
  const square = squareOf("conditionNumber", x);
  return mul(matrixNorm(square, kind), matrixNorm(inverse(square), kind)) as Expr;
};

/**
 * The distance of each row of `x` from each row of `y`, in the `p`-norm (2 where not given).
 *
 * **Shapes** `x: [...b, n, d], y: [...b, m, d] → [...b, n, m]`.
 * **Math** `‖xᵢ - yⱼ‖`; its derivative is 0 where they are equal.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const pairwiseDistances = (left: Operand, right: Operand, p = 2): Expr => {
  const [x, y] = [lift(left), lift(right)].map((m) => matrixOf("pairwiseDistances", m)) as [
    Expr,
    Expr,
  ];
  return vectorNorm(sub(expandDims(x, -2), expandDims(y, -3)), p, { axes: -1 });
};
