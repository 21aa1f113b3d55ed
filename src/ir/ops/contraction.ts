import { broadcastShapes } from "../../tensor/shape.ts";
import { apply1 } from "../build.ts";
import type { DotParams, Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Check, Matmul, Operand, Result, ShapeOf } from "../types/shape.ts";
import { broadcastTo, dtypeOf, lift } from "./promote.ts";
import { reshape } from "./structural.ts";

/**
 * The batched contraction of two tensors: sums products over the paired `contract` axes, and keeps the paired `batch`
 * axes.
 *
 * **Shapes** the output's axes are the batch axes, the left's free axes, the right's free axes.
 */
export const dot = (
  x: Operand,
  y: Operand,
  contract: DotParams["contract"],
  batch: DotParams["batch"] = [[], []],
): Expr => apply1("dot", { contract, batch }, lift(x, dtypeOf(y)), lift(y, dtypeOf(x)));

/**
 * The matrix product, by NumPy's rule for vectors and for stacks of matrices, whose leading axes broadcast.
 *
 * **Shapes** `[m, k] × [k, n] → [m, n]`, `[k] × [k, n] → [n]`, `[k] × [k] → []`,
 * `[...b, m, k] × [...b, k, n] → [...b, m, n]`.
 */
export const matmul = <const X extends Operand, const Y extends Operand>(
  left: X,
  right: Y & Check<Matmul<ShapeOf<X>, ShapeOf<Y>>>,
): Expr<Result<Matmul<ShapeOf<X>, ShapeOf<Y>>>> => {
  // The shape follows `Matmul`; the type tests of matmul check that both agree.
  type Out = Expr<Result<Matmul<ShapeOf<X>, ShapeOf<Y>>>>;
  const [x, y]: readonly [Expr, Expr] = [lift(left), lift(right)];
  return asOne("matmul", factorsFor(x, y), [x, y], () => product(x, y)) as Out;
};

/** The shapes of two factors, for errors. */
const factorsFor = (x: Expr, y: Expr): string => {
  const { length: n } = y.shape;
  const [left, right] = [x.shape.at(-1), y.shape.at(n < 2 ? -1 : -2)];
  const apart =
    left === undefined || right === undefined || left === right
      ? ""
      : ` with one extent for k, not ${left} and ${right}`;
  if (n <= 2) return `[..., k] and ${n < 2 ? "[k]" : "[k, n]"}${apart}`;
  const first = x.shape.length < 2 ? "[k]" : "[..., m, k]";
  return `${first} and [..., k, n]${apart}, whose leading axes broadcast`;
};

const product = (x: Expr, y: Expr): Expr => {
  const [m, n] = [x.shape.length, y.shape.length];
  // The right's contracted axis is its only one, or the one before the last.
  const along = Math.max(0, n - 2);
  // One matrix or vector on the right needs no copies for the leading axes of the left.
  if (n <= 2) return dot(x, y, [[Math.max(0, m - 1)], [along]]);
  const leading =
    broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2)) ?? x.shape.slice(0, -2);
  const a = broadcastTo(m === 1 ? reshape(x, [1, ...x.shape]) : x, [
    ...leading,
    ...(m === 1 ? [1] : x.shape.slice(-2, -1)),
    x.shape.at(-1) ?? 1,
  ]);
  const b = broadcastTo(y, [...leading, ...y.shape.slice(-2)]);
  const axes = leading.map((_, i) => i);
  const made = dot(a, b, [[leading.length + 1], [leading.length]], [axes, axes]);
  return m === 1 ? reshape(made, [...leading, y.shape.at(-1) ?? 1]) : made;
};

/** The outer product of two vectors. `[m], [n] → [m, n]`. */
export const outer = (x: Operand, y: Operand): Expr => dot(x, y, [[], []]);
