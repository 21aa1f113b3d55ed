import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { blueThreshold, colorRegression } from "../../pipelines/baselines/vision/pixelColor.ts";
import {
  across,
  down,
  extent,
  landWater,
  tilesOf,
  western,
} from "../../pipelines/data/vision/landWater.ts";
import { landAndWater } from "../../pipelines/vision/land-water.ts";
import { decodePng, fromPicture } from "../../src/data/index.ts";
import {
  dataset,
  fromTypedArray,
  predictor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

/** Denmark and its straits in the Blue Marble, and beside it the water of its mask (NASA, Visible Earth). */
const coast = decodePng(readFileSync(new URL("./coast.png", import.meta.url)));

const tile = () => {
  if (typeof coast === "string") throw new Error(coast);
  const [image, water] = [new Float32Array(extent ** 2 * 3), new Float32Array(extent ** 2)];
  for (let y = 0; y < extent; y++)
    for (let x = 0; x < extent; x++) {
      const [at, to] = [4 * (2 * extent * y + x), y * extent + x];
      for (let c = 0; c < 3; c++) image[3 * to + c] = (coast.rgba[at + c] ?? 0) / 255;
      water[to] = (coast.rgba[at + 4 * extent] ?? 0) > 127 ? 1 : 0;
    }
  return dataset({
    image: fromTypedArray([1, extent, extent, 3] as const, image),
    water: fromTypedArray([1, extent, extent] as const, water),
  });
};

describe("tiles", () => {
  it("are cut column by column, with their water", () => {
    const pixels = across * extent * down * extent;
    // Each pixel has its row as red, its column as green, and water in the northern half.
    const colors = new Float32Array(3 * pixels);
    const water = new Float32Array(pixels);
    for (let i = 0; i < pixels; i++) {
      const [y, x] = [Math.floor(i / (across * extent)), i % (across * extent)];
      colors.set([y, x, 0], 3 * i);
      water[i] = y < 400 ? 1 : 0;
    }
    const tiles = tilesOf(colors, water, [3]);
    expect(tiles.size).toBe(down);
    const second = tiles.row(1).image.toTypedArray();
    expect([...second.slice(0, 3), ...second.slice(-3)]).toEqual([80, 240, 0, 159, 319, 0]);
    expect(new Set(tiles.row(4).water.toTypedArray())).toEqual(new Set([1]));
    expect(new Set(tiles.row(5).water.toTypedArray())).toEqual(new Set([0]));
  });

  it("are of the whole Earth, or the command that installs the pictures is named", {
    timeout: 60_000,
  }, async () => {
    const made = await Effect.runPromise(Effect.result(landWater));
    if (made._tag === "Failure") {
      expect(made.failure).toMatchObject({ command: "npm install three-globe" });
      return;
    }
    expect(made.success.train.size).toBe(100);
    expect(made.success.test.size).toBe(western.length * down);
  });
});

describe("the color of a pixel", () => {
  const colors = (...pixels: readonly (readonly [number, number, number, number])[]) =>
    dataset({
      image: fromTypedArray(
        [1, 1, pixels.length, 3],
        Float32Array.from(pixels.flatMap((p) => p.slice(0, 3))),
      ),
      water: fromTypedArray(
        [1, 1, pixels.length],
        Float32Array.from(pixels, (p) => p[3]),
      ),
    });

  it("by a threshold of its blueness", () => {
    const train = colors([0, 0, 0.5, 1], [0.1, 0, 0.4, 1], [0.4, 0.3, 0.2, 0], [0.9, 0.9, 0.9, 0]);
    // Of three pixels, the last is wrong: it is land, and blue.
    const test = colors([0, 0, 0.6, 1], [0.5, 0.5, 0.1, 0], [0, 0, 0.6, 0]);
    const score = blueThreshold("water").evaluate({ train, test });
    expect(score).toEqual({
      pixelError: 1 / 3,
      "iou of 0": 1 / 2,
      "iou of 1": 1 / 2,
    });
  });

  it("by a regression, which finds a class between two others, as no threshold does", () => {
    const grays = Array.from({ length: 30 }, (_, i) => {
      const gray = i / 30;
      return [gray, gray, gray, gray > 0.3 && gray < 0.7 ? 1 : 0] as const;
    });
    const train = colors(...grays);
    expect(colorRegression("water", 1).evaluate({ train })).toMatchObject({ pixelError: 0 });
  });
});

it("learns from a coast, is compared with colors, and draws", { timeout: 60_000 }, async () => {
  const rows = tile();
  const data = Effect.succeed({
    train: rows.concat(rows),
    test: rows,
    inputs: { image: fromPicture({ width: extent, height: extent }) },
  });
  const of = pipe(landAndWater, withData(data), withBatchSize(1), withEpochs(5));
  const events = await collect(train$(of, { services: backends.wasm }));
  const all = losses(events);
  expect(all.at(-1)).toBeLessThan(0.9 * (all[0] ?? 0));
  const names = lastOf(events, "Started").baselines.map(({ name }) => name);
  expect(names).toEqual(["bluer than a threshold", "logistic regression on the pixel's color"]);
  expect(Object.keys(lastOf(events, "Completed").test?.metrics ?? {})).toEqual([
    "pixelError",
    "iou of 0",
    "iou of 1",
  ]);
  const { answer } = predictor(of, lastOf(events, "Completed").state);
  const picture = (side: number) => ({
    image: { width: side, height: side, data: new Uint8Array(4 * side ** 2).fill(255) },
  });
  const said = await answer(picture(extent));
  expect("value" in said && (said.value as number[][]).length).toBe(extent);
  await expect(answer(picture(64))).rejects.toMatchObject({ _tag: "InvalidArgument" });
});
