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
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
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
  readonly summary: { readonly value: readonly Value[] } | null;
}

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
