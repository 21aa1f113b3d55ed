import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type Safetensors,
  safetensorsPieces,
  writeSafetensors,
} from "../../src/io/index.ts";
import { plainSha256, sha256 } from "../../src/io/sha256.ts";
import { loadInto } from "../../src/nn/index.ts";
import { fromTypedArray, scalar, tensor, zeros } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** Written by Python's safetensors 0.8.0 (`safetensors.numpy.save`). */
const byPython = Buffer.from(
  "eAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJieSI6Im51bXB5In0sImIiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzEsMl0sImRhdGFfb2Zmc2V0cyI6WzAsMTZdfSwiYSI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzE2LDI4XX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlsyOCwyOF19LCJuIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOlsyOCwzMl19LCJ1Ijp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzIsMV0sImRhdGFfb2Zmc2V0cyI6WzMyLDM0XX0sImZsYWciOnsiZHR5cGUiOiJCT09MIiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbMzQsMzddfX0gICAgAAAAAAAA+D8AAAAAAAAAwAAAgD8AAABAAABAQAcAAAD/AAEAAQ==",
  "base64",
);
/** The same, of the dtypes that fluxion converts: float16, int64, int16, int8, uint16, uint32 and uint64. */
const converted = Buffer.from(
  "gAEAAAAAAAB7InEiOnsiZHR5cGUiOiJVNjQiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlswLDhdfSwibCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzgsMzJdfSwiZCI6eyJkdHlwZSI6IlUzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzMyLDM2XX0sImgiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzddLCJkYXRhX29mZnNldHMiOlszNiw1MF19LCJ3Ijp7ImR0eXBlIjoiVTE2Iiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbNTAsNTJdfSwicyI6eyJkdHlwZSI6IkkxNiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzUyLDU0XX0sImMiOnsiZHR5cGUiOiJJOCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzU0LDU1XX19ICAJAAAAAAAAAAAAAID/////////fwAAAAAFAAAAAAAAAAcAAAAAPgCA/3sBAAB8AH5mLv//1P79",
  "base64",
);

const some: Safetensors = {
  tensors: {
    b: tensor([[1.5, -2]], "f64"),
    a: tensor([1, 2, 3]),
    flag: tensor([true, false, true]),
    u: fromTypedArray([2, 1], Uint8Array.of(255, 0)),
    n: scalar(7, "i32"),
    empty: zeros([0, 3]),
  },
  metadata: { by: "numpy" },
};

const folder = mkdtempSync(join(tmpdir(), "fluxion-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A tensor's shape, dtype and bytes. */
const bitsOf = (x: Tensor | undefined) =>
  x && [x.dtype, x.shape, Buffer.from(x.toTypedArray().buffer).toString("hex")];

const decode = (bytes: Uint8Array) => Effect.runSync(decodeSafetensors(bytes, "f"));
/** The error of damaged bytes. Anything else that is thrown ends the test. */
const refusal = (bytes: Uint8Array) => Effect.runSync(Effect.result(decodeSafetensors(bytes, "f")));
const problemOf = (bytes: Uint8Array): string => {
  const read = refusal(bytes);
  return read._tag === "Success"
    ? "none"
    : read.failure._tag === "SafetensorsCorrupt"
      ? read.failure.problem
      : read.failure._tag;
};

/** A file of this header, written by the format's own words, and these bytes. */
const file = (header: unknown, data: readonly number[] = []): Uint8Array => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Uint8Array.from(data)]);
};
const entry = (dtype: string, shape: readonly unknown[], from: number, to: number) => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

describe("the format", () => {
  test("is read as Python writes it", () => {
    const { tensors, metadata, hash } = decode(byPython);
    expect(metadata).toEqual({ by: "numpy" });
    expect(hash).toBeUndefined();
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(some.tensors).sort());
    for (const [name, expected] of Object.entries(some.tensors))
      expect(bitsOf(tensors[name]), name).toEqual(bitsOf(expected));
  });

  test("is written as Python writes it, to the byte", () => {
    expect(Buffer.from(encodeSafetensors(some, { hashed: false }))).toEqual(byPython);
  });

  test("is written as the reference implementation's own test demands, with padding", () => {
    const attn0 = fromTypedArray([1, 1, 2, 3], Float32Array.of(0, 1, 2, 3, 4, 5));
    const bytes = encodeSafetensors({ tensors: { attn0 } }, { hashed: false });
    const header = '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       ';
    expect(bytes[0]).toBe(72);
    expect(Buffer.from(bytes.subarray(8, 80)).toString()).toBe(header);
    expect(Buffer.from(encodeSafetensors({ tensors: {} }, { hashed: false }))).toEqual(
      Buffer.from([8, 0, 0, 0, 0, 0, 0, 0, 123, 125, 32, 32, 32, 32, 32, 32]),
    );
  });

  test("has other dtypes converted where no number is lost", () => {
    const { tensors } = decode(converted);
    expect(tensors.h?.toArray()).toEqual([
      1.5,
      -0,
      65504,
      2 ** -24,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      0.0999755859375,
    ]);
    expect(tensors.h?.dtype).toBe("f16");
    expect(tensors.l?.toArray()).toEqual([-(2 ** 31), 2 ** 31 - 1, 5]);
    const one = (name: string) => tensors[name]?.toArray();
    expect(["s", "c", "w", "d", "q"].map(one)).toEqual([[-300], [-3], [65535], [7], [9]]);
    // 1.5 and -infinity: sign, eight bits of exponent, seven of fraction.
    const brain = file({ x: entry("BF16", [2], 0, 4) }, [0xc0, 0x3f, 0x80, 0xff]);
    const { x } = decode(brain).tensors;
    expect(x?.toArray()).toEqual([1.5, Number.NEGATIVE_INFINITY]);
    expect(x?.dtype).toBe("bf16");
  });

  test.each(["f16", "bf16"] as const)(
    "has %s in two bytes, which other models read as f32",
    (half) => {
      const x = tensor([1.5, -0, 0.1, Number.NaN, Number.NEGATIVE_INFINITY], half);
      const bytes = encodeSafetensors({ tensors: { x } }, { hashed: false });
      const read = decode(bytes).tensors;
      expect(read.x?.dtype).toBe(half);
      expect(bitsOf(read.x)).toEqual(bitsOf(x));
      expect(bytes.length % 8).toBe(2);
      const { params, misfits } = loadInto({ x: zeros([5]) }, read);
      expect([params.x.dtype, misfits]).toEqual(["f32", []]);
      expect(params.x.toTypedArray()).toEqual(x.toTypedArray());
    },
  );

  test("has pieces at which each tensor could be looked at in place", () => {
    const bytes = encodeSafetensors(some);
    const { byteOffset, buffer } = bytes;
    const start = 8 + Number(new DataView(buffer, byteOffset).getBigUint64(0, true));
    expect(start % 8).toBe(0);
    expect(Array.from(new Float64Array(buffer, byteOffset + start, 2))).toEqual([1.5, -2]);
    const pieces = [...safetensorsPieces({ tensors: { big: zeros([300_000], "f64") } })];
    expect(pieces.map(({ length }) => length).slice(1)).toEqual([2 ** 20, 2 ** 20, 302_848]);
  });
});

describe("decode ∘ encode = identity", () => {
  const names = fc.oneof(
    fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__"),
    fc.constantFrom("__proto__", "constructor", "12", "", 'a"b\\', "params/0/weight"),
  );
  const tensors = fc.constantFrom(...Object.values(some.tensors), scalar(Number.NaN));
  const entries = fc.uniqueArray(fc.tuple(names, tensors), {
    selector: ([name]) => name,
    maxLength: 5,
  });
  const texts = fc.array(fc.tuple(names, fc.string({ unit: "grapheme" })), { maxLength: 4 });

  test.each([true, false])("for any names and texts, hashed: %s", (hashed) => {
    fc.assert(
      fc.property(entries, texts, (named, metadata) => {
        const content = {
          tensors: Object.fromEntries(named),
          metadata: Object.fromEntries(metadata),
        };
        const read = decode(encodeSafetensors(content, { hashed }));
        expect(Object.entries(read.metadata).sort()).toEqual(
          Object.entries(content.metadata).sort(),
        );
        expect(read.hash === undefined).toBe(!hashed);
        expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(content.tensors).sort());
        for (const [name, x] of Object.entries(content.tensors))
          expect(bitsOf(Object.getOwnPropertyDescriptor(read.tensors, name)?.value)).toEqual(
            bitsOf(x),
          );
      }),
      { numRuns: 60 },
    );
  });

  test("through a file, in pieces that cut tensors", async () => {
    const path = join(folder, "pieces.safetensors");
    const big = fromTypedArray(
      [300_001],
      Float64Array.from({ length: 300_001 }, (_, i) => Math.sin(i)),
    );
    await Effect.runPromise(writeSafetensors(path, { tensors: { ...some.tensors, big } }));
    const read = await Effect.runPromise(readSafetensors(path));
    const whole = encodeSafetensors({ tensors: { ...some.tensors, big } });
    expect(Buffer.compare(await readFile(path), whole)).toBe(0);
    expect(Buffer.compare(encodeSafetensors(read), whole)).toBe(0);
  });
});

describe("a damaged file is refused", () => {
  const bytes = encodeSafetensors(some);
  const data = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));

  test("cut off at every byte", () => {
    for (let n = 0; n < bytes.length; n++)
      expect(["truncated", "header"], `${n} bytes`).toContain(problemOf(bytes.subarray(0, n)));
    expect(data).toBeLessThan(bytes.length);
  });

  test("with any one bit flipped", () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const read = refusal(flipped);
      // A flip in the key of the hash makes a file without one: a reader that needs it looks for it.
      if (read._tag === "Success") expect(read.success.hash, `bit ${bit}`).toBeUndefined();
    }
  });

  test.each([
    ["nothing", new Uint8Array(), "truncated"],
    ["a length alone", file("").subarray(0, 7), "truncated"],
    ["a header longer than the file", Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123, 125]), "truncated"],
    [
      "a header of 2⁶⁴ - 1 bytes",
      Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 123]),
      "header",
    ],
    ["a header above 100 MB", Buffer.from([1, 225, 245, 5, 0, 0, 0, 0, 123]), "header"],
    ["a header that begins with a space", file(" {}"), "header"],
    ["a header that is no JSON", file("{"), "header"],
    ["a header that is no UTF-8", Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 123, 255]), "header"],
    ["an entry that is no object", file({ x: 1 }), "header"],
    ["an entry without a shape", file({ x: { dtype: "F32", data_offsets: [0, 4] } }), "header"],
    ["a negative extent", file({ x: entry("F32", [-1], 0, 4) }, [0, 0, 0, 0]), "header"],
    ["half an extent", file({ x: entry("F32", [0.5], 0, 2) }, [0, 0]), "header"],
    [
      "more elements than are possible",
      file({ x: entry("F32", [2 ** 52, 4], 0, 4) }, [0, 0, 0, 0]),
      "header",
    ],
    ["65 axes", file({ x: entry("U8", new Array(65).fill(1), 0, 1) }, [0]), "header"],
    [
      "a name of 4097 characters",
      file({ ["x".repeat(4097)]: entry("U8", [1], 0, 1) }, [0]),
      "header",
    ],
    ["metadata that is no text", file({ __metadata__: { epoch: 1 } }), "header"],
    [
      "one name twice",
      file(
        '{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0078":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        [0],
      ),
      "header",
    ],
    [
      "one key of an entry twice",
      file('{"x":{"dtype":"U8","dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', [0]),
      "header",
    ],
    [
      "a shape of more bytes than the offsets",
      file({ x: entry("F32", [2], 0, 4) }, [0, 0, 0, 0]),
      "layout",
    ],
    ["an end before its start", file({ x: entry("U8", [1], 1, 0) }, [0]), "layout"],
    [
      "tensors that overlap",
      file({ x: entry("U8", [2], 0, 2), y: entry("U8", [2], 1, 3) }, [0, 0, 0]),
      "layout",
    ],
    ["a hole", file({ x: entry("U8", [1], 0, 1), y: entry("U8", [1], 2, 3) }, [0, 0, 0]), "layout"],
    ["a hole at the start", file({ x: entry("U8", [1], 1, 2) }, [0, 0]), "layout"],
    [
      "more elements than bytes",
      file({ x: entry("F64", [2 ** 40], 0, 2 ** 43) }, [0]),
      "truncated",
    ],
    ["bytes after the last tensor", file({ x: entry("U8", [1], 0, 1) }, [0, 0]), "trailing"],
    ["a dtype of eight-bit floats", file({ x: entry("F8_E4M3", [1], 0, 1) }, [0]), "dtype"],
    ["a dtype named as a method", file({ x: entry("toString", [1], 0, 1) }, [0]), "dtype"],
    ["a bool of 2", file({ x: entry("BOOL", [1], 0, 1) }, [2]), "value"],
    ["an integer of 2³²", file({ x: entry("I64", [1], 0, 8) }, [0, 0, 0, 0, 1, 0, 0, 0]), "value"],
    ["a hash that is none", file({ __metadata__: { "fluxion.sha256": "0" } }), "hash"],
    ["a wrong hash", file({ __metadata__: { "fluxion.sha256": "0".repeat(64) } }), "hash"],
  ])("%s", (_, damaged, problem) => {
    expect(problemOf(damaged)).toBe(problem);
  });

  test("and says which tensor, what it needs and what it found", () => {
    const read = refusal(file({ "head.weight": entry("F8_E5M2", [1], 0, 1) }, [0]));
    expect(read).toMatchObject({
      _tag: "Failure",
      failure: { problem: "dtype", tensor: "head.weight", actual: '"F8_E5M2"' },
    });
  });

  test("while it is read, where it becomes shorter", async () => {
    const path = join(folder, "none.safetensors");
    const missing = await Effect.runPromise(Effect.flip(readSafetensors(path)));
    expect(missing).toMatchObject({ _tag: "DataSourceError", source: path });
    expect(await Effect.runPromise(Effect.flip(readSafetensors(folder)))).toMatchObject({
      _tag: "DataSourceError",
    });
  });
});

describe("what cannot be written is refused", () => {
  test.each<readonly [string, Safetensors]>([
    ["the name of the metadata", { tensors: { __metadata__: scalar(0) } }],
    ["half a character", { tensors: { "\ud83d": scalar(0) } }],
    ["a long name", { tensors: { ["x".repeat(4097)]: scalar(0) } }],
    ["65 axes", { tensors: { x: zeros(new Array<number>(65).fill(1)) } }],
    ["the key of the hash", { tensors: {}, metadata: { "fluxion.sha256": "" } }],
  ])("%s", (_, content) => {
    expect(() => encodeSafetensors(content)).toThrow(/InvalidArgument|safetensors/);
  });
});

describe("a file is replaced whole", () => {
  test("and keeps its permissions", async () => {
    const path = join(folder, "mode.safetensors");
    writeFileSync(path, "old");
    chmodSync(path, 0o640);
    await Effect.runPromise(writeSafetensors(path, some));
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect((await Effect.runPromise(readSafetensors(path))).metadata).toEqual({ by: "numpy" });
  });

  test("but not where its name is a symbolic link, or a folder", async () => {
    const [path, target] = [join(folder, "link.safetensors"), join(folder, "target")];
    writeFileSync(target, "mine");
    symlinkSync(target, path);
    const before = readdirSync(folder);
    const refused = await Effect.runPromise(Effect.flip(writeSafetensors(path, some)));
    expect(refused).toMatchObject({ _tag: "FileNotWritten", path });
    expect(refused.reason).toContain("symbolic link");
    expect(await Effect.runPromise(Effect.flip(writeSafetensors(folder, some)))).toMatchObject({
      _tag: "FileNotWritten",
    });
    expect(readdirSync(folder)).toEqual(before);
    expect(await readFile(target, "utf8")).toBe("mine");
  });
});

describe("SHA-256", () => {
  // The examples of the standard's validation, and of the empty message.
  test.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
  ])("of %j", (text, digits) => {
    for (const hash of [plainSha256(), sha256()]) {
      hash.update(Buffer.from(text));
      expect(hash.digits()).toBe(digits);
    }
  });

  test("in plain arithmetic is that of Node, however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (pieces) => {
        const [plain, native] = [plainSha256(), sha256()];
        for (const piece of pieces) for (const hash of [plain, native]) hash.update(piece);
        expect(plain.digits()).toBe(native.digits());
      }),
    );
  });
});
