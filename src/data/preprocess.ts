import { InvalidArgument } from "../errors.ts";
import type { ShapeOf } from "../ir/shapeTypes.ts";
import { allocate, type Dtype, type Storage } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Dataset, Row } from "./dataset.ts";

/** Rows with one column of them another tensor. */
export type Replaced<R extends Row, C extends keyof R, T extends Tensor> = {
  readonly [K in keyof R]: K extends C ? T : R[K];
};

/** Rows that have a column. */
type Having<C extends string> = { readonly [K in C]: Tensor };

/**
 * `(x - shift) / scale` of one column, feature by feature: what was learned from one dataset (the training
 * split), to be applied to that and to others.
 *
 * The column becomes `f32`, or stays `f64`.
 */
export interface Preprocessor<C extends string> {
  readonly column: C;
  /** Of the column's shape, in f64. */
  readonly shift: Tensor;
  /** Of the column's shape, in f64, and nowhere 0. */
  readonly scale: Tensor;
  readonly apply: <R extends Row & Having<C>>(dataset: Dataset<R>) => Dataset<R>;
}

/** Which numbers share their statistics. */
export interface FitOptions {
  /** `feature`: each element of the column has its own; `column`: one for all. `feature` where not given. */
  readonly per?: "feature" | "column";
}

/** A preprocessor of given statistics, of the column's shape or scalar: how a stored one is made again. */
export const preprocessor = <C extends string>(
  column: C,
  shift: Tensor,
  scale: Tensor,
): Preprocessor<C> => ({
  column,
  shift,
  scale,
  apply: <R extends Row & Having<C>>(dataset: Dataset<R>) => {
    const affine = (x: Tensor): Tensor => standardised(x, Tensor.read(shift), Tensor.read(scale));
    return (dataset as Dataset<R>).mapBatches<R>((batch) => ({
      ...batch,
      // The same shape: only the numbers and the dtype differ.
      [column]: affine(batch[column] as Tensor),
    }));
  },
});

const standardised = (x: Tensor, shift: Storage, scale: Storage): Tensor => {
  const from = Tensor.read(x);
  const dtype = x.dtype === "f64" ? "f64" : "f32";
  const data = allocate(dtype, from.length);
  if (shift.length === 1) shareStatistics(from, data, shift[0] as number, scale[0] as number);
  else
    for (let i = 0, j = 0; i < data.length; i++, j = j + 1 === shift.length ? 0 : j + 1)
      data[i] = ((from[i] as number) - (shift[j] as number)) / (scale[j] as number);
  return Tensor.own(x.shape, dtype, data);
};

/** All elements with one shift and one scale; bytes, of which there are 256, are looked up: images are large. */
const shareStatistics = (from: Storage, into: Storage, shift: number, scale: number): void => {
  if (from instanceof Uint8Array) {
    const table = Float32Array.from({ length: 256 }, (_, byte) => (byte - shift) / scale);
    for (let i = 0; i < into.length; i++) into[i] = table[from[i] as number] as number;
  } else for (let i = 0; i < into.length; i++) into[i] = ((from[i] as number) - shift) / scale;
};

/** What a column's features are, over all examples. */
interface Statistics {
  readonly mean: Float64Array;
  /** Of the population: the mean of the squared deviations is its square. */
  readonly deviation: Float64Array;
  readonly least: Float64Array;
  readonly greatest: Float64Array;
}

const statistics = (
  dataset: Dataset,
  column: string,
  { per = "feature" }: FitOptions,
): Statistics => {
  const whole = dataset.select(column);
  const features = sizeOf(whole.columns[column]?.shape ?? []);
  const width = per === "feature" ? features : 1;
  const [sum, squares] = [new Float64Array(width), new Float64Array(width)];
  const least = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
  const greatest = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
  const each = (visit: (value: number, feature: number) => void): void => {
    if (whole.size === 0) return;
    for (const batch of whole.batch(Math.min(1024, whole.size))) {
      const data = Tensor.read(batch[column] as Tensor);
      for (let i = 0, j = 0; i < data.length; i++, j = j + 1 === width ? 0 : j + 1)
        visit(data[i] as number, j);
    }
  };
  each((value, j) => {
    sum[j] = (sum[j] as number) + value;
    least[j] = Math.min(least[j] as number, value);
    greatest[j] = Math.max(greatest[j] as number, value);
  });
  const count = (whole.size * features) / width;
  const mean = sum.map((s) => s / count);
  // A second pass: the difference of the mean square and the squared mean would cancel.
  each((value, j) => {
    squares[j] = (squares[j] as number) + (value - (mean[j] as number)) ** 2;
  });
  return { mean, deviation: squares.map((s) => Math.sqrt(s / count)), least, greatest };
};

const fitted = <C extends string>(
  dataset: Dataset<Row & Having<C>>,
  column: C,
  options: FitOptions,
  of: (s: Statistics) => { readonly shift: Float64Array; readonly scale: Float64Array },
): Preprocessor<C> => {
  if (dataset.size === 0)
    throw new InvalidArgument({
      op: "fit",
      argument: "dataset",
      expected: "at least one example",
      actual: "none",
    });
  const { shift, scale } = of(statistics(dataset, column, options));
  const shape = options.per === "column" ? [] : (dataset.columns[column]?.shape ?? []);
  return preprocessor(
    column,
    Tensor.own(shape, "f64", shift),
    // A feature that never varies is only shifted, to 0.
    Tensor.own(
      shape,
      "f64",
      scale.map((s) => (s === 0 ? 1 : s)),
    ),
  );
};

/**
 * Standardising: mean 0 and deviation 1 over the examples that it is fitted on.
 *
 * **Math** `(x - mean) / deviation`, both of the population, in f64; a feature that never varies becomes 0.
 *
 * @example
 * ```ts
 * import { dataset, standardise, tensor } from "fluxion";
 * const train = dataset({ x: tensor([[1, 10], [3, 10]]) });
 * standardise.fit(train, "x").apply(train).all().x.toArray() // => [[-1, 0], [1, 0]]
 * ```
 */
export const standardise = {
  fit: <C extends string, R extends Row & Having<C>>(
    dataset: Dataset<R>,
    column: C,
    options: FitOptions = {},
  ): Preprocessor<C> =>
    fitted<C>(dataset, column, options, (s) => ({ shift: s.mean, scale: s.deviation })),
} as const;

/**
 * Normalising: from 0 to 1 over the examples that it is fitted on.
 *
 * **Math** `(x - least) / (greatest - least)`; a feature that never varies becomes 0.
 */
export const normalise = {
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
 * A column of bytes as `f32` from 0 to 1: images.
 *
 * **Math** `x / 255`.
 */
export const unitScale = <C extends string, R extends Row & Having<C>>(
  dataset: Dataset<R>,
  column: C,
): Dataset<R> =>
  preprocessor(
    column,
    Tensor.own([], "f64", Float64Array.of(0)),
    Tensor.own([], "f64", Float64Array.of(255)),
  ).apply(dataset);

/** A column under another dtype; see `store` for what each conversion keeps. */
export const castColumn = <R extends Row, C extends keyof R & string>(
  dataset: Dataset<R>,
  column: C,
  dtype: Dtype,
): Dataset<R> =>
  dataset.mapBatches<R>((batch) => ({
    ...batch,
    [column]: (batch[column] as Tensor).cast(dtype),
  }));

/**
 * A column's examples under another shape of as many elements.
 *
 * **Fails with** `InvalidArgument`, thrown, where the elements are not as many.
 */
export const reshapeColumn = <R extends Row, C extends keyof R & string, const S extends Shape>(
  dataset: Dataset<R>,
  column: C,
  shape: S,
): Dataset<Replaced<R, C, Tensor<S>>> => {
  const now = dataset.columns[column].shape;
  if (sizeOf(now) !== sizeOf(shape))
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
 * Class labels as vectors of zeros with a one at the label, in `f32`. A label that is no class gives zeros
 * only; `validate` finds it.
 *
 * **Shapes** `[...s] → [...s, classes]`.
 */
export const oneHot = <R extends Row, C extends keyof R & string, const K extends number>(
  dataset: Dataset<R>,
  column: C,
  classes: K,
): Dataset<Replaced<R, C, Tensor<readonly [...ShapeOf<R[C]>, K]>>> => {
  if (!Number.isSafeInteger(classes) || classes < 1)
    throw new InvalidArgument({
      op: "oneHot",
      argument: "classes",
      expected: "a whole number from 1",
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
  for (const [i, label] of from.entries())
    if (Number.isInteger(label) && label >= 0 && label < classes) data[i * classes + label] = 1;
  const shape: Shape = [...labels.shape, classes];
  // The labels' shape is their rows' number before S.
  return Tensor.own(shape as readonly [number, ...S, K], "f32", data);
};
