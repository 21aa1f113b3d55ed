import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { lift } from "../../ir/ops/promote.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import type { Operand, ShapeError, ShapeOf, ShowShape } from "../../ir/types/shape.ts";
import { broadcastShapes, type Shape, showShape, sizeOf } from "../../tensor/shape.ts";

/** Two shapes of which one may be repeated to the other, but not both to a third. */

/** Which of two extents is repeated to the other: nobody, where they are equal or types do not know them. */
type Repeated<X extends number, Y extends number> = number extends X | Y
  ? never
  : X extends Y
    ? never
    : X extends 1
      ? "prediction"
      : Y extends 1
        ? "target"
        : "neither";

/** Who is repeated along axes that only the other has. */
type Along<S extends Shape, Who extends string> = S extends readonly [
  infer D extends number,
  ...infer Rest extends Shape,
]
  ? (number extends D ? never : D extends 1 ? never : Who) | Along<Rest, Who>
  : never;

/** Everybody who is repeated when two shapes are compared, from their last axes. */
type Repeating<A extends Shape, B extends Shape> = A extends readonly [
  ...infer As extends Shape,
  infer X extends number,
]
  ? B extends readonly [...infer Bs extends Shape, infer Y extends number]
    ? Repeated<X, Y> | Repeating<As, Bs>
    : Along<A, "target">
  : Along<B, "prediction">;

type Apart<Who> = "neither" extends Who
  ? true
  : ["prediction" | "target"] extends [Who]
    ? true
    : false;

/** `unknown` where a target may be compared with a prediction, and an error where types know that it may not. */
export type Comparable<Op extends string, A extends Shape, B extends Shape> = number extends
  | A["length"]
  | B["length"]
  ? unknown
  : Apart<Repeating<A, B>> extends true
    ? ShapeError<`${Op}: the prediction is ${ShowShape<A>}, but the target is ${ShowShape<B>}`>
    : unknown;

/** A function of a prediction and a target of one shape, or of which one is repeated to the other's. */
export type Comparison<Op extends string, Options extends readonly unknown[], Made> = <
  const X extends Operand,
  const Y extends Operand,
>(
  prediction: X,
  target: Y & Comparable<Op, ShapeOf<X>, ShapeOf<Y>>,
  ...options: Options
) => Made;

/**
 * Both as expressions. One may be repeated to the shape of the other, as a number is; where both would be
 * repeated, as `[n]` and `[n, 1]` to `[n, n]`, every element would be compared with every other, and compiling
 * reports `op` with both shapes.
 */
export const compared = (
  op: string,
  prediction: Operand,
  target: Operand,
  what = "a target",
): readonly [Expr, Expr] => {
  const x = lift(prediction);
  const y = lift(target, x.dtype);
  const shape = broadcastShapes(x.shape, y.shape);
  const larger = Math.max(sizeOf(x.shape), sizeOf(y.shape));
  if (shape !== undefined && sizeOf(shape) <= larger) return [x, y];
  const expected = `${what} of shape ${showShape(x.shape)}`;
  const issue = new ShapeMismatch({ op, expected, actual: [x.shape, y.shape], path: [] });
  return [x, refuse(issue, [x, y], [{ shape: x.shape, dtype: y.dtype }])[0] as Expr];
};
