/**
 * Rows of files before they are tensors. Every reader of rows (CSV, JSON lines, Parquet, Arrow) gives them as a
 * {@link Table}; a schema makes columns of numbers of them.
 */

/** A value of a row, as a file has it. `null` and `undefined` are missing values in every file. */
export type Cell = string | number | boolean | bigint | Date | null | undefined;

/** Some consecutive rows of a table. */
export interface Chunk {
  readonly size: number;
  /** The names of its columns; `undefined` where each row has its own, as in JSON. */
  readonly names: readonly string[] | undefined;
  /** The cells of a column by row of the chunk; `undefined` where there is no such column. */
  readonly column: (name: string) => ((row: number) => Cell) | undefined;
  /** The line of a text file at which a row begins. */
  readonly line: (row: number) => number | undefined;
}

/** The rows of a file, which need not fit memory: each reading begins anew. */
export interface Table {
  readonly _tag: "Table";
  /** The name of the file, for errors. */
  readonly name: string;
  /** Reads the rows, of which at least these columns are needed. It throws typed errors. */
  readonly chunks: (columns: readonly string[]) => AsyncIterable<Chunk>;
}

/** A cell in words, cut where it is long. */
export const cellText = (cell: Cell): string => {
  if (cell === undefined || cell === null) return "nothing";
  if (typeof cell === "string")
    return JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}…` : cell);
  return cell instanceof Date ? dateText(cell) : String(cell);
};

const dateText = (date: Date): string =>
  Number.isNaN(date.getTime()) ? "an invalid date" : date.toISOString();
