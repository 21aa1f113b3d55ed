/** Errors in data, files and decoded input. */

import { failure } from "./failure.ts";
import { oneOf, rowAt, several } from "./words.ts";

/** A file or another data source could not be read. `command` fetches it, if such a command is known. */
export class DataSourceError extends failure(
  "DataSourceError",
  (e: {
    readonly source: string;
    readonly reason: string;
    readonly command?: string;
    /** What helps, where it is something else than a look at the name. */
    readonly help?: string;
  }) => ({
    what: `the data could not be read: ${e.reason}`,
    where: `from ${e.source}`,
    fix:
      e.command === undefined
        ? (e.help ?? "check that the file exists, that its name is right and that you may read it")
        : `run "${e.command}"`,
  }),
) {}

/** A file of a dataset has another size or hash than was declared. It is not used. */
export class DataMismatch extends failure(
  "DataMismatch",
  (e: {
    readonly name: string;
    readonly file: string;
    readonly of: "size" | "SHA-256";
    readonly expected: string;
    readonly actual: string;
    readonly from: string;
  }) => ({
    what: `${e.file} of ${e.name} has the ${e.of} ${e.actual}, and ${e.expected} was declared`,
    where: `from ${e.from}`,
    fix: "it is not used: the address may serve another version now; find out which one the declaration means",
  }),
) {}

/** An archive that is not unpacked, or not further than to an entry. */
export class ArchiveRefused extends failure(
  "ArchiveRefused",
  (e: { readonly file: string; readonly entry: string | undefined; readonly reason: string }) => ({
    what: e.entry === undefined ? e.reason : `${e.entry}: ${e.reason}`,
    where: `in the archive ${e.file}`,
    fix: "nothing of it is used: remove the file, so that the data is fetched from its origin",
  }),
) {}

/** The kinds of mistakes that {@link IdxCorrupt} reports. */
export type IdxProblem = "magic" | "type" | "size" | "truncated" | "trailing" | "compression";

/** A file is not a valid IDX file. `offset` is in bytes, after decompression. */
export class IdxCorrupt extends failure(
  "IdxCorrupt",
  (e: {
    readonly file: string;
    readonly problem: IdxProblem;
    readonly offset: number;
    readonly expected: string;
    readonly actual: string;
  }) => ({
    what: `the IDX file is invalid: expected ${e.expected}, found ${e.actual}`,
    where: `in ${e.file}, at byte ${e.offset}`,
    fix: idxFix[e.problem],
  }),
) {}

/** The kinds of mistakes that {@link SafetensorsCorrupt} reports. */
export type SafetensorsProblem =
  | "json"
  | "truncated"
  | "trailing"
  | "header"
  | "layout"
  | "dtype"
  | "value"
  | "hash";

/** A file is not a valid safetensors file. `tensor` is the name of the tensor at fault, if it is one. */
export class SafetensorsCorrupt extends failure(
  "SafetensorsCorrupt",
  (e: {
    readonly file: string;
    readonly problem: SafetensorsProblem;
    readonly tensor?: string;
    readonly expected: string;
    readonly actual: string;
  }) => ({
    what: `the safetensors file is invalid: expected ${e.expected}, found ${e.actual}`,
    where: `in ${e.file}${e.tensor === undefined ? "" : `, tensor "${beginning(e.tensor)}"`}`,
    fix: safetensorsFix[e.problem],
  }),
) {}

/** A file could not be written. An earlier one at the same path is unchanged. */
export class FileNotWritten extends failure(
  "FileNotWritten",
  (e: { readonly path: string; readonly reason: string }) => ({
    what: `the file could not be written: ${e.reason}`,
    where: `to ${e.path}`,
    fix: "check that the folder exists, that you may write to it and that the disk is not full; an earlier file there is unchanged",
  }),
) {}

/** A package that only some users need is not installed. */
export class MissingPackage extends failure(
  "MissingPackage",
  (e: { readonly by: string; readonly packages: readonly string[] }) => ({
    what: `${e.by} needs ${e.packages.length === 1 ? "the package" : "the packages"} ${e.packages.join(" and ")}`,
    fix: `npm install ${e.packages.join(" ")}`,
  }),
) {}

/** A row of a table has too few or too many fields, or a field has an invalid value. */
export class TableCorrupt extends failure(
  "TableCorrupt",
  (e: {
    readonly file: string;
    readonly line: number;
    readonly column: string;
    readonly expected: string;
    readonly actual: string;
    /** What helps, where it is something else than a look at the line. */
    readonly help?: string;
  }) => ({
    what: `expected ${e.expected}, found ${e.actual}`,
    where: `in ${e.file}, line ${e.line}${e.column === "" ? "" : `, column "${e.column}"`}`,
    fix: e.help ?? "correct the line, or remove it",
  }),
) {}

/** One mistake in a table: the row, counted from 0 here and from 1 in the text, and its line in a text file; the field, what it should be, what it is. */
export interface TableMistake {
  readonly row: number;
  readonly line?: number;
  readonly column: string;
  readonly expected: string;
  readonly actual: string;
  readonly fix: string;
}

const inTable = ({ row, line, column }: TableMistake): string =>
  [rowAt(row), ...(line === undefined ? [] : [`line ${line}`]), `column "${column}"`].join(", ");

const foundIn = ({ expected, actual }: TableMistake): string =>
  `expected ${expected}, found ${actual}`;

/**
 * Values of a table are not what its schema says. `mistakes` lists the first ones, at most three of one kind in a column;
 * `count` is the number of all.
 */
export class TableMistakes extends failure(
  "TableMistakes",
  (e: {
    readonly file: string;
    readonly mistakes: readonly TableMistake[];
    readonly count: number;
  }) => {
    const [first, ...others] = e.mistakes;
    if (first !== undefined && others.length === 0 && e.count === 1)
      return { what: foundIn(first), where: `in ${e.file}, ${inTable(first)}`, fix: first.fix };
    const listed = e.mistakes.map((m) => `  ${inTable(m)}: ${foundIn(m)}`);
    const more = e.count - e.mistakes.length;
    return {
      what: [
        `the table does not match its schema: ${several(e.count, "mistake")}`,
        ...listed,
        ...(more > 0 ? [`  and ${more} more`] : []),
      ].join("\n"),
      where: `in ${e.file}`,
      fix: [...new Set(e.mistakes.map(({ fix }) => fix))].slice(0, 3).join("; "),
    };
  },
) {}

/** A file is not a valid one of its format. `at` is the byte of the mistake, where it is known. */
export class InvalidFile extends failure(
  "InvalidFile",
  (e: {
    readonly format: string;
    readonly file: string;
    readonly at?: number;
    readonly expected: string;
    readonly actual: string;
    readonly fix?: string;
  }) => ({
    what: `the ${e.format} file is invalid or of a kind that is not read: expected ${e.expected}, found ${beginning(e.actual)}`,
    where: `in ${e.file}${e.at === undefined ? "" : `, at byte ${e.at}`}`,
    fix: e.fix ?? "fetch or write the file again, or convert it with the program that made it",
  }),
) {}

/** A dataset has no examples, but some are needed. */
export class EmptyDataset extends failure("EmptyDataset", (e: { readonly where: string }) => ({
  what: "the dataset has no examples",
  where: `in ${e.where}`,
  fix: "check the source, and that filter, take, skip and split leave some examples",
})) {}

/** A batch size is not a whole number from 1 to the number of examples. */
export class InvalidBatchSize extends failure(
  "InvalidBatchSize",
  (e: { readonly size: number; readonly examples: number }) => ({
    what: `the batch size ${e.size} does not fit ${several(e.examples, "example")}`,
    fix: `use a whole number from 1 to ${e.examples}`,
  }),
) {}

/** The dataset has no column of the given name. */
export class UnknownColumn extends failure(
  "UnknownColumn",
  (e: {
    readonly column: string;
    readonly columns: readonly string[];
    /** Whether a trained model needs it of a row that it is asked about. */
    readonly asked?: boolean;
  }) => ({
    what: `the ${e.asked === true ? "row" : "dataset"} has no column "${e.column}"`,
    fix:
      e.asked === true
        ? `give rows with that column; this one has ${e.columns.join(", ") || "none"}`
        : `name ${oneOf(e.columns)}`,
  }),
) {}

/**
 * A place in a stream of rows. Rows count from 0 in the named file, or in the epoch if no file is named, and from 1 in the
 * text of an error; epochs count from 1, as in events.
 */
export interface StreamPlace {
  readonly stream: string;
  readonly epoch: number;
  readonly row: number;
  readonly file?: string;
}

const inStream = ({ stream, epoch, row, file }: StreamPlace): string =>
  `in the stream "${stream}", epoch ${epoch}, ${rowAt(row)}${file === undefined ? "" : ` of ${file}`}`;

/** Describes a place: the row number in a dataset, or the place in a stream. */
const ofColumn = (e: {
  readonly column: string;
  readonly row: number;
  readonly place?: StreamPlace;
}): string =>
  e.place === undefined
    ? `in column "${e.column}", ${rowAt(e.row)}`
    : `in column "${e.column}", ${inStream(e.place)}`;

/** A stream of rows failed while it was read. `cause` is the thrown value. */
export class StreamFailed extends failure(
  "StreamFailed",
  (e: StreamPlace & { readonly reason: string; readonly cause: unknown }) => ({
    what: `the stream failed: ${e.reason}`,
    where: inStream(e),
    fix: "correct the stream or its files, then resume the run from its last saved state",
  }),
) {}

/** A stream ended too early: before the stated number of rows, or before the position of a saved state. */
export class StreamEnded extends failure(
  "StreamEnded",
  (e: StreamPlace & { readonly expected: number; readonly by: "rows" | "position" }) => ({
    what: `the stream ended after ${several(e.row, "row")}, but should have at least ${e.expected}`,
    where: `in the stream "${e.stream}", epoch ${e.epoch}`,
    fix:
      e.by === "rows"
        ? "correct or omit the number of rows per epoch, or check that the files are complete"
        : "resume with the data of the interrupted run: the same rows for the same epoch and key",
  }),
) {}

/** An Observable emitted rows faster than they were used. It cannot be paused. */
export class StreamOverflow extends failure(
  "StreamOverflow",
  (e: StreamPlace & { readonly waiting: number }) => ({
    what: `an Observable emitted while ${several(e.waiting, "item")} already waited, and it cannot be paused`,
    where: inStream(e),
    fix: "use an async iterable or a generator, which emit on demand, throttle the Observable, or allow more waiting items",
  }),
) {}

/** A row of a stream differs from the others in its columns, shapes or dtypes. */
export class RowMismatch extends failure(
  "RowMismatch",
  (
    e: StreamPlace & {
      readonly column: string;
      readonly expected: string;
      readonly actual: string;
    },
  ) => ({
    what: `the column "${e.column}" should be ${e.expected}, but is ${e.actual}`,
    where: inStream(e),
    fix: "give every row the same columns, each of one shape and dtype, or declare the ragged columns",
  }),
) {}

/** A label is not a class: not a whole number from 0 to `classes - 1`. */
export class LabelOutOfRange extends failure(
  "LabelOutOfRange",
  (e: {
    readonly column: string;
    readonly row: number;
    readonly value: number;
    readonly classes: number;
    /** The place in a stream, if the data came from one. */
    readonly place?: StreamPlace;
  }) => ({
    what: `the label ${e.value} is not one of ${e.classes} classes`,
    where: ofColumn(e),
    fix: `number the labels from 0 to ${e.classes - 1}, or raise the number of classes`,
  }),
) {}

/** The data contains NaN or an infinity. */
export class NonFiniteData extends failure(
  "NonFiniteData",
  (e: {
    readonly column: string;
    readonly row: number;
    readonly value: number;
    /** The place in a stream, if the data came from one. */
    readonly place?: StreamPlace;
  }) => ({
    what: `the data contains ${e.value}, which is not finite`,
    where: ofColumn(e),
    fix: "remove such rows with filter, or fill in the missing values",
  }),
) {}

/** One mistake in decoded input: its path, the expected value, and the actual one. */
export interface DecodeIssue {
  readonly path: readonly string[];
  readonly expected: string;
  readonly actual: string;
}

/** A codec does not accept its input. `issues` lists every mistake. */
export class DecodeError extends failure(
  "DecodeError",
  (e: {
    readonly where: string;
    readonly issues: readonly DecodeIssue[];
    /** What helps, where it is something else than a look at the input. */
    readonly help?: string;
  }) => ({
    what: `the input does not match its format: ${several(e.issues.length, "mistake")}\n${e.issues
      .map(
        (i) =>
          `  ${i.path.length === 0 ? "the whole input" : i.path.join(".")}: expected ${i.expected}, found ${i.actual}`,
      )
      .join("\n")}`,
    where: `in ${e.where}`,
    fix:
      e.help ??
      "correct each mistake; if fluxion wrote the input, it was changed or cut off afterwards",
  }),
) {}

const idxFix: { readonly [P in IdxProblem]: string } = {
  magic: "give an IDX file, plain or compressed with gzip, or fetch the file again",
  type: "give the file that the dataset needs; images and labels are easily swapped",
  size: "fetch the file again, or raise maxBytes if the size is right",
  truncated: "fetch the file again: its end is missing",
  trailing: "fetch the file again: it has more data than its header says",
  compression: "fetch the file again: its compressed data is damaged or cut off",
};

const safetensorsFix: { readonly [P in SafetensorsProblem]: string } = {
  json: "give a safetensors file; checkpoints of fluxion that are JSON are of version 1 or 2, which are not read any more",
  truncated: "fetch or write the file again: its end is missing",
  trailing: "fetch or write the file again: it has more data than its header says",
  header: "give a safetensors file, or fetch it again",
  layout: "write the file again: its tensors must follow one another without gaps and overlaps",
  dtype: "convert the tensor to F32, F64, I32, U8 or BOOL before it is saved",
  value: "convert the tensor, before it is saved, to a dtype that has all of its numbers",
  hash: "fetch the file again, or go back to an earlier one: this one was changed after it was written",
};

/** A name of a file may be as long as a page. */
const beginning = (name: string): string => (name.length <= 80 ? name : `${name.slice(0, 80)}…`);
