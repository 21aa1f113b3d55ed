import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { smoothed, smoothedThreshold } from "../../pipelines/baselines/vision/smoothedThreshold.ts";
import { braille, middleOf } from "../../pipelines/data/vision/masks.ts";
import { drawn, membraneData, slicesOf } from "../../pipelines/data/vision/membranes.ts";
import { membranes } from "../../pipelines/vision/membranes.ts";
import { decodePng, fromPicture, type Picture } from "../../src/data/index.ts";
import {
  dataset,
  fromTypedArray,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { dataFolder } from "../../src/io/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

/** A part of 128 × 128 pixels of the challenge's slice 24, and beside it its labels (ISBI 2012; the repository: MIT). */
const excerpt = decodePng(readFileSync(new URL("./membranes.png", import.meta.url)));

/** A square of a picture, from a column on. */
const squareOf = (left: number): Picture => {
  if (typeof excerpt === "string") throw new Error(excerpt);
  const { width, height, rgba } = excerpt;
  const rows = Array.from({ length: height }, (_, y) =>
    rgba.slice(4 * (y * width + left), 4 * (y * width + left + height)),
  );
  return { width: height, height, data: Uint8Array.from(rows.flatMap((row) => [...row])) };
};
const [image, label] = [squareOf(0), squareOf(128)];
const size = image.width;
const slice = Effect.runSync(slicesOf([[image, label]], size));

describe("slices", () => {
  it("have membranes where their labels are black", () => {
    const membrane = [...slice.column("membrane").toTypedArray()];
    const black = membrane.filter((_, i) => label.data[4 * i] === 0).length;
    expect(membrane.reduce((a, b) => a + b, 0)).toBe(black);
    expect(black / membrane.length).toBeGreaterThan(0.1);
    expect(slice.column("image").toTypedArray()[5]).toBeCloseTo((image.data[20] ?? 0) / 255, 6);
  });

  it("of another size are refused", () => {
    expect(Effect.runSync(Effect.flip(slicesOf([[image, label]])))).toMatchObject({
      _tag: "DataSourceError",
      reason: "a picture has 128 × 128 pixels, not 512 × 512",
    });
  });

  it("are split by their place in the stack, or the command that fetches them is named", {
    timeout: 30_000,
  }, async () => {
    const there = await Effect.runPromise(Effect.result(dataFolder(membraneData)));
    if (there._tag === "Failure") {
      expect(there.failure).toMatchObject({ command: "npx fluxion data membranes" });
      return;
    }
    const { train, test } = await Effect.runPromise(membranes.source);
    expect(train).toMatchObject({ rows: 480, dataset: { size: 24 } });
    expect(test).toMatchObject({ size: 6 });
  });
});

describe("a threshold after smoothing", () => {
  it("leaves a flat image as it is, and spreads a point like a Gaussian", () => {
    for (const x of smoothed(new Float32Array(25).fill(0.5), 5, 1)) expect(x).toBeCloseTo(0.5, 6);
    const point = smoothed(
      Float32Array.from({ length: 121 }, (_, i) => (i === 60 ? 1 : 0)),
      11,
      1,
    );
    // By hand: (1 / Σ exp(-k²/2), k from -3 to 3)², and e^-½ of it beside.
    const peak = 1 / (1 + 2 * (Math.exp(-0.5) + Math.exp(-2) + Math.exp(-4.5))) ** 2;
    expect(point[60]).toBeCloseTo(peak, 6);
    expect(point[61]).toBeCloseTo(peak * Math.exp(-0.5), 6);
    expect(point[49]).toBeCloseTo(peak * Math.exp(-0.5), 6);
  });

  it("finds a dark line without mistakes", () => {
    const isLine = (i: number) => i % 16 === 7 || i % 16 === 8;
    const pixels = (f: (i: number) => number) => Float32Array.from({ length: 256 }, (_, i) => f(i));
    const lines = dataset({
      image: fromTypedArray(
        [1, 16, 16, 1],
        pixels((i) => (isLine(i) ? 0.1 : 0.9)),
      ),
      membrane: fromTypedArray(
        [1, 16, 16],
        pixels((i) => (isLine(i) ? 1 : 0)),
      ),
    });
    expect(smoothedThreshold([0.5]).evaluate({ train: lines })).toEqual({
      pixelError: 0,
      iou: 1,
      randError: 0,
    });
  });
});

describe("braille", () => {
  it("has a dot for each square whose mean is one half or more", () => {
    const column = { width: 2, values: [1, 0, 0, 0, 0, 0, 0, 1] };
    expect(braille(column, 1)).toEqual([String.fromCodePoint(0x2800 + 0x01 + 0x80)]);
    expect(braille({ width: 2, values: [1, 1, 0, 0] }, 2)).toEqual([String.fromCodePoint(0x2801)]);
    expect(braille({ width: 2, values: [1, 0, 0, 0] }, 2)).toEqual([String.fromCodePoint(0x2800)]);
  });

  it("is of the middle", () => {
    const values = Array.from({ length: 16 }, (_, i) => i);
    expect(Array.from(middleOf({ width: 4, values }, 2).values)).toEqual([5, 6, 9, 10]);
  });
});

it("learns from an excerpt, is compared with the threshold, draws masks, and refuses another size", {
  timeout: 60_000,
}, async () => {
  const data = Effect.succeed({
    train: drawn(slice.concat(slice), 4),
    test: slice,
    inputs: { image: fromPicture({ width: size, height: size, channels: 1 }) },
  });
  const of = pipe(membranes, withData(data), withBatchSize(2), withEpochs(2));
  const events = await collect(train$(of, { services: backends.wasm }));
  const all = losses(events);
  expect(all).toHaveLength(4);
  expect(all.at(-1)).toBeLessThan(0.9 * (all[0] ?? 0));
  const [threshold] = lastOf(events, "Started").baselines;
  expect(threshold?.metrics.iou).toBeGreaterThan(0.3);
  const { test, state } = lastOf(events, "Completed");
  expect(test?.metrics.randError).toBeGreaterThanOrEqual(0);
  expect(lastOf(events, "Sampled").text.split("\n")[1]).toMatch(/^[⠀-⣿]+ {2}[⠀-⣿]+$/);
  const ask = predictor(of, state);
  const answer = await ask.answer({ image });
  expect("value" in answer && Array.isArray(answer.value) && answer.value.length).toBe(size);
  const small = { width: 1, height: 1, data: Uint8Array.of(0, 0, 0, 255) };
  await expect(ask.answer({ image: small })).rejects.toMatchObject({ _tag: "InvalidArgument" });
});
