import type { Expr } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { add } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/promote.ts";
import { scalar } from "../tensor/constructors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A function of the step, which counts from 0: f64 scalar to f64 scalar.
 *
 * **Laws** `laws.schedule`: it agrees with plain arithmetic on the step, and is finite for every step.
 */
export type Schedule = (step: Expr) => Expr;

/** A learning rate: a number, or a schedule. */
export type LearningRate = number | Schedule;

/** A step count in a program. */
type Step = Expr<readonly []>;

/** The step count with which the state of a transformation begins. */
export const noSteps = (): Tensor<readonly []> => scalar(0, "i32");

/** The step count plus one. */
export const oneMore = (step: Step): Step => add(step, 1);

/** A step count as f64, in which rates and bias corrections are computed. */
export const counted = (step: Step): Expr<readonly []> => cast(step, "f64");

/** The learning rate after `step` completed steps, as f64. */
export const rateAt = (rate: LearningRate, step: Step): Expr =>
  typeof rate === "number" ? lift(rate, "f64") : rate(counted(step));
