import * as E from "fp-ts/lib/Either.js";
import {
  EmptySequence,
  InvalidArgument,
  SequenceTooLong,
  type TableMistakes,
  UnknownColumn,
  type UnknownToken,
} from "../../errors.ts";
import { allocate } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { pictured } from "../pictures/column.ts";
import { applyStage, type Stage } from "../preprocess/stages.ts";
import { sounded } from "../sound/column.ts";
import type { Sound } from "../sound/wav.ts";
import type { Cell } from "../table/cells.ts";
import { dateReader } from "../table/dates.ts";
import { fieldsType, rowWriter, type WriteRow } from "../table/encode.ts";
import type { FromFields } from "../table/fitted.ts";
import { Mistakes } from "../table/mistakes.ts";
import { padSequences } from "../vocabulary.ts";
import { splitText, unitOf } from "./generation.ts";
import { numbersOf } from "./known.ts";
import { preparedType } from "./preparedType.ts";
import type { Feature, Fields, FromRaw, FromRecords, FromText, Picture, Raw } from "./raw.ts";

/** The errors of a raw value that does not become a column. */
export type CannotPrepare =
  | InvalidArgument
  | UnknownColumn
  | EmptySequence
  | SequenceTooLong
  | UnknownToken
  | TableMistakes;

type Prepared = E.Either<CannotPrepare, Tensor>;

/**
 * Makes the column of one row from a raw value.
 *
 * **Fails with** `InvalidArgument` where the value is of another kind, a picture of another size, sound that is empty,
 * too long or of another rate, a field no number or no class, or there are more or fewer records; `UnknownColumn` where a field is missing; `EmptySequence` where a text
 * has no tokens, and is not beside another; `SequenceTooLong` where it has more than are read, and is not cut; `UnknownToken` where a token has no number,
 * or those by which the text is judged have that of unknown ones; `TableMistakes` where fields are not what their schema says.
 */
export const prepare = (column: string, from: FromRaw, raw: Raw): Prepared => {
  const op = `the column "${column}"`;
  switch (from.kind) {
    case "picture":
      return isPicture(raw) ? pictured(op, from, raw) : wrong(op, "a picture", raw);
    case "sound":
      return isSound(raw) ? sounded(op, from, raw) : wrong(op, "sound", raw);
    case "text":
      return typeof raw === "string" ? told(column, from, raw) : wrong(op, "a text", raw);
    case "stages":
      return E.map((x: Tensor) => staged(x, from.stages))(prepare(column, from.from, raw));
    case "fields":
      return isFields(raw) ? fielded(from, raw) : wrong(op, "a record", raw);
    case "records": {
      const records = Array.isArray(raw) ? (raw as readonly Fields[]) : [raw];
      return records.every(isFields) && Array.isArray(raw) === (from.rows !== undefined)
        ? recorded(op, from, records)
        : wrong(op, from.rows === undefined ? "a record" : `${from.rows} records in a list`, raw);
    }
  }
};

/** The column of one row after stages, which know rows. */
const staged = (x: Tensor, stages: readonly Stage[]): Tensor => {
  const row = Tensor.own([1, ...x.shape], x.dtype, Tensor.read(x));
  const made = stages.reduce(applyStage, row);
  return Tensor.own(made.shape.slice(1), made.dtype, Tensor.read(made));
};

const wrong = (op: string, expected: string, raw: unknown): E.Either<InvalidArgument, never> =>
  E.left(new InvalidArgument({ op, argument: "the value", expected, actual: kindOf(raw) }));

/** What a raw value is, in words. */
export const kindOf = (raw: unknown): string => {
  if (raw instanceof Tensor) return "a tensor";
  if (Array.isArray(raw)) return `a list of ${raw.length}`;
  if (isPicture(raw)) return "a picture";
  if (isSound(raw)) return "sound";
  if (raw === null || raw === undefined) return String(raw);
  return isObject(raw) ? "an object" : `a ${typeof raw}`;
};

const isObject = (raw: unknown): raw is object => typeof raw === "object" && raw !== null;

const isPicture = (raw: unknown): raw is Picture =>
  isObject(raw) &&
  "data" in raw &&
  ArrayBuffer.isView(raw.data) &&
  "width" in raw &&
  "height" in raw;

const isSound = (raw: unknown): raw is Sound =>
  isObject(raw) && "samples" in raw && raw.samples instanceof Tensor && "sampleRate" in raw;

const isFields = (raw: unknown): raw is Fields =>
  isObject(raw) &&
  !Array.isArray(raw) &&
  !(raw instanceof Tensor) &&
  !isPicture(raw) &&
  !isSound(raw);

const told = (column: string, from: FromText, text: string) => {
  const { split, length, padding, longer } = from;
  const tokens = splitText(split, text);
  const asked = { column, unit: unitOf(split) };
  if (tokens.length === 0 && from.beside === undefined)
    return E.left(new EmptySequence({ path: [column], asked }));
  if (tokens.length > length && longer === "refused")
    return E.left(
      new SequenceTooLong({ length: tokens.length, limit: length, path: [column], asked }),
    );
  return E.map((numbers: readonly number[]): Tensor => {
    const padded = padSequences([numbers], length, { padding });
    return Tensor.own([length], "i32", Tensor.read(padded));
  })(numbersOf(tokens, from, column, length));
};

/** A record by a fitted schema. */
const fielded = (from: FromFields, record: Fields): Prepared => {
  const { shape, dtype } = fieldsType(from);
  const data = allocate(dtype, sizeOf(shape));
  const mistakes = new Mistakes("a record to predict");
  const cell = (i: number): Cell => {
    const field = from.fields[i]?.field ?? "";
    return Object.hasOwn(record, field) ? record[field] : undefined;
  };
  writerOf(from)(cell, data, 0, ({ field, wrong }) => mistakes.add(0, undefined, field, wrong));
  const error = mistakes.error();
  return error === undefined ? E.right(Tensor.own(shape, dtype, data)) : E.left(error);
};

/** Writers of columns, which are made once: their tables of classes may be long. */
const writers = new WeakMap<FromFields, WriteRow>();

const writerOf = (from: FromFields): WriteRow => {
  const known = writers.get(from);
  if (known !== undefined) return known;
  const made = rowWriter(from);
  writers.set(from, made);
  return made;
};

const millisecondsPerDay = 86_400_000;

const readDate = dateReader("YYYY-MM-DD");

/** The place of a time in the year as an angle, for years of 365¼ days. */
const yearAngle = (time: number): number => (2 * Math.PI * (time / millisecondsPerDay)) / 365.25;

/** What a feature makes of a number or a text; `undefined` where it is none that it takes. */
const valueOf = (feature: Feature, value: Cell): readonly number[] | undefined => {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  if ("classes" in feature) {
    const place = feature.classes.indexOf(String(value));
    return place < 0 ? undefined : feature.classes.map((_, i) => (i === place ? 1 : 0));
  }
  if (feature.as === "yearSine" || feature.as === "yearCosine") {
    const time = readDate(String(value));
    if (time === undefined) return undefined;
    return [(feature.as === "yearSine" ? Math.sin : Math.cos)(yearAngle(time))];
  }
  const given = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  const number = feature.as === "log1p" ? Math.log1p(given) : given;
  return Number.isFinite(number) ? [number] : undefined;
};

const expectedOf = (feature: Feature): string => {
  if ("classes" in feature) return `one of ${feature.classes.join(", ")}`;
  if (feature.as === "number") return "a finite number";
  return feature.as === "log1p" ? "a number above -1" : "a date such as 2015-01-31";
};

const recorded = (op: string, from: FromRecords, records: readonly Fields[]): Prepared => {
  const { rows = 1, features, scaling } = from;
  if (records.length !== rows) return wrong(op, `${rows} records in a list`, records);
  const out: number[] = [];
  for (const [i, record] of records.entries())
    for (const feature of features) {
      const { field } = feature;
      const value = Object.hasOwn(record, field) ? record[field] : undefined;
      if (value === undefined)
        return E.left(
          new UnknownColumn({ column: field, columns: Object.keys(record), asked: true }),
        );
      const numbers = valueOf(feature, value);
      if (numbers === undefined) {
        const argument = rows === 1 ? `"${field}"` : `"${field}" of record ${i + 1}`;
        const [expected, actual] = [expectedOf(feature), JSON.stringify(value) ?? typeof value];
        return E.left(new InvalidArgument({ op, argument, expected, actual }));
      }
      for (const number of numbers) out.push(number);
    }
  const data = Float32Array.from(out);
  if (scaling !== undefined) {
    const [shift, scale] = [Tensor.read(scaling.shift), Tensor.read(scaling.scale)];
    for (let i = 0; i < data.length; i++) {
      const j = i % shift.length;
      data[i] = ((data[i] as number) - (shift[j] as number)) / (scale[j] as number);
    }
  }
  return E.right(Tensor.own(preparedType(from).shape, "f32", data));
};
