import { Table as ArrowData, makeData, makeVector, tableToIPC, Utf8View } from "apache-arrow";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { isRight } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { type CodecSubject, roundTrip } from "../../laws/data/codecs.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { recordSchemaCodec } from "../../src/codec/fields.ts";
import { fromRawCodec } from "../../src/codec/fromRaw.ts";
import {
  arrowTable,
  type CsvOptions,
  csvTable,
  epochsOf,
  type FromRaw,
  fitTable,
  jsonLinesTable,
  parquetTable,
  prepare,
  type RecordSchema,
  type Table,
  tableDataset,
  tableSplits,
  tableStream,
} from "../../src/data/index.ts";
import { dateReader } from "../../src/data/table/dates.ts";
import { csvParser, csvRecords } from "../../src/data/table/readers/csv.ts";
import { lz4Frame } from "../../src/data/table/readers/lz4.ts";
import { formatError, key } from "../../src/index.ts";
import { arrowFile, parquetFile, polarsFile } from "../fuzz/rows.ts";

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);
const csv = (text: string, options: CsvOptions = {}) =>
  csvTable(encoded(text), { name: "t.csv", ...options });

const columnsOf = async (table: Table, schema: RecordSchema) => {
  const fitted = await Effect.runPromise(fitTable(table, schema));
  const all = (await Effect.runPromise(tableDataset(table, fitted))).all();
  return Object.fromEntries(Object.entries(all).map(([name, column]) => [name, column.toArray()]));
};

const refusal = async (table: Table, schema: RecordSchema): Promise<unknown> =>
  Effect.runPromise(
    Effect.flip(Effect.flatMap(fitTable(table, schema), (fitted) => tableDataset(table, fitted))),
  );

const number = { type: "number", field: "x" } as const;

describe("numbers", () => {
  test.each<[string, object, readonly number[]]>([
    ["mean", { fill: "mean" }, [1, 4, 7, 4]],
    ["median, between neighbors", { fill: "median" }, [1, 4, 7, 4]],
    ["a constant", { fill: { constant: -1 } }, [1, -1, 7, 4]],
    ["the least of the most frequent", { fill: "mostFrequent" }, [1, 1, 7, 4]],
  ])("are filled by %s", async (_, options, expected) => {
    const table = csv("x\n1\n?\n7\n4\n");
    const schema = { missing: ["?"], columns: { x: { ...number, ...options } } };
    expect(await columnsOf(table, schema)).toEqual({ x: expected });
  });

  test("are flagged, and scaled by the values that are there", async () => {
    const table = csv("x\n1\n\n-\n3\n");
    const column = (scale: "standard" | "minMax" | "robust") => [
      { ...number, missing: ["-"], fill: "mean", flag: true, scale } as const,
    ];
    expect(
      await columnsOf(table, {
        columns: { a: column("standard"), b: column("minMax"), c: column("robust") },
      }),
    ).toEqual({
      // Deviation 1; the quartiles of 1 and 3 are 1.5 and 2.5.
      a: [
        [-1, 0],
        [0, 1],
        [1, 0],
      ],
      b: [
        [0, 0],
        [0.5, 1],
        [1, 0],
      ],
      c: [
        [-1, 0],
        [0, 1],
        [1, 0],
      ],
    });
  });

  test("with a decimal comma, and whole ones as i32", async () => {
    const table = csv('x;n\n"1,5";2\n-,25e1;-3\n', { separator: ";" });
    const columns = {
      x: { ...number, decimal: "," },
      n: { field: "n", type: "integer" },
    } as const;
    expect(await columnsOf(table, { columns })).toEqual({ x: [1.5, -2.5], n: [2, -3] });
    expect(
      await refusal(csv("x\n1.5\n"), { columns: { x: { ...number, decimal: "," } } }),
    ).toMatchObject({
      _tag: "TableMistakes",
    });
  });
});

describe("categories", () => {
  const kind = { field: "k", type: "category" } as const;

  test("are listed or fitted, ones in a list and a number alone", async () => {
    const table = csv("k\nb\na\nb\n");
    expect(
      await columnsOf(table, {
        columns: { one: kind, hot: [kind], listed: { ...kind, classes: ["b", "a", "z"] } },
      }),
    ).toEqual({
      one: [1, 0, 1],
      hot: [
        [0, 1],
        [1, 0],
        [0, 1],
      ],
      listed: [0, 1, 0],
    });
  });

  test("never seen in training are refused with the row, or a class of their own", async () => {
    const table = csv("k\nb\na\n");
    const later = csv("k\na\nnew\n");
    const fittedBy = (unseen: "refuse" | "other") =>
      Effect.runPromise(
        fitTable(table, { columns: { k: { ...kind, unseen }, hot: [{ ...kind, unseen }] } }),
      );
    const refused = await Effect.runPromise(
      Effect.flip(tableDataset(later, await fittedBy("refuse"))),
    );
    expect(refused).toMatchObject({
      mistakes: [
        { row: 1, line: 3, column: "k", expected: 'one of "a", "b"', actual: '"new"' },
        { row: 1 },
      ],
    });
    const all = (await Effect.runPromise(tableDataset(later, await fittedBy("other")))).all();
    expect(all.k.toArray()).toEqual([0, 2]);
    expect(all.hot.toArray()).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
  });
});

describe("dates", () => {
  test.each<[string, string, string | undefined]>([
    ["YYYY-MM-DD", "2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["YYYY-MM-DD", "2023-02-29", undefined],
    ["D.M.YY H:mm", "1.12.69 7:05", "1969-12-01T07:05:00.000Z"],
    ["MMM D, YYYY", "Mar 3, 0007", "0007-03-03T00:00:00.000Z"],
    ["YYYY-MM-DDTHH:mm:ss.SSSZ", "2024-01-02T03:04:05.678Z", "2024-01-02T03:04:05.678Z"],
    ["YYYY-MM-DD", " 2024-01-01", undefined],
    ["DD/MM/YYYY", "12/31/2024", undefined],
    ["HH:mm YYYY", "24:00 2024", undefined],
  ])("of the format %s: %s", (format, text, expected) => {
    const time = dateReader(format)(text);
    expect(time === undefined ? undefined : new Date(time).toISOString()).toBe(expected);
  });

  test("become parts, as numbers or on a circle", async () => {
    const table = csv("d\n2024-07-01\n1.4.2023\n");
    const date = { field: "d", type: "date", formats: ["YYYY-MM-DD", "D.M.YYYY"] } as const;
    expect(
      await columnsOf(table, {
        columns: {
          plain: { ...date, parts: ["year", "month", "day", "weekday", "dayOfYear"] },
          turned: [{ ...date, parts: [{ cyclic: "month" }] }],
        },
      }),
    ).toEqual({
      // Monday, the 183rd day of a leap year; Saturday, the 91st.
      plain: [
        [2024, 7, 1, 1, 183],
        [2023, 4, 1, 6, 91],
      ],
      turned: [
        [expect.closeTo(0, 6), -1],
        [1, expect.closeTo(0, 6)],
      ],
    });
  });
});

test("truths and texts", async () => {
  const table = csv('b,t\nYes,"Good, good film"\n0,A film\n,\n');
  expect(
    await columnsOf(table, {
      columns: {
        b: { field: "b", type: "boolean", fill: "mostFrequent" },
        m: { field: "b", type: "boolean", true: ["0"], false: ["yes"], fill: { constant: true } },
        tokens: { field: "t", type: "text", length: 3, fill: { constant: "" } },
        counts: [{ field: "t", type: "text", as: "counts", fill: { constant: "" } }],
      },
    }),
  ).toEqual({
    b: [1, 0, 0],
    m: [0, 1, 1],
    // film is in both texts, then a and good.
    tokens: [
      [4, 4, 2],
      [3, 2, 0],
      [0, 0, 0],
    ],
    counts: [
      [1, 0, 2],
      [1, 1, 0],
      [0, 0, 0],
    ],
  });
});

describe("mistakes", () => {
  test("are listed together, bounded, each with its row, column and fix", async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => (i % 2 === 0 ? "1,2" : `n/a,x${i}`));
    const error = await refusal(csv(`a,b\n${rows.join("\n")}\n`), { columns: { x: ["a", "b"] } });
    expect(error).toMatchObject({ _tag: "TableMistakes", count: 5000 });
    const said = formatError(error);
    expect(said.split("\n").slice(0, 3)).toEqual([
      "TableMistakes: the table does not match its schema: 5000 mistakes",
      '  row 2, line 3, column "a": expected a finite number, found "n/a"',
      '  row 4, line 5, column "a": expected a finite number, found "n/a"',
    ]);
    expect(said).toContain('declare "n/a" among the texts of missing values');
    expect(said.length).toBeLessThan(2000);
  });

  test("a column of another type in row 10⁶ is named", async () => {
    const lines = new Array<string>(1_000_000).fill("1");
    const error = await refusal(csv(`x\n${lines.join("\n")}\nabc\n`), { columns: { x: "x" } });
    expect(error).toMatchObject({
      mistakes: [{ row: 1_000_000, line: 1_000_002, actual: '"abc"' }],
    });
  });

  test("a missing value that nothing stands for", async () => {
    const error = await refusal(csv("x,y\n1,1\n,1\n"), { columns: { x: "x" } });
    expect(formatError(error)).toContain('declare fill for "x"');
  });

  test.each<[string, RecordSchema, string]>([
    ["a column that is not there", { columns: { x: "z" } }, "UnknownColumn"],
    ["no columns", { columns: {} }, "InvalidArgument"],
    ["no fields", { columns: { x: [] } }, "InvalidArgument"],
    [
      "classes twice",
      { columns: { x: { field: "x", type: "category", classes: ["a", "a"] } } },
      "InvalidArgument",
    ],
    [
      "a format without a year",
      { columns: { x: { field: "x", type: "date", formats: ["MM"], parts: ["month"] } } },
      "InvalidArgument",
    ],
    [
      "a year on a circle",
      { columns: { x: { field: "x", type: "date", parts: [{ cyclic: "year" }] } } },
      "InvalidArgument",
    ],
    [
      "tokens in a list",
      { columns: { x: [{ field: "x", type: "text", as: "tokens", length: 2 }] } },
      "InvalidArgument",
    ],
    ["tokens of no length", { columns: { x: { field: "x", type: "text" } } }, "InvalidArgument"],
    [
      "a mean of nothing",
      { columns: { x: { field: "e", type: "number", fill: "mean" } } },
      "InvalidArgument",
    ],
  ])("of a schema: %s", async (_, schema, tag) => {
    expect(await refusal(csv("x,e\n1,\n"), schema)).toMatchObject({ _tag: tag });
  });
});

describe("CSV", () => {
  const both = { columns: { x: "x", t: { field: "t", type: "category" } } } as const;

  test("with quotes, line ends in fields, CRLF, a mark and another separator", async () => {
    const table = csv('\ufeffx\t"t"\r\n1\t"a\r\nb"\r\n\r\n2\t"c ""d"""\r\n', { separator: "\t" });
    const fitted = await Effect.runPromise(fitTable(table, both));
    expect(fitted.columns.t.fields).toMatchObject([{ classes: ["a\r\nb", 'c "d"'] }]);
  });

  test.each<[string, (text: string) => Uint8Array, CsvOptions]>([
    ["utf-8", encoded, {}],
    ["utf-16 with a mark", (text) => utf16(`\ufeff${text}`), {}],
    ["utf-16le", utf16, { encoding: "utf-16le" }],
    [
      "utf-16be",
      (text) => utf16(text).map((_, i, all) => all[i ^ 1] as number),
      { encoding: "utf-16be" },
    ],
    [
      "latin1",
      (text) => Uint8Array.from(text, (c) => (c === "€" ? 0x80 : c.charCodeAt(0))),
      { encoding: "latin1" },
    ],
  ])("of %s", async (_, write, options) => {
    const fitted = await Effect.runPromise(
      fitTable(csvTable(write("x,t\n1,é\n2,€\n"), options), both),
    );
    expect(fitted.columns.t.fields).toMatchObject([{ classes: ["é", "€"] }]);
  });

  test("unknown encodings and other bytes are refused", async () => {
    expect(() => csv("x", { encoding: "klingon" })).toThrow(/an? .*WHATWG/);
    expect(() => csv("x", { separator: '"' })).toThrow(/one character/);
    const bytes = Uint8Array.of(0x78, 0x0a, 0xe9, 0x0a);
    expect(await refusal(csvTable(bytes), both)).toMatchObject({
      _tag: "DataSourceError",
      reason: expect.stringContaining("latin1"),
    });
  });

  test("ragged rows are refused with their line, also far below", async () => {
    const rows = new Array<string>(100_000).fill("1,a").join("\n");
    expect(await refusal(csv(`x,t\n${rows}\n2\n`), both)).toMatchObject({
      ...{ _tag: "TableCorrupt", file: "t.csv", line: 100_002 },
      ...{ expected: "2 fields", actual: "1" },
    });
    expect(await refusal(csv(""), both)).toMatchObject({ _tag: "TableCorrupt" });
    expect(await refusal(csv("x,t\n"), both)).toMatchObject({ _tag: "EmptyDataset" });
  });

  test("in parts is what it is at once, wherever the parts end", () => {
    const some = fc.string({ unit: fc.constantFrom("a", '"', '""', ",", "\n", "\r\n", " ", "#") });
    fc.assert(
      fc.property(fc.array(some), (parts) => {
        const parser = csvParser();
        const records: unknown[] = [];
        for (const part of [...parts.map(parser.push), parser.end()]) {
          if (part._tag === "Left") {
            expect(csvRecords(parts.join(""), {})).toEqual(part);
            return;
          }
          records.push(...part.right);
        }
        const whole = csvRecords(parts.join(""), {});
        expect(isRight(whole) && whole.right).toEqual(records);
      }),
      { numRuns: 500 },
    );
  });
});

const utf16 = (text: string): Uint8Array =>
  Uint8Array.from(text.split("").flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]));

test("JSON lines have numbers, texts, truths and nothing", async () => {
  const lines = ['{"x":1.5,"b":true}', "", '{"x":null,"b":"no","more":[1]}', '{"b":false}'];
  const table = jsonLinesTable(encoded(lines.join("\r\n")), { name: "t.jsonl" });
  const columns = {
    x: { ...number, fill: { constant: 0 } },
    b: { field: "b", type: "boolean" },
  } as const;
  expect(await columnsOf(table, { columns })).toEqual({ x: [1.5, 0, 0], b: [1, 0, 0] });
  for (const wrong of ["[1]", "3", "{", '"x"', "null"])
    expect(
      await refusal(jsonLinesTable(encoded(`{"x":1}\n${wrong}\n`)), { columns: { x: "x" } }),
    ).toMatchObject({ _tag: "TableCorrupt", line: 2, expected: "a JSON object" });
});

describe("what fuzzing found", () => {
  test("a value of JSON that is nested too deeply for its text", async () => {
    const n = 30_000;
    const table = jsonLinesTable(encoded(`{"x":${'{"a":'.repeat(n)}0${"}".repeat(n)}}\n`));
    expect(await refusal(table, { columns: { x: "x" } })).toMatchObject({ _tag: "TableMistakes" });
  });

  test("a time of Arrow that is beyond numbers", async () => {
    // The second of three times, in microseconds.
    const file = arrowFile("stream");
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const at = Buffer.from(file).indexOf(bytesOfLong(1_700_000_000_000_000n));
    view.setBigInt64(at + 8, 2n ** 63n - 1n, true);
    expect(
      await refusal(arrowTable(file), {
        columns: { x: { field: "on", type: "date", parts: ["year"], fill: "median" } },
      }),
    ).toMatchObject({ _tag: "InvalidFile", format: "Arrow" });
  });
});

const bytesOfLong = (n: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(n).buffer);

describe("Parquet", () => {
  const schema = {
    columns: {
      features: [
        { ...number, fill: "mean" },
        { field: "kind", type: "category" },
        { field: "on", type: "date", parts: ["day"] },
      ],
      n: { field: "n", type: "integer" },
    },
  } as const;

  test.each(["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "BROTLI"] as const)(
    "of %s",
    async (codec) => {
      const table = parquetTable(parquetFile(codec, 10), { name: "t.parquet" });
      const { features, n } = await columnsOf(table, schema);
      expect(n).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      // The mean of 0, 0.5, … 4.5 without 1.5; the days after 9 September 2001.
      expect(features?.[3]).toEqual([Math.fround(21 / 9), 0, 1, 12]);
      expect(features?.[9]).toEqual([4.5, 0, 1, 18]);
    },
  );

  test("reads only the columns that are asked for, and refuses one that is not there", async () => {
    const table = parquetTable(parquetFile("SNAPPY", 3));
    expect(await columnsOf(table, { columns: { n: schema.columns.n } })).toEqual({ n: [0, 1, 2] });
    expect(await refusal(table, { columns: { x: "z" } })).toMatchObject({
      ...{ _tag: "UnknownColumn", columns: ["x", "kind", "on", "n"] },
    });
  });

  test.each<[string, (file: Uint8Array) => Uint8Array]>([
    ["cut", (file) => file.subarray(0, file.length - 20)],
    ["empty", () => new Uint8Array()],
    ["another format", () => encoded("x,y\n1,2\n")],
    [
      "with a footer beyond its beginning",
      (file) => file.map((b, i) => (i === file.length - 5 ? 0xff : b)),
    ],
  ])("%s is refused", async (_, change) => {
    expect(await refusal(parquetTable(change(parquetFile("SNAPPY", 3))), schema)).toMatchObject({
      ...{ _tag: "InvalidFile", format: "Parquet" },
    });
  });
});

describe("Arrow", () => {
  const schema = {
    columns: {
      features: [
        { ...number, fill: "mean" },
        { field: "kind", type: "category" },
        { field: "text", type: "category", fill: { constant: "?" } },
        { field: "on", type: "date", parts: ["year"], fill: "median" },
      ],
      n: { field: "n", type: "integer" },
    },
  } as const;

  test.each(["file", "stream"] as const)("a %s", async (format) => {
    expect(await columnsOf(arrowTable(arrowFile(format)), schema)).toEqual({
      features: [
        [1.5, 1, 0, 0, 1, 0, 2023],
        [2.25, 0, 1, 1, 0, 0, 1970],
        [3, 1, 0, 0, 0, 1, 1996],
      ],
      n: [1, 2, 3],
    });
  });

  test.each<[string, (file: Uint8Array) => Uint8Array]>([
    ["cut", (file) => file.subarray(0, file.length - 20)],
    ["empty", () => new Uint8Array()],
    ["another format", () => encoded("x,y\n1,2\n")],
  ])("%s is refused", async (_, change) => {
    expect(await refusal(arrowTable(change(arrowFile("file"))), schema)).toMatchObject({
      ...{ _tag: "InvalidFile", format: "Arrow" },
    });
  });

  test.each([
    ["lz4.arrow", arrowTable],
    ["zstd.arrow", arrowTable],
    ["lz4.arrows", arrowTable],
    ["snappy.parquet", parquetTable],
  ] as const)("Polars wrote %s", async (name, table) => {
    const columns = await columnsOf(table(polarsFile(name)), {
      columns: {
        x: { ...number, fill: { constant: -1 } },
        kind: { field: "kind", type: "category" },
        year: { field: "on", type: "date", parts: ["year"] },
      },
    });
    const rows = Array.from({ length: 24 }, (_, i) => i);
    expect(columns).toEqual({
      x: rows.map((i) => (i % 7 === 3 ? -1 : i / 8)),
      // In order of their letters: ash, birch, oak.
      kind: rows.map((i) => 2 - (i % 3)),
      year: rows.map((i) => [2000 + i]),
    });
  });

  test("views of texts that lead nowhere are refused", async () => {
    const schema = { columns: { kind: { field: "kind", type: "category" } } } as const;
    const batch = (views: Uint8Array): Uint8Array =>
      tableToIPC(
        new ArrowData({
          kind: makeVector(
            makeData({
              ...{ type: new Utf8View(), length: 1, views },
              variadicBuffers: [new TextEncoder().encode("ash, or Fraxinus")],
            }),
          ),
        }),
      );
    // The length, the first four letters, the buffer, and where the text begins in it.
    const view = (length: number, buffer: number, from: number): Uint8Array =>
      new Uint8Array(Int32Array.of(length, 0x2c687361, buffer, from).buffer);
    expect(await columnsOf(arrowTable(batch(view(16, 0, 0))), schema)).toEqual({ kind: [0] });
    for (const lost of [
      view(17, 0, 0),
      view(16, 1, 0),
      view(16, 0, 1),
      view(-1, 0, 0),
      view(16, 0, -4),
    ])
      expect(await refusal(arrowTable(batch(lost)), schema)).toMatchObject({ _tag: "InvalidFile" });
  });

  test("frames of LZ4 that a program made", () => {
    // printf 'fluxion fluxion fluxion fluxion\n' | lz4 --content-size
    const frame = Buffer.from(
      "BCJNGGxAIAAAAAAAAADGEgAAAI9mbHV4aW9uIAgAAFB4aW9uCgAAAADyHFVk",
      "base64",
    );
    const text = "fluxion fluxion fluxion fluxion\n";
    expect(new TextDecoder().decode(lz4Frame(frame, text.length))).toBe(text);
    expect(() => lz4Frame(frame, text.length - 1)).toThrow(/longer/);
    expect(() => lz4Frame(frame, text.length + 1)).toThrow(/shorter/);
  });
});

describe("parts", () => {
  const table = csv(`x\n${Array.from({ length: 3000 }, (_, i) => i).join("\n")}\n`);
  const schema = { columns: { x: { ...number, scale: "minMax" } } } as const;
  const shares = { validation: 0.1, test: 0.2, seed: 3 };

  test("are disjoint, all rows, about their shares, and fitted on the training rows", async () => {
    const { train, validation, test } = await Effect.runPromise(
      tableSplits(
        csv(`x\n${Array.from({ length: 3000 }, (_, i) => i).join("\n")}\n`),
        { columns: { x: number } },
        shares,
      ),
    );
    const rows = [train, validation, test].map((part) =>
      Array.from(part?.all().x.toTypedArray() ?? []),
    );
    expect(rows.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, i) => i));
    // Four deviations of √(3000 · 0.2 · 0.8).
    expect(Math.abs((rows[2]?.length ?? 0) - 600)).toBeLessThan(88);
    const scaled = await Effect.runPromise(tableSplits(table, schema, shares));
    const values = Array.from(scaled.train.all().x.toTypedArray());
    expect([Math.min(...values), Math.max(...values)]).toEqual([0, 1]);
  });

  test("are streamed as they are read at once, twice alike", async () => {
    const { train, inputs } = await Effect.runPromise(tableSplits(table, schema, shares));
    const stream = tableStream(table, { columns: inputs }, shares);
    const read = Effect.scoped(
      Effect.gen(function* () {
        const epochs = yield* epochsOf(stream, { batchSize: 64, key: key(1), shuffle: false });
        const reader = yield* epochs.open(0, 0);
        const [all, x] = [[] as number[], new Float32Array(64)];
        for (;;) {
          const rows = reader.ready();
          if (rows === undefined) yield* reader.wait;
          else if (rows === 0) return all;
          else {
            reader.fill({ x });
            all.push(...x.subarray(0, rows));
          }
        }
      }),
    );
    expect(await Effect.runPromise(read)).toEqual(Array.from(train.all().x.toTypedArray()));
    expect(await Effect.runPromise(read)).toHaveLength(train.size);
  });
});

describe("what was fitted", () => {
  const table = csv("x,k,d,t,b\n1,a,2024-01-02,good film,yes\n,b,,bad,no\n3,a,2024-01-05,,yes\n");
  const schema = {
    columns: {
      features: [
        { ...number, fill: "mean", flag: true, scale: "standard" },
        { field: "k", type: "category", unseen: "other" },
        {
          field: "d",
          type: "date",
          parts: ["days", { cyclic: "month" }],
          fill: "median",
          scale: "robust",
        },
        { field: "t", type: "text", fill: { constant: "" } },
        { field: "b", type: "boolean" },
      ],
      words: { field: "t", type: "text", length: 4, fill: { constant: "" } },
    },
  } as const;

  test("travels as JSON, and means the same", async () => {
    const { columns } = await Effect.runPromise(fitTable(table, schema));
    // Vocabularies hold a map of their own.
    const text = (value: unknown) => JSON.stringify(fromRawCodec.encode(value as FromRaw));
    const subject: CodecSubject = {
      name: "fields",
      codec: {
        encode: (value) => fromRawCodec.encode(value as FromRaw),
        decode: fromRawCodec.decode,
      },
      values: fc.constantFrom<unknown>(...Object.values(columns)),
      differ: (a, b) => (text(a) === text(b) ? undefined : `${text(a)}, not ${text(b)}`),
      damaged: fc.constant,
    };
    mustHoldHere([roundTrip], subject);
    const again = fromRawCodec.decode(
      JSON.parse(JSON.stringify(fromRawCodec.encode(columns.features))),
    );
    const row = { x: 2, k: "new", d: "2024-03-01", t: "film", b: true };
    const made = isRight(again) && prepare("features", again.right, row);
    const direct = prepare("features", columns.features, row);
    expect(made && isRight(made) && made.right.toArray()).toEqual(
      isRight(direct) && direct.right.toArray(),
    );
    expect(isRight(direct) && direct.right.shape).toEqual([2 + 3 + 3 + 3 + 1]);
  });

  test("a schema is read from JSON", () => {
    expect(recordSchemaCodec.decode(JSON.parse(JSON.stringify(schema)))).toMatchObject({
      _tag: "Right",
    });
    expect(
      recordSchemaCodec.decode({ columns: { x: { field: "x", type: "color" } } }),
    ).toMatchObject({ _tag: "Left" });
  });

  test.each<[string, object]>([
    [
      "weights of other words",
      {
        type: "text",
        field: "t",
        missing: [],
        flag: false,
        as: "tfidf",
        length: 0,
        words: ["a"],
        weights: [],
      },
    ],
    [
      "a scale of 0",
      {
        type: "number",
        field: "x",
        missing: [],
        flag: false,
        decimal: ".",
        scaling: { shift: [0], scale: [0] },
      },
    ],
    [
      "a format that is none",
      { type: "date", field: "d", missing: [], flag: false, formats: ["x"], parts: [] },
    ],
    [
      "tokens without end",
      {
        type: "text",
        field: "t",
        missing: [],
        flag: false,
        as: "tokens",
        length: 2 ** 30,
        words: ["a"],
        weights: [],
      },
    ],
  ])("a stranger's fields are refused: %s", (_, field) => {
    expect(fromRawCodec.decode({ kind: "fields", single: true, fields: [field] })).toMatchObject({
      _tag: "Left",
    });
  });
});
