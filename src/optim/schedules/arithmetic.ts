import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, cos, mul } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";

/** A number as f64. */
export const number = (value: number): Expr => lift(value, "f64");
/** A product with a number. */
export const times = (x: Expr, factor: number): Expr => mul(x, factor);
/** One of two rates. */
export const choose = (condition: Expr, x: Expr, y: Expr): Expr => where(condition, x, y);

/** Half a cosine from `from`, where `phase` is 0, to `to`, where it is 1. */
export const cosineBetween = (from: number, to: number, phase: Expr): Expr => {
  const weight = times(add(cos(times(phase, Math.PI)), 1), 0.5);
  return add(times(weight, from - to), to);
};

/** A line from `from`, where `phase` is 0, to `to`, where it is 1. */
export const lineBetween = (from: number, to: number, phase: Expr): Expr =>
  add(times(phase, to - from), from);
