import type { AsyncBuffer, ColumnMetaData, Compressors, FileMetaData, RowGroup } from "hyparquet";
import { isFluxionError } from "../../../errors/failure.ts";
import { InvalidFile } from "../../../errors.ts";
import { type ByteSource, type FileLike, nameOf, openBytes } from "../../bytes.ts";
import { absent, needed } from "../../packages.ts";
import type { Cell, Chunk, Table } from "../cells.ts";
import { checkPages } from "./pages.ts";
import { ThriftReader } from "./thrift.ts";

/** The maximum number of rows of a group, which are in memory at once. */
const mostRows = 2 ** 24;
/** The maximum bytes of what a file says of itself. */
const mostOfFooter = 2 ** 26;

const refuse = (file: string, expected: string, actual: string): InvalidFile =>
  new InvalidFile({ format: "Parquet", file, expected, actual });

/** Codecs that hyparquet has, and those of hyparquet-compressors. */
const own = ["UNCOMPRESSED", "SNAPPY"];
const others = ["GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW"];

/** Decompressors that make no more than a page says. */
const compressorsFor = async (
  file: string,
  codecs: readonly string[],
): Promise<Compressors | undefined> => {
  const unknown = codecs.find((codec) => !own.includes(codec) && !others.includes(codec));
  if (unknown !== undefined)
    throw refuse(file, `one of the codecs ${[...own, ...others].join(", ")}`, unknown);
  const more = codecs.filter((codec) => others.includes(codec));
  if (more.length === 0) return undefined;
  const all = await needed(`the Parquet codec ${more.join(", ")}`, ["hyparquet-compressors"], () =>
    import("hyparquet-compressors").catch(absent),
  );
  return {
    GZIP: all.decompressGzip,
    BROTLI: all.decompressBrotli,
    // Without a place to write to, it makes as many bytes as the data asks for.
    ZSTD: (input, size) => all.decompressZstd(input, new Uint8Array(size)),
    LZ4: all.decompressLz4,
    LZ4_RAW: all.decompressLz4Raw,
  };
};

const bufferOf = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

/** What a file says of itself, at its end. */
const footerOf = async (source: ByteSource): Promise<Uint8Array> => {
  const { name, size } = source;
  const end = size < 12 ? undefined : await source.slice(size - 8, size);
  if (end === undefined || new TextDecoder().decode(end.subarray(4)) !== "PAR1")
    throw refuse(name, "PAR1 at the end", "other bytes");
  const length = new DataView(end.buffer, end.byteOffset).getUint32(0, true);
  if (length > Math.min(size - 12, mostOfFooter))
    throw refuse(
      name,
      `a footer of at most ${Math.min(size - 12, mostOfFooter)} bytes`,
      `${length}`,
    );
  const footer = await source.slice(size - 8 - length, size);
  // hyparquet believes the lengths of lists in it.
  new ThriftReader(footer.subarray(0, length)).struct();
  return footer;
};

/** The columns that are no lists and no structures, in order. */
const flatColumns = ({ schema }: FileMetaData): readonly string[] => {
  const names: string[] = [];
  // The first element is the whole row; one with children is followed by them.
  for (let i = 1; i < schema.length; i++) {
    const { name, num_children = 0, repetition_type } = schema[i] as FileMetaData["schema"][number];
    if (num_children === 0 && repetition_type !== "REPEATED") names.push(name);
    for (let inside = num_children; inside > 0 && i + 1 < schema.length; inside--)
      inside += schema[++i]?.num_children ?? 0;
  }
  return names;
};

/** A column of a group of rows: where its bytes are. */
interface Place {
  readonly column: ColumnMetaData;
  readonly from: number;
  readonly to: number;
}

const placeOf = (file: string, size: number, group: RowGroup, name: string): Place => {
  const column = group.columns.find(
    ({ meta_data }) =>
      meta_data?.path_in_schema.length === 1 && meta_data.path_in_schema[0] === name,
  )?.meta_data;
  if (column === undefined)
    throw refuse(file, `the column "${name}" in each group of rows`, "none");
  const [data, dictionary] = [
    Number(column.data_page_offset),
    Number(column.dictionary_page_offset),
  ];
  const from = dictionary > 0 && dictionary < data ? dictionary : data;
  const to = from + Number(column.total_compressed_size);
  if (!(from >= 0 && to >= from && to <= size))
    throw refuse(file, `the column "${name}" within its ${size} bytes`, `${from} to ${to}`);
  return { column, from, to };
};

/** A value of a column as a cell: bytes that are no text are none of any field. */
const cellOf = (value: unknown): Cell => {
  if (value === null || value === undefined || value instanceof Date) return value;
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return value;
    default:
      return value instanceof Uint8Array ? `${value.length} bytes` : "a value of other values";
  }
};

/**
 * The rows of a Parquet file, one group of rows after another, of which only the columns that are asked for are read. It
 * needs the package `hyparquet`, and for other codecs than Snappy `hyparquet-compressors`. Its sizes are checked before
 * anything is decompressed; columns of lists and structures are not read.
 *
 * **Fails with** `MissingPackage`, `DataSourceError` and `InvalidFile`, while it is read; the latter where it is damaged, of an unknown
 * codec, or has more than 2²⁴ rows in a group.
 */
export const parquetTable = (file: FileLike, options: { readonly name?: string } = {}): Table => {
  const name = nameOf(file, options.name);
  async function* groups(source: ByteSource, wanted: readonly string[]): AsyncGenerator<Chunk> {
    const { parquetMetadata, parquetRead } = await needed("parquetTable", ["hyparquet"], () =>
      import("hyparquet").catch(absent),
    );
    const footer = await footerOf(source);
    const metadata = parquetMetadata(bufferOf(footer), { geoparquet: false });
    const flat = flatColumns(metadata);
    const known = wanted.filter((column) => flat.includes(column));
    const places = new Map(known.map((column, i) => [column, i]));
    // A group may say that one value is repeated for all its rows: so many rows are too many for so few bytes.
    const most = Math.max(2 ** 20, 1024 * source.size);
    let first = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (!(rows >= 0 && rows <= mostRows && first + rows <= most))
        throw refuse(
          name,
          `at most ${Math.min(mostRows, most - first)} rows in a group`,
          `${rows}`,
        );
      const columns = known.map((column) => placeOf(name, source.size, group, column));
      const compressors = await compressorsFor(
        name,
        columns.map(({ column: { codec } }) => codec),
      );
      const parts = new Map<number, Uint8Array>();
      for (const { column, from, to } of columns) {
        const bytes = await source.slice(from, to);
        if (rows > 0) checkPages(bytes, rows, column.codec);
        parts.set(from, bytes);
      }
      const read: AsyncBuffer = {
        byteLength: source.size,
        slice: async (from, to = source.size) => {
          const part = parts.get(from);
          const bytes =
            part?.length === to - from ? part : await source.slice(from, Math.min(to, source.size));
          return bufferOf(bytes);
        },
      };
      const all = await new Promise<readonly (readonly unknown[])[]>((resolve, reject) => {
        parquetRead({
          ...{ file: read, metadata, columns: known, geoparquet: false },
          ...{ rowStart: first, rowEnd: first + rows, onComplete: resolve },
          ...(compressors === undefined ? {} : { compressors }),
        }).catch(reject);
      });
      if (known.length > 0 && all.length !== rows)
        throw refuse(name, `${rows} rows in a group`, `${all.length}`);
      first += rows;
      yield {
        size: rows,
        names: flat,
        column: (column) => {
          const place = places.get(column);
          return place === undefined ? undefined : (i) => cellOf(all[i]?.[place]);
        },
        line: () => undefined,
      };
    }
  }
  async function* chunks(wanted: readonly string[]): AsyncGenerator<Chunk> {
    const source = await openBytes(file, name);
    try {
      yield* groups(source, wanted);
    } catch (cause) {
      if (isFluxionError(cause)) throw cause;
      throw refuse(
        name,
        "a whole Parquet file",
        cause instanceof Error ? cause.message : String(cause),
      );
    } finally {
      await source.close();
    }
  }
  return { _tag: "Table", name, chunks };
};
