import { InvalidArgument, ShapeMismatch, UnknownColumn } from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import type { ShapeOf } from "../../ir/types/shape.ts";
import { allocate, bytesPerElement, type Dtype, heldBy, type Storage } from "../../tensor/dtype.ts";
import { type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Dataset, Row } from "../dataset.ts";

/** Rows with the type of one column replaced. */
export type Replaced<R extends Row, C extends keyof R, T extends Tensor> = {
  readonly [K in keyof R]: K extends C ? T : R[K];
};

/** Rows that have a column. */
type Having<C extends string> = { readonly [K in C]: Tensor };

/**
 * Computes `(x - shift) / scale` of one column, feature by feature. It is fitted on one dataset (the training
 * split) and applied to that and to others.
 *
 * The column becomes `f32`, or stays `f64`.
 */
export interface Preprocessor<C extends string> {
  readonly column: C;
  /** An f64 tensor of the column's shape, or a scalar. */
  readonly shift: Tensor;
  /** An f64 tensor of the column's shape, or a scalar, without zeros. */
  readonly scale: Tensor;
  readonly apply: <R extends Row & Having<C>>(dataset: Dataset<R>) => Dataset<R>;
}

/** The options of `fit`. */
export interface FitOptions {
  /**
   * `feature`: each element of the column has its own statistics. `column`: all share one. Defaults to
   * `feature`.
   */
  readonly per?: "feature" | "column";
}

/**
 * Makes a preprocessor of given statistics, for example stored ones. They have the column's shape, or are
 * scalars.
 *
 * **Fails with** thrown `ShapeMismatch` where shift and scale have different shapes, `InvalidArgument` where a
 * scale is 0. `apply` fails with thrown `UnknownColumn`, and `ShapeMismatch` where the shapes of the column and
 * the statistics differ.
 */
export const preprocessor = <C extends string>(
  column: C,
  shift: Tensor,
  scale: Tensor,
): Preprocessor<C> => {
  if (!sameShape(shift.shape, scale.shape))
    throw new ShapeMismatch({
      op: "preprocessor",
      expected: "a shift and a scale of one shape",
      actual: [shift.shape, scale.shape],
      path: [],
    });
  if (Tensor.read(scale).includes(0))
    throw new InvalidArgument({
      op: "preprocessor",
      argument: "scale",
      expected: "numbers that are not 0",
      actual: "0",
    });
  const affine = (x: Tensor): Tensor => standardized(x, Tensor.read(shift), Tensor.read(scale));
  return {
    column,
    shift,
    scale,
    apply: <R extends Row & Having<C>>(dataset: Dataset<R>) => {
      fits(dataset as Dataset, column, shift);
      return (dataset as Dataset<R>).mapBatches<R>((batch) => ({
        ...batch,
        // The shape stays the same. Only the numbers and the dtype change.
        [column]: affine(batch[column] as Tensor),
      }));
    },
  };
};

/**
 * Throws unless a dataset has the column, in the shape of the statistics. Another shape would cycle the
 * statistics silently.
 */
const fits = (dataset: Dataset, column: string, { shape }: Tensor): void => {
  const found = typeOf(dataset, column).shape;
  if (shape.length > 0 && !sameShape(shape, found))
    throw new ShapeMismatch({
      op: "apply",
      expected: `the shape [${shape.join(", ")}] of the statistics in column "${column}"`,
      actual: [found],
      path: [],
    });
};

/** The type of a column. **Fails with** `UnknownColumn`, thrown. */
const typeOf = (dataset: Dataset, column: string): TensorType => {
  const { columns } = dataset;
  if (!Object.hasOwn(columns, column))
    throw new UnknownColumn({ column, columns: Object.keys(columns) });
  return columns[column] as TensorType;
};

const standardized = (x: Tensor, shift: Storage, scale: Storage): Tensor => {
  const from = Tensor.read(x);
  const dtype = x.dtype === "f64" ? "f64" : "f32";
  const data = allocate(dtype, from.length);
  if (shift.length === 1) shareStatistics(from, data, shift[0] as number, scale[0] as number);
  else
    for (let i = 0, j = 0; i < data.length; i++, j = j + 1 === shift.length ? 0 : j + 1)
      data[i] = ((from[i] as number) - (shift[j] as number)) / (scale[j] as number);
  return Tensor.own(x.shape, dtype, data);
};

/**
 * Transforms all elements by one shift and one scale. Bytes are looked up in a table of 256, which is faster for
 * images.
 */
const shareStatistics = (from: Storage, into: Storage, shift: number, scale: number): void => {
  if (from instanceof Uint8Array) {
    const table = Float32Array.from({ length: 256 }, (_, byte) => (byte - shift) / scale);
    for (let i = 0; i < into.length; i++) into[i] = table[from[i] as number] as number;
  } else for (let i = 0; i < into.length; i++) into[i] = ((from[i] as number) - shift) / scale;
};

/** Statistics of the features of a column over all examples. */
interface Statistics {
  readonly mean: Float64Array;
  /** The population standard deviation: its square is the mean of the squared deviations. */
  readonly deviation: Float64Array;
  readonly least: Float64Array;
  readonly greatest: Float64Array;
}

/** The largest power of two up to a magnitude, which divides it exactly; 1 for 0, ∞ and NaN. */
const powerOfTwo = (magnitude: number): number =>
  magnitude > 0 && magnitude < Number.POSITIVE_INFINITY
    ? 2 ** Math.max(-1074, Math.min(1023, Math.floor(Math.log2(magnitude))))
    : 1;

/**
 * Computes statistics in two passes: the first over differences to the first example, for the mean; the second
 * over differences to the mean, for the deviation.
 *
 * A feature that never varies has exactly its value as mean and 0 as deviation. Numbers are scaled to about 1
 * first, so that no f64 overflows, and the rounding error of the mean is corrected.
 *
 * **Source** Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance" (1983): the corrected
 * two-pass algorithm.
 */
const statistics = (dataset: Dataset, column: string, features: number, width: number) => {
  const whole = dataset.select(column);
  const each = (visit: (value: number, feature: number) => void): void => {
    for (const batch of whole.batch(Math.min(1024, whole.size))) {
      const data = Tensor.read(batch[column] as Tensor);
      for (let i = 0, j = 0; i < data.length; i++, j = j + 1 === width ? 0 : j + 1)
        visit(data[i] as number, j);
    }
  };
  const first = Float64Array.from(Tensor.read(whole.row(0)[column] as Tensor).subarray(0, width));
  const [least, greatest] = [first.slice(), first.slice()];
  each((value, j) => {
    least[j] = Math.min(least[j] as number, value);
    greatest[j] = Math.max(greatest[j] as number, value);
  });
  const unit = least.map((a, j) =>
    powerOfTwo(Math.max(Math.abs(a), Math.abs(greatest[j] as number))),
  );
  const count = (whole.size * features) / width;
  /** The mean of the scaled differences to `from`, by Neumaier's summation, and of their squares. */
  const differences = (from: Float64Array) => {
    const [sum, lost] = [new Float64Array(width), new Float64Array(width)];
    const squares = new Float64Array(width);
    each((value, j) => {
      const u = unit[j] as number;
      const d = value / u - (from[j] as number) / u;
      const [s, t] = [sum[j] as number, (sum[j] as number) + d];
      lost[j] = (lost[j] as number) + (Math.abs(s) >= Math.abs(d) ? s - t + d : d - t + s);
      sum[j] = t;
      squares[j] = (squares[j] as number) + d * d;
    });
    return {
      mean: sum.map((s, j) => (s + (lost[j] as number)) / count),
      square: squares.map((s) => s / count),
    };
  };
  const toFirst = differences(first).mean;
  const mean = first.map((x, j) => {
    const u = unit[j] as number;
    return (x / u + (toFirst[j] as number)) * u;
  });
  const left = differences(mean);
  const deviation = left.square.map(
    (square, j) =>
      Math.sqrt(Math.max(0, square - (left.mean[j] as number) ** 2)) * (unit[j] as number),
  );
  return { mean, deviation, least, greatest } satisfies Statistics;
};

const fitted = <C extends string>(
  dataset: Dataset<Row & Having<C>>,
  column: C,
  { per = "feature" }: FitOptions,
  of: (s: Statistics) => { readonly shift: Float64Array; readonly scale: Float64Array },
): Preprocessor<C> => {
  if (per !== "feature" && per !== "column")
    throw new InvalidArgument({
      op: "fit",
      argument: "per",
      expected: '"feature" or "column"',
      actual: JSON.stringify(per) ?? "nothing",
    });
  const { shape } = typeOf(dataset as Dataset, column);
  const features = sizeOf(shape);
  if (dataset.size === 0 || (per === "column" && features === 0))
    throw new InvalidArgument({
      op: "fit",
      argument: "dataset",
      expected: "at least one example, and elements to share statistics",
      actual: "none",
    });
  const width = per === "feature" ? features : 1;
  const { shift, scale } = of(statistics(dataset as Dataset, column, features, width));
  const type = per === "column" ? [] : shape;
  return preprocessor(
    column,
    Tensor.own(type, "f64", shift),
    // A feature that never varies is shifted to 0 and not scaled.
    Tensor.own(
      type,
      "f64",
      scale.map((s) => (s === 0 ? 1 : s)),
    ),
  );
};

/**
 * Standardizes a column: mean 0 and deviation 1 over the examples that it is fitted on.
 *
 * **Math** `(x - mean) / deviation`, both of the population, in f64; a feature that never varies becomes 0.
 *
 * @example
 * ```ts
 * import { dataset, tensor } from "fluxion";
 * import { standardScaler } from "fluxion/data";
 * const train = dataset({ x: tensor([[1, 10], [3, 10]]) });
 * standardScaler.fit(train, "x").apply(train).all().x.toArray() // => [[-1, 0], [1, 0]]
 * ```
 */
export const standardScaler = {
  fit: <C extends string, R extends Row & Having<C>>(
    dataset: Dataset<R>,
    column: C,
    options: FitOptions = {},
  ): Preprocessor<C> =>
    fitted<C>(dataset, column, options, (s) => ({ shift: s.mean, scale: s.deviation })),
} as const;

/**
 * Normalizes a column to the range from 0 to 1 over the examples that it is fitted on.
 *
 * **Math** `(x - least) / (greatest - least)`; a feature that never varies becomes 0.
 */
export const minMaxScaler = {
  fit: <C extends string, R extends Row & Having<C>>(
    dataset: Dataset<R>,
    column: C,
    options: FitOptions = {},
  ): Preprocessor<C> =>
    fitted<C>(dataset, column, options, (s) => ({
      shift: s.least,
      scale: s.greatest.map((g, j) => g - (s.least[j] as number)),
    })),
} as const;

/**
 * Converts a column of bytes, such as images, to `f32` from 0 to 1.
 *
 * **Math** `x / 255`.
 */
export const rescale = <C extends string, R extends Row & Having<C>>(
  dataset: Dataset<R>,
  column: C,
): Dataset<R> =>
  preprocessor(
    column,
    Tensor.own([], "f64", Float64Array.of(0)),
    Tensor.own([], "f64", Float64Array.of(255)),
  ).apply(dataset);

/**
 * Converts a column to another dtype; see `store` for what each conversion keeps.
 *
 * **Fails with** `UnknownColumn`, thrown; `InvalidArgument` for an unknown dtype.
 */
export const castColumn = <R extends Row, C extends keyof R & string>(
  dataset: Dataset<R>,
  column: C,
  dtype: Dtype,
): Dataset<R> => {
  typeOf(dataset as Dataset, column);
  if (!Number.isInteger(bytesPerElement(dtype)))
    throw new InvalidArgument({
      op: "castColumn",
      argument: "dtype",
      expected: `one of ${Object.keys(heldBy).join(", ")}`,
      actual: String(dtype),
    });
  return dataset.mapBatches<R>((batch) => ({
    ...batch,
    [column]: (batch[column] as Tensor).cast(dtype),
  }));
};

/**
 * Reshapes the examples of a column to another shape with the same number of elements.
 *
 * **Fails with** thrown `UnknownColumn`; `InvalidArgument` where an extent is negative or not a whole number, or
 * the number of elements differs.
 */
export const reshapeColumn = <R extends Row, C extends keyof R & string, const S extends Shape>(
  dataset: Dataset<R>,
  column: C,
  shape: S,
): Dataset<Replaced<R, C, Tensor<S>>> => {
  const now = typeOf(dataset as Dataset, column).shape;
  if (shape.some((d) => !Number.isSafeInteger(d) || d < 0) || sizeOf(now) !== sizeOf(shape))
    throw new InvalidArgument({
      op: "reshapeColumn",
      argument: "shape",
      expected: `a shape of ${sizeOf(now)} elements, as [${now.join(", ")}]`,
      actual: `[${shape.join(", ")}]`,
    });
  return dataset.mapColumn<C, S>(column, (x: Tensor) =>
    Tensor.own([x.shape[0] ?? 0, ...shape], x.dtype, Tensor.read(x)),
  );
};

/**
 * Encodes class labels as `f32` vectors with a one at the label and zeros elsewhere. A label that is not a class
 * gives only zeros; `validate` reports it.
 *
 * **Shapes** `[...s] → [...s, classes]`.
 * **Fails with** thrown `InvalidArgument` where `classes` is not a whole number from 1 to 2³¹; `UnknownColumn`.
 */
export const oneHot = <R extends Row, C extends keyof R & string, const K extends number>(
  dataset: Dataset<R>,
  column: C,
  classes: K,
): Dataset<Replaced<R, C, Tensor<readonly [...ShapeOf<R[C]>, K]>>> => {
  if (!Number.isSafeInteger(classes) || classes < 1 || classes > 2 ** 31)
    throw new InvalidArgument({
      op: "oneHotColumn",
      argument: "classes",
      expected: "a whole number from 1 to 2³¹, the numbers that a label of i32 has",
      actual: String(classes),
    });
  return dataset.mapColumn<C, readonly [...ShapeOf<R[C]>, K]>(column, (labels: Tensor) =>
    hot<ShapeOf<R[C]>, K>(labels, classes),
  );
};

const hot = <S extends Shape, K extends number>(
  labels: Tensor,
  classes: K,
): Tensor<readonly [number, ...S, K]> => {
  const from = Tensor.read(labels);
  const data = new Float32Array(from.length * classes);
  for (let i = 0; i < from.length; i++) {
    const label = from[i] as number;
    if (Number.isInteger(label) && label >= 0 && label < classes) data[i * classes + label] = 1;
  }
  const shape: Shape = [...labels.shape, classes];
  // The shape of the labels is the number of rows, then S.
  return Tensor.own(shape as readonly [number, ...S, K], "f32", data);
};
