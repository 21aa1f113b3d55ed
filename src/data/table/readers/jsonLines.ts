import { TableCorrupt } from "../../../errors.ts";
import { bytesOf, type FileLike, nameOf } from "../../bytes.ts";
import type { Cell, Chunk, Table } from "../cells.ts";
import { textOf } from "./text.ts";

/** The maximum number of characters of a line. */
const longest = 2 ** 24;

/** The text of a nested value, unless it is nested so deeply that it has none. */
const nestedText = (value: object): string => {
  try {
    return JSON.stringify(value);
  } catch {
    return "a value that is nested too deeply";
  }
};

/** A value of JSON as a cell: nested values as their text. */
const cellOf = (value: unknown): Cell => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    default:
      return typeof value === "object" && value !== null ? nestedText(value) : undefined;
  }
};

interface Line {
  readonly line: number;
  readonly fields: { readonly [name: string]: unknown };
}

/**
 * The rows of a file of JSON lines: an object on each line, whose fields are the columns. A field that is not there is a
 * missing value. The file is read in parts, and need not fit memory. Empty lines are ignored.
 *
 * **Fails with** `TableCorrupt` while it is read, where a line is no JSON object, or longer than 2²⁴ characters;
 * `DataSourceError`, also where the bytes are not UTF-8.
 * **Source** RFC 8259; the convention is that of jsonlines.org.
 */
export const jsonLinesTable = (file: FileLike, options: { readonly name?: string } = {}): Table => {
  const name = nameOf(file, options.name);
  const refuse = (line: number, expected: string, actual: string) =>
    new TableCorrupt({ file: name, line, column: "", expected, actual: actual.slice(0, 100) });
  const parsed = (text: string, line: number): Line | undefined => {
    if (text.trim() === "") return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw refuse(line, "a JSON object", text);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw refuse(line, "a JSON object", text);
    return { line, fields: value as Line["fields"] };
  };
  const chunkOf = (lines: readonly Line[]): Chunk => ({
    size: lines.length,
    names: undefined,
    column: (column) => (i) => {
      const { fields } = lines[i] as Line;
      return Object.hasOwn(fields, column) ? cellOf(fields[column]) : undefined;
    },
    line: (i) => lines[i]?.line,
  });
  async function* chunks(): AsyncGenerator<Chunk> {
    let [rest, line] = ["", 1];
    for await (const text of textOf("jsonLinesTable", undefined)(bytesOf(file, name), name)) {
      const lines = text.split("\n");
      lines[0] = rest + (lines[0] as string);
      rest = lines.pop() as string;
      if (rest.length > longest)
        throw refuse(line + lines.length, `at most ${longest} characters`, "more");
      const read = lines.flatMap((each) => parsed(each, line++) ?? []);
      if (read.length > 0) yield chunkOf(read);
    }
    const last = parsed(rest, line);
    if (last !== undefined) yield chunkOf([last]);
  }
  return { _tag: "Table", name, chunks };
};
