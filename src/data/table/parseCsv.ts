import * as E from "fp-ts/lib/Either.js";
import { InvalidArgument, TableCorrupt } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Dataset, dataset } from "../dataset.ts";
import { csvRecords } from "./readers/csv.ts";

/** A column of labels: its name, and the text of class 0, class 1, … */
export interface LabelColumn {
  readonly column: string;
  readonly classes: readonly string[];
}

/** The columns of a dataset by name: each is a vector of numeric table columns, or a label. */
export interface TableSchema {
  readonly [name: string]: readonly string[] | LabelColumn;
}

/** The row type of a schema: a vector (`f32`) for a list of columns, a class number (`i32`) for a label. */
export type RowOfTable<S extends TableSchema> = {
  readonly [K in keyof S]: S[K] extends readonly string[]
    ? Tensor<readonly [S[K]["length"]]>
    : Tensor<readonly []>;
};

/**
 * Parses a comma-separated table, whose first line names the columns, into a dataset.
 *
 * Fields may be in double quotes, as in RFC 4180. Blanks around fields are ignored, as are empty lines and lines
 * that begin with `#`. A line of commas alone is a row of empty fields.
 *
 * **Fails with** `TableCorrupt`: for the first mistake: a missing or repeated column, a line with fewer or more
 * fields than the first, a field that is not a number or not a class, or an unclosed quote. Thrown
 * `InvalidArgument` where a class is named twice.
 *
 * @example
 * ```ts
 * import { parseCsv } from "fluxion/data";
 * const table = parseCsv(
 *   "height,width,kind\n1,2,round\n3,4,square",
 *   { size: ["height", "width"], kind: { column: "kind", classes: ["round", "square"] } },
 *   "shapes.csv",
 * );
 * table._tag === "Right" ? table.right.all().size.toArray() : table.left // => [[1, 2], [3, 4]]
 * ```
 */
export const parseCsv = <const S extends TableSchema>(
  text: string,
  schema: S,
  file: string,
): E.Either<TableCorrupt, Dataset<RowOfTable<S>>> => {
  const corrupt = (line: number, column: string, expected: string, actual: string) =>
    E.left(new TableCorrupt({ file, line, column, expected, actual: short(actual) }));
  const read = csvRecords(text);
  if (E.isLeft(read)) return corrupt(read.left.line, "", read.left.expected, read.left.actual);
  const [header, ...rows] = read.right;
  const names = header?.fields ?? [];
  const places = new Map(names.map((name, place) => [name, place]));

  const twice = names.find((name, place) => name !== "" && places.get(name) !== place);
  if (twice !== undefined)
    return corrupt(header?.line ?? 1, twice, "one column of this name", "more than one");
  const plans = Object.entries<readonly string[] | LabelColumn>(schema);
  for (const column of plans.flatMap(([, plan]) => columnsOf(plan)))
    if (!places.has(column))
      return corrupt(
        header?.line ?? 1,
        column,
        "a column of this name",
        names.join(", ") || "nothing",
      );
  const long = rows.find(({ fields }) => fields.length !== names.length);
  if (long !== undefined)
    return corrupt(long.line, "", `${names.length} fields`, String(long.fields.length));

  const columns: (readonly [string, Tensor])[] = [];
  for (const [name, plan] of plans) {
    const wanted = columnsOf(plan).map((column) => ({ column, place: places.get(column) ?? 0 }));
    const { expected, valueOf } = isLabel(plan) ? labelsOf(plan) : numbers;
    const data = isLabel(plan)
      ? new Int32Array(rows.length)
      : new Float32Array(rows.length * wanted.length);
    for (const [i, { line, fields }] of rows.entries())
      for (const [j, { column, place }] of wanted.entries()) {
        const field = fields[place] ?? "";
        const value = valueOf(field);
        if (value === undefined) return corrupt(line, column, expected, `"${field}"`);
        data[i * wanted.length + j] = value;
      }
    columns.push([
      name,
      isLabel(plan)
        ? Tensor.own([rows.length], "i32", data)
        : Tensor.own([rows.length, wanted.length], "f32", data),
    ]);
  }
  // The columns follow `RowOfTable`, one per name of the schema.
  return E.right(dataset(Object.fromEntries(columns)) as Dataset as Dataset<RowOfTable<S>>);
};

/** Converts fields to numbers, and describes what was expected of one that cannot be converted. */
interface Reading {
  readonly expected: string;
  readonly valueOf: (field: string) => number | undefined;
}

const labelsOf = ({ classes }: LabelColumn): Reading => {
  const numbers = new Map(classes.map((name, i) => [name, i]));
  if (numbers.size < classes.length)
    throw new InvalidArgument({
      op: "parseCsv",
      argument: "classes",
      expected: "classes that differ",
      actual: short(classes.join(", ")),
    });
  return {
    expected: `one of ${short(classes.join(", "))}`,
    valueOf: (field) => numbers.get(field),
  };
};

const longest = 100;

const short = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest)}…`;

const isLabel = (plan: readonly string[] | LabelColumn): plan is LabelColumn => "classes" in plan;

const columnsOf = (plan: readonly string[] | LabelColumn): readonly string[] =>
  isLabel(plan) ? [plan.column] : plan;

/** Reads a decimal number, or `nan` and `inf`, which `validate` reports. Anything else is `undefined`. */
const numberOf = (field: string): number | undefined => {
  // Each digit can match only one part of the pattern, so that a mismatch takes linear time.
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(field)) return Number(field);
  if (/^nan$/i.test(field)) return Number.NaN;
  const infinity = /^([+-]?)inf(inity)?$/i.exec(field);
  if (infinity === null) return undefined;
  return infinity[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

const numbers: Reading = { expected: "a number", valueOf: numberOf };
