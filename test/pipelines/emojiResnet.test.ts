import { crc32, deflateSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { emoji } from "../../pipelines/data/vision/emoji.ts";
import { emojiResnet } from "../../pipelines/vision/emoji-resnet.ts";
import { decodePng } from "../../src/data/pictures/png.ts";
import { formatError } from "../../src/errors/failure.ts";

const part = (kind: string, body: Uint8Array): Buffer => {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const named = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
};

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const header = (width: number, height: number, color = 6): Buffer => {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body.set([8, color, 0, 0, 0], 8);
  return part("IHDR", body);
};

const end = part("IEND", new Uint8Array());

/** A PNG file of lines that are already filtered. */
const file = (width: number, lines: readonly (readonly number[])[], color = 6): Buffer =>
  Buffer.concat([
    signature,
    header(width, lines.length, color),
    part("IDAT", deflateSync(Uint8Array.from(lines.flat()))),
    end,
  ]);

describe("decodePng", () => {
  it("undoes each of the five filters", () => {
    const lines = [
      [0, 10, 20, 30, 40, 50, 60, 70, 80],
      [1, 10, 20, 30, 40, 1, 1, 1, 1],
      [2, 1, 1, 1, 1, 2, 2, 2, 2],
      [3, 5, 5, 5, 5, 5, 5, 5, 5],
      [4, 1, 1, 1, 1, 250, 250, 250, 250],
    ];
    const picture = decodePng(file(2, lines));
    expect(picture).toMatchObject({ width: 2, height: 5 });
    // Line by line, by hand: unfiltered, + left, + above, + ⌊(left + above)/2⌋, + Paeth's predictor.
    expect([...(typeof picture === "string" ? [] : picture.rgba)]).toEqual([
      ...[10, 20, 30, 40, 50, 60, 70, 80],
      ...[10, 20, 30, 40, 11, 21, 31, 41],
      ...[11, 21, 31, 41, 13, 23, 33, 43],
      ...[10, 15, 20, 25, 16, 24, 31, 39],
      ...[11, 16, 21, 26, 10, 18, 25, 33],
    ]);
  });

  it("reports why a file is not supported", () => {
    expect(decodePng(Uint8Array.of(1, 2, 3))).toBe("not a PNG file");
    expect(decodePng(file(1, [[0, 1, 2, 3, 4]], 5))).toContain("color type 5");
    expect(decodePng(file(2, [[0, 1, 2, 3, 4]]))).toContain("too few or too many");
    expect(decodePng(file(1, [[7, 1, 2, 3, 4]]))).toContain("unknown filter");
    expect(decodePng(file(1, [[0, 1, 2, 3, 4]]).subarray(0, 20))).toContain("cut off");
    expect(decodePng(Buffer.concat([signature, end]))).toContain("without one header");
    expect(decodePng(Buffer.concat([signature, header(1, 1), header(1, 1), end]))).toContain(
      "without one header",
    );
    expect(decodePng(file(0, [[0]]))).toContain("0 × 1 pixels");
  });

  it("refuses a changed byte, by its chunk's checksum", () => {
    const whole = file(1, [[0, 1, 2, 3, 4]]);
    for (let at = 0; at < whole.length; at++)
      expect(typeof decodePng(whole.map((b, i) => (i === at ? b ^ 1 : b)))).toBe("string");
    for (let n = 0; n < whole.length; n++)
      expect(typeof decodePng(whole.subarray(0, n))).toBe("string");
    // The checksum of the last chunk, as the specification prints it.
    expect([...end.subarray(8)]).toEqual([0xae, 0x42, 0x60, 0x82]);
  });

  it("decompresses no more than the header declares, and allocates nothing for impossible sizes", () => {
    // 64 MB of zeros in 64 kB, in a picture of 4 × 4.
    const bomb = part("IDAT", deflateSync(Buffer.alloc(2 ** 26)));
    const read = (head: Buffer) => decodePng(Buffer.concat([signature, head, bomb, end]));
    const before = process.memoryUsage().arrayBuffers;
    expect(read(header(4, 4))).toContain("damaged");
    expect(read(header(2 ** 13, 2 ** 13))).toContain("too few or too many");
    expect(read(header(2 ** 32 - 1, 2 ** 32 - 1))).toContain("pixels, not of 1 to");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });
});

describe("emoji-resnet", () => {
  it("has the params of eight layers", () => {
    const image = { shape: [20, 20, 3], dtype: "f32" } as const;
    expect(emojiResnet.learner.describe({ image }).at(-1)).toMatchObject({ output: [9] });
  });

  it("names the command that fetches its images, or has all groups in both parts", async () => {
    const made = await Effect.runPromise(Effect.result(emoji));
    if (Result.isFailure(made)) {
      expect(formatError(made.failure)).toContain("npm install emoji-datasource-google");
      return;
    }
    for (const rows of [made.success.train, made.success.test])
      expect(new Set(rows.column("label").toTypedArray()).size).toBe(9);
  });
});
