import {
  LabelOutOfRange,
  NonFiniteData,
  RowMismatch,
  type StreamPlace,
  UnknownColumn,
} from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import { allocate, isFloat, type Storage } from "../../tensor/dtype.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Row } from "../dataset.ts";
import type { ReadOptions, RowSpec, SourceError } from "./epochs.ts";
import type { Chunk } from "./inbox.ts";
import type { Ragged } from "./source.ts";

/**
 * The name of a column that is added to the rows of a stream: the largest length of a row's ragged columns, before
 * padding.
 */
export const lengthColumn = "\u0000length";

/** The items of a stream: single rows, or several rows along a leading axis. */
export type Per = "row" | "batch";

/** Checks an item of a stream and returns its rows; `place` is the place of the first row. */
export type Admit = (item: Row, place: StreamPlace) => Chunk | SourceError;

const typeText = ({ shape, dtype }: TensorType): string => `${dtype} ${showShape(shape)}`;

/** Infers the spec of the rows of a stream from the first one, if the stream declares no spec. */
export const specOf = (item: Row, per: Per, ragged: Ragged | undefined): RowSpec =>
  Object.fromEntries(
    Object.entries(item).map(([column, { shape, dtype }]) => {
      const own = per === "row" ? shape : shape.slice(1);
      return [
        column,
        { shape: ragged?.columns.includes(column) ? longest(own, ragged) : own, dtype },
      ];
    }),
  );

/** The shape of a ragged column at its largest length. */
const longest = (shape: Shape, { lengths }: Ragged): Shape => [
  lengths.at(-1) ?? 0,
  ...shape.slice(1),
];

/** The first column that a record lacks, or that the spec lacks. */
const columnsDiffer = (
  item: Row,
  spec: RowSpec,
): readonly [column: string, isThere: boolean] | undefined => {
  const missing = Object.keys(spec).find((column) => !(item[column] instanceof Tensor));
  if (missing !== undefined) return [missing, false];
  const other = Object.keys(item).find((column) => !Object.hasOwn(spec, column));
  return other === undefined ? undefined : [other, true];
};

/**
 * Makes the check of a stream's items: every row must have the columns, shapes and dtypes of the spec, finite numbers,
 * and labels in range.
 */
export const admitting = (
  spec: RowSpec,
  per: Per,
  ragged: Ragged | undefined,
  { labels = {}, finite = true }: ReadOptions,
): Admit => {
  const checks: readonly Check[] = Object.entries(spec).flatMap(([column, { shape, dtype }]) => [
    ...(finite && isFloat(dtype) ? [finiteIn(column, sizeOf(shape))] : []),
    ...(labels[column] === undefined ? [] : [labelsIn(column, sizeOf(shape), labels[column])]),
  ]);
  return (item, place) => {
    const mismatch = (column: string, expected: string, actual: string) =>
      new RowMismatch({ ...place, column, expected, actual });
    if (typeof item !== "object" || item === null)
      return mismatch("", "a record of tensors", String(item));
    const differ = columnsDiffer(item, spec);
    if (differ !== undefined) {
      const [column, isThere] = differ;
      const type = spec[column];
      return isThere
        ? mismatch(column, "no column of the stream", typeText(item[column] as Tensor))
        : mismatch(column, type === undefined ? "" : typeText(type), shown(item[column]));
    }
    const columns: Record<string, Storage> = {};
    let rows: number | undefined = per === "row" ? 1 : undefined;
    let length = 0;
    for (const [column, type] of Object.entries(spec)) {
      // Every column of the spec exists.
      const tensor = item[column] as Tensor;
      const own = per === "row" ? tensor.shape : tensor.shape.slice(1);
      const isRagged = ragged?.columns.includes(column) === true;
      const fits = isRagged
        ? own.length === type.shape.length &&
          sameShape(own.slice(1), type.shape.slice(1)) &&
          (own[0] ?? 0) <= (type.shape[0] ?? 0)
        : sameShape(own, type.shape);
      if (
        !fits ||
        tensor.dtype !== type.dtype ||
        own.length + (per === "row" ? 0 : 1) !== tensor.shape.length
      )
        return mismatch(
          column,
          `${isRagged ? "at most " : ""}${typeText(type)}`,
          typeText({ shape: own, dtype: tensor.dtype }),
        );
      if (per === "batch") {
        rows ??= tensor.shape[0];
        if (tensor.shape[0] !== rows)
          return mismatch(column, `of ${rows} rows, as other columns`, `of ${tensor.shape[0]}`);
      }
      columns[column] = isRagged ? padded(tensor, type, ragged.pad ?? 0) : Tensor.read(tensor);
      if (isRagged) length = Math.max(length, own[0] ?? 0);
    }
    if (ragged !== undefined) columns[lengthColumn] = Int32Array.of(length);
    const chunk = { rows: rows ?? 0, columns };
    for (const check of checks) {
      const wrong = check(chunk, place);
      if (wrong !== undefined) return wrong;
    }
    return chunk;
  };
};

const shown = (value: unknown): string =>
  value === undefined ? "not there" : `no tensor: ${String(value)}`;

const padded = (tensor: Tensor, { shape, dtype }: TensorType, pad: number) => {
  const data = allocate(dtype, sizeOf(shape));
  const from = Tensor.read(tensor);
  data.set(from);
  return data.fill(pad, from.length);
};

type Check = (chunk: Chunk, place: StreamPlace) => SourceError | undefined;

const finiteIn =
  (column: string, width: number): Check =>
  ({ columns }, place) => {
    const data = columns[column];
    if (data === undefined) return undefined;
    // A plain loop: a call per element would take as long as a step of training.
    for (let i = 0; i < data.length; i++) {
      const value = data[i] as number;
      if (value - value !== 0) {
        const row = place.row + Math.floor(i / width);
        return new NonFiniteData({ column, row, value, place: { ...place, row } });
      }
    }
    return undefined;
  };

const labelsIn =
  (column: string, width: number, classes: number): Check =>
  ({ columns }, place) => {
    const data = columns[column];
    if (data === undefined) return undefined;
    for (let i = 0; i < data.length; i++) {
      const value = data[i] as number;
      if (!(Number.isInteger(value) && value >= 0 && value < classes)) {
        const row = place.row + Math.floor(i / width);
        return new LabelOutOfRange({ column, row, value, classes, place: { ...place, row } });
      }
    }
    return undefined;
  };

/** The first labeled column that a spec lacks. */
export const unknownLabels = (
  spec: RowSpec,
  { labels = {} }: ReadOptions,
): UnknownColumn | undefined => {
  const columns = Object.keys(spec);
  const column = Object.keys(labels).find((label) => !columns.includes(label));
  return column === undefined ? undefined : new UnknownColumn({ column, columns });
};
