import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { joinedUnits, unitsIn } from "../../pipelines/baselines/speech/nearestUnits.ts";
import { aligner, evenly } from "../../pipelines/data/speech/alignment.ts";
import { correlation, loudness, middle, pitches } from "../../pipelines/data/speech/listening.ts";
import { cepstraOf, melDistance, stepsIn } from "../../pipelines/data/speech/melDistance.ts";
import { mostCharacters } from "../../pipelines/data/speech/prompts.ts";
import { digitWords } from "../../pipelines/data/speech/spokenDigits.ts";
import type { Steps } from "../../pipelines/data/speech/timeWarping.ts";
import {
  asDigit,
  asPrompt,
  characters,
  digitInputs,
  promptInputs,
  speechIn,
  spokenRows,
  type Utterance,
} from "../../pipelines/data/speech/utterances.ts";
import { speak, speakDigits } from "../../pipelines/speech/speak.ts";
import { prepare, readWav } from "../../src/data/index.ts";
import {
  dataset,
  fromTypedArray,
  full,
  predictor,
  type Tensor,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { scorePairs } from "../../src/nn/metrics/index.ts";
import { evaluate } from "../../src/train/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const excerpt: { readonly [name: string]: string } = JSON.parse(
  readFileSync(new URL("./spokenDigits.json", import.meta.url), "utf8"),
).recordings;

const parts = ["train", "validation", "test"] as const;

/** Nine recordings of three digits, as if of one person, one of each digit in each part. */
const utterances: readonly Utterance[] = await Effect.runPromise(
  Effect.forEach(Object.entries(excerpt), ([name, base64], i) =>
    Effect.map(readWav(new Uint8Array(Buffer.from(base64, "base64"))), (recorded): Utterance => {
      const sound = prepare("sound", asDigit, recorded);
      if (isLeft(sound)) throw sound.left;
      const text = digitWords[Number(name[0])] ?? "";
      return { text, speaker: 0, sound: sound.right, recorded, part: parts[i % 3] ?? "test" };
    }),
  ),
);

/** A text and steps of one number. */
const uttered = (text: string, ...numbers: readonly number[]) => ({
  ...{ text, steps: numbers.length, width: 1, numbers },
});

describe("durations of letters", () => {
  it("are even at first, in whole steps", () => {
    expect(evenly(uttered("abc", 0, 0, 0, 0, 0))).toEqual([2, 1, 2]);
  });

  it("become those by which letters sound alike, in order, and a silent one lasts not at all", () => {
    const heard = [
      uttered("ab", 0, 0, 0, 9, 9, 9),
      uttered("ba", 9, 9, 0, 0, 0, 0),
      uttered("ab", 0, 9, 9, 9, 9),
    ];
    const align = aligner(heard, 4);
    expect(heard.map(align)).toEqual([
      [3, 3],
      [2, 4],
      [1, 4],
    ]);
    expect(align(uttered("aba", 0, 0, 0, 0))).toEqual([2, 0, 2].map(() => expect.any(Number)));
    expect(align(uttered("aba", 0, 0, 0, 0))[1]).toBe(0);
  });
});

describe("speech", () => {
  it("is without what is soft before and after it", () => {
    const column = tensor([
      [0, 0.1],
      [0.5, 0],
      [0, 0],
      [0, 0.9],
      [0.2, 0.2],
      [0, 0],
    ]);
    expect(speechIn("a", column)).toMatchObject({ steps: 3, width: 2 });
    expect([...Array.from(speechIn("a", column).numbers)]).toEqual(
      [0.5, 0, 0, 0, 0, 0.9].map(Math.fround),
    );
    expect(speechIn("a", tensor([[0, 0]])).steps).toBe(0);
  });
});

describe("the mel distance", () => {
  /** A step whose mels are a wave of cosines, `share` of 50 decibels high. */
  const wave = (share: number, steps: number) => ({
    ...{ steps, width: 64 },
    numbers: Array.from(
      { length: steps * 64 },
      (_, i) => 0.5 + share * Math.cos((Math.PI * 3 * ((i % 64) + 0.5)) / 64),
    ),
  });

  it("is the root of the mean squared difference of smooth spectra, whatever the pace", () => {
    // A cosine of 5 decibels is 5 / √2 on average of its squares.
    const metric = melDistance(asDigit);
    expect(scorePairs(metric, [[wave(0.1, 2), wave(0, 2)]])).toBeCloseTo(5 / Math.SQRT2, 6);
    expect(scorePairs(metric, [[wave(0.1, 2), wave(0.1, 7)]])).toBe(0);
    // How loud it is is no part of it.
    expect(cepstraOf(wave(0, 1), 50).numbers[4]).toBeCloseTo(0, 9);
  });
});

describe("what is put together of known parts", () => {
  it("has the longest ones of the speaker", () => {
    const numbers = (text: string) => [...text].map((one) => characters.indexOf(one) ?? 0);
    const unit = (text: string, speaker: number, first: number) => ({
      ...{ speaker, text: numbers(text), from: [...text, ""].map((_, i) => i) },
      sound: { steps: text.length, width: 1, numbers: [...text].map((_, i) => first + i) },
    });
    const known = [unit("cab", 0, 10), unit("ab", 1, 20), unit("bad", 0, 30)];
    expect([...Array.from(joinedUnits(known, 0, numbers("abad")).numbers)]).toEqual([
      11, 12, 31, 32,
    ]);
    expect([...Array.from(joinedUnits(known, 1, numbers("zz")).numbers)]).toEqual([0]);
  });
});

describe("listening", () => {
  const tone = (hertz: number) => ({
    sampleRate: 8000,
    samples: fromTypedArray(
      [1, 2000],
      Float32Array.from(
        { length: 2000 },
        (_, t) =>
          Math.sin((2 * Math.PI * hertz * t) / 8000) + Math.sin((4 * Math.PI * hertz * t) / 8000),
      ),
    ),
  });

  it("finds the pitch of a tone with its overtone, and none in silence", () => {
    for (const hertz of [100, 200, 320]) expect(middle(pitches(tone(hertz)))).toBe(hertz);
    expect(
      pitches({ sampleRate: 8000, samples: fromTypedArray([1, 2000], new Float32Array(2000)) }),
    ).toEqual([]);
    expect(middle([])).toBeNaN();
  });

  it("measures loudness part by part, and how lists go together", () => {
    const samples = tensor([[1, -1, 0, 0, 3, 3]]);
    expect(loudness({ sampleRate: 8, samples }, 3)).toEqual([1, 0, 3]);
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  });
});

it("the network learns to say digits, beside the longest known parts", async () => {
  const data = { ...spokenRows(utterances, asDigit, 5), speech: asDigit, inputs: digitInputs };
  expect(unitsIn(data.train).map(({ from }) => from.at(-1))).toEqual(
    unitsIn(data.train).map(({ sound }) => sound.steps),
  );
  // As digitInputs make them of what users write, so that a model in a file takes it.
  expect(data.train.columns).toMatchObject({ text: { shape: [5] }, speaker: { shape: [1] } });
  const some = pipe(speakDigits, withData(Effect.succeed(data)), withBatchSize(3), withEpochs(3));
  const events = await collect(train$(some, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[2]).toBeLessThan(losses[0] ?? 0);
  const { baselines } = lastOf(events, "Started");
  expect(baselines).toMatchObject([{ metrics: { mcd: expect.any(Number) } }]);
  const texts = events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : []));
  expect(texts[2]).toMatch(/seven, by lucas: \d\.\d\d s of sound/);
  // What is held out is judged as it is said: with durations that are guessed, whatever the true ones are.
  const { state } = lastOf(events, "Completed");
  const rows = data.test.all();
  const judged = async (durations: Tensor) =>
    Effect.runPromise(evaluate(some, state, dataset({ ...rows, durations }) as never));
  const [own, other] = [
    await judged(rows.durations),
    await judged(full(rows.durations.shape, 9, "i32")),
  ];
  expect(other.loss).not.toBe(own.loss);
  expect(other.metrics.mcd).toBe(own.metrics.mcd);
  const predict = predictor(some, state);
  const said = await predict(dataset({ text: rows.text, speaker: rows.speaker }) as never);
  await predict.release();
  const pairs = Array.from({ length: data.test.size }, (_, i) => {
    const [made, meant] = [said, rows.sound].map((all) => stepsIn(dataset({ all }).row(i).all));
    return [made, meant] as [Steps, Steps];
  });
  expect(own.metrics.mcd).toBeCloseTo(scorePairs(melDistance(asDigit), pairs), 4);
});

it("the network learns to say a prompt of the telephone exchange", async () => {
  const { text, wav }: { readonly text: string; readonly wav: string } = JSON.parse(
    readFileSync(new URL("./prompt.json", import.meta.url), "utf8"),
  );
  const recorded = await Effect.runPromise(readWav(new Uint8Array(Buffer.from(wav, "base64"))));
  const sound = prepare("sound", asPrompt, recorded);
  if (isLeft(sound)) throw sound.left;
  const said = parts.map((part) => ({ text, speaker: 0, sound: sound.right, recorded, part }));
  const data = {
    ...spokenRows(said, asPrompt, mostCharacters),
    ...{ speech: asPrompt, inputs: promptInputs },
  };
  const some = pipe(speak, withData(Effect.succeed(data)), withBatchSize(1), withEpochs(4));
  const events = await collect(train$(some, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[3]).toBeLessThan(losses[0] ?? 0);
  // The longest known part is the prompt itself.
  const { baselines } = lastOf(events, "Started");
  expect(baselines).toMatchObject([{ metrics: { mcd: expect.closeTo(0, 6) } }]);
  const texts = events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : []));
  expect(texts[3]).toMatch(/password: \d\.\d\d s of sound/);
});
