import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { mul, square, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { mean, sum } from "../../ir/ops/reduction.ts";
import { sameShape } from "../../tensor/shape.ts";
import {
  type Metric,
  monoidRatio,
  outputTargetPairs,
  type Ratio,
  ratio,
  refuseShapes,
} from "./metric.ts";

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
    const [x, y] = outputTargetPairs("rootMeanSquaredError", outputs, targets);
    const errors = square(sub(cast(x, "f64"), cast(y, "f64")));
    const each = mean(
      errors,
      errors.shape.slice(1).map((_, i) => i + 1),
    );
    return { total: sum(each), count: sizeOfBatch(targets) };
  },
  value: (seen) => Math.sqrt(ratio(seen)),
};

/**
 * The mean over all examples of a value that an objective reports beside its loss: `{ loss, values: { name } }`.
 *
 * **Shapes** `values[name]: [batch]`.
 * **Fails with** `ShapeMismatch` when compiled, where the objective reports no such value, or not one for each example.
 *
 * @example
 * ```ts
 * import { meanOf } from "fluxion/metrics";
 * meanOf("distance", { better: "lower" }).name // => "distance"
 * ```
 */
export const meanOf = (
  name: string,
  { better = "lower" }: { readonly better?: "higher" | "lower" } = {},
): Metric<Ratio> => ({
  name,
  better,
  monoid: monoidRatio,
  fromBatch: ({ loss, targets, examples = targets.shape[0] ?? 1, values = {} }) => {
    const own = Object.hasOwn(values, name) ? values[name] : undefined;
    const [x] =
      own !== undefined && sameShape(own.shape, [examples])
        ? [own]
        : refuseShapes(
            `meanOf("${name}")`,
            `a scalar "${name}" among the values that the loss function returns`,
            [own ?? loss],
            [{ shape: [examples], dtype: "f32" }],
          );
    return { total: sum(cast(x, "f64")), count: lift(examples, "i32") };
  },
  value: ratio,
});
