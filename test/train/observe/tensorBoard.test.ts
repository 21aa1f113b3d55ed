import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipe } from "fp-ts/lib/function.js";
import protobuf from "protobufjs";
import { concat, NEVER, of as only, take, throwError } from "rxjs";
import { afterAll, describe, expect, it } from "vitest";
import { sgd, train$, withEpochs, withOptimizer } from "../../../src/index.ts";
import { recorded } from "../../../src/optim/index.ts";
import { statesEvery, tensorBoard } from "../../../src/train/index.ts";
import { collect, lastOf, losses, small } from "../examples.ts";

/** TensorFlow's messages, as far as they are written, for another parser than the one that wrote them. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event {
    double wall_time = 1; int64 step = 2; string file_version = 3; bytes graph_def = 4; Summary summary = 5;
  }
  message GraphDef { repeated NodeDef node = 1; VersionDef versions = 4; }
  message VersionDef { int32 producer = 1; }
  message NodeDef {
    string name = 1; string op = 2; repeated string input = 3; string device = 4; map<string, AttrValue> attr = 5;
  }
  message AttrValue { ListValue list = 1; int32 type = 6; }
  message ListValue { repeated Shape shape = 7; }
  message Shape { repeated Dim dim = 2; }
  message Dim { int64 size = 1; }
  message Summary { repeated Value value = 1; }
  message Value {
    string tag = 1; optional float simple_value = 2; Image image = 4; Histogram histo = 5;
    Tensor tensor = 8; Metadata metadata = 9;
  }
  message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message Histogram {
    double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5;
    repeated double bucket_limit = 6 [packed = true]; repeated double bucket = 7 [packed = true];
  }
  message Tensor { int32 dtype = 1; repeated bytes string_val = 8; }
  message Metadata { Plugin plugin_data = 1; }
  message Plugin { string plugin_name = 1; bytes content = 2; }
  message HParams { int32 version = 1; SessionStart session_start_info = 3; }
  message SessionStart { map<string, Setting> hparams = 1; }
  message Setting { oneof kind { double number_value = 2; string string_value = 3; bool bool_value = 4; } }
`);

/** CRC-32C bit by bit, from its definition (RFC 3720, appendix B.4), and TFRecord's mask. */
const checksum = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  const sum = ~crc >>> 0;
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
};

interface Value {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly histo?: {
    readonly num: number;
    readonly bucket: readonly number[];
    readonly bucketLimit: readonly number[];
  };
  readonly image?: { readonly width: number; readonly encodedImageString: Uint8Array };
  readonly tensor?: { readonly dtype: number; readonly stringVal: readonly Uint8Array[] };
  readonly metadata?: {
    readonly pluginData: { readonly pluginName: string; readonly content: Uint8Array };
  };
}

interface Read {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion: string;
  readonly graphDef: Uint8Array;
  readonly summary: { readonly value: readonly Value[] } | null;
}

interface Graph {
  readonly versions: { readonly producer: number };
  readonly node: readonly {
    readonly name: string;
    readonly op: string;
    readonly input: readonly string[];
    readonly attr: {
      readonly [name: string]: {
        readonly type: number;
        readonly list: {
          readonly shape: readonly { readonly dim: readonly { readonly size: number }[] }[];
        };
      };
    };
  }[];
}

/** The records of an event file, whose checksums are right, up to one that is not whole. */
const readAsFar = (file: string): readonly Read[] => {
  const { length, byteLength } = new Uint8Array(readFileSync(file));
  const view = new DataView(new Uint8Array(readFileSync(file)).buffer);
  let whole = 0;
  while (whole + 12 <= length) {
    const next = whole + Number(view.getBigUint64(whole, true)) + 16;
    if (next > byteLength) break;
    whole = next;
  }
  const part = `${file}.whole`;
  writeFileSync(part, readFileSync(file).subarray(0, whole));
  const records = read(part);
  rmSync(part);
  return records;
};

/** The records of an event file, whose checksums are right. */
const read = (file: string): readonly Read[] => {
  const bytes = new Uint8Array(readFileSync(file));
  const view = new DataView(bytes.buffer);
  const records: Read[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(checksum(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(checksum(data));
    const type = root.lookupType("Event");
    // What the parser makes of the messages above.
    records.push(type.toObject(type.decode(data), { longs: Number, defaults: true }) as Read);
    at += length + 16;
  }
  return records;
};

const folder = mkdtempSync(join(tmpdir(), "fluxion-tensorboard-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileIn = (name: string): string => {
  const [file = "", ...others] = readdirSync(join(folder, name));
  expect(others).toEqual([]);
  expect(file).toMatch(/^events\.out\.tfevents\.\d+\./);
  return join(folder, name, file);
};

describe("tensorBoard", () => {
  it("writes a run that another parser reads", async () => {
    const of = pipe(small, withEpochs(2), withOptimizer(recorded(sgd({ learningRate: 0.1 }))));
    const events = await collect(
      train$(of).pipe(
        statesEvery({ steps: 3 }),
        tensorBoard(of, {
          folder: join(folder, "run"),
          now: () => 1_700_000_000_500,
          more: (event) =>
            event._tag === "Completed"
              ? [
                  {
                    kind: "image",
                    tag: "digit",
                    image: { width: 3, height: 2, png: new Uint8Array([1, 2]) },
                  },
                ]
              : [],
        }),
      ),
    );
    const [first, ...records] = read(fileIn("run"));
    expect(first?.fileVersion).toBe("brain.Event:2");
    expect(records.every(({ wallTime }) => wallTime === 1_700_000_000.5)).toBe(true);
    const written = records.flatMap(({ step, summary }) =>
      (summary?.value ?? []).map((value) => ({ ...value, step })),
    );
    const valuesOf = (tag: string) => written.filter((value) => value.tag === tag);
    expect(valuesOf("step/loss").map(({ simpleValue }) => simpleValue)).toEqual(losses(events));
    expect(valuesOf("step/loss").map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(valuesOf("train/accuracy").map(({ step }) => step)).toEqual([4, 8]);
    expect(valuesOf("test/loss")).toHaveLength(1);
    for (const group of ["params", "gradients", "updates"]) {
      const histograms = valuesOf(`${group}/0.weight`);
      expect(histograms.map(({ step }) => step)).toEqual([0, 3, 4, 6, 8]);
      for (const { histo } of histograms) {
        expect(histo?.num).toBe(4 * 8);
        expect(histo?.bucket.reduce((a, b) => a + b, 0)).toBe(4 * 8);
        expect(histo?.bucketLimit).toHaveLength(30);
      }
    }
    expect(valuesOf("digit")[0]?.image).toMatchObject({
      width: 3,
      encodedImageString: new Uint8Array([1, 2]),
    });
    const content = valuesOf("_hparams_/session_start_info")[0]?.metadata?.pluginData.content;
    const type = root.lookupType("HParams");
    const { sessionStartInfo } = type.toObject(type.decode(content ?? new Uint8Array())) as {
      readonly sessionStartInfo: { readonly hparams: { readonly [name: string]: unknown } };
    };
    expect(sessionStartInfo.hparams).toMatchObject({
      batchSize: { numberValue: 16 },
      pipeline: { stringValue: "points" },
      shuffle: { boolValue: true },
    });
  });

  it("writes the graph of the step by layer, which another parser reads", async () => {
    await collect(
      train$(small).pipe(
        take(1),
        tensorBoard(small, { folder: join(folder, "graph"), graph: true }),
      ),
    );
    const bytes = read(fileIn("graph")).find(({ graphDef }) => graphDef.length > 0)?.graphDef;
    const type = root.lookupType("GraphDef");
    const { node, versions } = type.toObject(type.decode(bytes ?? new Uint8Array()), {
      longs: Number,
      defaults: true,
    }) as Graph;
    expect(versions.producer).toBe(22);
    const names = node.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9.][\w.\\/-]*$/);
    // Every operand is there, and comes first: a graph without cycles.
    const before = new Set<string>();
    for (const { name, input } of node) {
      for (const operand of input) expect(before).toContain(operand.replace(/:\d+$/, ""));
      before.add(name);
    }
    // The forward product of the first layer: a batch of 16 rows of 4 numbers, and 4 × 8 weights.
    const product = node.find(({ name, op }) => op === "dot" && name.startsWith("1_dense"));
    expect(product?.attr._output_shapes?.list.shape[0]?.dim.map(({ size }) => size)).toEqual([
      16, 8,
    ]);
    expect(product?.attr.dtype?.type).toBe(1);
    expect(names).toContain("state/params/0/weight");
  });

  it("whose file is cut short is read as far as it goes, and a later run writes one of its own", async () => {
    const place = join(folder, "cut");
    await collect(train$(small).pipe(tensorBoard(small, { folder: place })));
    const file = fileIn("cut");
    const all = read(file);
    const bytes = readFileSync(file);
    // In the middle of the length of a record, of its bytes, and of its last checksum.
    for (const short of [2, 9, 3000]) {
      const cut = bytes.subarray(0, bytes.length - short);
      writeFileSync(file, cut);
      const kept = readAsFar(file);
      expect(kept.length).toBeLessThan(all.length);
      expect(kept).toEqual(all.slice(0, kept.length));
    }
    const before = readFileSync(file);
    await collect(train$(small).pipe(tensorBoard(small, { folder: place })));
    // What is added to half a record is lost to every reader.
    expect(readFileSync(file)).toEqual(before);
    const [other = ""] = readdirSync(place).filter((name) => join(place, name) !== file);
    expect(read(join(place, other)).length).toBe(all.length);
  });

  it("writes generated text", async () => {
    const events$ = only({ _tag: "Sampled", epoch: 1, step: 7, text: "once upon" } as const);
    await collect(events$.pipe(tensorBoard(small, { folder: join(folder, "text") }) as never));
    const [value] = read(fileIn("text"))[1]?.summary?.value ?? [];
    expect(value?.tensor?.stringVal.map((bytes) => new TextDecoder().decode(bytes))).toEqual([
      "once upon",
    ]);
    expect(value?.metadata?.pluginData.pluginName).toBe("text");
  });

  it("keeps what was written before an error, and passes it on", async () => {
    const failing = concat(
      train$(small).pipe(take(4)),
      throwError(() => new Error("lost")),
    );
    await expect(
      collect(failing.pipe(tensorBoard(small, { folder: join(folder, "error") }))),
    ).rejects.toThrow("lost");
    expect(read(fileIn("error")).length).toBeGreaterThan(2);
  });

  it("keeps what was written before it is unsubscribed from", async () => {
    const some = concat(train$(small).pipe(take(4)), NEVER);
    const events = await collect(
      some.pipe(tensorBoard(small, { folder: join(folder, "left") }), take(4)),
    );
    expect(events).toHaveLength(4);
    await expect.poll(() => read(fileIn("left")).length).toBeGreaterThan(2);
  });

  it("writes only some steps", async () => {
    await collect(
      train$(small).pipe(tensorBoard(small, { folder: join(folder, "some"), every: 10 })),
    );
    const steps = read(fileIn("some")).filter(({ summary }) =>
      summary?.value.some(({ tag }) => tag === "step/loss"),
    );
    expect(steps.map(({ step }) => step)).toEqual([10, 20]);
  });

  it("fails where a file stands in the way", async () => {
    mkdirSync(join(folder, "blocked"));
    writeFileSync(join(folder, "blocked", "here"), "");
    const blocked = tensorBoard(small, { folder: join(folder, "blocked", "here") });
    await expect(collect(train$(small).pipe(blocked as never))).rejects.toMatchObject({
      _tag: "FileNotWritten",
    });
    expect(() => tensorBoard(small, { folder, every: 0 })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
    expect(lastOf(await collect(train$(small)), "Completed")).toBeDefined();
  });
});
