import * as Effect from "effect/Effect";
import {
  EmptyDataset,
  InvalidBatchSize,
  LabelOutOfRange,
  NonFiniteData,
  UnknownColumn,
} from "../errors.ts";
import { isFloat } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { whole } from "../tensor/validate.ts";
import type { Dataset, Row } from "./dataset.ts";

/** The requirements that {@link validate} checks. */
export interface Requirements<R extends Row> {
  /** The name of the data in errors. */
  readonly where?: string;
  /** The batch size, from 1 to the number of examples. */
  readonly batchSize?: number;
  /** The number of classes of each label column. */
  readonly labels?: { readonly [C in keyof R & string]?: number };
  /** Whether every number must be finite. Defaults to `true`. */
  readonly finite?: boolean;
}

/** The errors of {@link validate}. */
export type InvalidData =
  | EmptyDataset
  | InvalidBatchSize
  | UnknownColumn
  | LabelOutOfRange
  | NonFiniteData;

/**
 * Checks every example of a dataset, and returns the dataset. It fails with the first mistake.
 *
 * **Fails with** `EmptyDataset`, `InvalidBatchSize`, `UnknownColumn`, `LabelOutOfRange`, `NonFiniteData`; thrown
 * `InvalidArgument` where a number of classes is not a whole number above 0.
 */
export const validate = <R extends Row>(
  dataset: Dataset<R>,
  requirements: Requirements<R> = {},
): Effect.Effect<Dataset<R>, InvalidData> => {
  whole(1)("validate", { ...requirements.labels });
  return Effect.suspend((): Effect.Effect<Dataset<R>, InvalidData> => {
    const problem = firstProblem(dataset, requirements);
    return problem === undefined ? Effect.succeed(dataset) : Effect.fail(problem);
  });
};

const firstProblem = <R extends Row>(
  dataset: Dataset<R>,
  { where = "the data", batchSize, labels = {}, finite = true }: Requirements<R>,
): InvalidData | undefined => {
  const examples = dataset.size;
  if (examples === 0) return new EmptyDataset({ where });
  if (
    batchSize !== undefined &&
    !(Number.isSafeInteger(batchSize) && batchSize >= 1 && batchSize <= examples)
  )
    return new InvalidBatchSize({ size: batchSize, examples });
  const columns = Object.keys(dataset.columns);
  const classesOf: { readonly [column: string]: number | undefined } = labels;
  const unknown = Object.keys(classesOf).find((column) => !columns.includes(column));
  if (unknown !== undefined) return new UnknownColumn({ column: unknown, columns });

  const checks = columns.flatMap((column) => {
    const classes = classesOf[column];
    return [
      ...(finite && isFloat(dataset.columns[column]?.dtype ?? "bool") ? [finiteIn(column)] : []),
      ...(classes === undefined ? [] : [labelsIn(column, classes)]),
    ];
  });
  if (checks.length === 0) return undefined;
  let row = 0;
  for (const batch of dataset.batch(Math.min(1024, examples))) {
    for (const check of checks) {
      const problem = check(batch, row);
      if (problem !== undefined) return problem;
    }
    row += Math.min(1024, examples);
  }
  return undefined;
};

/** The first mistake in some examples, which begin at row `from` of the dataset. */
type Check = (batch: Row, from: number) => InvalidData | undefined;

const finiteIn =
  (column: string): Check =>
  (batch, from) => {
    const tensor = batch[column] as Tensor;
    const data = Tensor.read(tensor);
    // A plain loop: a call per element would take as long as an epoch of training.
    for (let i = 0; i < data.length; i++) {
      const value = data[i] as number;
      if (value - value !== 0)
        return new NonFiniteData({ column, row: from + rowOf(tensor, i), value });
    }
    return undefined;
  };

const labelsIn =
  (column: string, classes: number): Check =>
  (batch, from) => {
    const tensor = batch[column] as Tensor;
    const data = Tensor.read(tensor);
    for (let i = 0; i < data.length; i++) {
      const value = data[i] as number;
      if (!(Number.isInteger(value) && value >= 0 && value < classes))
        return new LabelOutOfRange({ column, row: from + rowOf(tensor, i), value, classes });
    }
    return undefined;
  };

const rowOf = (tensor: Tensor, at: number): number =>
  Math.floor(at / (tensor.size / (tensor.shape[0] ?? 1)));
