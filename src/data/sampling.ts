import { InvalidArgument } from "../errors.ts";
import { type Key, uniform } from "../tensor/key.ts";
import { Tensor } from "../tensor/tensor.ts";
import { whole } from "../tensor/validate.ts";
import type { Dataset, Row } from "./dataset.ts";
import type { Sampler } from "./source/source.ts";

/** The options of a sampler. */
export interface SampleOptions {
  /** The number of rows of an epoch. Defaults to the size of the dataset. */
  readonly rows?: number;
  /** Whether a row may be drawn more than once. Defaults to `true`. */
  readonly replacement?: boolean;
}

/** Uniform numbers from 0 to less than 1, of 53 bits. */
const uniforms = (key: Key, n: number) => Tensor.read(uniform(key, [n], { dtype: "f64" }));

const refuse = (op: string, argument: string, expected: string, actual: string): never => {
  throw new InvalidArgument({ op, argument, expected, actual });
};

/** Draws `rows` positions in proportion to weights, each time anew: the first whose cumulative weight is above. */
const withReplacement = (weights: Float64Array, rows: number): ((key: Key) => Int32Array) => {
  const cumulative = new Float64Array(weights.length);
  let sum = 0;
  for (const [i, weight] of weights.entries()) cumulative[i] = sum += weight;
  const last = weights.findLastIndex((weight) => weight > 0);
  return (key) => {
    const u = uniforms(key, rows);
    const drawn = new Int32Array(rows);
    for (let i = 0; i < rows; i++) {
      const x = (u[i] as number) * sum;
      let [low, high] = [0, cumulative.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((cumulative[middle] as number) > x) high = middle;
        else low = middle + 1;
      }
      drawn[i] = Math.min(low, last);
    }
    return drawn;
  };
};

/**
 * Draws `rows` different positions in sequence, each in proportion to the remaining weights: those with the smallest
 * exponential times `-ln(u) / w`.
 */
const withoutReplacement =
  (weights: Float64Array, rows: number) =>
  (key: Key): Int32Array => {
    const u = uniforms(key, weights.length);
    // 1 - u is above 0, so every time is finite, except for weights of 0, which are never drawn.
    const times = weights.map((weight, i) => -Math.log1p(-(u[i] as number)) / weight);
    const order = Int32Array.from(weights.keys()).filter((i) => (weights[i] as number) > 0);
    return order
      .sort((a, b) => (times[a] as number) - (times[b] as number) || a - b)
      .slice(0, rows);
  };

const sampler = <R extends Row>(
  name: string,
  weightsOf: (dataset: Dataset<R>) => Float64Array,
  { rows: wanted, replacement = true }: SampleOptions,
): Sampler<R> => {
  whole(1)(name, { rows: wanted });
  return {
    name,
    of: (dataset) => {
      const weights = weightsOf(dataset);
      const possible = weights.reduce((n, weight) => n + (weight > 0 ? 1 : 0), 0);
      const bad = weights.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
      if (bad !== undefined || possible === 0)
        refuse(
          name,
          "weights",
          "finite numbers that are not negative, one of them above 0",
          String(bad ?? "only 0"),
        );
      const rows = wanted ?? (replacement ? dataset.size : possible);
      if (!replacement && rows > possible)
        refuse(name, "rows", `at most ${possible}, the rows with a weight above 0`, String(rows));
      const draw = (replacement ? withReplacement : withoutReplacement)(weights, rows);
      return { rows, draw };
    },
  };
};

/**
 * Draws rows in proportion to weights: one weight per row, or the name of a column that holds them.
 *
 * **Math** With replacement each draw is row `i` with probability `wᵢ / Σ w`. Without, rows are drawn one after the other
 * in proportion to the weights that are left.
 * **Fails with** thrown `InvalidArgument` where a weight is negative or not finite, none is above 0, their number is not
 * that of the rows, or more different rows are wanted than there are; `UnknownColumn`.
 * **Source** Without replacement: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).
 *
 * @example
 * ```ts
 * import { dataset, key } from "fluxion";
 * import { sampled, weighted } from "fluxion/data";
 * import { arange } from "fluxion/tensor";
 * const mostlyLast = sampled(dataset({ x: arange(3) }), weighted([0, 0, 1]));
 * Array.from(mostlyLast.draw(key(0))) // => [2, 2, 2]
 * ```
 */
export const weighted = (
  weights: string | ArrayLike<number>,
  options: SampleOptions = {},
): Sampler<Row> =>
  sampler<Row>(
    "weighted",
    (dataset) => {
      const all =
        typeof weights === "string"
          ? Float64Array.from(Tensor.read(dataset.column(weights)))
          : Float64Array.from(weights);
      if (all.length !== dataset.size)
        refuse("weighted", "weights", `${dataset.size} numbers, one for each row`, `${all.length}`);
      return all;
    },
    options,
  );

/**
 * Draws rows so that all classes are equally likely, however many rows they have. The column holds each row's class as
 * a number.
 *
 * **Math** Row `i` has weight `1 / count(class of i)`.
 * **Fails with** thrown `UnknownColumn`; `InvalidArgument` where the column has more than one number for each row.
 */
export const balanced = (column: string, options: SampleOptions = {}): Sampler<Row> =>
  sampler<Row>(
    "balanced",
    (dataset) => {
      const labels = labelsOf("balanced", dataset, column);
      const counts = countsOf(labels);
      return Float64Array.from(labels, (label) => 1 / (counts.get(label) ?? 1));
    },
    options,
  );

/** The class of each row, from a column with one number per row. **Fails with** `InvalidArgument`, thrown. */
export const labelsOf = <R extends Row>(op: string, dataset: Dataset<R>, column: string) => {
  const labels = dataset.column(column as keyof R & string) as Tensor;
  if (labels.size !== dataset.size)
    refuse(op, "column", "a column with one number for each row", `[${labels.shape.join(", ")}]`);
  return Tensor.read(labels);
};

/** Counts how often each number occurs. */
export const countsOf = (labels: ArrayLike<number>): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
};
