import * as Effect from "effect/Effect";
import { grouped } from "../../errors/grouped.ts";
import { EmptyDataset } from "../../errors.ts";
import { allocate, type Dtype, type Storage } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Dataset, dataset, type Row } from "../dataset.ts";
import { type Streamed, type StreamOptions, streamed } from "../source/source.ts";
import type { Chunk, Table } from "./cells.ts";
import { classesOf, fieldsType, rowWriter } from "./encode.ts";
import { cellsOf, type FittedSchema, fitTable, reading, type TableError } from "./fitTable.ts";
import { Mistakes } from "./mistakes.ts";
import type { RecordSchema, RowOfSchema } from "./schema.ts";
import { type Part, partsOf, type Shares } from "./split.ts";

/** Makes the numbers of the wanted rows of chunks, in order. */
const encoder = ({ columns }: FittedSchema) => {
  const plans = Object.entries(columns).map(([column, from]) => ({
    column,
    type: fieldsType(from),
    fields: from.fields.map(({ field }) => field),
    write: rowWriter(from),
  }));
  /** Writes rows of a chunk, the first of which has a number, and notes mistakes. */
  const write = (
    chunk: Chunk,
    first: number,
    wanted: readonly number[],
    into: (column: string) => { readonly data: Storage; readonly at: number },
    mistakes: Mistakes,
  ): void => {
    for (const { column, type, fields, write: writeRow } of plans) {
      const cells = fields.map((field) => cellsOf(chunk, field));
      const { data, at } = into(column);
      const width = sizeOf(type.shape);
      for (const [k, i] of wanted.entries())
        writeRow(
          (j) => cells[j]?.(i),
          data,
          at + k * width,
          ({ field, wrong }) => mistakes.add(first + i, chunk.line(i), field, wrong),
        );
    }
  };
  return {
    types: plans.map(({ column, type }) => ({ column, type })),
    wantedFields: [...new Set(plans.flatMap(({ fields }) => fields))],
    write,
  };
};

/** Numbers of which there may be more than was thought. */
class Growing {
  readonly shape: Shape;
  readonly dtype: Dtype;
  #data: Storage;
  #size = 0;

  constructor(shape: Shape, dtype: Dtype) {
    this.shape = shape;
    this.dtype = dtype;
    this.#data = allocate(dtype, 64 * Math.max(1, sizeOf(shape)));
  }

  /** Room for more numbers, all 0, and where it begins. */
  room(numbers: number): { readonly data: Storage; readonly at: number } {
    const at = this.#size;
    this.#size += numbers;
    if (this.#size > this.#data.length) {
      const wider = allocate(this.dtype, Math.max(this.#size, 2 * this.#data.length));
      wider.set(this.#data);
      this.#data = wider;
    }
    return { data: this.#data, at };
  }

  tensor(rows: number): Tensor {
    return Tensor.own([rows, ...this.shape], this.dtype, this.#data.slice(0, this.#size));
  }
}

const allOf = async (
  table: Table,
  fitted: FittedSchema,
  parts: readonly Part[],
  shares: Shares,
): Promise<ReadonlyMap<Part, Dataset>> => {
  const { types, wantedFields, write } = encoder(fitted);
  const [partOf, mistakes] = [partsOf("tableDataset", shares), new Mistakes(table.name)];
  const made = new Map(
    parts.map((part) => [
      part,
      new Map(types.map(({ column, type }) => [column, new Growing(type.shape, type.dtype)])),
    ]),
  );
  const counts = new Map<Part, number>();
  let first = 0;
  for await (const chunk of table.chunks(wantedFields)) {
    const rows = grouped(Array(chunk.size).keys(), (i) => partOf(first + i));
    for (const [part, columns] of made) {
      const wanted = rows.get(part) ?? [];
      counts.set(part, (counts.get(part) ?? 0) + wanted.length);
      const into = (column: string) => {
        const numbers = columns.get(column) as Growing; // of the same types
        return numbers.room(wanted.length * sizeOf(numbers.shape));
      };
      write(chunk, first, wanted, into, mistakes);
    }
    first += chunk.size;
  }
  mistakes.check();
  return new Map(
    [...made].map(([part, columns]) => {
      const rows = counts.get(part) ?? 0;
      if (rows === 0) throw new EmptyDataset({ where: `${table.name}, ${part} rows` });
      return [
        part,
        dataset(Object.fromEntries([...columns].map(([name, all]) => [name, all.tensor(rows)]))),
      ];
    }),
  );
};

/**
 * Makes a dataset of all rows of a table, by a schema that was fitted on the same or on other rows.
 *
 * **Fails with** `TableMistakes`, which lists cells that are none of their field, missing ones that nothing stands for, and
 * names that are no class; `EmptyDataset`, `UnknownColumn`; and as the reader of the table.
 */
export const tableDataset = <S extends RecordSchema>(
  table: Table,
  fitted: FittedSchema<S>,
): Effect.Effect<Dataset<RowOfSchema<S>>, TableError> =>
  Effect.map(
    reading(() => allOf(table, fitted, ["train"], {})),
    (parts) => parts.get("train") as Dataset as Dataset<RowOfSchema<S>>, // the columns of the schema
  );

/** The options of {@link tableStream}. */
export interface TableStreamOptions
  extends Omit<StreamOptions, "ragged" | "spec" | "seekable">,
    Shares {
  /** The part of the rows to read. Defaults to `train`, which is all where none are held out. */
  readonly part?: Part;
}

/**
 * A stream of the rows of a table, which need not fit memory, by a fitted schema. The file is read anew in each epoch.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of range; while it is read, with `StreamFailed`, whose
 * `cause` is the error of {@link tableDataset}.
 */
export const tableStream = <S extends RecordSchema>(
  table: Table,
  fitted: FittedSchema<S>,
  { part = "train", validation, test, seed, ...options }: TableStreamOptions = {},
): Streamed<RowOfSchema<S>> => {
  const { types, wantedFields, write } = encoder(fitted);
  const shares = {
    ...(validation !== undefined && { validation }),
    ...(test !== undefined && { test }),
    ...(seed !== undefined && { seed }),
  };
  partsOf("tableStream", shares);
  async function* batches(): AsyncGenerator<Row> {
    const partOf = partsOf("tableStream", shares);
    let first = 0;
    for await (const chunk of table.chunks(wantedFields)) {
      const wanted = Array.from({ length: chunk.size }, (_, i) => i).filter(
        (i) => partOf(first + i) === part,
      );
      const mistakes = new Mistakes(table.name);
      const made = new Map(
        types.map(({ column, type }) => [
          column,
          allocate(type.dtype, wanted.length * sizeOf(type.shape)),
        ]),
      );
      write(
        chunk,
        first,
        wanted,
        (column) => ({ data: made.get(column) as Storage, at: 0 }),
        mistakes,
      );
      mistakes.check();
      first += chunk.size;
      if (wanted.length === 0) continue;
      yield Object.fromEntries(
        types.map(({ column, type: { shape, dtype } }) => [
          column,
          Tensor.own([wanted.length, ...shape], dtype, made.get(column) as Storage),
        ]),
      );
    }
  }
  return streamed("tableStream", "batch", batches, {
    name: table.name,
    spec: Object.fromEntries(types.map(({ column, type }) => [column, type])),
    ...options,
  }) as Streamed as Streamed<RowOfSchema<S>>; // the columns of the schema
};

/** The names of the classes, where one column alone is a category or a truth. */
const namesOf = ({ columns }: FittedSchema): readonly string[] | undefined => {
  const named = Object.values(columns).flatMap(({ single, fields: [of] }) => {
    if (!single || of === undefined) return [];
    if (of.type === "category") return [classesOf(of)];
    return of.type === "boolean" ? [["false", "true"]] : [];
  });
  return named.length === 1 ? named[0] : undefined;
};

/** Rows of a table as the data of a pipeline. */
export interface TableSplits<S extends RecordSchema> {
  readonly train: Dataset<RowOfSchema<S>>;
  /** There where a share of it was asked for. */
  readonly validation?: Dataset<RowOfSchema<S>>;
  readonly test?: Dataset<RowOfSchema<S>>;
  /** How rows as they are in the file become columns, as fitted on the training rows. */
  readonly inputs: FittedSchema<S>["columns"];
  /** The names of the classes, where one column alone is a category or a truth. */
  readonly classes?: readonly string[];
}

/**
 * Reads a table as the data of a pipeline: rows are held out by chance, the schema is fitted on the training rows, and all
 * become datasets. The file is read twice, and only the numbers are kept.
 *
 * A model that was trained on it has all that was fitted, so that it answers for rows as they are in such a file.
 *
 * **Fails with** as {@link fitTable} and {@link tableDataset}; `InvalidArgument`, thrown, where a share is out of range.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { csvTable, tableSplits } from "fluxion/data";
 * const file = new TextEncoder().encode("height;seen;kind\n1,5;3.2.2024;oak\nNA;4.2.2024;elm\n2,5;5.2.2024;oak\n");
 * const { train, classes } = await Effect.runPromise(
 *   tableSplits(csvTable(file, { separator: ";" }), {
 *     missing: ["NA"],
 *     columns: {
 *       features: [
 *         { field: "height", type: "number", decimal: ",", fill: "mean", flag: true },
 *         { field: "seen", type: "date", formats: ["D.M.YYYY"], parts: ["day"] },
 *       ],
 *       kind: { field: "kind", type: "category" },
 *     },
 *   }),
 * );
 * classes // => ["elm", "oak"]
 * train.all().features.toArray() // => [[1.5, 0, 3], [2, 1, 4], [2.5, 0, 5]]
 * ```
 */
export const tableSplits = <const S extends RecordSchema>(
  table: Table,
  schema: S,
  shares: Shares = {},
): Effect.Effect<TableSplits<S>, TableError> => {
  partsOf("tableSplits", shares);
  return Effect.gen(function* () {
    const fitted = yield* fitTable(table, schema, shares);
    const { validation = 0, test = 0 } = shares;
    const wanted = [
      "train",
      ...(validation > 0 ? ["validation"] : []),
      ...(test > 0 ? ["test"] : []),
    ];
    const made = yield* reading(() => allOf(table, fitted, wanted as readonly Part[], shares));
    const classes = namesOf(fitted);
    // The parts that were asked for, with the columns of the schema.
    return {
      ...Object.fromEntries(made),
      inputs: fitted.columns,
      ...(classes === undefined ? {} : { classes }),
    } as TableSplits<S>;
  });
};
