import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { nearestOf, nearestPartner } from "../../pipelines/baselines/multimodal/nearestPartner.ts";
import { chance, precisionNear } from "../../pipelines/data/multimodal/judged.ts";
import { pairsOf } from "../../pipelines/data/multimodal/seenAndHeard.ts";
import type { Recording } from "../../pipelines/data/speech/spokenDigits.ts";
import { mnist } from "../../pipelines/data/vision/mnist.ts";
import { seenAndHeard } from "../../pipelines/multimodal/seen-and-heard.ts";
import { noisyDigits } from "../../pipelines/multimodal/seen-and-heard-noisy.ts";
import { readWav } from "../../src/data/index.ts";
import { dataset, tensor, train$, withBatchSize, withData, withEpochs } from "../../src/index.ts";
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

describe("the partner of the nearest", () => {
  /** Pairs of a digit, of which pictures and sounds have two numbers each. */
  const rows = (pairs: readonly (readonly [digit: number, image: number[], sound: number[]])[]) =>
    dataset({
      label: tensor(pairs.map(([digit]) => digit)),
      image: tensor(pairs.map(([, image]) => image)),
      sound: tensor(pairs.map(([, , sound]) => sound)),
    });

  it("is found by the least squared distance, the first of equals", () => {
    const known = [
      [3, 4],
      [1, 0],
      [0, 1],
      [1, 0],
    ].map((row) => Float32Array.from(row));
    expect(nearestOf(known.entries(), Float32Array.of(0.9, 0.2))).toBe(1);
    expect(nearestOf(known.entries(), Float32Array.of(9, 9))).toBe(0);
  });

  it("names a sound, and leads to pictures like its own", async () => {
    const train = rows([
      [1, [1, 0], [5, 0]],
      [2, [0, 1], [0, 5]],
    ]);
    // Eleven of each digit, so that ten of its own are nearest, but two ones that sound like twos.
    const test = rows([
      ...Array.from({ length: 11 }, (_, i) => [1, [2, 0.1], i < 2 ? [0, 4] : [4, 1]] as const),
      ...Array.from({ length: 11 }, () => [2, [0.1, 2], [1, 4]] as const),
    ] as never);
    expect(await nearestPartner.evaluate({ train, test } as never)).toEqual({
      accuracy: 20 / 22,
      "pictures of a sound": expect.closeTo(20 / 22, 6),
      // Of the ten sounds like that of a two, two are of ones.
      "sounds of a picture": expect.closeTo((11 * 9 + 11 * 8) / 220, 1),
    });
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
