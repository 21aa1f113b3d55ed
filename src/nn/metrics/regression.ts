import { struct } from "fp-ts/lib/Monoid.js";
import { MonoidSum } from "fp-ts/lib/number.js";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { abs, div, expm1, maximum, mul, square, sub } from "../../ir/ops/elementwise.ts";
import { lift } from "../../ir/ops/promote.ts";
import { mean, sum } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { nth } from "../../tensor/list.ts";
import { sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Nested } from "../../tensor/tensor.ts";
import { finite, positive } from "../../tensor/validate.ts";
import {
  type Metric,
  monoidRatio,
  type Outcomes,
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

/** The pairs of an output and a target, in f64. */
const pairsOf = (op: string, { outputs, targets }: Outcomes): readonly [Expr, Expr] => {
  const [x, y] = outputTargetPairs(op, outputs, targets);
  return [cast(x, "f64"), cast(y, "f64")];
};

/** The mean over examples, and over the elements of each, of an error. */
const meanError = (
  name: string,
  op: string,
  errorOf: (output: Expr, target: Expr) => Expr,
): Metric<Ratio> => ({
  name,
  better: "lower",
  monoid: monoidRatio,
  fromBatch: (batch) => {
    const errors = errorOf(...pairsOf(op, batch));
    const within = errors.shape.slice(1).map((_, i) => i + 1);
    return { total: sum(mean(errors, within)), count: sizeOfBatch(batch.targets) };
  },
  value: ratio,
});

/**
 * The mean absolute error (MAE) between outputs and targets, over all examples and their elements.
 *
 * **Shapes** `outputs` and `targets` of one shape, `[batch, ...]`. **Units** those of the targets.
 * **Fails with** `ShapeMismatch` when compiled, where shapes differ.
 */
export const meanAbsoluteError: Metric<Ratio> = meanError("mae", "meanAbsoluteError", (x, y) =>
  abs(sub(x, y)),
);

/**
 * The mean squared error (MSE) between outputs and targets, over all examples and their elements.
 *
 * **Shapes** and **Fails with** as {@link meanAbsoluteError}. **Units** those of the targets, squared.
 */
export const meanSquaredError: Metric<Ratio> = meanError("mse", "meanSquaredError", (x, y) =>
  square(sub(x, y)),
);

/**
 * The root mean squared error (RMSE) between outputs and targets, over all examples and their elements.
 *
 * **Shapes**, **Units** and **Fails with** as {@link meanAbsoluteError}.
 */
export const rootMeanSquaredError: Metric<Ratio> = {
  ...meanError("rmse", "rootMeanSquaredError", (x, y) => square(sub(x, y))),
  value: (seen) => Math.sqrt(ratio(seen)),
};

/** The smallest target that an error is divided by: the spacing of f64 at 1, as in scikit-learn. */
const leastTarget = 2 ** -52;

/**
 * The mean absolute percentage error (MAPE), `mean |output − target| / |target|`: 0.1 is ten percent. A target near 0 makes
 * it huge, because it is divided by 2⁻⁵² at least.
 *
 * **Shapes** and **Fails with** as {@link meanAbsoluteError}.
 */
export const meanAbsolutePercentageError: Metric<Ratio> = meanError(
  "mape",
  "meanAbsolutePercentageError",
  (x, y) => div(abs(sub(x, y)), maximum(abs(y), leastTarget)),
);

/** The options of {@link prognosticScore}. */
export interface PrognosticOptions {
  /** How far a prediction may be too early, for a penalty of e - 1. Defaults to 13. */
  readonly early?: number;
  /** How far it may be too late. Defaults to 10. */
  readonly late?: number;
}

/**
 * The score of predictions of a remaining life, where one that is too late is worse than one that is too early: 0 if all
 * are right.
 *
 * **Math** the sum over the examples of `exp(-d / early) - 1` for `d = output - target < 0`, and of `exp(d / late) - 1` else.
 * **Shapes** and **Fails with** as {@link meanAbsoluteError}; `InvalidArgument`, thrown, where an option is not above 0.
 * **Source** Saxena, Goebel, Simon and Eklund, "Damage propagation modeling for aircraft engine run-to-failure simulation"
 * (2008), equation 11: the score of the PHM challenge.
 *
 * @example
 * ```ts
 * import { prognosticScore } from "fluxion/metrics";
 * prognosticScore().better // => "lower"
 * ```
 */
export const prognosticScore = ({
  early = 13,
  late = 10,
}: PrognosticOptions = {}): Metric<{
  readonly total: number;
}> => {
  positive("prognosticScore", { early, late });
  finite("prognosticScore", { early, late });
  return {
    name: "score",
    better: "lower",
    monoid: struct({ total: MonoidSum }),
    fromBatch: (batch) => {
      const d = sub(...pairsOf("prognosticScore", batch));
      return { total: sum(expm1(maximum(div(d, late), div(d, -early)))) };
    },
    value: ({ total }) => total,
  };
};

/** The spread of targets around their mean, and the squared errors, for each element of an example. */
export interface Fit {
  readonly [field: string]: Nested;
  readonly count: number;
  readonly mean: readonly number[];
  /** The sum of squared deviations of the targets from their mean. */
  readonly deviation: readonly number[];
  /** The sum of squared errors of the outputs. */
  readonly error: readonly number[];
}

/** Combines the means and deviations of two parts into those of the whole (Chan, Golub and LeVeque 1983, equation 2.1). */
const joinedFits = (a: Fit, b: Fit): Fit => {
  if (a.count === 0 || b.count === 0) return a.count === 0 ? b : a;
  const count = a.count + b.count;
  const by = (f: (i: number) => number): readonly number[] => a.mean.map((_, i) => f(i));
  return {
    count,
    mean: by((i) => (a.count * nth(a.mean, i) + b.count * nth(b.mean, i)) / count),
    deviation: by((i) => {
      const apart = nth(b.mean, i) - nth(a.mean, i);
      const own = nth(a.deviation, i) + nth(b.deviation, i);
      return own + (apart * apart * a.count * b.count) / count;
    }),
    error: by((i) => nth(a.error, i) + nth(b.error, i)),
  };
};

/**
 * R², the coefficient of determination: `1 − Σ(target − output)² / Σ(target − mean)²`. It is 1 for perfect outputs, 0 for the
 * mean of the targets, and below 0 for worse. For targets with several elements it is the mean over the elements. Targets
 * that do not vary score 1 if all outputs are right, and 0 otherwise. It is `NaN` for fewer than two examples.
 *
 * **Shapes** and **Fails with** as {@link meanAbsoluteError}.
 */
export const r2: Metric<Fit> = {
  name: "r2",
  better: "higher",
  monoid: { empty: { count: 0, mean: [], deviation: [], error: [] }, concat: joinedFits },
  fromBatch: (batch) => {
    const rows = (of: Expr): Expr => reshape(of, [of.shape[0] ?? 1, sizeOf(of.shape.slice(1))]);
    const [outputs, targets] = pairsOf("r2", batch);
    const [x, y] = [rows(outputs), rows(targets)];
    return {
      count: sizeOfBatch(batch.targets),
      mean: mean(y, 0),
      deviation: sum(square(sub(y, mean(y, 0))), 0),
      error: sum(square(sub(x, y)), 0),
    };
  },
  value: ({ count, deviation, error }) => {
    const each = error.map((wrong, i) => {
      const spread = nth(deviation, i);
      return spread > 0 || Number.isNaN(wrong) ? 1 - wrong / spread : Number(wrong === 0);
    });
    return count < 2 ? Number.NaN : each.reduce((a, b) => a + b, 0) / each.length;
  },
};

/**
 * Perplexity: `exp` of the mean loss. It is the number of equally probable choices that would be as hard to predict, where
 * the loss is a cross-entropy.
 *
 * **Units** of the loss: nats.
 */
export const perplexity: Metric<Ratio> = {
  ...meanLoss,
  name: "perplexity",
  value: (seen) => Math.exp(ratio(seen)),
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
