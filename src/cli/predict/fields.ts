import { extname } from "node:path";
import * as Effect from "effect/Effect";
import type { Dataset } from "../../data/dataset.ts";
import { fittedStage } from "../../data/preprocess/stages.ts";
import { type FromRaw, firstOf } from "../../data/raw/raw.ts";
import type { Chunk, Table } from "../../data/table/cells.ts";
import { tableDataset } from "../../data/table/datasets.ts";
import { reading, type TableError } from "../../data/table/fitTable.ts";
import type { FromFields } from "../../data/table/fitted.ts";
import { arrowTable } from "../../data/table/readers/arrow.ts";
import { csvTable } from "../../data/table/readers/csvTable.ts";
import { jsonLinesTable } from "../../data/table/readers/jsonLines.ts";
import { parquetTable } from "../../data/table/readers/parquet.ts";
import type { Model } from "../../train/predict/model.ts";

const isFields = (from: FromRaw | undefined): from is FromFields => from?.kind === "fields";

/** The columns of a model that are made of the fields of a table, and the names of these fields. */
export const fieldColumns = ({ inputs }: Model) => {
  const columns = Object.entries(inputs).flatMap(([column, from]) =>
    from !== undefined && isFields(firstOf(from))
      ? [[column, firstOf(from) as FromFields] as const] // just seen
      : [],
  );
  return {
    columns: Object.fromEntries(columns),
    fields: [...new Set(columns.flatMap(([, { fields }]) => fields.map(({ field }) => field)))],
  };
};

/** The separators that are tried, in order: the first that gives the names of the fields. */
export const separators = [",", ";", "\t", "|"];

const firstChunk = async (table: Table, fields: readonly string[]): Promise<Chunk | undefined> => {
  for await (const chunk of table.chunks(fields)) return chunk;
  return undefined;
};

const csvOf = async (file: string, fields: readonly string[]): Promise<Table> => {
  for (const separator of separators) {
    const table = csvTable(file, { separator });
    // A wrong separator may leave ragged lines, whose error is that of the comma.
    const first = await firstChunk(table, fields).catch(() => undefined);
    if (fields.every((field) => first?.column(field) !== undefined)) return table;
  }
  return csvTable(file);
};

const tables: {
  readonly [ending: string]: (file: string, fields: readonly string[]) => Promise<Table>;
} = {
  ".csv": csvOf,
  ".tsv": csvOf,
  ".jsonl": async (file) => jsonLinesTable(file),
  ".ndjson": async (file) => jsonLinesTable(file),
  ".arrow": async (file) => arrowTable(file),
  ".feather": async (file) => arrowTable(file),
  ".parquet": async (file) => parquetTable(file),
};

/** The endings of files of rows. */
export const tableEndings = Object.keys(tables);

/** Rows after the stages of their columns. */
const staged = ({ inputs }: Model, rows: Dataset): Dataset =>
  Object.entries(inputs).reduce(
    (made, [column, from]) =>
      from?.kind !== "stages"
        ? made
        : from.stages.reduce((all, stage) => fittedStage(column, stage).apply(all), made),
    rows,
  );

/** The rows of a file, as they are in it, for a model whose schema knows what they mean. */
export const rowsOfTable = (model: Model, file: string): Effect.Effect<Dataset, TableError> => {
  const { columns, fields } = fieldColumns(model);
  const open = tables[extname(file).toLowerCase()] ?? csvOf;
  return Effect.flatMap(
    reading(() => open(file, fields)),
    (table) => Effect.map(tableDataset(table, { columns }), (rows) => staged(model, rows)),
  );
};
