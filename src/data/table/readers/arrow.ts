import type { Data, DataType, RecordBatch, Vector } from "apache-arrow";
import { isFluxionError } from "../../../errors/failure.ts";
import { InvalidFile } from "../../../errors.ts";
import { type ByteSource, type FileLike, nameOf, openBytes } from "../../bytes.ts";
import { absent, needed } from "../../packages.ts";
import type { Cell, Chunk, Table } from "../cells.ts";
import { arrowMessages } from "./arrowMessages.ts";
import { Astray } from "./flatbuffers.ts";
import { lz4Frame } from "./lz4.ts";

type Arrow = typeof import("apache-arrow");

/** The maximum bytes of a buffer when it is decompressed, and how many times as many as its own. */
const [mostOfBuffer, mostExpansion] = [2 ** 30, 2 ** 16];

/** The number of bytes that a compressed buffer says it has, in the eight bytes before it. */
const saidBefore = (bytes: Uint8Array): number => {
  // The library gives the part of a buffer that follows these bytes.
  const before = new DataView(bytes.buffer, bytes.byteOffset - 8, 8);
  const size = Number(before.getBigInt64(0, true));
  if (!(size >= 0 && size <= Math.min(mostOfBuffer, mostExpansion * bytes.length)))
    throw new Astray(`a buffer of ${bytes.length} bytes says that it is ${size}`);
  return size;
};

/** Teaches the library the codec of a message, unless it knows one. */
const teach = async (arrow: Arrow, codec: number): Promise<void> => {
  const { compressionRegistry: known } = arrow;
  if (known.get(codec) !== null) return;
  if (codec === 0)
    return known.set(codec, { decode: (bytes) => lz4Frame(bytes, saidBefore(bytes)) });
  if (codec !== 1) throw new Astray(`a codec is of the unknown number ${codec}`);
  const { decompressZstd } = await needed("the Arrow codec ZSTD", ["hyparquet-compressors"], () =>
    import("hyparquet-compressors").catch(absent),
  );
  known.set(codec, { decode: (bytes) => decompressZstd(bytes, new Uint8Array(saidBefore(bytes))) });
};

/** The bytes of a value of types of fixed width; `undefined` for others. */
const widthOf = (arrow: Arrow, type: DataType): number | undefined => {
  const { DataType: is } = arrow;
  if (is.isInt(type)) return type.bitWidth / 8;
  if (is.isFloat(type)) return [2, 4, 8][type.precision];
  if (is.isDate(type)) return type.unit === 0 ? 4 : 8;
  if (is.isTimestamp(type)) return 8;
  return is.isBool(type) ? 1 / 8 : undefined;
};

/** The bytes of a view of a text, and the longest text that stands within it. */
const [viewBytes, mostWithin] = [16, 12];

/** Checks that the views of a column hold their texts, or lead to them. */
const checkViews = (of: Data, short: () => never): void => {
  const bytes = of.values as Uint8Array;
  if (bytes.byteLength < of.length * viewBytes) short();
  const views = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < of.length; i++) {
    if (!of.getValid(i)) continue;
    const at = viewBytes * i;
    const size = views.getInt32(at, true);
    if (size >= 0 && size <= mostWithin) continue;
    const [buffer, from] = [views.getInt32(at + 8, true), views.getInt32(at + 12, true)];
    const held = of.variadicBuffers[buffer]?.byteLength ?? 0;
    if (!(size >= 0 && from >= 0 && from + size <= held)) short();
  }
};

/** Checks that the buffers of a column hold its values. The library reads beyond their ends without a word. */
const checkData = (arrow: Arrow, of: Data): void => {
  const { DataType: is } = arrow;
  const bytesOf = (buffer: ArrayBufferView | undefined): number => buffer?.byteLength ?? 0;
  const short = (): never => {
    throw new Astray("a column has fewer bytes than values");
  };
  const { length, offset, nullCount } = of;
  const values = offset + length;
  if (length > 0 && nullCount > 0 && bytesOf(of.nullBitmap) < values / 8) short();
  if (is.isNull(of.type)) return;
  if (is.isDictionary(of.type)) {
    const width = of.type.indices.bitWidth / 8;
    if (bytesOf(of.values as ArrayBufferView) < length * width) short();
    const dictionary = of.dictionary;
    if (dictionary === undefined) throw new Astray("a dictionary is missing");
    for (const part of dictionary.data) checkData(arrow, part);
    const places = of.values as ArrayLike<number | bigint>;
    for (let i = 0; i < length; i++)
      if (!(Number(places[i]) >= 0 && Number(places[i]) < dictionary.length) && of.getValid(i))
        throw new Astray("a value is not in its dictionary");
    return;
  }
  if (is.isUtf8(of.type) || is.isLargeUtf8(of.type)) {
    const offsets = of.valueOffsets as ArrayLike<number | bigint>;
    if (length > 0 && offsets.length <= length) short();
    for (let i = 0; i < length; i++)
      if (Number(offsets[i]) < 0 || Number(offsets[i]) > Number(offsets[i + 1])) short();
    if (length > 0 && Number(offsets[length]) > bytesOf(of.values as ArrayBufferView)) short();
    return;
  }
  if (is.isUtf8View(of.type)) {
    checkViews(of, short);
    return;
  }
  const width = widthOf(arrow, of.type);
  if (width === undefined)
    throw new Astray(`a column is of the type ${of.type}, which has no cells`);
  if (bytesOf(of.values as ArrayBufferView) < length * width) short();
};

/** The cells of a column. All are read at once, since the library may throw for any of them. */
const cellsIn = (arrow: Arrow, column: Vector): readonly Cell[] => {
  const { DataType: is } = arrow;
  for (const part of column.data) checkData(arrow, part);
  const timed = is.isDate(column.type) || is.isTimestamp(column.type);
  const cellAt = (row: number): Cell => {
    const value: unknown = column.get(row);
    if (value === null || value === undefined) return undefined;
    if (timed) return new Date(Number(value));
    switch (typeof value) {
      case "string":
      case "number":
      case "bigint":
      case "boolean":
        return value;
      default:
        return "a value of other values";
    }
  };
  return Array.from({ length: column.length }, (_, row) => cellAt(row));
};

/**
 * The rows of an Arrow file (Feather, version 2) or stream, one batch of rows after another. It needs the package
 * `apache-arrow`, and for buffers of ZSTD `hyparquet-compressors`. The offsets and sizes of a message are checked before the
 * library follows them. Columns of numbers, truths, texts, dates and dictionaries of these are read; others may be there.
 *
 * **Fails with** `MissingPackage`, `DataSourceError` and `InvalidFile`, while it is read; the latter where it is damaged, a
 * column that is asked for is of another type, or a batch has more than 2²⁴ rows.
 */
export const arrowTable = (file: FileLike, options: { readonly name?: string } = {}): Table => {
  const name = nameOf(file, options.name);
  const load = () =>
    needed("arrowTable", ["apache-arrow"], () => import("apache-arrow").catch(absent));
  const chunkOf = (arrow: Arrow, batch: RecordBatch, wanted: readonly string[]): Chunk => {
    const names = batch.schema.fields.map((field) => field.name);
    const columns = new Map(
      wanted.flatMap((column) => {
        const vector = names.includes(column) ? batch.getChild(column) : null;
        return vector === null ? [] : [[column, cellsIn(arrow, vector)] as const];
      }),
    );
    return {
      size: batch.numRows,
      names,
      column: (column) => {
        const cells = columns.get(column);
        return cells === undefined ? undefined : (i) => cells[i];
      },
      line: () => undefined,
    };
  };
  async function* batches(
    arrow: Arrow,
    source: ByteSource,
    wanted: readonly string[],
  ): AsyncGenerator<Chunk> {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for await (const message of arrowMessages(source)) {
        if (message.codec !== undefined) await teach(arrow, message.codec);
        yield message.bytes;
      }
    }
    const reader = await arrow.RecordBatchReader.from(bytes());
    for await (const batch of reader) yield chunkOf(arrow, batch, wanted);
  }
  async function* chunks(wanted: readonly string[]): AsyncGenerator<Chunk> {
    const arrow = await load();
    const source = await openBytes(file, name);
    try {
      yield* batches(arrow, source, wanted);
    } catch (cause) {
      if (isFluxionError(cause)) throw cause;
      const actual = cause instanceof Error ? cause.message : String(cause);
      throw new InvalidFile({
        format: "Arrow",
        file: name,
        expected: "a whole Arrow file",
        actual,
      });
    } finally {
      await source.close();
    }
  }
  return { _tag: "Table", name, chunks };
};
