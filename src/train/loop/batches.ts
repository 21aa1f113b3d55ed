import type { Dataset, Row } from "../../data/dataset.ts";
import type { TensorType } from "../../ir/expr.ts";
import { allocate, type Storage } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Pair } from "./objective.ts";

/** The inputs and targets of a dataset, from which batches are gathered by row. */
export interface Pairs {
  readonly examples: number;
  /** The types of a batch. */
  readonly types: (size: number) => Pair<TensorType>;
  readonly gather: (rows: Int32Array) => Pair<Tensor>;
  /** {@link gather} into arrays of the columns' own storage. */
  readonly gatherInto: (rows: Int32Array, into: Pair<Storage>) => void;
}

/** Takes two columns of a dataset, and computes lazy rows once. */
export const pairsOf = (dataset: Dataset<Row>, columns: Pair<string>): Pairs => {
  const stored = dataset.materialize();
  const types = stored.columns;
  const typeOf = (column: string, size: number): TensorType => {
    const { shape, dtype } = types[column] as TensorType;
    return { shape: [size, ...shape], dtype };
  };
  const gatherInto: Pairs["gatherInto"] = (rows, { input, target }) => {
    stored.gatherInto({ [columns.target]: target, [columns.input]: input }, rows);
    if (columns.target === columns.input && target !== input) target.set(input);
  };
  return {
    examples: stored.size,
    types: (size) => ({ input: typeOf(columns.input, size), target: typeOf(columns.target, size) }),
    gather: (rows) => {
      const blank = (column: string) => {
        const { shape, dtype } = typeOf(column, rows.length);
        return { shape, dtype, data: allocate(dtype, sizeOf(shape)) };
      };
      const input = blank(columns.input);
      const target = columns.target === columns.input ? input : blank(columns.target);
      gatherInto(rows, { input: input.data, target: target.data });
      return {
        input: Tensor.own(input.shape, input.dtype, input.data),
        target: Tensor.own(target.shape, target.dtype, target.data),
      };
    },
    gatherInto,
  };
};
