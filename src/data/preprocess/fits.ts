import { InvalidArgument } from "../../errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { notNegative, wholeTo } from "../../tensor/validate.ts";
import type { Dataset, Row } from "../dataset.ts";
import { Counts, quantileOf } from "../table/statistics.ts";
import { type Preprocessor, preprocessor } from "./preprocess.ts";
import { type FittedStage, fittedStage } from "./stages.ts";
import { symmetricSpectrum } from "./symmetric.ts";

type Having<C extends string> = { readonly [K in C]: Tensor };

/** The numbers of a column: example by example, and of how many features. */
interface Sample {
  readonly data: Float64Array;
  readonly features: number;
  readonly shape: readonly number[];
}

const sampleOf = (op: string, dataset: Dataset, column: string): Sample => {
  if (dataset.size === 0)
    throw new InvalidArgument({
      ...{ op, argument: "dataset", expected: "at least one example", actual: "none" },
    });
  const shape = dataset.select(column).row(0)[column]?.shape ?? [];
  const all = dataset.select(column).all()[column] as Tensor; // selected
  return { data: Float64Array.from(Tensor.read(all)), features: sizeOf(shape), shape };
};

/** The numbers of a feature, ascending, without NaN. */
const ascending = ({ data, features }: Sample, feature: number): Float64Array => {
  const own = data.filter((x, i) => i % features === feature && !Number.isNaN(x));
  return own.sort();
};

const perFeature = (sample: Sample, of: (feature: number) => number): Tensor =>
  Tensor.own(
    sample.shape,
    "f64",
    Float64Array.from({ length: sample.features }, (_, j) => of(j)),
  );

/**
 * Scales a column by its median and the distance of its quartiles, which outliers do not move. NaN is left out.
 *
 * **Math** `(x - median) / (upper quartile - lower quartile)`, quantiles between neighbors in a straight line; a feature
 * whose quartiles are equal is only shifted.
 * **Source** as scikit-learn's `RobustScaler`.
 */
export const robustScaler = {
  fit: <C extends string, R extends Row & Having<C>>(
    dataset: Dataset<R>,
    column: C,
  ): Preprocessor<C> => {
    const sample = sampleOf("robustScaler", dataset as Dataset, column);
    const sorted = Array.from({ length: sample.features }, (_, j) => ascending(sample, j));
    const at = (j: number, q: number): number => quantileOf(sorted[j] ?? [], q);
    return preprocessor(
      column,
      perFeature(sample, (j) => at(j, 0.5)),
      perFeature(sample, (j) => at(j, 0.75) - at(j, 0.25) || 1),
    );
  },
} as const;

/** The options of {@link imputer}. */
export interface ImputeOptions {
  /** What stands for NaN. Defaults to the mean. */
  readonly by?: "mean" | "median" | "mostFrequent" | { readonly constant: number };
}

/**
 * Fills NaN in a column, feature by feature. Of equally frequent numbers it takes the least.
 *
 * **Fails with** `InvalidArgument`, thrown, where a feature is NaN in every example, unless by a constant.
 * **Source** as scikit-learn's `SimpleImputer`.
 */
export const imputer = {
  fit: <C extends string, R extends Row & Having<C>>(
    dataset: Dataset<R>,
    column: C,
    { by = "mean" }: ImputeOptions = {},
  ): FittedStage<C> => {
    const sample = sampleOf("imputer", dataset as Dataset, column);
    const value = (j: number): number => {
      if (typeof by === "object") return by.constant;
      const sorted = ascending(sample, j);
      if (sorted.length === 0)
        throw new InvalidArgument({
          ...{ op: "imputer", argument: "dataset" },
          ...{ expected: "a number in each feature", actual: `only NaN in feature ${j}` },
        });
      if (by === "median") return quantileOf(sorted, 0.5);
      if (by === "mean") return sorted.reduce((a, b) => a + b, 0) / sorted.length;
      const counts = new Counts();
      for (const x of sorted) counts.add(String(x));
      return Number(counts.mostFrequent());
    };
    return fittedStage(column, { kind: "impute", values: perFeature(sample, value) });
  },
} as const;

/** The options of {@link quantileScaler}. */
export interface QuantileOptions {
  /** The number of quantiles, at most that of the examples. Defaults to 1000. */
  readonly quantiles?: number;
  /** What the numbers become: shares from 0 to 1, or the normal numbers of these. Defaults to `uniform`. */
  readonly output?: "uniform" | "normal";
}

/**
 * Spreads a column evenly from 0 to 1, or as normal numbers, whatever its distribution is.
 *
 * **Math** the share of training examples below a number, between quantiles in a straight line; the normal number of a share
 * from 10⁻⁷ to 1 - 10⁻⁷.
 * **Fails with** `InvalidArgument`, thrown, where `quantiles` is not a whole number from 2 to 10⁶, or there are fewer than two
 * examples.
 * **Source** as scikit-learn's `QuantileTransformer`.
 */
export const quantileScaler = {
  fit: <C extends string, R extends Row & Having<C>>(
    dataset: Dataset<R>,
    column: C,
    { quantiles = 1000, output = "uniform" }: QuantileOptions = {},
  ): FittedStage<C> => {
    wholeTo(2, 1e6)("quantileScaler", { quantiles });
    const sample = sampleOf("quantileScaler", dataset as Dataset, column);
    const { features } = sample;
    const count = Math.min(quantiles, dataset.size);
    const data = new Float64Array(count * features);
    for (let j = 0; j < features; j++) {
      const sorted = ascending(sample, j);
      for (let i = 0; i < count; i++) data[i * features + j] = quantileOf(sorted, i / (count - 1));
    }
    return fittedStage(column, {
      ...{ kind: "quantile", output },
      quantiles: Tensor.own([count, features], "f64", data),
    });
  },
} as const;

/** The options of {@link whitener}. */
export interface WhitenOptions {
  /** `pca` turns the axes to those of the largest variance; `zca` turns them back, nearest to what they were. Defaults to `pca`. */
  readonly by?: "pca" | "zca";
  /** The number of axes of `pca` that are kept. Defaults to all. */
  readonly outputs?: number;
  /** What is added to each variance, so that directions without any are not blown up. Defaults to 10⁻¹². */
  readonly epsilon?: number;
}

/**
 * Makes the features of a column uncorrelated, each of variance 1.
 *
 * **Math** with the covariance `V diag(λ) Vᵀ` (of n - 1): `(x - mean) V diag(λ + ε)^-½`, and then `Vᵀ` for `zca`. The largest
 * number of each direction is positive.
 * **Fails with** `InvalidArgument`, thrown, where there are fewer than two examples, or `outputs` is not a whole number from 1
 * to that of the features.
 * **Source** Kessy, Lewin and Strimmer, "Optimal Whitening and Decorrelation" (2018).
 */
export const whitener = {
  fit: <C extends string, R extends Row & Having<C>>(
    dataset: Dataset<R>,
    column: C,
    options: WhitenOptions = {},
  ): FittedStage<C> => {
    const op = "whitener";
    const { data, features: n } = sampleOf(op, dataset as Dataset, column);
    const { by = "pca", outputs = n, epsilon = 1e-12 } = options;
    wholeTo(1, n)(op, { outputs });
    notNegative(op, { epsilon });
    const rows = data.length / n;
    if (rows < 2 || (by === "zca" && outputs !== n))
      throw new InvalidArgument({
        ...{ op, argument: rows < 2 ? "dataset" : "outputs" },
        expected: rows < 2 ? "at least two examples" : "all features, as zca keeps them",
        actual: String(rows < 2 ? rows : outputs),
      });
    const mean = new Float64Array(n);
    for (let i = 0; i < data.length; i++)
      mean[i % n] = (mean[i % n] as number) + (data[i] as number) / rows;
    const covariance = new Float64Array(n * n);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < n; j++)
        for (let k = 0; k < n; k++)
          covariance[j * n + k] =
            (covariance[j * n + k] as number) +
            (((data[i * n + j] as number) - (mean[j] as number)) *
              ((data[i * n + k] as number) - (mean[k] as number))) /
              (rows - 1);
    const { values, vectors } = symmetricSpectrum(covariance, n);
    const scaled = vectors
      .slice(0, outputs)
      .map((vector, k) =>
        vector.map((x) => x / Math.sqrt(Math.max(0, values[k] as number) + epsilon)),
      );
    const at = (j: number, k: number): number =>
      by === "pca"
        ? (scaled[k]?.[j] as number)
        : scaled.reduce(
            (sum, vector, m) => sum + (vector[j] as number) * (vectors[m]?.[k] as number),
            0,
          );
    const matrix = Float64Array.from({ length: n * outputs }, (_, i) =>
      at(Math.floor(i / outputs), i % outputs),
    );
    return fittedStage(column, {
      kind: "linear",
      mean: Tensor.own([n], "f64", mean),
      matrix: Tensor.own([n, outputs], "f64", matrix),
    });
  },
} as const;
