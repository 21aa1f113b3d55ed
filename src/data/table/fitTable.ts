import * as Effect from "effect/Effect";
import {
  DataSourceError,
  EmptyDataset,
  InvalidArgument,
  InvalidFile,
  MissingPackage,
  TableCorrupt,
  TableMistakes,
  UnknownColumn,
} from "../../errors.ts";
import type { Cell, Chunk, Table } from "./cells.ts";
import { fittingOf } from "./fit.ts";
import type { FromFields } from "./fitted.ts";
import { Mistakes } from "./mistakes.ts";
import { cellReader, Wrong } from "./reading.ts";
import type { Field, FieldOf, RecordSchema } from "./schema.ts";
import { partsOf, type Shares } from "./split.ts";

/** The errors of the rows of a file. */
export type TableError =
  | DataSourceError
  | EmptyDataset
  | InvalidArgument
  | InvalidFile
  | MissingPackage
  | TableCorrupt
  | TableMistakes
  | UnknownColumn;

const tableErrors = [
  DataSourceError,
  EmptyDataset,
  InvalidArgument,
  InvalidFile,
  MissingPackage,
  TableCorrupt,
  TableMistakes,
  UnknownColumn,
] as const;

/** A thrown error of a table. What is none is a mistake of fluxion, and stays thrown. */
export const asTableError = (cause: unknown): TableError => {
  const found = tableErrors.find((kind) => cause instanceof kind);
  if (found === undefined) throw cause;
  return cause as TableError; // one of the classes
};

/** Reads a table to its end. */
export const reading = <A>(read: () => Promise<A>): Effect.Effect<A, TableError> =>
  Effect.flatMap(
    Effect.promise(() =>
      read().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      ),
    ),
    (ended) =>
      "value" in ended
        ? Effect.succeed(ended.value)
        : Effect.suspend(() => Effect.fail(asTableError(ended.error))),
  );

/** A schema with what was fitted on the training rows: how each column is made. It is data, and travels with a model. */
export interface FittedSchema<S extends RecordSchema = RecordSchema> {
  readonly columns: { readonly [C in keyof S["columns"]]: FromFields };
}

/** The fields of each column of a schema. */
export interface Plan {
  readonly column: string;
  readonly single: boolean;
  readonly fields: readonly { readonly of: Field; readonly missing: readonly string[] }[];
}

/** The fields of a schema, with all names of numbers as fields. **Fails with** `InvalidArgument`, thrown. */
export const plansOf = ({ missing = [""], columns }: RecordSchema): readonly Plan[] => {
  const plans = Object.entries(columns).map(([column, given]): Plan => {
    const single = !Array.isArray(given);
    const list = (single ? [given] : given) as readonly FieldOf[];
    return {
      column,
      single,
      fields: list.map((one) => {
        const of: Field = typeof one === "string" ? { field: one, type: "number" } : one;
        return { of, missing: of.missing ?? missing };
      }),
    };
  });
  const empty = plans.find(({ fields }) => fields.length === 0);
  if (plans.length === 0 || empty !== undefined)
    throw new InvalidArgument({
      op: "a schema",
      argument: empty === undefined ? "columns" : `columns.${empty.column}`,
      expected: empty === undefined ? "at least one column" : "at least one field",
      actual: "none",
    });
  return plans;
};

/** The cells of a field in a chunk. **Fails with** `UnknownColumn`, thrown. */
export const cellsOf = (chunk: Chunk, field: string): ((row: number) => Cell) => {
  const cells = chunk.column(field);
  if (cells === undefined) throw new UnknownColumn({ column: field, columns: chunk.names ?? [] });
  return cells;
};

/**
 * Fits a schema to the training rows of a table, in one reading and in bounded memory: classes, words, what stands for
 * missing values, and scales.
 *
 * **Fails with** `TableMistakes`, which lists cells that are none of their field; `UnknownColumn`, `EmptyDataset` where there
 * are no training rows, `InvalidArgument` where the schema contradicts itself; and as the reader of the table.
 */
export const fitTable = <const S extends RecordSchema>(
  table: Table,
  schema: S,
  shares: Shares = {},
): Effect.Effect<FittedSchema<S>, TableError> => {
  partsOf("fitTable", shares);
  return reading(async () => {
    const plans = plansOf(schema).map(({ fields, ...plan }) => ({
      ...plan,
      fields: fields.map(({ of, missing }) => ({
        name: of.field,
        read: cellReader(of, missing),
        fitting: fittingOf(of, missing, plan.single),
      })),
    }));
    const fields = plans.flatMap((plan) => plan.fields);
    const [partOf, mistakes] = [partsOf("fitTable", shares), new Mistakes(table.name)];
    let [first, seen] = [0, 0];
    for await (const chunk of table.chunks(fields.map(({ name }) => name))) {
      const trains = Array.from({ length: chunk.size }, (_, i) => partOf(first + i) === "train");
      for (const { name, read, fitting } of fields) {
        const cells = cellsOf(chunk, name);
        for (let i = 0; i < chunk.size; i++) {
          const value = read(cells(i));
          // A cell that is none of its field is a mistake in every part of the table.
          if (value instanceof Wrong) mistakes.add(first + i, chunk.line(i), name, value);
          else if (value !== undefined && trains[i]) fitting.see(value);
        }
      }
      first += chunk.size;
      seen += trains.filter((is) => is).length;
    }
    mistakes.check();
    if (seen === 0) throw new EmptyDataset({ where: `${table.name}, training rows` });
    const columns: { readonly [column: string]: FromFields } = Object.fromEntries(
      plans.map(({ column, single, fields: all }) => [
        column,
        { kind: "fields", single, fields: all.map(({ fitting }) => fitting.done()) },
      ]),
    );
    // The columns follow the schema, one for each name.
    return { columns } as FittedSchema as FittedSchema<S>;
  });
};
