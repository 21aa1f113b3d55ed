import type { Expr } from "../ir/expr.ts";
import { pow, sub } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/promote.ts";
import type { Scaled, UpdateResult } from "./transformation.ts";

/** `1 - βᵗ` in f64: in f32 it would be off by 1e-5 in the first steps, which shows in the loss. */
export const biasCorrection = (beta: number, t: Expr): Expr => sub(1, pow(lift(beta, "f64"), t));

/** The result of an update that can be scaled. Its plain updates are those of a factor of 1. */
export const scalable = <S>(state: S, scaled: Scaled): UpdateResult<S> => ({
  updates: scaled(lift(1, "f64")),
  state,
  scaled,
});
