import { deflateSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { emoji } from "../../pipelines/data/emoji.ts";
import { decodePng } from "../../pipelines/data/png.ts";
import { emojiResnet } from "../../pipelines/emoji-resnet.ts";
import { describe as rowsOf } from "../../src/index.ts";
import { render } from "../../src/render.ts";

const part = (kind: string, body: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  // The decoder does not look at the checksum.
  return Buffer.concat([length, Buffer.from(kind, "latin1"), body, Buffer.alloc(4)]);
};

/** A PNG file of lines that are filtered already. */
const file = (width: number, lines: readonly (readonly number[])[], colour = 6): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(lines.length, 4);
  header.set([8, colour, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    part("IHDR", header),
    part("IDAT", deflateSync(Uint8Array.from(lines.flat()))),
    part("IEND", new Uint8Array()),
  ]);
};

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
    // Line by line, by hand: as it is, + left, + above, + ⌊(left + above)/2⌋, + Paeth's choice.
    expect([...(typeof picture === "string" ? [] : picture.rgba)]).toEqual([
      ...[10, 20, 30, 40, 50, 60, 70, 80],
      ...[10, 20, 30, 40, 11, 21, 31, 41],
      ...[11, 21, 31, 41, 13, 23, 33, 43],
      ...[10, 15, 20, 25, 16, 24, 31, 39],
      ...[11, 16, 21, 26, 10, 18, 25, 33],
    ]);
  });

  it("says what a file is instead", () => {
    expect(decodePng(Uint8Array.of(1, 2, 3))).toBe("not a PNG file");
    expect(decodePng(file(1, [[0, 1, 2, 3, 4]], 2))).toContain("colour type 2");
    expect(decodePng(file(2, [[0, 1, 2, 3, 4]]))).toContain("too few or too many");
    expect(decodePng(file(1, [[7, 1, 2, 3, 4]]))).toContain("unknown filter");
    expect(decodePng(file(1, [[0, 1, 2, 3, 4]]).subarray(0, 20))).toContain("cut off");
    expect(decodePng(file(1, []).subarray(0, 8))).toContain("without a header");
  });
});

describe("emoji-resnet", () => {
  it("has the params of eight layers", () => {
    expect(rowsOf(emojiResnet.model, [20, 20, 3])[0]).toMatchObject({ output: [9] });
  });

  it("says what brings its drawings where they are missing, and else has all groups in both parts", async () => {
    const made = await Effect.runPromise(Effect.result(emoji));
    if (Result.isFailure(made)) {
      expect(render(made.failure)).toContain("npm install emoji-datasource-google");
      return;
    }
    for (const rows of [made.success.train, made.success.test])
      expect(new Set(rows.column("label").toTypedArray()).size).toBe(9);
  });
});
