import * as Effect from "effect/Effect";
import { Dataset, dataset, type Row } from "../../data/dataset.ts";
import { EmptyDataset, InvalidArgument, ShapeMismatch } from "../../errors.ts";
import { stackTensors } from "../../tensor/constructors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** What a predictor takes at once: one row, several, or a dataset. */
export type Rows = Row | readonly Row[] | Dataset<Row>;

/** The errors of rows that are no rows. */
export type InvalidRows = EmptyDataset | InvalidArgument | ShapeMismatch;

/** Whether these are several rows, and not a single one. */
export const areSeveral = (rows: Rows): rows is readonly Row[] | Dataset<Row> =>
  Array.isArray(rows) || rows instanceof Dataset;

const op = "predict";

/** The first field of a row that is no tensor. */
const notTensor = (row: unknown): InvalidArgument | undefined => {
  const wrong = (argument: string, actual: string) =>
    new InvalidArgument({ op, argument, expected: "a row of tensors, { column: tensor }", actual });
  if (typeof row !== "object" || row === null || row instanceof Tensor)
    return wrong("the row", row instanceof Tensor ? "a tensor" : String(row));
  const found = Object.entries(row).find(([, value]) => !(value instanceof Tensor));
  return found === undefined ? undefined : wrong(`column "${found[0]}"`, `a ${typeof found[1]}`);
};

/** A row whose columns are not those of the first one. */
const unlike = (first: Row, row: Row, at: number): ShapeMismatch | undefined => {
  const names = Object.keys(first);
  const other = names.find((name) => {
    const [x, y] = [first[name], row[name]];
    return x === undefined || y?.dtype !== x.dtype || !sameShape(x.shape, y.shape);
  });
  if (other === undefined && Object.keys(row).length === names.length) return undefined;
  const text = (of: Row): string =>
    Object.entries(of)
      .map(([name, { dtype, shape }]) => `${name}: ${dtype} ${showShape(shape)}`)
      .join(", ");
  return new ShapeMismatch({
    op: `${op}: row ${at}`,
    expected: `rows like the first one: ${text(first)}`,
    actual: Object.values(row).map(({ shape }) => shape),
    path: [],
  });
};

/** Rows as a dataset. **Fails with** `EmptyDataset`; `InvalidArgument`, `ShapeMismatch` where rows are no such rows. */
export const datasetOfRows = (
  rows: Rows,
  where: string,
): Effect.Effect<Dataset<Row>, InvalidRows> =>
  Effect.suspend((): Effect.Effect<Dataset<Row>, InvalidRows> => {
    if (rows instanceof Dataset)
      return rows.size === 0 ? Effect.fail(new EmptyDataset({ where })) : Effect.succeed(rows);
    const list: readonly Row[] = areSeveral(rows) ? rows : [rows];
    const [first] = list;
    if (first === undefined) return Effect.fail(new EmptyDataset({ where }));
    for (const [i, row] of list.entries()) {
      const issue = notTensor(row) ?? unlike(first, row, i);
      if (issue !== undefined) return Effect.fail(issue);
    }
    if (Object.keys(first).length === 0) return Effect.fail(new EmptyDataset({ where }));
    return Effect.succeed(
      dataset(
        Object.fromEntries(
          Object.keys(first).map((name) => [
            name,
            stackTensors(list.map((row) => row[name] as Tensor)), // it was compared with the first
          ]),
        ),
      ) as Dataset<Row>,
    );
  });
