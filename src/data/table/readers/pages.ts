import type { CompressionCodec } from "hyparquet";
import { Damaged, ThriftReader, type ThriftStruct, type ThriftValue } from "./thrift.ts";

/** The maximum bytes of a page, and of the pages of a column in a group of rows, when they are decompressed. */
const [mostOfPage, mostOfColumn] = [2 ** 28, 2 ** 30];

const structAt = (struct: ThriftStruct, field: number): ThriftStruct | undefined => {
  const value = struct.get(field);
  return value instanceof Map ? value : undefined;
};

const within = (value: ThriftValue, least: number, most: number, what: string): number => {
  if (typeof value !== "number" || !(value >= least && value <= most))
    throw new Damaged(`${what} is ${String(value)}, not from ${least} to ${most}`);
  return value;
};

/** Encodings whose numbers of values are believed: the values themselves are bounded by their bytes. */
const [dataPage, indexPage, dictionaryPage, dataPage2] = [0, 1, 2, 3];

/**
 * Checks the headers of the pages of a column of a group of rows: what they say must fit into their bytes, and the values
 * must be those of the rows. A reader believes these headers, and would make room for what they say.
 *
 * **Fails with** {@link Damaged}, thrown.
 * **Source** Apache Parquet, `parquet.thrift`: `PageHeader`.
 */
export const checkPages = (bytes: Uint8Array, rows: number, codec: CompressionCodec): void => {
  let [at, seen, room] = [0, 0, 0];
  while (seen < rows) {
    const reader = new ThriftReader(bytes, at);
    const header = reader.struct();
    const size = within(header.get(2), 0, mostOfPage, "the size of a page");
    const stored = within(header.get(3), 0, bytes.length - reader.at, "the stored size of a page");
    if (codec === "UNCOMPRESSED" && size !== stored) throw new Damaged("a page has two sizes");
    room += size;
    if (room > mostOfColumn) throw new Damaged("the pages of a column are too large together");
    const type = header.get(1);
    if (type === dictionaryPage) {
      const count = structAt(header, 7)?.get(1);
      // A truth has a bit.
      within(count, 0, 8 * size, "the number of values in a dictionary");
    } else if (type === dataPage) {
      seen += within(structAt(header, 5)?.get(1), 0, rows - seen, "the number of values in a page");
    } else if (type === dataPage2) {
      const page = structAt(header, 8);
      const count = within(page?.get(1), 0, rows - seen, "the number of values in a page");
      within(page?.get(2), 0, count, "the number of missing values in a page");
      within(page?.get(3), count, count, "the number of rows in a page");
      const levels = within(page?.get(5), 0, Math.min(size, stored), "the size of levels");
      within(page?.get(6), 0, Math.min(size, stored) - levels, "the size of levels");
      seen += count;
    } else if (type !== indexPage)
      throw new Damaged(`a page is of the unknown type ${String(type)}`);
    at = reader.at + stored;
    if (at >= bytes.length && seen < rows) throw new Damaged("a column has fewer values than rows");
  }
};
