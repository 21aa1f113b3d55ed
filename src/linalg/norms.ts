import { ShapeMismatch } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import { abs, div, eq, mul, ne, pow, sub } from "../ir/ops/elementwise.ts";
import { fill } from "../ir/ops/indexing.ts";
import { axesIn, floating, having, lift } from "../ir/ops/promote.ts";
import { type Axes, axesOf, keepDims, max, min, sum } from "../ir/ops/reduction.ts";
import { expandDims, index, moveAxis } from "../ir/ops/structural.ts";
import { asOne, refuse } from "../ir/types/diagnose.ts";
import type { Operand } from "../ir/types/shape.ts";
import { normalAxis } from "../tensor/shape.ts";
import { holding } from "../tensor/validate.ts";
import { awayFromZero, lengthOf, unitOfPowers } from "./scale.ts";
import { matrixOf, squareOf } from "./stacks.ts";
import { singularValues } from "./svd.ts";
import { inverse } from "./systems.ts";

/** Options of {@link vectorNorm}. */
export interface NormOptions {
  /** The axes to reduce. Defaults to all. */
  readonly axes?: Axes;
  /** Whether to keep the axes, with extent 1. Defaults to false. */
  readonly keep?: boolean;
}

const anyOrder = holding("a number, ∞ or -∞", (p) => !Number.isNaN(p));

/** The maximum of magnitudes along axes; 0 for an empty axis. */
const greatest = (x: Expr, axes: Axes): Expr => {
  const gone = axesOf(axes, x.shape.length);
  if (!gone.some((axis) => x.shape[axis] === 0)) return max(x, axes);
  return fill(
    x.shape.filter((_, i) => !gone.includes(i)),
    0,
    x.dtype,
  );
};

/**
 * The `p`-norm of vectors, for any number `p`: ∞ gives the largest magnitude, -∞ the smallest, and 0 the number of
 * nonzero elements. `p` defaults to 2.
 *
 * **Shapes** `[a, b, c], axes [-1] → [a, b]`.
 * **Math** `(Σ |xᵢ|ᵖ)^(1/p)`, without intermediate overflow; at 0 its derivative is 0. The norm of no elements is 0,
 * or ∞ for `p < 0`.
 * **Fails with** `InvalidArgument`, thrown, where `p` is NaN.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const vectorNorm = (
  operand: Operand,
  p = 2,
  { axes, keep = false }: NormOptions = {},
): Expr => {
  anyOrder("vectorNorm", { p });
  const [x, along] = axesIn("vectorNorm", floating("vectorNorm", lift(operand)), axes);
  const norm = normAlong(x, p, along);
  return keep ? keepDims(norm, x, along) : norm;
};

const normAlong = (x: Expr, p: number, axes: readonly number[]): Expr => {
  if (p === Number.POSITIVE_INFINITY) return greatest(abs(x), axes);
  if (p === Number.NEGATIVE_INFINITY) return min(abs(x), axes);
  if (p === 0) return sum(cast(ne(x, 0), x.dtype), axes);
  if (p === 1) return sum(abs(x), axes);
  if (p === 2) return lengthOf(x, axes);
  const power = (y: Expr, e: number): Expr => pow(y, lift(e, x.dtype));
  const size = abs(x);
  /** `(Σ yᵖ)^(1/p)` of magnitudes `y`, scaled by the `decisive` one, which is the largest or smallest. */
  const summed = (y: Expr, decisive: Expr, f: (total: Expr) => Expr): Expr => {
    const unit = unitOfPowers(decisive, p);
    const parts = div(y, keepDims(unit, x, axes));
    return mul(
      f(
        sum(
          awayFromZero(parts, (part) => power(part, p)),
          axes,
        ),
      ),
      unit,
    );
  };
  const root = (total: Expr): Expr => power(total, 1 / p);
  if (p > 0) return summed(size, max(size, axes), (total) => awayFromZero(total, root));
  // An element of 0 has an infinite power, so the norm is 0.
  const none = eq(min(size, axes), 0);
  const held = where(keepDims(none, x, axes), 1, size);
  return where(none, 0, summed(held, min(held, axes), root));
};

/** The kinds of {@link matrixNorm}. */
export type MatrixNorm = "frobenius" | "nuclear" | number;

const matrixOrder = holding("1, 2, ∞, or one of them negative", (kind) =>
  [1, 2, Number.POSITIVE_INFINITY].includes(Math.abs(kind)),
);

/**
 * A matrix norm. `"frobenius"` is the root of the sum of squares; `"nuclear"` is the sum of the singular values; 2
 * and -2 are the largest and the smallest singular value; 1 and -1 are the largest and the smallest sum of magnitudes
 * of a column, ∞ and -∞ of a row. Defaults to `"frobenius"`. The maximum of nothing is 0.
 *
 * **Shapes** `[...b, m, n] → [...b]`.
 * **Fails with** `InvalidArgument`, thrown if `kind` is another number.
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
  matrixOrder("matrixNorm", { kind });
  const all = matrixOf("matrixNorm", lift(operand));
  const rank = all.shape.length;
  const [row, column] = [normalAxis(axes[0], rank), normalAxis(axes[1], rank)];
  const given = having("matrixNorm", all, [row, column]);
  const end = rank - 1;
  const x =
    given === all
      ? moveAxis(moveAxis(all, row, end), column > row ? column - 1 : column, end)
      : given;
  const norm = normOf(x, kind);
  return keep && given === all ? keepDims(norm, given, [row, column]) : norm;
};

const normOf = (x: Expr, kind: MatrixNorm): Expr => {
  switch (kind) {
    case "frobenius":
      return vectorNorm(x, 2, { axes: [-2, -1] });
    case "nuclear":
      return sum(singularValues(x), -1);
    case 2: {
      const values = singularValues(x);
      // The first of equal values; a maximum would share the derivative among them.
      return values.shape.at(-1) === 0 ? greatest(values, -1) : index(values, 0, -1);
    }
    case -2: {
      const values = singularValues(x);
      return values.shape.at(-1) === 0 ? min(values, -1) : index(values, -1, -1);
    }
    default: {
      const lines = sum(abs(x), Math.abs(kind) === 1 ? -2 : -1);
      return kind > 0 ? greatest(lines, -1) : min(lines, -1);
    }
  }
};

/** Requires matrices with elements: empty ones are reported. */
const filledOf = (x: Expr): Expr => {
  if (!x.shape.slice(-2).includes(0)) return x;
  const expected = "a matrix that has elements";
  const issue = new ShapeMismatch({ op: "conditionNumber", expected, actual: [x.shape], path: [] });
  const shape = x.shape.map((extent, i) => (i < x.shape.length - 2 ? extent : 1));
  return refuse(issue, [x], [{ shape, dtype: x.dtype }])[0];
};

/**
 * The condition number of matrices: the factor by which relative errors may grow when they are inverted.
 *
 * **Shapes** `[...b, n, n] → [...b]`; for 2 and -2 also `[...b, m, n]`. Defaults to 2.
 * **Math** `‖A‖·‖A⁻¹‖`; for 2 the greatest singular value over the least, for -2 the reverse.
 * **Fails with** `InvalidArgument`, thrown, as for {@link matrixNorm}; `ShapeMismatch` when compiled, if a matrix is
 * empty.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const conditionNumber = (operand: Operand, kind: MatrixNorm = 2): Expr => {
  matrixOrder("conditionNumber", { kind });
  const x = filledOf(matrixOf("conditionNumber", lift(operand)));
  if (kind === 2) return div(matrixNorm(x, 2), matrixNorm(x, -2));
  if (kind === -2) return div(matrixNorm(x, -2), matrixNorm(x, 2));
  const square = squareOf("conditionNumber", x);
  return mul(matrixNorm(square, kind), matrixNorm(inverse(square), kind));
};

/**
 * The distance of each row of `x` from each row of `y`, in the `p`-norm. `p` defaults to 2.
 *
 * **Shapes** `x: [...b, n, d], y: [...b, m, d] → [...b, n, m]`.
 * **Math** `‖xᵢ - yⱼ‖`; its derivative is 0 where they are equal.
 * **Fails with** `InvalidArgument`, thrown, where `p` is NaN.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const pairwiseDistances = (left: Operand, right: Operand, p = 2): Expr => {
  anyOrder("pairwiseDistances", { p });
  const op = "pairwiseDistances";
  const [a, b] = [lift(left), lift(right)];
  const expected = "[..., n, d] and [..., m, d], whose leading axes broadcast";
  return asOne(op, expected, [a, b], () => {
    const [x, y] = [matrixOf(op, a), matrixOf(op, b)];
    return vectorNorm(sub(expandDims(x, -2), expandDims(y, -3)), p, { axes: -1 });
  });
};
