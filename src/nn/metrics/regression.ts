import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { mul, square, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { mean, sum } from "../../ir/ops/reduction.ts";
import { type Metric, monoidRatio, oneEach, type Ratio, ratio } from "./metric.ts";

const sizeOfBatch = (targets: Expr): Expr => lift(targets.shape[0] ?? 1, "i32");

/**
 * The mean loss over all examples.
 *
 * **Units** those of the loss.
 */
export const meanLoss: Metric<Ratio> = {
  name: "loss",
  better: "lower",
  monoid: monoidRatio,
  fromBatch: ({ loss, targets, examples }) => {
    const count = examples === undefined ? sizeOfBatch(targets) : lift(examples, "i32");
    return { total: mul(cast(loss, "f64"), cast(count, "f64")), count };
  },
  value: ratio,
};

/**
 * The root mean squared error (RMSE) between outputs and targets, over all examples and their elements.
 *
 * **Shapes** `outputs` and `targets` of one shape, `[batch, ...]`. **Units** those of the targets.
 * **Fails with** `ShapeMismatch` when compiled, where shapes differ.
 */
export const rootMeanSquaredError: Metric<Ratio> = {
  name: "rmse",
  better: "lower",
  monoid: monoidRatio,
  fromBatch: ({ outputs, targets }) => {
    const [x, y] = oneEach("rootMeanSquaredError", outputs, targets);
    const errors = square(sub(cast(x, "f64"), cast(y, "f64")));
    const each = mean(
      errors,
      errors.shape.slice(1).map((_, i) => i + 1),
    );
    return { total: sum(each), count: sizeOfBatch(targets) };
  },
  value: (seen) => Math.sqrt(ratio(seen)),
};
