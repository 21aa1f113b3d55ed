import * as Effect from "effect/Effect";
import { Dataset, dataset, type Row } from "../../data/dataset.ts";
import { type Generation, unitOf } from "../../data/raw/generation.ts";
import { type CannotPrepare, kindOf, prepare } from "../../data/raw/prepare.ts";
import { type FromRaw, type FromSound, firstOf, type Raw } from "../../data/raw/raw.ts";
import type { Transcription } from "../../data/raw/transcription.ts";
import { rowAt, several } from "../../errors/words.ts";
import {
  EmptyDataset,
  EmptySequence,
  InvalidArgument,
  SequenceTooLong,
  ShapeMismatch,
  TableMistakes,
  UnknownToken,
} from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import type { Acts, Game } from "../../learn/learner.ts";
import type { ColumnTypes } from "../../learn/program.ts";
import { stackTensors } from "../../tensor/constructors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { type Nested, Tensor } from "../../tensor/tensor.ts";
import type { BoxOutput, SpanOutput } from "../pipeline/splits.ts";
import { valueOf } from "./nested.ts";

/**
 * A row to predict: the columns of the model, each as a tensor or as a raw value, such as a picture or a text; or as numbers in
 * nested lists, where the model knows its types: that of a learner that plays, and one of a file.
 */
export interface RawRow {
  readonly [column: string]: Tensor | Raw | Nested;
}

/** What a predictor takes at once: one row, several, or a dataset. */
export type Rows = RawRow | readonly RawRow[] | Dataset<Row>;

/** The errors of rows that are no rows. */
export type InvalidRows = EmptyDataset | InvalidArgument | ShapeMismatch | CannotPrepare;

/** How raw values become columns, by column. */
export interface Inputs {
  readonly [column: string]: FromRaw | undefined;
}

/** What the numbers of rows and outputs stand for. */
export interface Meaning {
  readonly inputs: Inputs;
  readonly classes: readonly string[] | undefined;
  /** How the output of a detector is read. */
  readonly boxes: BoxOutput | undefined;
  /** How the output of a model that points into a text is read. */
  readonly span?: SpanOutput | undefined;
  /** How a model that generates sequences answers in text. */
  readonly generation: Generation | undefined;
  /** How a model that was trained by the CTC loss answers in text. */
  readonly transcription?: Transcription | undefined;
  /** How the output of a model that speaks becomes sound: it is the column that this would make of it. */
  readonly speech?: FromSound | undefined;
  /** What the output stands for, of a learner that plays. */
  readonly acts: Acts | undefined;
  /** The game that it plays. */
  readonly plays?: Game | undefined;
}

/** Whether these are several rows, and not a single one. */
export const areSeveral = (rows: Rows): rows is readonly RawRow[] | Dataset<Row> =>
  Array.isArray(rows) || rows instanceof Dataset;

const op = "predict";

export const listOf = (rows: RawRow | readonly RawRow[]): readonly RawRow[] =>
  Array.isArray(rows) ? (rows as readonly RawRow[]) : [rows as RawRow];

/** Whether some value of these rows is no tensor. */
export const hasRaw = (rows: Rows): boolean =>
  !(rows instanceof Dataset) &&
  listOf(rows).some(
    (row) =>
      typeof row === "object" &&
      row !== null &&
      Object.values(row).some((value) => !(value instanceof Tensor)),
  );

/** A column of another shape than a model takes. */
export const misshapen = (
  name: string,
  columns: ColumnTypes,
  rows: Dataset<Row>,
): ShapeMismatch | undefined => {
  const given: ColumnTypes = rows.columns;
  const [column, wanted] =
    Object.entries(columns).find(
      ([column, { shape }]) =>
        Object.hasOwn(given, column) && !sameShape((given[column] as TensorType).shape, shape),
    ) ?? [];
  return column === undefined || wanted === undefined
    ? undefined
    : new ShapeMismatch({
        op: `${name}: the column "${column}"`,
        expected: showShape(wanted.shape),
        actual: [(given[column] as TensorType).shape],
        path: [],
      });
};

/** A text of a row with more or fewer tokens than the one that it is beside. */
const unpaired = (row: Row, inputs: Inputs): InvalidArgument | undefined => {
  const tokensOf = (column: string) => {
    const from = Object.hasOwn(inputs, column) ? inputs[column] : undefined;
    const numbers = Object.hasOwn(row, column) ? row[column] : undefined;
    if (from?.kind !== "text" || numbers === undefined) return undefined;
    const size = Array.from(numbers.toTypedArray()).filter((n) => n !== from.padding).length;
    return { from, size };
  };
  for (const column of Object.keys(row)) {
    const own = tokensOf(column);
    const { beside } = own?.from ?? {};
    const other = beside === undefined ? undefined : tokensOf(beside);
    if (own === undefined || other === undefined || own.size === other.size) continue;
    return new InvalidArgument({
      ...{ op, argument: `column "${column}"` },
      expected: `as many ${unitOf(own.from.split)}s as column "${beside}", in the same order`,
      actual: `a text of ${several(own.size, unitOf(own.from.split))} beside ${several(other.size, unitOf(other.from.split))} of column "${beside}"`,
    });
  }
  return undefined;
};

/** A row with a tensor in each column. */
const preparedRow = (
  given: RawRow,
  inputs: Inputs,
  columns: ColumnTypes,
): Effect.Effect<Row, InvalidRows> =>
  Effect.gen(function* () {
    const wrong = (argument: string, expected: string, actual: string) =>
      new InvalidArgument({ op, argument, expected, actual });
    if (typeof given !== "object" || given === null || given instanceof Tensor)
      return yield* wrong(
        "the row",
        "a row, { column: value }",
        given instanceof Tensor ? "a tensor" : String(given),
      );
    const row: { [column: string]: Tensor } = {};
    for (const [column, value] of Object.entries(given)) {
      if (value instanceof Tensor) {
        row[column] = value;
        continue;
      }
      const from = Object.hasOwn(inputs, column) ? inputs[column] : undefined;
      const type = Object.hasOwn(columns, column) ? columns[column] : undefined;
      // Numbers in lists, or what should be.
      if (type !== undefined && (from === undefined || Array.isArray(value))) {
        const listed = yield* valueOf(
          `column "${column}"`,
          type,
          from && firstOf(from).kind,
          value,
        );
        if (listed instanceof Tensor) {
          row[column] = listed;
          continue;
        }
      }
      if (from === undefined) {
        const known = Object.keys(inputs).join(", ");
        const others = known === "" ? "" : `; raw values are possible for ${known}`;
        return yield* wrong(`column "${column}"`, `a tensor${others}`, kindOf(value));
      }
      const made = prepare(column, from, value as Raw); // which checks what it is
      if (made._tag === "Left") return yield* made.left;
      row[column] = made.right;
    }
    const alone = unpaired(row, inputs);
    if (alone !== undefined) return yield* alone;
    return row;
  });

/** An error in one of several rows, which says which one. */
const inRow =
  (row: number) =>
  (error: InvalidRows): InvalidRows => {
    const asked = ({ asked: of }: EmptySequence | SequenceTooLong) =>
      of === undefined ? {} : { asked: { ...of, row } };
    const here = (path: readonly string[]) => path.map((part) => `${part} of ${rowAt(row)}`);
    switch (error._tag) {
      case "UnknownToken":
        return new UnknownToken({ ...error, row });
      case "InvalidArgument": {
        const { op, argument, expected, actual } = error;
        return new InvalidArgument({
          op,
          argument: `${argument} of ${rowAt(row)}`,
          expected,
          actual,
        });
      }
      case "EmptySequence":
        return new EmptySequence({ path: here(error.path), ...asked(error) });
      case "SequenceTooLong":
        return new SequenceTooLong({ ...error, path: here(error.path), ...asked(error) });
      // A row by itself is the first of its own.
      case "TableMistakes": {
        const mistakes = error.mistakes.map((one) => ({ ...one, row: one.row + row }));
        return new TableMistakes({ file: error.file, count: error.count, mistakes });
      }
      default:
        return error;
    }
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
    op: `${op}: ${rowAt(at)}`,
    expected: `rows like the first one: ${text(first)}`,
    actual: Object.values(row).map(({ shape }) => shape),
    path: [],
  });
};

/** Rows as a dataset of tensors. **Fails with** {@link InvalidRows}. */
export const datasetOfRows = (
  rows: Rows,
  inputs: Inputs,
  where: string,
  /** The types of columns that are known: these may be numbers in nested lists. */
  columns: ColumnTypes = {},
): Effect.Effect<Dataset<Row>, InvalidRows> =>
  Effect.gen(function* () {
    if (rows instanceof Dataset) return rows.size === 0 ? yield* new EmptyDataset({ where }) : rows;
    const given = listOf(rows);
    const list = yield* Effect.forEach(given, (row, i) =>
      Effect.mapError(
        preparedRow(row, inputs, columns),
        areSeveral(rows) ? inRow(i) : (error) => error,
      ),
    );
    const [first] = list;
    if (first === undefined || Object.keys(first).length === 0)
      return yield* new EmptyDataset({ where });
    const issue = list.map((row, i) => unlike(first, row, i)).find((found) => found !== undefined);
    if (issue !== undefined) return yield* issue;
    return dataset(
      Object.fromEntries(
        Object.keys(first).map((name) => [
          name,
          stackTensors(list.map((row) => row[name] as Tensor)), // it was compared with the first
        ]),
      ),
    ) as Dataset<Row>;
  });
