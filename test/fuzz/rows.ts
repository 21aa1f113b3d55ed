import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  Table as ArrowData,
  Dictionary,
  Float64,
  Int32,
  Int64,
  TimestampMicrosecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import * as Effect from "effect/Effect";
import { type BasicType, parquetWriteBuffer } from "hyparquet-writer";
import type { ReaderSubject } from "../../laws/data/readers.ts";
import type { Table } from "../../src/data/table/cells.ts";
import { tableDataset } from "../../src/data/table/datasets.ts";
import { fitTable } from "../../src/data/table/fitTable.ts";
import { arrowTable } from "../../src/data/table/readers/arrow.ts";
import { csvTable } from "../../src/data/table/readers/csvTable.ts";
import { jsonLinesTable } from "../../src/data/table/readers/jsonLines.ts";
import { parquetTable } from "../../src/data/table/readers/parquet.ts";

/** Readers of rows, each by a schema that is fitted on what they read. */

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Fits a schema to a table, and makes a dataset of it. */
const rowsRead = (table: Table) =>
  Effect.flatMap(
    fitTable(table, {
      missing: ["", "NA"],
      columns: {
        features: [
          { field: "x", type: "number", fill: "median", scale: "robust", flag: true },
          { field: "on", type: "date", parts: ["year", { cyclic: "month" }], fill: "median" },
        ],
        kind: { field: "kind", type: "category", unseen: "other", fill: "mostFrequent" },
      },
    }),
    (fitted) => tableDataset(table, fitted),
  );

const codecs = {
  UNCOMPRESSED: undefined,
  SNAPPY: undefined,
  GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)),
  ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes)),
  BROTLI: (bytes: Uint8Array) => new Uint8Array(brotliCompressSync(bytes)),
} as const;
const { GZIP, ZSTD, BROTLI } = codecs;

/** A Parquet file of some rows in groups of four. */
export const parquetFile = (codec: keyof typeof codecs, rows: number): Uint8Array => {
  const column = (name: string, type: BasicType, of: (i: number) => unknown) => ({
    ...{ name, type },
    data: Array.from({ length: rows }, (_, i) => of(i)),
  });
  return new Uint8Array(
    parquetWriteBuffer({
      codec,
      compressors: { GZIP, ZSTD, BROTLI },
      rowGroupSize: 4,
      columnData: [
        column("x", "DOUBLE", (i) => (i === 3 ? null : i / 2)),
        column("kind", "STRING", (i) => (i % 2 === 0 ? "a" : "b")),
        column("on", "TIMESTAMP", (i) => new Date(1e12 + i * 86_400_000)),
        column("n", "INT64", (i) => BigInt(i)),
      ],
    }),
  );
};

/** An Arrow file or stream of three rows. */
export const arrowFile = (format: "file" | "stream"): Uint8Array =>
  tableToIPC(
    new ArrowData({
      x: vectorFromArray([1.5, null, 3], new Float64()),
      kind: vectorFromArray(["a", "b", "a"], new Dictionary(new Utf8(), new Int32())),
      on: vectorFromArray([1_700_000_000_000, 0, null], new TimestampMicrosecond()),
      text: vectorFromArray(["one", null, "zwölf"], new Utf8()),
      n: vectorFromArray([1n, 2n, 3n], new Int64()),
    }),
    format,
  );

/** A table as Polars writes it; `data/polars/trees.mjs` made it. */
export const polarsFile = (
  name: "lz4.arrow" | "zstd.arrow" | "lz4.arrows" | "snappy.parquet",
): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../data/polars/trees.${name}`, import.meta.url)));

/** The bytes of the columns that {@link rowsRead} makes. */
type Weighing = ReaderSubject["weight"];

export const rowReaders = (weight: Weighing): readonly ReaderSubject[] => [
  {
    name: "csv",
    files: [
      'x,y,kind,on\n1,2,round,2024-01-02\n-3.5e2, "4" ,square,2024-02-29\n,NA,"round",\n',
      'x,on,"ki""nd",kind\r\n.5,2024-01-02,"a\nb",c\r\n\r\n',
      `kind,x,on\n${"a,1,2023-01-05\n".repeat(300)}`,
    ].map(bytesOf),
    read: (bytes) => rowsRead(csvTable(bytes)),
    weight,
    most: (length) => 1000 + 64 * length,
  },
  {
    name: "json-lines",
    files: [
      '{"x":1,"kind":"a","on":"2024-01-02"}\n{"x":null,"kind":"b"}\n\n{"y":[1,{"a":2}],"x":"3"}',
      '{"x":1e3,"kind":true,"on":"2023-01-05"}\n'.repeat(200),
    ].map(bytesOf),
    read: (bytes) => rowsRead(jsonLinesTable(bytes)),
    weight,
    most: (length) => 1000 + 64 * length,
  },
  {
    name: "parquet",
    files: [parquetFile("UNCOMPRESSED", 10), parquetFile("SNAPPY", 3)],
    read: (bytes) => rowsRead(parquetTable(bytes)),
    weight,
    // A page may say once what all of its rows are.
    most: (length) => 20 * Math.max(2 ** 20, 1024 * length),
  },
  {
    name: "parquet-codecs",
    files: (["GZIP", "ZSTD", "BROTLI"] as const).map((codec) => parquetFile(codec, 5)),
    read: (bytes) => rowsRead(parquetTable(bytes)),
    weight,
    most: (length) => 20 * Math.max(2 ** 20, 1024 * length),
  },
  {
    name: "arrow",
    files: [arrowFile("file"), arrowFile("stream")],
    read: (bytes) => rowsRead(arrowTable(bytes)),
    weight,
    most: (length) => 1000 + 64 * length,
  },
  {
    name: "arrow-codecs",
    files: (["lz4.arrow", "zstd.arrow", "lz4.arrows"] as const).map(polarsFile),
    read: (bytes) => rowsRead(arrowTable(bytes)),
    weight,
    most: (length) => 20 * Math.max(2 ** 20, 1024 * length),
  },
];
