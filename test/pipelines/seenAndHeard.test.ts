import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { chance, precisionNear } from "../../pipelines/data/multimodal/judged.ts";
import { pairsOf } from "../../pipelines/data/multimodal/seenAndHeard.ts";
import type { Recording } from "../../pipelines/data/speech/spokenDigits.ts";
import { mnist } from "../../pipelines/data/vision/mnist.ts";
import { seenAndHeard } from "../../pipelines/multimodal/seen-and-heard.ts";
import { noisyDigits } from "../../pipelines/multimodal/seen-and-heard-noisy.ts";
import { readWav } from "../../src/data/index.ts";
import { train$, withBatchSize, withData, withEpochs } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const excerpt: { readonly [name: string]: string } = JSON.parse(
  readFileSync(new URL("./spokenDigits.json", import.meta.url), "utf8"),
).recordings;

const recordings = await Effect.runPromise(
  Effect.forEach(Object.entries(excerpt), ([name, base64]) =>
    Effect.map(
      readWav(new Uint8Array(Buffer.from(base64, "base64"))),
      (sound): Recording => ({ digit: Number(name[0]), speaker: "theo", take: 0, sound }),
    ),
  ),
);
const written = (await Effect.runPromise(mnist)).test.pick(
  Int32Array.from({ length: 400 }, (_, i) => i),
);
const pairs = (noisy: boolean) =>
  Effect.runPromise(pairsOf(recordings, written, { each: 4, noisy, seed: 1 }));

describe("pairs of a picture and a sound", () => {
  it("are of one digit, with a picture of its own each", async () => {
    const clean = await pairs(false);
    expect(clean.size).toBe(36);
    expect([...clean.column("told").toTypedArray()].slice(0, 9)).toEqual([
      ...[1, 1, 1, 2, 2, 2, 8, 8, 8],
    ]);
    const pictures = Array.from({ length: 36 }, (_, i) => clean.row(i).image.toArray().join());
    expect(new Set(pictures).size).toBe(36);
  });

  it("have noise on the picture, the sound or both in turn", async () => {
    const [clean, noisy] = [await pairs(false), await pairs(true)];
    expect([...noisy.column("told").toTypedArray()].slice(0, 5)).toEqual([1, 11, 21, 32, 2]);
    const same = (column: "image" | "sound", i: number): boolean =>
      clean.row(i)[column].toArray().toString() === noisy.row(i)[column].toArray().toString();
    expect([0, 1, 2, 3].map((i) => same("image", i))).toEqual([true, false, true, false]);
    expect([0, 1, 2, 3].map((i) => same("sound", i))).toEqual([true, true, false, false]);
  });
});

describe("precision among the nearest", () => {
  it("is the share of the same digit, of each row", () => {
    const [x, y] = [
      [1, 0],
      [0, 1],
    ];
    // Of four rows all four are near: half of them have the digit.
    expect(precisionNear([x, x, y, y] as never, [x, x, y, y] as never, [1, 1, 2, 2])).toBe(0.5);
    const many = Array.from({ length: 20 }, (_, i) => (i < 10 ? x : y)) as never;
    const digit = Array.from({ length: 20 }, (_, i) => (i < 10 ? 1 : 2));
    expect(precisionNear(many, many, digit)).toBe(1);
  });
});

it("two towers learn which belong together, beside chance", async () => {
  const own = await pairs(false);
  const data = Effect.succeed({ train: own, test: own });
  const contrast = seenAndHeard.origin;
  if (contrast === undefined) throw new Error("the towers are trained first");
  const losses = (
    await collect(
      train$(pipe(contrast, withData(data), withBatchSize(36), withEpochs(3)), {
        services: backends.wasm,
      }),
    )
  ).flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[2]).toBeLessThan(losses[0] ?? 0);
  const { evaluate } = chance;
  expect(await evaluate({ train: own } as never)).toEqual({
    "pictures of a sound": expect.closeTo(1 / 3, 6),
    "sounds of a picture": expect.closeTo(1 / 3, 6),
  });
});

it("both senses learn in noise, beside each alone", async () => {
  const own = await pairs(true);
  const data = Effect.succeed({ train: own, test: own });
  const events = await collect(
    train$(
      pipe({ ...noisyDigits, baselines: [] }, withData(data), withBatchSize(12), withEpochs(2)),
      {
        services: backends.wasm,
      },
    ),
  );
  expect(Object.keys(lastOf(events, "Completed").test?.metrics ?? {})).toEqual([
    ...["accuracy", "accuracy, clean", "accuracy, picture noisy", "accuracy, sound noisy"],
    "accuracy, both noisy",
  ]);
});
