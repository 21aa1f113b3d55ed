import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { isRight } from "fp-ts/lib/Either.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  decodePng,
  encodePng,
  epochsOf,
  type FromPicture,
  fromPicture,
  type Picture,
  pictureFolder,
  prepare,
  readPicture,
} from "../../src/data/index.ts";
import { fitted } from "../../src/data/pictures/resize.ts";
import { crc32, stored } from "../../src/data/pictures/zlib.ts";
import { key } from "../../src/index.ts";
import { fromBase64 } from "./savedArrays.ts";

/** Pictures that Pillow made; `pictures.py` makes them. */
const pillow = JSON.parse(readFileSync(new URL("./pictures.json", import.meta.url), "utf8")) as {
  readonly files: {
    readonly [name: string]: {
      readonly jpeg: string;
      readonly size: readonly [number, number];
      readonly rgb: readonly number[];
    };
  };
  readonly cmyk: string;
  readonly resized: { readonly [size: string]: readonly number[] };
  readonly covered: readonly number[];
};

const jpeg = fromBase64(pillow.files.color?.jpeg ?? "");
const read = (bytes: Uint8Array) => Effect.runPromise(readPicture(bytes, { name: "x.jpg" }));
const refusal = (bytes: Uint8Array) =>
  Effect.runPromise(Effect.flip(readPicture(bytes, { name: "x.jpg" })));

describe("JPEG files that Pillow made", () => {
  test.each(Object.entries(pillow.files))("%s", async (_, { jpeg: file, size, rgb }) => {
    const { width, height, data } = await read(fromBase64(file));
    expect([width, height]).toEqual(size);
    let most = 0;
    for (let i = 0; i < width * height; i++)
      for (let c = 0; c < 3; c++)
        most = Math.max(most, Math.abs((data[4 * i + c] as number) - (rgb[3 * i + c] as number)));
    // Decoders may interpolate colors between samples differently.
    expect(most).toBeLessThan(_ === "color" || _ === "progressive" ? 24 : 4);
    expect(data.filter((_, i) => i % 4 === 3).every((opacity) => opacity === 255)).toBe(true);
  });

  test("of CMYK are read", async () => {
    expect(await read(fromBase64(pillow.cmyk))).toMatchObject({ width: 24, height: 16 });
  });

  const frame = jpeg.findIndex((b, i) => b === 0xff && jpeg[i + 1] === 0xc0);
  const changed = (at: number, ...bytes: readonly number[]) =>
    jpeg.map((b, i) => bytes[i - at] ?? b);

  test.each<[string, Uint8Array, string]>([
    ["that lies about its size", changed(frame + 5, 0xff, 0xff, 0xff, 0xff), "65535 × 65535"],
    ["of more pixels than its bytes hold", changed(frame + 5, 0x20, 0, 0x20, 0), "8192 × 8192"],
    ["of no pixels", changed(frame + 5, 0, 0), "24 × 0"],
    ["of 12 bits", changed(frame + 4, 12), "not of 8 bits"],
    ["without a loss", changed(frame + 1, 0xc3), "unusual kind"],
    ["cut within its marks", jpeg.subarray(0, 40), "cut off"],
    [
      "of two frames",
      Uint8Array.of(
        ...jpeg.subarray(0, frame),
        ...jpeg.subarray(frame, frame + 19),
        ...jpeg.subarray(frame),
      ),
      "unusual kind",
    ],
    ["of another format", new TextEncoder().encode("GIF89a"), "not a PNG file"],
  ])("%s is refused", async (_, file, actual) => {
    expect(await refusal(file)).toMatchObject({
      ...{ _tag: "InvalidFile", file: "x.jpg", actual: expect.stringContaining(actual) },
    });
  });
});

describe("a picture of another size", () => {
  const grid = {
    ...{ width: 7, height: 5, channels: 1 },
    data: Float32Array.from({ length: 35 }, (_, i) => 7 * i),
  };

  test.each(Object.entries(pillow.resized))(
    "is stretched to %s as Pillow does",
    (size, expected) => {
      const [width = 0, height = 0] = size.split("x").map(Number);
      const { data } = fitted(grid, "stretch", { width, height }, () => 0);
      for (const [i, x] of expected.entries()) expect(data[i]).toBeCloseTo(x, 3);
    },
  );

  test("is cut around its middle as Pillow does", () => {
    const { data } = fitted(grid, "cover", { width: 4, height: 4 }, () => 0);
    for (const [i, x] of pillow.covered.entries()) expect(data[i]).toBeCloseTo(x, 3);
  });

  test("is framed by a background", () => {
    const wide = { width: 4, height: 2, channels: 1, data: new Float32Array(8).fill(3) };
    const { data } = fitted(wide, "contain", { width: 2, height: 4 }, () => 9);
    expect([...data]).toEqual([9, 9, 3, 3, 9, 9, 9, 9]);
  });
});

const made = (from: FromPicture, picture: Picture): unknown => {
  const read = prepare("x", from, picture);
  return isRight(read) ? read.right.toArray() : read.left;
};

test("opacity is composited, dropped or kept; gray becomes red, green and blue", () => {
  const two = { width: 2, height: 1 } as const;
  const data = Uint8Array.of(255, 0, 0, 51, 0, 255, 0, 0);
  const picture = { ...two, data };
  const close = (x: number) => expect.closeTo(x, 5);
  expect(made(fromPicture(two), picture)).toEqual([
    [
      [1, close(0.8), close(0.8)],
      [1, 1, 1],
    ],
  ]);
  expect(made(fromPicture({ ...two, alpha: "drop" }), picture)).toEqual([
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
  ]);
  expect(made(fromPicture({ ...two, channels: 4 }), picture)).toEqual([
    [
      [1, 0, 0, close(0.2)],
      [0, 0, 0, 0],
    ],
  ]);
  expect(made(fromPicture({ ...two, channels: 1, alpha: "drop" }), picture)).toEqual([
    [[close(0.299)], [close(0.587)]],
  ]);
  // Colors of transparent pixels do not shine through.
  const one = fromPicture({ width: 1, height: 1, channels: 4, fit: "stretch" });
  expect(made(one, picture)).toEqual([[[1, 0, 0, close(0.1)]]]);
});

describe("a folder of pictures", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fluxion-pictures-"));
    for (const [name, files] of [
      ["b", ["2.jpg", "1.JPEG"]],
      ["a", ["x.jpg", "notes.txt"]],
      [".hidden", ["x.jpg"]],
    ] as const) {
      await mkdir(join(folder, name));
      for (const file of files) await writeFile(join(folder, name, file), jpeg);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  const from = fromPicture({ width: 4, height: 4, fit: "cover" });

  test("is a dataset whose classes are the folders", async () => {
    const found = await Effect.runPromise(pictureFolder(folder, from));
    expect(found.classes).toEqual(["a", "b"]);
    expect(found.files.map(({ path }) => path.slice(folder.length))).toEqual([
      "/a/x.jpg",
      "/b/1.JPEG",
      "/b/2.jpg",
    ]);
    const all = await Effect.runPromise(found.dataset);
    expect(all.columns).toEqual({
      image: { shape: [4, 4, 3], dtype: "f32" },
      label: { shape: [], dtype: "i32" },
    });
    expect(all.all().label.toArray()).toEqual([0, 1, 1]);
  });

  test("is a stream that begins anywhere", async () => {
    const { stream } = await Effect.runPromise(pictureFolder(folder, from));
    const labels = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const epochs = yield* epochsOf(stream(), { batchSize: 1, key: key(1), shuffle: false });
          const reader = yield* epochs.open(0, 1);
          const [label, seen] = [new Int32Array(1), [] as number[]];
          for (;;) {
            const rows = reader.ready();
            if (rows === undefined) yield* reader.wait;
            else if (rows === 0) return seen;
            else {
              reader.fill({ label });
              seen.push(label[0] as number);
            }
          }
        }),
      ),
    );
    expect(labels).toEqual([1, 1]);
  });

  test("says which file is of another size, and what to declare", async () => {
    const found = await Effect.runPromise(
      pictureFolder(folder, fromPicture({ width: 4, height: 4 })),
    );
    expect(await Effect.runPromise(Effect.flip(found.dataset))).toMatchObject({
      ...{
        _tag: "InvalidFile",
        file: join(folder, "a", "x.jpg"),
        fix: expect.stringContaining("fit"),
      },
    });
    expect(
      await Effect.runPromise(Effect.flip(pictureFolder(join(folder, "a"), from))),
    ).toMatchObject({ _tag: "EmptyDataset" });
  });
});

describe("encodePng", () => {
  const pixels = (channels: number): fc.Arbitrary<Picture> =>
    fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
      .chain(([width, height]) =>
        fc
          .uint8Array({ minLength: 4 * width * height, maxLength: 4 * width * height })
          .map((all) => ({
            width,
            height,
            data: all.map((byte, i) =>
              i % 4 === 3
                ? channels === 4
                  ? byte
                  : 255
                : channels === 1
                  ? (all[i - (i % 4)] ?? 0)
                  : byte,
            ),
          })),
      );

  test.each([1, 3, 4])("is undone by decodePng, of %s channels", (channels) => {
    fc.assert(
      fc.property(pixels(channels), (picture) => {
        const file = encodePng(picture);
        const read = decodePng(file);
        expect(read).toEqual({ width: picture.width, height: picture.height, rgba: picture.data });
        // A gray or opaque picture is written as one, unless it happens to be grayer.
        expect({ 0: 1, 2: 3, 6: 4 }[file[25] ?? -1]).toBeLessThanOrEqual(channels);
      }),
    );
  });

  test("in a browser writes stored blocks, which another reader reads", () => {
    // One block of zlib holds 65,535 bytes.
    for (const length of [0, 1, 65_535, 65_536, 200_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 24);
      expect(inflateSync(stored(bytes)).equals(bytes)).toBe(true);
    }
    // The check value of the CRC's catalog.
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });

  test("refuses a picture without pixels, of parts of pixels, or with too few bytes", () => {
    for (const [width, height, bytes] of [
      [0, 1, 0],
      [1.5, 2, 12],
      [2, 2, 15],
    ] as const)
      expect(() => encodePng({ width, height, data: new Uint8Array(bytes) })).toThrow(
        expect.objectContaining({ _tag: "InvalidArgument" }),
      );
  });
});
