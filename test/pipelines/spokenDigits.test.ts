import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import {
  digitWords,
  fromDigit,
  heard,
  oneOfEach,
  ownSplit,
  type Recording,
  spokenDigitsFiles,
  withoutSpeaker,
} from "../../pipelines/data/speech/spokenDigits.ts";
import { soundIn, warped } from "../../pipelines/data/speech/timeWarping.ts";
import { spokenDigit } from "../../pipelines/speech/spoken-digits.ts";
import { readWav, resample } from "../../src/data/index.ts";
import {
  fromTypedArray,
  InvalidArgument,
  predictor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { sha256 } from "../../src/io/sha256.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const excerpt: { readonly [name: string]: string } = JSON.parse(
  readFileSync(new URL("./spokenDigits.json", import.meta.url), "utf8"),
).recordings;

const files = Object.entries(excerpt).map(
  ([name, base64]) => [name, new Uint8Array(Buffer.from(base64, "base64"))] as const,
);

const recordings = Effect.forEach(files, ([name, bytes]) =>
  Effect.map(readWav(bytes), (sound): Recording => {
    const [digit = "", speaker = "", take = ""] = name.split("_");
    return { digit: Number(digit), speaker, take: Number(take), sound };
  }),
);
const rows = Effect.flatMap(recordings, heard);

/** Steps of one number. */
const steps = (...numbers: readonly number[]) => ({ steps: numbers.length, width: 1, numbers });

describe("spoken digits", () => {
  it("are declared file by file, as these were", () => {
    expect(spokenDigitsFiles.files).toHaveLength(3000);
    for (const [name, bytes] of files) {
      const declared = spokenDigitsFiles.files.find(({ path }) => path.endsWith(`/${name}.wav`));
      const hash = sha256();
      hash.update(bytes);
      expect(declared).toMatchObject({ bytes: bytes.length, sha256: hash.digits() });
    }
  });

  it("are split by takes as their origin says, or by speakers", () => {
    const said = { digit: 3, speaker: "theo" };
    expect([0, 4, 5, 9, 10, 49].map((take) => ownSplit({ ...said, take }))).toEqual([
      ...["test", "test", "validation", "validation", "train", "train"],
    ]);
    expect(withoutSpeaker("theo")({ ...said, take: 9 })).toBe("test");
    expect(withoutSpeaker("lucas")({ ...said, take: 0 })).toBe("train");
  });

  it("become spectrograms with their labels, and silence after them", async () => {
    const all = await Effect.runPromise(rows);
    expect([...all.column("label").toTypedArray()]).toEqual([1, 1, 1, 2, 2, 2, 8, 8, 8]);
    expect(all.column("sound").shape).toEqual([9, 64, 40]);
    const first = soundIn(all.row(0).sound.toTypedArray(), 40);
    const samples = ((files[0]?.[1].length ?? 0) - 44) / 2;
    expect(first.steps).toBe(1 + Math.floor(samples / 128));
    expect(Object.keys(oneOfEach({ test: all }))).toHaveLength(10);
  });
});

describe("time warping", () => {
  it("matches steps that last longer, and counts what differs", () => {
    expect(warped(steps(1, 2, 3), steps(1, 1, 2, 3, 3))).toBe(0);
    // 1-1, 1-2, 5-2, 3-3: 0 + 1 + 3 + 2 · 0, by the lengths' sum of 6. Diagonally, 5-2 counts twice: 6.
    expect(warped(steps(1, 5, 3), steps(1, 2, 3))).toBe(4 / 6);
    expect(warped(steps(9, 9), steps(0, 0), 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

it("the network learns the digits, beside the nearest under time warping", async () => {
  const own = await Effect.runPromise(rows);
  const data = Effect.succeed({
    ...{ train: own, test: own, inputs: { sound: fromDigit }, classes: digitWords },
  });
  const three = pipe(spokenDigit, withData(data), withBatchSize(9), withEpochs(3));
  const events = await collect(train$(three, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[2]).toBeLessThan(losses[0] ?? 0);
  const { baselines } = lastOf(events, "Started");
  // Every fourth of the nine is known: a one, a two and an eight.
  expect(baselines).toMatchObject([{ metrics: { accuracy: 1 } }]);

  // A recording of another rate is resampled: as many samples a second again say much the same.
  const predict = predictor(three, lastOf(events, "Completed").state);
  const [{ sound }] = (await Effect.runPromise(recordings)) as [Recording];
  const answers = [];
  for (const rate of [8000, 16_000, 44_100]) {
    const samples = resample(sound.samples, 8000, rate);
    const answer = await predict.answer({ sound: { samples, sampleRate: rate } });
    answers.push("probabilities" in answer ? Object.values(answer.probabilities) : []);
  }
  const [at8, at16, at44] = answers;
  expect(at8).toHaveLength(10);
  for (const [i, share] of (at8 ?? []).entries()) {
    expect(at16?.[i]).toBeCloseTo(share, 2);
    expect(at44?.[i]).toBeCloseTo(share, 2);
  }
  // Two seconds at 16 kHz are too long, in seconds and not in samples.
  const long = {
    samples: fromTypedArray([1, 32_000], new Float32Array(32_000)),
    sampleRate: 16_000,
  };
  const refused = await predict.answer({ sound: long }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InvalidArgument);
  expect(refused).toMatchObject({
    expected: "less than 1.024 s: cut it into parts",
    actual: "2 s",
  });
  await predict.release();
});
