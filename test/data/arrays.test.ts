import * as Effect from "effect/Effect";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { epochsOf, npyStream, readNpy, readNpz } from "../../src/data/index.ts";
import { key } from "../../src/index.ts";
import { fromBase64 as bytes, savedArrays as numpy, savedNpy } from "./savedArrays.ts";

const read = (npy: string) => Effect.runPromise(readNpy(bytes(npy), { name: "x.npy" }));
const refusal = (npy: Uint8Array) =>
  Effect.runPromise(Effect.flip(readNpy(npy, { name: "x.npy" })));

const numbers: { readonly [text: string]: number } = {
  True: 1,
  False: 0,
  inf: Number.POSITIVE_INFINITY,
  nan: Number.NaN,
};

describe("npy files that NumPy saved", () => {
  test.each(Object.entries(numpy.arrays))("%s", async (_, { npy, shape, values }) => {
    const x = await read(npy);
    expect(x.shape).toEqual(shape);
    expect(Array.from(x.toTypedArray(), Number)).toEqual(
      values.map((text) => numbers[text] ?? Number(text)),
    );
  });

  test.each(Object.entries(numpy.versions))("of version %s", async (_, npy) => {
    expect((await read(npy)).shape).toEqual([2, 3, 4]);
  });

  test.each(Object.entries(numpy.refused))("of %s are refused", async (_, npy) => {
    expect(await refusal(bytes(npy))).toMatchObject({ _tag: "InvalidFile", format: "npy" });
  });

  const whole = savedNpy("<f4");
  const said = (header: string): Uint8Array => {
    const text = Buffer.from(header.padEnd(117, " ").concat("\n"));
    return Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, text.length, 0, ...text, 1, 2, 3, 4);
  };

  test.each<[string, Uint8Array]>([
    ["a truncated one", whole.subarray(0, whole.length - 1)],
    ["one that is too long", Uint8Array.of(...whole, 0)],
    ["an empty one", new Uint8Array()],
    ["another magic", whole.map((b, i) => (i === 0 ? 0x92 : b))],
    [
      "more than there is",
      said("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"),
    ],
    [
      "a shape beyond numbers",
      said("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }"),
    ],
    ["a negative shape", said("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }")],
    ["an entry twice", said("{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }")],
    ["a call", said("{'descr': exit(), 'fortran_order': False, 'shape': (1,), }")],
  ])("%s is refused", async (_, file) => {
    expect(await refusal(file)).toMatchObject({ _tag: "InvalidFile" });
  });
});

describe("npz archives", () => {
  test.each(["plain npz", "compressed npz"] as const)("%s", async (name) => {
    const { x, y } = await Effect.runPromise(readNpz(bytes(numpy[name])));
    expect(x?.shape).toEqual([2, 3, 4]);
    expect(x?.toTypedArray().at(-1)).toBe(23);
    expect(y?.toArray()).toEqual([1, 2]);
  });

  test("that grow a thousandfold, or say that they are small, are refused", async () => {
    const zeros = new Uint8Array(2 ** 24);
    const bomb = zipSync({ "x.npy": zeros });
    const fails = (file: Uint8Array, maxBytes: number) =>
      Effect.runPromise(Effect.flip(readNpz(file, { maxBytes })));
    expect(await fails(bomb, 2 ** 20)).toMatchObject({
      expected: "at most 1048576 bytes of arrays",
    });
    // The size in the directory at the end: what is decompressed is no more than it says.
    const liar = bomb.slice();
    const view = new DataView(liar.buffer);
    const entry = Buffer.from(liar).lastIndexOf("PK\x01\x02", undefined, "latin1");
    expect(view.getUint32(entry + 24, true)).toBe(2 ** 24);
    view.setUint32(entry + 24, 100, true);
    expect(await fails(liar, 2 ** 20)).toMatchObject({ _tag: "InvalidFile" });
    expect(await fails(bomb.subarray(0, 1000), 2 ** 30)).toMatchObject({ _tag: "InvalidFile" });
  });
});

describe("a stream of arrays", () => {
  const rowsFrom = (stream: ReturnType<typeof npyStream>, position: number) =>
    Effect.scoped(
      Effect.gen(function* () {
        const epochs = yield* epochsOf(stream, { batchSize: 1, key: key(1), shuffle: false });
        const reader = yield* epochs.open(0, position);
        const [all, x] = [[] as number[][], new Float32Array(12)];
        for (;;) {
          const rows = reader.ready();
          if (rows === undefined) yield* reader.wait;
          else if (rows === 0) return all;
          else {
            reader.fill({ x });
            all.push([...x]);
          }
        }
      }),
    );

  const plain = async () => {
    const parts = Buffer.from(numpy["plain npz"], "base64");
    const at = parts.indexOf(Buffer.from("\x93NUMPY", "latin1"));
    return new Uint8Array(parts.subarray(at, at + 128 + 96));
  };

  test("has the rows of the first axis, from any on", async () => {
    const stream = npyStream({ x: await plain() }, { rows: 2 });
    const counted = (from: number) => Array.from({ length: 12 }, (_, i) => from + i);
    expect(await Effect.runPromise(rowsFrom(stream, 0))).toEqual([counted(0), counted(12)]);
    expect(await Effect.runPromise(rowsFrom(stream, 1))).toEqual([counted(12)]);
  });

  test("refuses other numbers of rows, and a first axis that moves fastest", async () => {
    for (const columns of [{ x: savedNpy("fortran") }, { x: await plain(), y: savedNpy("bytes") }])
      expect(await Effect.runPromise(Effect.flip(rowsFrom(npyStream(columns), 0)))).toMatchObject({
        _tag: "StreamFailed",
        cause: { _tag: "InvalidFile" },
      });
  });
});
