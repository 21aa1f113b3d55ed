import { extname } from "node:path";
import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../codec/decode.ts";
import { Dataset } from "../../data/dataset.ts";
import { readText } from "../../data/files.ts";
import { type PictureError, readPicture } from "../../data/pictures/decode.ts";
import { type Fields, type FromRaw, firstOf, type Raw } from "../../data/raw/raw.ts";
import { readWav } from "../../data/sound/wav.ts";
import type { TableError } from "../../data/table/fitTable.ts";
import { csvRecords } from "../../data/table/readers/csv.ts";
import { rowAt } from "../../errors/words.ts";
import {
  type DataSourceError,
  type DecodeError,
  InvalidArgument,
  type InvalidFile,
  InvalidFlag,
  TableCorrupt,
  UnknownColumn,
} from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import { allocate, isFloat } from "../../tensor/dtype.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Model } from "../../train/predict/model.ts";
import { listOf, type Rows } from "../../train/predict/rows.ts";
import { fieldColumns, rowsOfTable, separators, tableEndings } from "./fields.ts";

/** The column of a model that is made of raw values of a kind. */
const columnFor = (
  { name, inputs, generation }: Model,
  kind: FromRaw["kind"],
  file: string,
): Effect.Effect<readonly [string, FromRaw], InvalidArgument> => {
  const found = Object.entries(inputs).find(
    ([, from]) => from !== undefined && firstOf(from).kind === kind,
  );
  const takes = [
    ...Object.entries(inputs).map(([column, from]) => `${from && firstOf(from).kind} (${column})`),
    ...(generation === undefined ? [] : [`text (${generation.column})`]),
  ];
  // Pictures and sound have no form in JSON.
  const areTexts =
    takes.length > 1 && takes.every((one) => one.startsWith("text (")) && generation === undefined;
  const first = found?.[1] && firstOf(found[1]);
  return found === undefined || first === undefined
    ? Effect.fail(
        new InvalidArgument({
          op: `predict with ${name}`,
          argument: "the input",
          expected:
            takes.length === 0
              ? "rows of numbers as .json"
              : `one of: ${takes.join(", ")}${areTexts ? "; or rows of all of them as .json or .csv" : ""}`,
          actual: `${file}, which holds ${kind === "picture" ? "a picture" : kind}`,
        }),
      )
    : Effect.succeed([found[0], first]);
};

const picture = Effect.fnUntraced(function* (model: Model, file: string) {
  const [column] = yield* columnFor(model, "picture", file);
  return [{ [column]: yield* readPicture(file) }];
});

/** The maximum number of samples of each channel that are read of sound: longer sound is refused. */
const mostSamples = 2 ** 24;

const sound = Effect.fnUntraced(function* (model: Model, file: string) {
  const [column] = yield* columnFor(model, "sound", file);
  const heard = yield* readWav(file, { frames: mostSamples + 1 });
  // A part of the sound would be answered as if it were all.
  if ((heard.samples.shape[1] ?? 0) > mostSamples)
    return yield* new InvalidArgument({
      op: `predict with ${model.name}`,
      argument: file,
      expected: `sound of at most ${mostSamples} samples: cut it into parts`,
      actual: "longer",
    });
  return [{ [column]: heard }];
});

const corrupt = (
  file: string,
  line: number,
  expected: string,
  actual: string,
  help?: string,
): TableCorrupt =>
  new TableCorrupt({ file, line, column: "", expected, actual, ...(help && { help }) });

/**
 * The records of a CSV file, each of as many fields as there are names. Fields are separated as it gives the names that are
 * wanted, or else by commas.
 */
const recordsIn = Effect.fnUntraced(function* (
  file: string,
  wanted: readonly string[],
  comment = "",
) {
  const text = yield* readText(file);
  const separator = separators.find((of) => {
    const first = csvRecords(text.split("\n", 100).join("\n"), { separator: of, comment });
    const names = first._tag === "Right" ? first.right[0]?.fields : undefined;
    return names !== undefined && wanted.every((name) => names.includes(name));
  });
  const read = csvRecords(text, { separator: separator ?? ",", comment });
  if (read._tag === "Left")
    return yield* corrupt(file, read.left.line, read.left.expected, read.left.actual);
  const [header = { line: 1, fields: [] }, ...lines] = read.right;
  const names = header.fields;
  const wrong = lines.find(({ fields }) => fields.length !== names.length);
  if (wrong !== undefined)
    return yield* corrupt(
      file,
      wrong.line,
      `${names.length} fields`,
      String(wrong.fields.length),
      "put double quotes around a field that has commas",
    );
  const records = lines.map(
    ({ fields }): Fields => Object.fromEntries(names.map((name, i) => [name, fields[i] as string])),
  );
  return { line: header.line, names, records };
});

/** The columns of a model, where all that it takes are texts. */
const textColumns = ({ inputs, generation }: Model): readonly string[] =>
  generation === undefined &&
  Object.values(inputs).every((from) => from !== undefined && firstOf(from).kind === "text")
    ? Object.keys(inputs)
    : [];

/** Whether a column of a model is made of text. */
const takesText = ({ inputs }: Model): boolean =>
  Object.values(inputs).some((from) => from !== undefined && firstOf(from).kind === "text");

/** The rows of a table of texts, one in each column. A text may begin with `#`. */
const textTable = Effect.fnUntraced(function* (model: Model, file: string) {
  const columns = textColumns(model);
  const { names, records } = yield* recordsIn(file, columns);
  const missing = columns.find((column) => !names.includes(column));
  if (missing !== undefined)
    return yield* new UnknownColumn({ column: missing, columns: names, asked: true });
  return records.map((record) =>
    Object.fromEntries(columns.map((column) => [column, record[column] as string])),
  );
});

/** The records of a table, of which every `rows` consecutive ones are an input. */
const table = Effect.fnUntraced(function* (model: Model, file: string) {
  const [column, from] = yield* columnFor(model, "records", file);
  const { rows = undefined, features = [] } = from.kind === "records" ? from : {};
  const names = features.map(({ field }) => field);
  const { line, records } = yield* recordsIn(file, names, "#");
  if (rows === undefined) return records.map((record) => ({ [column]: record }));
  if (records.length < rows)
    return yield* corrupt(
      file,
      line,
      `at least ${rows} lines after the names`,
      String(records.length),
      `give ${rows} lines or more: each answer is about ${rows} lines in a row`,
    );
  return records.slice(rows - 1).map((_, i) => ({ [column]: records.slice(i, i + rows) }));
});

const texts = Effect.fnUntraced(function* (model: Model, file: string) {
  const wanted = model.generation === undefined ? Object.keys(model.columns) : [];
  if (wanted.length > 1 && takesText(model))
    return yield* new InvalidArgument({
      ...{ op: `predict with ${model.name}`, argument: "the input" },
      expected: `${textColumns(model).length > 0 ? ".csv, .jsonl" : ".jsonl"} or .json with ${wanted.join(", ")}`,
      actual: `${file}, and a .txt file has one column`,
    });
  // A model that generates takes prompts, whatever else the column may be.
  const column = model.generation?.column ?? (yield* columnFor(model, "text", file))[0];
  const lines = (yield* readText(file)).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const empty = lines.indexOf("");
  if (model.generation === undefined && empty >= 0)
    return yield* new InvalidArgument({
      op: `predict with ${model.name}`,
      argument: `line ${empty + 1} of ${file}`,
      expected: "a text, or remove the line",
      actual: "empty",
    });
  return lines.map((line) => ({ [column]: line }));
});

/** Numbers in nested lists as a tensor of a column's type; other values as they are. */
const valueOf = (
  place: string,
  type: TensorType | undefined,
  value: unknown,
): Effect.Effect<Tensor | Raw, InvalidArgument> => {
  const flat = [value].flat(Number.POSITIVE_INFINITY) as readonly unknown[];
  // Numbers in lists are what the column holds. Anything else is a raw value, which is checked when it is prepared.
  if (type === undefined || typeof flat[0] !== "number") return Effect.succeed(value as Raw);
  const { shape, dtype } = type;
  const wrong = flat.find((x) => typeof x !== "number");
  if (wrong !== undefined || flat.length !== sizeOf(shape))
    return Effect.fail(
      new InvalidArgument({
        op: "predict",
        argument: place,
        expected: `${sizeOf(shape)} numbers for ${dtype} ${showShape(shape)}`,
        actual: wrong === undefined ? `${flat.length} numbers` : JSON.stringify(wrong),
      }),
    );
  const data = allocate(dtype, flat.length);
  data.set(flat as readonly number[]);
  // A number that is too large would be ∞, and a fraction another whole number.
  const off = data.findIndex((x, i) => (isFloat(dtype) ? !Number.isFinite(x) : x !== flat[i]));
  if (off >= 0)
    return Effect.fail(
      new InvalidArgument({
        op: "predict",
        argument: place,
        expected: `numbers that ${dtype} has`,
        actual: String(flat[off]),
      }),
    );
  return Effect.succeed(Tensor.own(shape, dtype, data));
};

/** The rows that values of JSON are, of which each is an object. */
const rowsOf = (model: Model, file: string, rows: readonly unknown[]) =>
  Effect.forEach(rows, (row, i) =>
    Effect.gen(function* () {
      const isRow = typeof row === "object" && row !== null && !Array.isArray(row);
      if (!isRow || Object.keys(row).length === 0)
        return yield* new InvalidArgument({
          op: "predict",
          argument: `${rowAt(i)} of ${file}`,
          expected: `an object with the columns ${Object.keys(model.columns).join(", ")}`,
          actual: JSON.stringify(row),
        });
      const { columns, fields } = fieldColumns(model);
      const names = Object.keys(columns);
      // A record by itself is that of every column that is made of fields.
      if (!names.some((column) => Object.hasOwn(row, column)))
        if (fields.some((field) => Object.hasOwn(row, field)))
          return Object.fromEntries(names.map((column) => [column, row as Fields]));
      const made = yield* Effect.forEach(Object.entries(row), ([column, value]) => {
        const type = Object.hasOwn(model.columns, column) ? model.columns[column] : undefined;
        const place = rows.length > 1 ? ` of ${rowAt(i)}` : "";
        return Effect.map(
          valueOf(`column "${column}"${place}`, type, value),
          (of) => [column, of] as const,
        );
      });
      // Not by assignment, since a column may be named __proto__.
      return Object.fromEntries(made);
    }),
  );

const json = Effect.fnUntraced(function* (model: Model, file: string) {
  const read = yield* decodeJson(t.unknown, yield* readText(file), file);
  return yield* rowsOf(model, file, Array.isArray(read) ? (read as readonly unknown[]) : [read]);
});

/** A row on each line, as JSON; empty lines are none. */
const jsonLines = Effect.fnUntraced(function* (model: Model, file: string) {
  const lines = (yield* readText(file)).split(/\r?\n/).map((line, i) => ({ line, place: i + 1 }));
  const told = lines.filter(({ line }) => line.trim() !== "");
  const read = yield* Effect.forEach(told, ({ line, place }) =>
    decodeJson(t.unknown, line, `${file}, line ${place}`),
  );
  return yield* rowsOf(model, file, read);
});

/** The errors of an input file. */
type Unusable =
  | DataSourceError
  | TableCorrupt
  | UnknownColumn
  | TableError
  | PictureError
  | InvalidFile
  | DecodeError
  | InvalidArgument
  | InvalidFlag;

type Read = (model: Model, file: string) => Effect.Effect<Rows, Unusable>;

const hasFields = (model: Model): boolean => fieldColumns(model).fields.length > 0;

/** The rows of a file that a model's own schema knows, or the lines of a table of texts, or of features. */
const lines: Read = (model, file) =>
  hasFields(model)
    ? rowsOfTable(model, file)
    : textColumns(model).length > 0
      ? textTable(model, file)
      : table(model, file);

/** The rows of a file that only a schema gives meaning. */
const rows: Read = (model, file) =>
  hasFields(model)
    ? rowsOfTable(model, file)
    : Effect.flatMap(columnFor(model, "fields", file), () => Effect.succeed([]));

/** The objects on the lines of a file, of which a schema makes what it knows. */
const objects: Read = (model, file) =>
  hasFields(model) ? rowsOfTable(model, file) : jsonLines(model, file);

const readers: { readonly [ending: string]: Read } = {
  ...Object.fromEntries(tableEndings.map((ending) => [ending, rows])),
  ...Object.fromEntries([".jsonl", ".ndjson"].map((ending) => [ending, objects])),
  ".csv": lines,
  ".tsv": lines,
  ".json": json,
  ".png": picture,
  ".jpg": picture,
  ".jpeg": picture,
  ".txt": texts,
  ".wav": sound,
};

/**
 * The rows of an input file: the lines of a table, the rows of a JSON document, a picture, sound, or a text on each line.
 *
 * **Fails with** `InvalidFlag` for another kind of file; `InvalidArgument` where the model takes no such input, or the
 * input is not what it takes; `UnknownColumn`, `DataSourceError`, `TableCorrupt`, `DecodeError`.
 */
export const rowsIn: Read = (model, file) => {
  const ending = extname(file).toLowerCase();
  const read = Object.hasOwn(readers, ending) ? readers[ending] : undefined;
  if (read !== undefined)
    return Effect.filterOrFail(
      read(model, file),
      (rows) => (rows instanceof Dataset ? rows.size : listOf(rows).length) > 0,
      () =>
        new InvalidArgument({
          ...{ op: `predict with ${model.name}`, argument: file },
          ...{ expected: "a file of one or more rows", actual: "empty" },
        }),
    );
  const expected = `a file that ends in ${Object.keys(readers).join(", ")}`;
  return Effect.fail(new InvalidFlag({ flag: "--input", value: file, expected }));
};
