import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../codec/decode.ts";
import { readText } from "../../data/files.ts";
import { type Fields, firstOf, type Raw } from "../../data/raw/raw.ts";
import { rowAt, several } from "../../errors/words.ts";
import { InvalidArgument, UnknownColumn } from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import { allocate, isFloat } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Model } from "../../train/predict/model.ts";
import { fieldColumns } from "./fields.ts";

/** Numbers in lists, in words: of `[6, 7]`, 6 lists of 7 numbers. */
const listsOf = (shape: Shape): string =>
  shape.length === 0
    ? "a number"
    : shape
        .map((n, axis) => several(n, axis === shape.length - 1 ? "number" : "list"))
        .join(" of ");

/** The first list inside nested ones that is not as long as its shape says: `list 6 in it has 6`. */
const unlike = (value: unknown, [extent, ...below]: Shape): string | undefined => {
  if (extent === undefined || !Array.isArray(value) || value.length !== extent) return undefined;
  const [wanted] = below;
  for (const [i, one] of value.entries()) {
    if (wanted === undefined || !Array.isArray(one)) return undefined;
    const inside = one.length === wanted ? unlike(one, below) : `it has ${one.length}`;
    if (inside !== undefined) return `in list ${i + 1}, ${inside}`;
  }
  return undefined;
};

/** The beginning of a value as JSON, which may be long. */
const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
};

/** What a column of a model is made of, in the rows of JSON. */
const kindIn = ({ inputs, generation }: Model, column: string): string | undefined => {
  if (generation?.column === column) return "text";
  const from = Object.hasOwn(inputs, column) ? inputs[column] : undefined;
  return from && firstOf(from).kind;
};

/** Numbers in nested lists as a tensor of a column's type; other values as they are. */
const valueOf = (
  place: string,
  type: TensorType | undefined,
  kind: string | undefined,
  value: unknown,
): Effect.Effect<Tensor | Raw, InvalidArgument> => {
  const wrong = (expected: string, actual: string) =>
    Effect.fail(new InvalidArgument({ op: "predict", argument: place, expected, actual }));
  // The tokens of a text may be given, in a list.
  if (kind === "text" && typeof value !== "string" && !Array.isArray(value))
    return wrong("a text in quotes", shown(value));
  const flat = [value].flat(Number.POSITIVE_INFINITY) as readonly unknown[];
  // Numbers in lists are what the column holds. Anything else is a raw value, which is checked when it is prepared.
  const isRaw = typeof flat[0] !== "number" && kind !== undefined;
  if (type === undefined || isRaw) return Effect.succeed(value as Raw);
  const { shape, dtype } = type;
  const other = flat.find((x) => typeof x !== "number");
  if (other !== undefined || flat.length !== sizeOf(shape)) {
    const uneven = unlike(value, shape);
    const found = `${several(flat.length, "number")}${uneven === undefined ? "" : `: ${uneven}`}`;
    return wrong(
      `${kind === "text" ? "a text in quotes, or " : ""}${listsOf(shape)}`,
      other === undefined
        ? found
        : flat.length === 1
          ? shown(other)
          : `a list with ${shown(other)}`,
    );
  }
  const data = allocate(dtype, flat.length);
  data.set(flat as readonly number[]);
  // A number that is too large would be ∞, and a fraction another whole number.
  const off = data.findIndex((x, i) => (isFloat(dtype) ? !Number.isFinite(x) : x !== flat[i]));
  return off >= 0
    ? wrong(`numbers that ${dtype} has`, String(flat[off]))
    : Effect.succeed(Tensor.own(shape, dtype, data));
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
