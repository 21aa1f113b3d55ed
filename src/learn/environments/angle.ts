import type { Expr } from "../../ir/expr.ts";
import { add, clip, div, floor, mul, sub } from "../../ir/ops/elementwise.ts";

/** An angle plus or minus whole turns, from -π to π. */
export const wrapped = (angle: Expr): Expr => {
  const turns = floor(div(add(angle, Math.PI), 2 * Math.PI));
  return clip(sub(angle, mul(turns, 2 * Math.PI)), -Math.PI, Math.PI);
};
