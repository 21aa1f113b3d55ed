import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../codec/decode.ts";
import { readText } from "../../data/files.ts";
import { type Fields, firstOf } from "../../data/raw/raw.ts";
import { rowAt } from "../../errors/words.ts";
import { InvalidArgument, UnknownColumn } from "../../errors.ts";
import type { Model } from "../../train/predict/model.ts";
import { shown, valueOf } from "../../train/predict/nested.ts";
import { fieldColumns } from "./fields.ts";

/** What a column of a model is made of, in the rows of JSON. */
const kindIn = ({ inputs, generation }: Model, column: string): string | undefined => {
  if (generation?.column === column) return "text";
  const from = Object.hasOwn(inputs, column) ? inputs[column] : undefined;
  return from && firstOf(from).kind;
};

/** A row for a model, as it is written: `{"observation": [[…]]}`. */
const exampleFor = (model: Model): string => {
  const columns = Object.entries(model.columns).map(([column, { shape }]) => {
    const kind = kindIn(model, column);
    const lists = `${"[".repeat(shape.length)}${shape.length === 0 ? "0" : "…"}${"]".repeat(shape.length)}`;
    return `${JSON.stringify(column)}: ${kind === "text" ? '"…"' : kind === undefined ? lists : "{…}"}`;
  });
  return `{${columns.join(", ")}}`;
};

/** The rows that values of JSON are, of which each is an object. */
const rowsOf = (model: Model, file: string, rows: readonly unknown[]) =>
  Effect.forEach(rows, (row, i) =>
    Effect.gen(function* () {
      const isRow = typeof row === "object" && row !== null && !Array.isArray(row);
      const given = isRow ? Object.keys(row) : [];
      if (!isRow || given.length === 0)
        return yield* new InvalidArgument({
          op: "predict",
          argument: `${rowAt(i)} of ${file}`,
          expected: `an object with the columns ${Object.keys(model.columns).join(", ")}, such as ${exampleFor(model)}`,
          actual: shown(row),
        });
      const { columns, fields } = fieldColumns(model);
      const names = Object.keys(columns);
      // A record by itself is that of every column that is made of fields.
      if (!names.some((column) => Object.hasOwn(row, column)))
        if (fields.some((field) => Object.hasOwn(row, field)))
          return Object.fromEntries(names.map((column) => [column, row as Fields]));
      // A prompt may be all that a model which generates reads of a row.
      const wanted =
        model.generation === undefined ? Object.keys(model.columns) : [model.generation.column];
      const missing = wanted.find((column) => !Object.hasOwn(row, column));
      if (missing !== undefined)
        return yield* new UnknownColumn({ column: missing, columns: given, asked: true });
      const spare =
        model.generation === undefined
          ? given.find((column) => !wanted.includes(column))
          : undefined;
      if (spare !== undefined)
        return yield* new InvalidArgument({
          op: "predict",
          argument: `${rowAt(i)} of ${file}`,
          expected: `only the columns that the model reads: ${wanted.join(", ")}`,
          actual: `one with a column ${JSON.stringify(spare)} more`,
        });
      const made = yield* Effect.forEach(Object.entries(row), ([column, value]) => {
        const type = Object.hasOwn(model.columns, column) ? model.columns[column] : undefined;
        const place = rows.length > 1 ? ` of ${rowAt(i)}` : "";
        return Effect.map(
          valueOf(`column "${column}"${place}`, type, kindIn(model, column), value),
          (of) => [column, of] as const,
        );
      });
      // Not by assignment, since a column may be named __proto__.
      return Object.fromEntries(made);
    }),
  );

/** The row or the rows of a document of JSON. */
export const json = Effect.fnUntraced(function* (model: Model, file: string) {
  const read = yield* decodeJson(t.unknown, yield* readText(file), file);
  return yield* rowsOf(model, file, Array.isArray(read) ? (read as readonly unknown[]) : [read]);
});

/** A row on each line, as JSON; empty lines are none. */
export const jsonLines = Effect.fnUntraced(function* (model: Model, file: string) {
  const lines = (yield* readText(file)).split(/\r?\n/).map((line, i) => ({ line, place: i + 1 }));
  const told = lines.filter(({ line }) => line.trim() !== "");
  const read = yield* Effect.forEach(told, ({ line, place }) =>
    decodeJson(t.unknown, line, `${file}, line ${place}`),
  );
  return yield* rowsOf(model, file, read);
});
