import { InvalidArgument, TableCorrupt } from "../../../errors.ts";
import { bytesOf, type FileLike, nameOf } from "../../bytes.ts";
import type { Chunk, Table } from "../cells.ts";
import { type CsvRecord, csvParser } from "./csv.ts";
import { textOf } from "./text.ts";

/** The options of {@link csvTable}. */
export interface CsvOptions {
  /** What stands between fields: one character, such as `";"` or a tab. Defaults to a comma. */
  readonly separator?: string;
  /**
   * The encoding of the text, such as `latin1`. Defaults to UTF-8, or to what a byte order mark at the beginning says. It is a
   * name of the WHATWG standard, where `latin1` is windows-1252.
   */
  readonly encoding?: string;
  /** The names of the columns, for a file without a line of names. Defaults to the fields of the first line. */
  readonly header?: readonly string[];
  /** What a line that is left out begins with, such as `#`. Defaults to none. */
  readonly comment?: string;
  /** The name of the file in errors. Defaults to its path. */
  readonly name?: string;
}

const short = (text: string): string => (text.length <= 100 ? text : `${text.slice(0, 100)}…`);

/** Checks the names of the columns, and finds their places. */
const placesOf = (
  names: readonly string[],
  refuse: (line: number, column: string, expected: string, actual: string) => TableCorrupt,
): ReadonlyMap<string, number> => {
  const places = new Map(names.map((name, place) => [name, place]));
  const twice = names.find((name, place) => name !== "" && places.get(name) !== place);
  if (twice !== undefined) throw refuse(1, twice, "one column of this name", "more than one");
  return places;
};

/**
 * The rows of a CSV file, whose first line names the columns. It is read in parts, and need not fit memory.
 *
 * Fields may be in double quotes: inside them two quotes mean one, and separators and line ends are literal. Lines end in
 * LF or CRLF. Blanks around fields without quotes are ignored, as are empty lines.
 *
 * **Fails with** `InvalidArgument`, thrown, where an encoding is unknown or a separator is no single character. While it is
 * read, with `TableCorrupt` where a line has more or fewer fields than the first, a quote is not closed, a name comes twice,
 * or a record is longer than 2²⁴ characters; `DataSourceError`, also where the bytes are not of the encoding.
 * **Source** RFC 4180, section 2; WHATWG, "Encoding Standard".
 */
export const csvTable = (file: FileLike, options: CsvOptions = {}): Table => {
  const { separator = ",", comment = "", encoding, header } = options;
  if (separator.length !== 1 || '"\r\n'.includes(separator))
    throw new InvalidArgument({
      op: "csvTable",
      argument: "separator",
      expected: "one character that is neither a quote nor a line end",
      actual: JSON.stringify(separator),
    });
  const name = nameOf(file, options.name);
  const decoded = textOf("csvTable", encoding);
  const refuse = (line: number, column: string, expected: string, actual: string) =>
    new TableCorrupt({ file: name, line, column, expected, actual: short(actual) });
  async function* chunks(): AsyncGenerator<Chunk> {
    const parser = csvParser({ separator, comment });
    let names = header;
    let places = names === undefined ? undefined : placesOf(names, refuse);
    const chunkOf = (all: readonly CsvRecord[]): Chunk | undefined => {
      const [first] = all;
      if (first === undefined) return undefined;
      const records = places === undefined ? all.slice(1) : all;
      names ??= first.fields;
      places ??= placesOf(names, refuse);
      const width = names.length;
      const ragged = records.find(({ fields }) => fields.length !== width);
      if (ragged !== undefined)
        throw refuse(ragged.line, "", `${width} fields`, String(ragged.fields.length));
      const known = places;
      return {
        size: records.length,
        names,
        column: (column) => {
          const place = known.get(column);
          return place === undefined ? undefined : (i) => records[i]?.fields[place];
        },
        line: (i) => records[i]?.line,
      };
    };
    const made = (read: ReturnType<typeof parser.end>): Chunk | undefined => {
      if (read._tag === "Left") {
        const { line, expected, actual } = read.left;
        throw refuse(line, "", expected, actual);
      }
      return chunkOf(read.right);
    };
    for await (const text of decoded(bytesOf(file, name), name)) {
      const chunk = made(parser.push(text));
      if (chunk !== undefined) yield chunk;
    }
    const chunk = made(parser.end());
    if (chunk !== undefined) yield chunk;
    if (names === undefined) throw refuse(1, "", "a line with the names of the columns", "nothing");
  }
  return { _tag: "Table", name, chunks };
};
