import * as E from "fp-ts/lib/Either.js";
import { TableCorrupt } from "../errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Dataset, dataset } from "./dataset.ts";

/** A column of labels: its name, and what it says for class 0, class 1, … */
export interface LabelColumn {
  readonly column: string;
  readonly classes: readonly string[];
}

/** How a dataset is made of a table: vectors of numeric columns, and labels. */
export interface TableSchema {
  readonly [name: string]: readonly string[] | LabelColumn;
}

/** The rows that a schema makes: a vector (`f32`) for a list of columns, a class number (`i32`) for a label. */
export type RowOfTable<S extends TableSchema> = {
  readonly [K in keyof S]: S[K] extends readonly string[]
    ? Tensor<readonly [S[K]["length"]]>
    : Tensor<readonly []>;
};

/**
 * The dataset of a comma-separated table whose first line names the columns.
 *
 * Blanks around fields are ignored, and so are empty lines and those that begin with `#`; there is no
 * quoting.
 *
 * **Fails with** `TableCorrupt`: a column that is missing, a line with fewer or more fields than the first,
 * a number that is none, a label that is no class; the first of them, by its line.
 *
 * @example
 * ```ts
 * import { decodeTable } from "fluxion";
 * const table = decodeTable(
 *   "height,width,kind\n1,2,round\n3,4,square",
 *   { size: ["height", "width"], kind: { column: "kind", classes: ["round", "square"] } },
 *   "shapes.csv",
 * );
 * table._tag === "Right" ? table.right.all().size.toArray() : table.left // => [[1, 2], [3, 4]]
 * ```
 */
export const decodeTable = <const S extends TableSchema>(
  text: string,
  schema: S,
  file: string,
): E.Either<TableCorrupt, Dataset<RowOfTable<S>>> => {
  const lines = text
    .split(/\r?\n/)
    .map((line, i) => ({ line: i + 1, fields: line.split(",").map((field) => field.trim()) }))
    .filter(({ fields }) => fields.join("") !== "" && !fields[0]?.startsWith("#"));
  const [header, ...rows] = lines;
  const names = header?.fields ?? [];
  const corrupt = (line: number, column: string, expected: string, actual: string) =>
    E.left(new TableCorrupt({ file, line, column, expected, actual }));

  const plans = Object.entries<readonly string[] | LabelColumn>(schema);
  for (const column of plans.flatMap(([, plan]) => columnsOf(plan)))
    if (!names.includes(column))
      return corrupt(
        header?.line ?? 1,
        column,
        "a column of this name",
        names.join(", ") || "nothing",
      );
  const long = rows.find(({ fields }) => fields.length !== names.length);
  if (long !== undefined)
    return corrupt(long.line, "", `${names.length} fields`, String(long.fields.length));

  const columns: { [name: string]: Tensor } = {};
  for (const [name, plan] of plans) {
    const wanted = columnsOf(plan);
    const data = isLabel(plan)
      ? new Int32Array(rows.length)
      : new Float32Array(rows.length * wanted.length);
    for (const [i, { line, fields }] of rows.entries())
      for (const [j, column] of wanted.entries()) {
        const field = fields[names.indexOf(column)] ?? "";
        const value = isLabel(plan) ? plan.classes.indexOf(field) : numberOf(field);
        if (value === undefined || (isLabel(plan) && value < 0))
          return corrupt(
            line,
            column,
            isLabel(plan) ? `one of ${plan.classes.join(", ")}` : "a number",
            `"${field}"`,
          );
        data[i * wanted.length + j] = value;
      }
    columns[name] = isLabel(plan)
      ? Tensor.own([rows.length], "i32", data)
      : Tensor.own([rows.length, wanted.length], "f32", data);
  }
  // The columns are made as `RowOfTable` says, one for each name of the schema.
  return E.right(dataset(columns) as Dataset as Dataset<RowOfTable<S>>);
};

const isLabel = (plan: readonly string[] | LabelColumn): plan is LabelColumn => "classes" in plan;

const columnsOf = (plan: readonly string[] | LabelColumn): readonly string[] =>
  isLabel(plan) ? [plan.column] : plan;

/** A decimal number, or the words `nan` and `inf`, which `validate` reports; anything else is `undefined`. */
const numberOf = (field: string): number | undefined => {
  if (/^nan$/i.test(field)) return Number.NaN;
  const infinity = /^([+-]?)inf(inity)?$/i.exec(field);
  if (infinity !== null)
    return infinity[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(field) ? Number(field) : undefined;
};
