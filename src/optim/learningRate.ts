import type { Exprs } from "../autodiff/index.ts";
import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { add } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/promote.ts";
import { scalar } from "../tensor/constructors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A number as a function of the step, counted from 0: f64 scalar to f64 scalar.
 *
 * **Laws** `laws.schedule`: it is what plain arithmetic on the step gives, finite for every step.
 */
export type Schedule = (step: Expr) => Expr;

/** A learning rate: one number, or one for each step. */
export type LearningRate = number | Schedule;

/** The count of steps done, as optimizers hold it in their state. */
export const noSteps = (): Tensor<readonly []> => scalar(0, "i32");

/** The one expression that a leaf of state is. */
const single = (leaf: Exprs): Expr => leaf as Expr;

/** The count of steps after this one. */
export const oneMore = (step: Exprs): Expr => add(single(step), 1);

/** A count as f64, in which the rates and corrections made of it are computed. */
export const counted = (step: Exprs): Expr => cast(single(step), "f64");

/** The learning rate of the step that follows `step` steps, as f64. */
export const rateAt = (rate: LearningRate, step: Exprs): Expr =>
  typeof rate === "number" ? lift(rate, "f64") : rate(counted(step));
