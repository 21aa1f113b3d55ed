import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { lift } from "../../ir/ops/promote.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import type { Operand, ShapeError, ShapeOf, ShowShape } from "../../ir/types/shape.ts";
import { broadcastShapes, type Shape, showShape, sizeOf } from "../../tensor/shape.ts";

/** Pairs of shapes where one may broadcast to the other, but not both to a third. */

/** Which side broadcasts along one axis: `never` if the extents are equal or unknown to types. */
type Repeated<X extends number, Y extends number> = number extends X | Y
  ? never
  : X extends Y
    ? never
    : X extends 1
      ? "prediction"
      : Y extends 1
        ? "target"
        : "neither";

/** Which side broadcasts along axes that only the other has. */
type Along<S extends Shape, Who extends string> = S extends readonly [
  infer D extends number,
  ...infer Rest extends Shape,
]
  ? (number extends D ? never : D extends 1 ? never : Who) | Along<Rest, Who>
  : never;

/** All sides that broadcast when two shapes are aligned at their last axes. */
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

/** `unknown` if a target fits a prediction, and a `ShapeError` if types know that it does not. */
export type Comparable<Op extends string, A extends Shape, B extends Shape> = number extends
  | A["length"]
  | B["length"]
  ? unknown
  : Apart<Repeating<A, B>> extends true
    ? ShapeError<`${Op}: the prediction is ${ShowShape<A>}, but the target is ${ShowShape<B>}`>
    : unknown;

/** A function of a prediction and a target of the same shape, or of shapes where one broadcasts to the other. */
export type Comparison<Op extends string, Options extends readonly unknown[], Made> = <
  const X extends Operand,
  const Y extends Operand,
>(
  prediction: X,
  target: Y & Comparable<Op, ShapeOf<X>, ShapeOf<Y>>,
  ...options: Options
) => Made;

/**
 * Lifts a prediction and a target to expressions and checks their shapes. One may broadcast to the other, as a number
 * does. If both would broadcast, as `[n]` and `[n, 1]` to `[n, n]`, every element would be compared with every other;
 * compiling reports this with `op` and both shapes.
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
  return [x, refuse(issue, [x, y], [{ shape: x.shape, dtype: y.dtype }])[0]];
};
