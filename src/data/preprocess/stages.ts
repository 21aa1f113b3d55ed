import { InvalidArgument, ShapeMismatch, UnknownColumn } from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import { allocate, type Storage } from "../../tensor/dtype.ts";
import { sameShape, sizeOf } from "../../tensor/shape.ts";
import { erfInv } from "../../tensor/special.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Dataset, Row } from "../dataset.ts";
import type { Preprocessor } from "./preprocess.ts";

/**
 * What is done to the numbers of a column, with what was fitted on the training examples. It is data, so that a file can
 * hold it. All of them compute in f64.
 */
export type Stage =
  /** `(x - shift) / scale`. */
  | { readonly kind: "affine"; readonly shift: Tensor; readonly scale: Tensor }
  /** NaN becomes the value of its feature. */
  | { readonly kind: "impute"; readonly values: Tensor }
  /** The share of training examples below, between the quantiles `[n, features]`, or the normal number of that share. */
  | { readonly kind: "quantile"; readonly quantiles: Tensor; readonly output: "uniform" | "normal" }
  /** `(x - mean) matrix`, with a matrix `[features, outputs]`. */
  | { readonly kind: "linear"; readonly mean: Tensor; readonly matrix: Tensor };

/** A stage of one column. */
export interface FittedStage<C extends string = string> {
  readonly column: C;
  readonly stage: Stage;
  /** Applies it to a dataset. **Fails with** `UnknownColumn`, `ShapeMismatch`, thrown. */
  readonly apply: <R extends Row & { readonly [K in C]: Tensor }>(
    dataset: Dataset<R>,
  ) => Dataset<R>;
}

/** The number of features that a stage was fitted on; `undefined` where it takes any. */
const featuresOf = (stage: Stage): number | undefined => {
  switch (stage.kind) {
    case "affine":
      return stage.shift.size === 1 ? undefined : stage.shift.size;
    case "impute":
      return stage.values.size;
    case "quantile":
      return stage.quantiles.shape[1] ?? 0;
    case "linear":
      return stage.mean.size;
  }
};

/** The type of a column after a stage, by its type before. **Fails with** `ShapeMismatch`, thrown. */
export const afterStage = ({ shape, dtype }: TensorType, stage: Stage): TensorType => {
  const wanted = featuresOf(stage);
  if (wanted !== undefined && wanted !== sizeOf(shape))
    throw new ShapeMismatch({
      ...{ op: "a fitted stage", path: [], actual: [shape] },
      expected: `a column of ${wanted} numbers, as it was fitted on`,
    });
  const type = dtype === "f64" ? "f64" : "f32";
  if (stage.kind !== "linear" || stage.matrix.shape[0] === stage.matrix.shape[1])
    return { shape, dtype: type };
  return { shape: [stage.matrix.shape[1] ?? 0], dtype: type };
};

/** The smallest share that becomes a normal number: beyond it, all are alike. */
const [least, most] = [1e-7, 1 - 1e-7];

/** The normal number that a share of all is below. */
const normalQuantile = (share: number): number => Math.SQRT2 * erfInv(2 * share - 1);

/** The share of a feature's quantiles below a number: the middle, where several are equal. */
const shareOf = (x: number, quantiles: Storage, feature: number, features: number): number => {
  const n = quantiles.length / features;
  const at = (i: number): number => quantiles[i * features + feature] as number;
  if (Number.isNaN(x)) return x;
  if (x >= at(n - 1)) return 1;
  if (x <= at(0)) return 0;
  /** The first quantile that is beyond x, or at it. */
  const first = (isBeyond: (q: number) => boolean): number => {
    let [low, high] = [0, n - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBeyond(at(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const [from, to] = [first((q) => q >= x), first((q) => q > x) - 1];
  if (from <= to) return (from + to) / 2 / (n - 1);
  return (from - 1 + (x - at(from - 1)) / (at(from) - at(from - 1))) / (n - 1);
};

/** Applies a stage to rows of numbers. */
export const applyStage = (x: Tensor, stage: Stage): Tensor => {
  const [rows = 0, ...own] = x.shape;
  const { shape, dtype } = afterStage({ shape: own, dtype: x.dtype }, stage);
  const [from, width] = [Tensor.read(x), sizeOf(own)];
  const out = allocate(dtype, rows * sizeOf(shape));
  const each = (of: (value: number, feature: number) => number): void => {
    for (let i = 0; i < out.length; i++) out[i] = of(from[i] as number, i % width);
  };
  switch (stage.kind) {
    case "affine": {
      const [shift, scale] = [Tensor.read(stage.shift), Tensor.read(stage.scale)];
      const alike = shift.length === 1;
      each(
        (value, j) => (value - (shift[alike ? 0 : j] as number)) / (scale[alike ? 0 : j] as number),
      );
      break;
    }
    case "impute": {
      const values = Tensor.read(stage.values);
      each((value, j) => (Number.isNaN(value) ? (values[j] as number) : value));
      break;
    }
    case "quantile": {
      const quantiles = Tensor.read(stage.quantiles);
      each((value, j) => {
        const share = shareOf(value, quantiles, j, width);
        return stage.output === "uniform"
          ? share
          : normalQuantile(Math.min(most, Math.max(least, share)));
      });
      break;
    }
    case "linear": {
      const [mean, matrix] = [Tensor.read(stage.mean), Tensor.read(stage.matrix)];
      const outputs = stage.matrix.shape[1] ?? 0;
      for (let i = 0; i < rows; i++)
        for (let k = 0; k < outputs; k++) {
          let sum = 0;
          for (let j = 0; j < width; j++)
            sum +=
              ((from[i * width + j] as number) - (mean[j] as number)) *
              (matrix[j * outputs + k] as number);
          out[i * outputs + k] = sum;
        }
    }
  }
  return Tensor.own([rows, ...shape], dtype, out);
};

/**
 * Makes a stage of a column of given numbers, for example stored ones; see `imputer`, `quantileScaler` and `whitener`.
 *
 * **Fails with** `InvalidArgument`, thrown, where its parts contradict one another.
 */
export const fittedStage = <C extends string>(column: C, stage: Stage): FittedStage<C> => {
  checkStage(stage);
  return {
    column,
    stage,
    apply: <R extends Row & { readonly [K in C]: Tensor }>(dataset: Dataset<R>) => {
      const { columns } = dataset as Dataset;
      const type = Object.hasOwn(columns, column) ? columns[column] : undefined;
      if (type === undefined) throw new UnknownColumn({ column, columns: Object.keys(columns) });
      afterStage(type, stage);
      return dataset.mapBatches<R>((batch) => ({
        ...batch,
        // A stage keeps the rank of rows; the extent of a linear one is not in their type.
        [column]: applyStage(batch[column] as Tensor, stage),
      }));
    },
  };
};

const checkStage = (stage: Stage): void => {
  const refuse = (expected: string, actual: string): never => {
    throw new InvalidArgument({ op: "fittedStage", argument: stage.kind, expected, actual });
  };
  switch (stage.kind) {
    case "affine":
      if (!sameShape(stage.shift.shape, stage.scale.shape) || Tensor.read(stage.scale).includes(0))
        refuse("a shift and a scale of one shape, without 0", "others");
      return;
    case "impute":
      return;
    case "quantile": {
      const { shape } = stage.quantiles;
      if (shape.length !== 2 || (shape[0] ?? 0) < 2)
        refuse("at least two quantiles of each feature", shape.join(" × "));
      return;
    }
    case "linear": {
      const { shape } = stage.matrix;
      if (shape.length !== 2 || shape[0] !== stage.mean.size)
        refuse(`a matrix of ${stage.mean.size} rows`, shape.join(" × "));
    }
  }
};

/** The stage of a scaler. */
export const stageOf = (fitted: FittedStage | Preprocessor<string>): Stage =>
  "stage" in fitted ? fitted.stage : { kind: "affine", shift: fitted.shift, scale: fitted.scale };
