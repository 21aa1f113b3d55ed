import { vmap } from "../autodiff/vmap.ts";
import type { Expr } from "../ir/expr.ts";
import { dot } from "../ir/ops/contraction.ts";
import { cast } from "../ir/ops/control.ts";
import { add, eq, mul } from "../ir/ops/elementwise.ts";
import { iota } from "../ir/ops/indexing.ts";
import { broadcastTo, floating } from "../ir/ops/promote.ts";
import { moveAxis, reshape } from "../ir/ops/structural.ts";
import { flattenExprs, shapeFor, treeOf } from "../ir/trees.ts";
import { ascribe } from "../ir/types/diagnose.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { broadcastShapes, type Shape, sizeOf } from "../tensor/shape.ts";

/**
 * Applies functions of one matrix to stacks of matrices, and defines the few operations that all of linear algebra
 * uses.
 */

const leadingOf = (x: Expr, rank: number): Shape => x.shape.slice(0, x.shape.length - rank);

/**
 * Lifts a function of matrices and vectors to stacks of them, whose leading axes broadcast; `ranks` are the operands'
 * own ranks.
 */
export const overStacks =
  <B>(ranks: readonly number[], f: (...xs: readonly Expr[]) => B) =>
  (...xs: readonly Expr[]): B => {
    const leading = xs.reduce<Shape>((shape, x, i) => {
      const own = leadingOf(x, ranks[i] ?? 0);
      return broadcastShapes(shape, own) ?? own;
    }, []);
    if (leading.length === 0) return f(...xs);
    const size = sizeOf(leading);
    const stacked = xs.map((x, i) => {
      const own = x.shape.slice(x.shape.length - (ranks[i] ?? 0));
      return reshape(broadcastTo(x, [...leading, ...own]), [size, ...own]);
    });
    const { leaves, shape } = flattenExprs(
      vmap((...each: readonly Expr[]) => f(...each))(...stacked),
    );
    return treeOf(
      shapeFor<B>(shape),
      leaves.map((y) => reshape(y, [...leading, ...y.shape.slice(1)])),
    );
  };

/** Requires square matrices: others are reported under the operation's name. */
export const squareShaped = (op: string, x: Expr): Expr => {
  const n = x.shape.at(-1) ?? 1;
  const shape = x.shape.length < 2 ? [n, n] : [...x.shape.slice(0, -2), n, n];
  return ascribe(op, [{ shape, dtype: x.dtype }], [x])[0];
};

/** Requires square matrices of floats: others are reported under the operation's name. */
export const squareOf = (op: string, x: Expr): Expr => squareShaped(op, floating(op, x));

/** Requires floats with at least two axes: anything else is reported under the operation's name. */
export const matrixOf = (op: string, x: Expr): Expr =>
  x.shape.length >= 2 ? floating(op, x) : squareOf(op, x);

/** Transposes matrices: swaps the last two axes. */
export const matrixTranspose = (x: Expr): Expr => moveAxis(x, -2, -1);

/** `x·y` of two matrices. */
export const times = (x: Expr, y: Expr): Expr => dot(x, y, [[1], [0]]);
/** `xᵀ·y`. */
export const transposeTimes = (x: Expr, y: Expr): Expr => dot(x, y, [[0], [0]]);
/** `x·yᵀ`. */
export const timesTranspose = (x: Expr, y: Expr): Expr => dot(x, y, [[1], [1]]);

/** The symmetric part `(x + xᵀ) / 2`, halved first, since the sum may overflow. */
export const symmetricPart = (x: Expr): Expr => {
  const half = mul(x, 0.5);
  return add(half, matrixTranspose(half));
};

/** The identity matrix: 1 on the main diagonal of `[rows, columns]`. */
export const identityMatrix = (rows: number, columns: number, dtype: Dtype): Expr =>
  cast(eq(iota([rows, columns], 0), iota([rows, columns], 1)), dtype);

/** The machine epsilon of a dtype: the distance from 1 to the next number. */
export const epsilonOf = (dtype: Dtype): number => (dtype === "f32" ? 2 ** -23 : 2 ** -52);
