import { extname } from "node:path";
import * as Effect from "effect/Effect";
import { Dataset } from "../../data/dataset.ts";
import { readText } from "../../data/files.ts";
import { type PictureError, readPicture } from "../../data/pictures/decode.ts";
import { type Fields, type FromRaw, firstOf } from "../../data/raw/raw.ts";
import { readWav } from "../../data/sound/wav.ts";
import type { TableError } from "../../data/table/fitTable.ts";
import { csvRecords } from "../../data/table/readers/csv.ts";
import {
  type DataSourceError,
  type DecodeError,
  InvalidArgument,
  type InvalidFile,
  InvalidFlag,
  TableCorrupt,
  UnknownColumn,
} from "../../errors.ts";
import type { Model } from "../../train/predict/model.ts";
import { listOf, type Rows } from "../../train/predict/rows.ts";
import { fieldColumns, rowsOfTable, separators, tableEndings } from "./fields.ts";
import { json, jsonLines } from "./json.ts";

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
