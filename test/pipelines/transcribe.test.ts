import { existsSync, readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { segments } from "../../pipelines/baselines/speech/segments.ts";
import {
  digitTokens,
  fromDigits,
  joined,
  stringRows,
} from "../../pipelines/data/speech/digitStrings.ts";
import {
  fromPrompt,
  letters,
  mostCharacters,
  parseTexts,
  partsOf,
  prompts,
} from "../../pipelines/data/speech/prompts.ts";
import type { Recording } from "../../pipelines/data/speech/spokenDigits.ts";
import { ratesOf, textOf, textsIn } from "../../pipelines/data/speech/transcripts.ts";
import { transcribe, transcribePrompts } from "../../pipelines/speech/transcribe.ts";
import { padSequences, prepare, readWav, resample, transcription } from "../../src/data/index.ts";
import {
  dataset,
  predictor,
  stackTensors,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const excerpt: { readonly [name: string]: string } = JSON.parse(
  readFileSync(new URL("./spokenDigits.json", import.meta.url), "utf8"),
).recordings;

/** A clip of Debian's package, with its text. */
const prompt: { readonly text: string; readonly wav: string } = JSON.parse(
  readFileSync(new URL("./prompt.json", import.meta.url), "utf8"),
);

const recordings = await Effect.runPromise(
  Effect.forEach(Object.entries(excerpt), ([name, base64]) =>
    Effect.map(
      readWav(new Uint8Array(Buffer.from(base64, "base64"))),
      (sound): Recording => ({ digit: Number(name[0]), speaker: "theo", take: 0, sound }),
    ),
  ),
);
const spelling = { vocabulary: digitTokens, separator: " " };

describe("strings of digits", () => {
  const strings = joined(recordings, 40, 7);

  it("are joined recordings of up to five digits, in noise, that fit the spectrogram", () => {
    expect(new Set(strings.flatMap(({ digits }) => digits))).toEqual(new Set([1, 2, 8]));
    for (const { digits, samples } of strings) {
      expect(digits.length).toBeGreaterThan(0);
      expect(digits.length).toBeLessThan(6);
      expect(samples.length).toBeLessThan(192 * 128);
      expect(samples.every((x) => x !== 0)).toBe(true);
    }
    expect(joined(recordings, 40, 7)).toEqual(strings);
    expect(joined(recordings, 40, 8)).not.toEqual(strings);
  });

  it("are rows of a spectrogram and the tokens, without blanks", async () => {
    const rows = await Effect.runPromise(stringRows(strings));
    expect(textsIn(spelling, rows)[0]).toBe(
      (strings[0]?.digits ?? []).map((digit) => digitTokens.tokens[digit + 1]).join(" "),
    );
  });
});

describe("texts", () => {
  it("are judged by their characters and words", () => {
    // Of "one two", 7 characters, the blank and "two" are missing; one of two words.
    expect(ratesOf([["one", "one two"]])).toEqual({ cer: 4 / 7, wer: 1 / 2 });
    expect(textOf(spelling, [2, 0, 9, 0])).toBe("one eight");
  });
});

describe("prompts", () => {
  it("are read with their texts as they are said, without what is no speech", () => {
    const list =
      "; Sounds\n\ndir/a: Press 1, or '2'.  Thank you!\r\nbeep: [a tone]\nquiet: (1 second)\nx\n";
    expect([...parseTexts(list)]).toEqual([["dir/a", "press one or ' two ' thank you"]]);
  });

  it("are in one part where they say the same", () => {
    const texts = Array.from({ length: 14 }, (_, i) => `text ${String.fromCharCode(97 + i)}`);
    const part = partsOf([...texts, ...texts]);
    expect(texts.filter((text) => part(text) === "test")).toEqual(["text a", "text h"]);
    expect(texts.filter((text) => part(text) === "validation")).toEqual(["text d", "text k"]);
  });

  it.skipIf(!existsSync("/usr/share/asterisk/sounds/en"))(
    "are those of the Debian package, where it is installed",
    async () => {
      const { train, test } = await Effect.runPromise(prompts);
      expect(train.size).toBeGreaterThan(250);
      const letter = { vocabulary: letters, separator: "" };
      const [learned, held] = [textsIn(letter, train), textsIn(letter, test)];
      expect(learned.some((text) => held.includes(text))).toBe(false);
    },
  );
});

describe("segments", () => {
  it("are what is loud for at least five steps, over gaps of up to two", () => {
    const loud = (n: number) => new Array<number>(n).fill(1);
    const soft = (n: number) => new Array<number>(n).fill(-1);
    const numbers = [...soft(4), ...loud(5), ...soft(2), ...loud(3), ...soft(3), ...loud(4)];
    const found = segments({ numbers, width: 1, steps: numbers.length }, 0.5);
    expect(found.map(({ steps }) => steps)).toEqual([10]);
  });
});

it("the network learns strings, beside the nearest segments under time warping", async () => {
  const own = await Effect.runPromise(stringRows(joined(recordings, 8, 1)));
  const data = Effect.succeed({
    train: own,
    test: own,
    inputs: { sound: fromDigits },
    transcription: transcription(spelling),
  });
  const three = pipe(transcribe, withData(data), withBatchSize(8), withEpochs(5));
  const events = await collect(train$(three, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[4]).toBeLessThan(losses[0] ?? 0);
  const said = events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : []));
  // After each epoch what is heard, and after the fifth the rates.
  const rates = said.filter((text) => /^test by beam search: cer .+, wer \d\.\d{4}$/.test(text));
  const heard = said.filter((text) => /^((one|two|eight)[^:]*: .*\n?)+$/.test(text));
  expect([rates.length, heard.length, said.length]).toEqual([1, 5, 6]);
  const { baselines } = lastOf(events, "Started");
  expect(baselines).toMatchObject([{ metrics: { wer: expect.any(Number) } }]);
  // A recording of another rate is resampled.
  const predict = predictor(three, lastOf(events, "Completed").state);
  const [{ sound }] = recordings as [Recording];
  const twice = { samples: resample(sound.samples, 8000, 16_000), sampleRate: 16_000 };
  expect(await predict.answer({ sound: twice })).toMatchObject({ text: expect.any(String) });
  await predict.release();
});

it("the network learns the letters of a prompt", async () => {
  const wav = new Uint8Array(Buffer.from(prompt.wav, "base64"));
  const recorded = await Effect.runPromise(readWav(wav));
  const sound = prepare("sound", fromPrompt, recorded);
  if (isLeft(sound)) throw sound.left;
  const own = dataset({
    sound: stackTensors([sound.right]),
    text: padSequences(
      [[...prompt.text].map((letter) => letters.indexOf(letter) ?? 0)],
      mostCharacters,
    ),
  });
  const data = Effect.succeed({
    ...{ train: own, test: own, inputs: { sound: fromPrompt } },
    transcription: transcription({ vocabulary: letters }),
  });
  // Its columns have the shapes of the real ones.
  const some = pipe(transcribePrompts, withData(data as never), withBatchSize(1), withEpochs(5));
  const events = await collect(train$(some, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[4]).toBeLessThan(losses[0] ?? 0);
  // The only known clip is the nearest to itself.
  const { baselines } = lastOf(events, "Started");
  expect(baselines).toMatchObject([{ metrics: { cer: 0, wer: 0 } }]);
  const predict = predictor(some, lastOf(events, "Completed").state);
  const rate = 44_100;
  const other = { samples: resample(recorded.samples, 8000, rate), sampleRate: rate };
  expect(await predict.answer({ sound: other })).toMatchObject({ text: expect.any(String) });
  await predict.release();
});
