import { apply1, filled } from "../../../../src/ir/build.ts";
import type { Expr, Params, PrimitiveTag, TensorType } from "../../../../src/ir/expr.ts";
import type { elementwise } from "../../../../src/rules/evaluate/elementwise.ts";
import type { Dtype } from "../../../../src/tensor/dtype.ts";

/** Makes an expression from some operands. */
export type Make = (x: Expr, y: Expr, z: Expr) => Expr;
/** An expression, and its simplified form. */
export interface Case {
  readonly name: string;
  readonly types: readonly TensorType[];
  readonly given: Make;
  /** The simplified form. Missing if the expression must stay unchanged. */
  readonly simple?: Make;
}

export const typed =
  (...types: readonly TensorType[]) =>
  (name: string, given: Make, simple?: Make): Case => ({
    name,
    types,
    given,
    ...(simple && { simple }),
  });
export const of = (dtype: Dtype, ...shape: readonly number[]): TensorType => ({ shape, dtype });
export const node = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  ...xs: readonly Expr[]
): Expr => apply1<readonly number[], P>(primitive, params, ...xs);
type Simple = keyof typeof elementwise;
/** An element-wise node; a number stands for itself, repeated. */
export const on = (primitive: Simple, ...operands: readonly (Expr | number)[]): Expr => {
  const like = operands.find((x) => typeof x !== "number") as Expr;
  const xs = operands.map((x) => (typeof x === "number" ? filled(like.shape, like.dtype, x) : x));
  return node(primitive as "add", {}, ...xs);
};
export const select = (c: Expr, x: Expr, y: Expr): Expr => node("select", {}, c, x, y);
export const cast = (x: Expr, dtype: Dtype): Expr => node("cast", { dtype }, x);
export const first: Make = (x) => x;
export const second: Make = (_, y) => y;

export const f = typed(of("f32", 2, 3), of("f32", 2, 3));
export const d = typed(of("f64", 2, 3), of("f64", 2, 3));
export const n = typed(of("i32", 2, 3), of("i32", 2, 3));
export const p = typed(of("bool", 2, 3), of("bool", 2, 3));
export const chosen = typed(of("bool", 2, 3), of("f32", 2, 3), of("f32", 2, 3));
