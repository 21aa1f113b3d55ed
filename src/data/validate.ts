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

/** What data must be before a run begins. */
export interface Requirements<R extends Row> {
  /** What the data is called where it is named in an error. */
  readonly where?: string;
  /** From 1 to the number of examples. */
  readonly batchSize?: number;
  /** The number of classes of each column of labels. */
  readonly labels?: { readonly [C in keyof R & string]?: number };
  /** Every number finite. Defaults to `true`. */
  readonly finite?: boolean;
}

/** What {@link validate} finds. */
export type InvalidData =
  | EmptyDataset
  | InvalidBatchSize
  | UnknownColumn
  | LabelOutOfRange
  | NonFiniteData;

/**
 * The dataset itself, every example of it looked at; the first thing that is wrong with it is the failure.
 *
 * **Fails with** `EmptyDataset`, `InvalidBatchSize`, `UnknownColumn`, `LabelOutOfRange`, `NonFiniteData`; thrown
 * `InvalidArgument` where a number of classes is no whole number, 1 or more.
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

/** What is wrong with some examples, the first of which is the dataset's row `from`. */
type Check = (batch: Row, from: number) => InvalidData | undefined;

const finiteIn =
  (column: string): Check =>
  (batch, from) => {
    const tensor = batch[column] as Tensor;
    const data = Tensor.read(tensor);
    // A loop, since a call per element would take as long as an epoch of training.
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
