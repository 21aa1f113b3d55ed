import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { hashOf } from "../../pipelines/data/hash.ts";
import { emoji, emojiGroups, emojiSplits } from "../../pipelines/data/vision/emoji.ts";
import { lookalikes, relativesOf } from "../../pipelines/data/vision/emojiFamilies.ts";
import type { EmojiEntry, EmojiSheet } from "../../pipelines/data/vision/emojiSheet.ts";
import { emojiResnet } from "../../pipelines/vision/emoji-resnet.ts";
import { decodePng } from "../../src/data/pictures/png.ts";
import { formatError } from "../../src/errors/failure.ts";
import { predictor, train$, withBatchSize, withData, withEpochs } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** Real emoji by Google, and their pixels. */
const kept: readonly {
  readonly unified: string;
  readonly category: string;
  readonly named: readonly { readonly name: string }[];
  readonly google: string;
}[] = JSON.parse(readFileSync(new URL("./emoji.json", import.meta.url), "utf8")).emoji;

const pixelsOf = (code: string): readonly number[] =>
  [...Buffer.from(kept.find(({ unified }) => unified === code)?.google ?? "", "base64")].map(
    (byte) => byte / 255,
  );

const sheet: EmojiSheet = {
  entries: kept.map(({ unified, category, named }, i) => ({
    ...{ unified, name: named[0]?.name ?? "", category, sheet_x: 0, sheet_y: 0, sort_order: i },
    ...{ has_img_google: true, has_img_twitter: true },
  })),
  drawn: (of) => Float32Array.from(of.flatMap(({ unified }) => pixelsOf(unified))),
};

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
    const { train, test } = made.success;
    expect([train.size, test.size]).toEqual([1550, 356]);
    for (const rows of [train, test])
      expect(new Set(rows.column("label").toTypedArray()).size).toBe(9);
  });

  it("takes drawings for one that are nearer than a distance", () => {
    // Of two numbers each, with squared distances of 1 from one to the next.
    const drawings = Float32Array.of(0, 0, 1, 0, 1, 1, 5, 5);
    expect(lookalikes(drawings, 4, 1.5)).toEqual([[], [0], [1], []]);
    expect(lookalikes(drawings, 4, 2.5)).toEqual([[], [0], [0, 1], []]);
  });

  it("tests what has no relative in training", () => {
    // In each line some would be for training and some for the test, were they placed by their own codes.
    const named = [
      ...["1F466 BOY", "1F467 GIRL"],
      ...["1F448 WHITE LEFT POINTING BACKHAND INDEX", "1F449 WHITE RIGHT POINTING BACKHAND INDEX"],
      ...["1F50D LEFT-POINTING MAGNIFYING GLASS", "1F50E RIGHT-POINTING MAGNIFYING GLASS"],
      ...["21A9 LEFTWARDS ARROW WITH HOOK", "21AA RIGHTWARDS ARROW WITH HOOK"],
      ...["1F499 BLUE HEART", "1F49B YELLOW HEART"],
      ...["1F34B LEMON", "1F34B-200D-1F7E9 LIME"],
      // Other words, and drawings that are alike: Andorra's and Romania's flags.
      ...["1F1E6-1F1E9 Andorra Flag", "1F1F7-1F1F4 Romania Flag"],
    ].map((text, i) => {
      const [unified = "", ...words] = text.split(" ");
      const place = { sheet_x: 0, sheet_y: 0, sort_order: i };
      const has = { has_img_google: true, has_img_twitter: true };
      return { unified, name: words.join(" "), category: "Symbols", ...place, ...has };
    });
    // Each drawing has ten black pixels of its own; the last two have them in common, and differ in one.
    const pixels = 20 * 20 * 3;
    const drawing = ({ sort_order: i }: EmojiEntry): Float32Array => {
      const drawn = new Float32Array(pixels).fill(1);
      drawn.fill(0, 30 * Math.min(i, 12), 30 * Math.min(i, 12) + 30);
      return i === 13 ? drawn.fill(0, pixels - 3) : drawn;
    };
    const drawn = (of: readonly EmojiEntry[]) =>
      Float32Array.from(of.flatMap((entry) => [...drawing(entry)]));
    const { test } = emojiSplits({ entries: named, drawn });
    const held = Array.from({ length: test.size }, (_, i) => [
      ...test.row(i).image.toTypedArray(),
    ]).map(String);
    const isHeld = named.map((entry) => held.includes(String([...drawing(entry)])));
    const byItself = named.map(({ unified }) => hashOf(`code ${unified}`) % 10 < 2);
    for (let i = 0; i < named.length; i += 2) {
      const [one, other] = [named[i]?.name, named[i + 1]?.name];
      expect(byItself[i], `${one} and ${other} by themselves`).not.toBe(byItself[i + 1]);
      expect(isHeld[i], `${one} and ${other}`).toBe(isHeld[i + 1]);
    }
  });

  it("takes for relatives what differs in gender, hair, direction, color or size", () => {
    const areRelatives = (one: readonly [string, string], other: readonly [string, string]) =>
      relativesOf(...one).some((family) => relativesOf(...other).includes(family));
    const man = ["1F468", "MAN"] as const;
    expect(areRelatives(man, ["1F471", "PERSON WITH BLOND HAIR"])).toBe(true);
    expect(areRelatives(man, ["1F466", "BOY"])).toBe(false);
    expect(areRelatives(["1F934", "PRINCE"], ["1F478", "PRINCESS"])).toBe(true);
    const up = ["2B06-FE0F", "UPWARDS BLACK ARROW"] as const;
    expect(areRelatives(up, ["2197-FE0F", "NORTH EAST ARROW"])).toBe(true);
    expect(areRelatives(up, ["21A9-FE0F", "LEFTWARDS ARROW WITH HOOK"])).toBe(false);
    const square = ["25AB-FE0F", "WHITE SMALL SQUARE"] as const;
    expect(areRelatives(square, ["1F7E5", "LARGE RED SQUARE"])).toBe(true);
    expect(areRelatives(square, ["1F534", "LARGE RED CIRCLE"])).toBe(false);
    // Directions in the names of places are no directions.
    const north = ["1F1F0-1F1F5", "North Korea Flag"] as const;
    expect(areRelatives(north, ["1F1F0-1F1F7", "South Korea Flag"])).toBe(false);
  });

  it("learns real drawings, is compared with its baselines, and answers a picture of any size", {
    timeout: 60_000,
  }, async () => {
    const of = pipe(
      emojiResnet,
      withData(Effect.sync(() => emojiSplits(sheet))),
      withBatchSize(6),
      withEpochs(6),
    );
    const events = await collect(train$(of, { services: backends.wasm }));
    const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    const { baselines } = lastOf(events, "Started");
    expect(baselines.map(({ name }) => name)).toEqual(["majority class", "nearest neighbor"]);
    expect(lastOf(events, "Sampled").text).toMatch(/^1, .*: .* \(\d\.\d\d\)/);
    const picture = { width: 30, height: 20, data: new Uint8Array(30 * 20 * 4).fill(128) };
    const { answer } = predictor(of, lastOf(events, "Completed").state);
    const said = await answer({ image: picture });
    expect(emojiGroups).toContain("class" in said && said.class);
    await expect(answer({ image: "a fox" })).rejects.toMatchObject({ _tag: "InvalidArgument" });
  });
});
