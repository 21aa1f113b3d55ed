import { existsSync, readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { segments } from "../../pipelines/baselines/speech/segments.ts";
import { digitTokens, joined, stringRows } from "../../pipelines/data/speech/digitStrings.ts";
import { letters, parseTexts, partsOf, prompts } from "../../pipelines/data/speech/prompts.ts";
import type { Recording } from "../../pipelines/data/speech/spokenDigits.ts";
import { ratesOf, textOf, textsIn } from "../../pipelines/data/speech/transcripts.ts";
import { transcribe } from "../../pipelines/speech/transcribe.ts";
import { readWav, transcription } from "../../src/data/index.ts";
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
    transcription: transcription(spelling),
  });
  const three = pipe(transcribe, withData(data), withBatchSize(8), withEpochs(5));
  const events = await collect(train$(three, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses[4]).toBeLessThan(losses[0] ?? 0);
  const said = events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : []));
  expect(said).toEqual([
    expect.stringMatching(/test by beam search: cer \d\.\d{4}, wer \d\.\d{4}$/),
  ]);
  const { baselines } = lastOf(events, "Started");
  expect(baselines).toMatchObject([{ metrics: { wer: expect.any(Number) } }]);
});
