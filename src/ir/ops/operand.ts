import type { Dtype } from "../../tensor/dtype.ts";
import { broadcastShapes, type Shape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { apply1, constant, filled } from "../build.ts";
import { Expr } from "../expr.ts";
import type { Operand } from "../shapeTypes.ts";

/** An operand as an expression; a number becomes a scalar of `dtype`. */
export const lift = (x: Operand, dtype: Dtype = "f32"): Expr =>
  x instanceof Expr ? x : x instanceof Tensor ? constant(x) : filled([], dtype, x);

/** The dtype of the first operand that has one; `f32` where all are numbers. */
export const dtypeOf = (...operands: readonly Operand[]): Dtype => {
  for (const x of operands) if (typeof x !== "number") return x.dtype;
  return "f32";
};

/** `x` repeated to `shape` by NumPy's rule; `x` itself where it already has it. */
export const broadcastTo = <const S extends Shape>(operand: Operand, shape: S): Expr<S> => {
  const x = lift(operand);
  // Equal shapes at run time: S is what the caller asked for.
  if (sameShape(x.shape, shape)) return x as Expr<Shape> as Expr<S>;
  const offset = shape.length - x.shape.length;
  const kept = x.shape.flatMap((d, i) => (d === 1 && shape[i + offset] !== 1 ? [] : [i]));
  const squeezed =
    kept.length === x.shape.length
      ? x
      : apply1("reshape", { shape: kept.map((i) => x.shape[i] as number) }, x);
  return apply1("broadcast", { shape, axes: kept.map((i) => i + offset) }, squeezed);
};

/** Operands as expressions of one shape and, where numbers are among them, of one dtype. */
export const align = (...operands: readonly Operand[]): readonly Expr[] => {
  const dtype = dtypeOf(...operands);
  const lifted = operands.map((x) => lift(x, dtype));
  const shape = lifted.reduce<Shape | undefined>(
    (s, x) => (s === undefined ? undefined : broadcastShapes(s, x.shape)),
    [],
  );
  // Shapes that do not broadcast are left as they are: the primitive's type rule reports them.
  return shape === undefined ? lifted : lifted.map((x) => broadcastTo(x, shape));
};
