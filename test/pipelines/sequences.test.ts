import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import { letterToSound } from "../../pipelines/baselines/language/letterToSound.ts";
import { ngrams } from "../../pipelines/baselines/language/ngrams.ts";
import { letters } from "../../pipelines/data/language/mobyDick.ts";
import { passagesOf } from "../../pipelines/data/language/passages.ts";
import {
  letters as letters26,
  parseEntries,
  phonemes,
  spokenSplits,
  wordLength,
} from "../../pipelines/data/language/pronunciations.ts";
import { charLm } from "../../pipelines/language/char-lm.ts";
import { pronounce } from "../../pipelines/language/pronounce.ts";
import { padSequences } from "../../src/data/index.ts";
import {
  type Baseline,
  dataset,
  type Row,
  type Splits,
  type Tensor,
  tensor,
  train$,
  withData,
  withEpochs,
  withLearningRate,
} from "../../src/index.ts";
import { type AnyPipeline, predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

const figures = (baseline: Baseline, data: unknown): { readonly [name: string]: number } =>
  // These baselines compute immediately, on the columns of their pipelines.
  baseline.evaluate(data as Splits<Row>) as { readonly [name: string]: number };

const excerpt = (name: string): string =>
  readFileSync(new URL(`language/${name}.txt`, import.meta.url), "utf8");

/** Losses before and after a few steps on an excerpt, a baseline's figures for it, and answers of what was learned. */
const brief = async (of: AnyPipeline, splits: Effect.Effect<unknown, unknown>, epochs: number) => {
  const baselines = of.baselines.slice(-1);
  const quick = pipe(
    { ...of, baselines, operators: [] },
    withData(splits as never),
    withEpochs(epochs),
    withLearningRate(3e-3),
  );
  const events = await collect(train$(quick, { services: backends.wasm }));
  return {
    losses: losses(events),
    baseline: lastOf(events, "Started").baselines[0]?.metrics,
    ask: predictor(quick, lastOf(events, "Completed").state),
  };
};

describe("char-lm on a page of the book", () => {
  const page = excerpt("mobyDick").trim();

  it("reads consecutive characters, of which the last tenth is held out", async () => {
    const { train, test } = await Effect.runPromise(passagesOf(page, letters, 128));
    const n = Math.floor(0.9 * page.length);
    expect([train.size, test.size]).toEqual([
      Math.floor((n - 1) / 128),
      Math.floor((page.length - n - 1) / 128),
    ]);
    const read = (numbers: Tensor) => letters.decode(numbers.toTypedArray()).join("");
    expect(read(train.row(1).text)).toBe(page.slice(128, 256));
    expect(read(train.row(1).next)).toBe(page.slice(129, 257));
    expect(read(test.row(0).text)).toBe(page.slice(n, n + 128));
  });

  it("lowers its loss in a few steps", { timeout: 30_000 }, async () => {
    const few = Effect.map(passagesOf(page, letters, 128), ({ train, ...rest }) => ({
      ...rest,
      train: train.pick(Int32Array.from({ length: 12 }, (_, i) => i)),
    }));
    const said = await brief(charLm, few, 3);
    expect(said.losses[0]).toBeCloseTo(Math.log(letters.size), 0);
    expect(said.losses.at(-1)).toBeLessThan(0.85 * (said.losses[0] ?? 0));
    // Better than any character as well as any other.
    expect(said.baseline?.loss).toBeLessThan(0.8 * Math.log(letters.size));
  });
});

describe("pronounce on some lines of the dictionary", () => {
  const some = parseEntries(`${excerpt("pronunciations")}  "denmark": "D EH1 N # place",\n`);

  it("reads the first pronunciation of words, without stress", () => {
    const soundsOf = (word: string) => some.find((of) => of.word === word)?.sounds.join(" ");
    expect(soundsOf("apologize")).toBe("AH P AA L AH JH AY Z");
    expect(soundsOf("either")).toBe("IY DH ER");
    expect(soundsOf("o'clock")).toBeUndefined();
    expect(soundsOf("denmark")).toBeUndefined();
    expect(some.filter(({ word }) => word === "read")).toHaveLength(1);
  });

  it("lowers its loss in a few steps, and answers a word or says what is wrong with it", {
    timeout: 30_000,
  }, async () => {
    const splits = spokenSplits(some, { test: 20, validation: 10 });
    const { train, test } = await Effect.runPromise(splits);
    expect(train.size + test.size + 10).toBe(some.length);
    const { word, sounds } = train.row(0);
    const spelled = letters26.decode([...word.toTypedArray()].slice(0, wordLength)).join("");
    const spoken = phonemes.decode(sounds.toTypedArray()).join(" ");
    const entry = some.find((of) => of.word === spelled.replaceAll("<pad>", ""));
    expect(spoken).toMatch(new RegExp(`^${entry?.sounds.join(" ")} <end>( <pad>)*$`));
    const said = await brief(pronounce, splits, 2);
    expect(said.losses[0]).toBeCloseTo(Math.log(phonemes.size), 0);
    expect(said.losses.at(-1)).toBeLessThan(0.95 * (said.losses[0] ?? 0));
    expect(said.baseline?.exactMatch).toBeGreaterThanOrEqual(0);
    expect(await said.ask.answer({ word: "apology" })).toMatchObject({ text: expect.any(String) });
    const wrong = (word: string) => said.ask.answer({ word }).catch((error: unknown) => error);
    expect(await wrong("naïve")).toMatchObject({ _tag: "UnknownToken", token: "ï", position: 2 });
    expect(await wrong("incomprehensibilities")).toMatchObject({ _tag: "SequenceTooLong" });
    expect(await wrong("")).toMatchObject({ _tag: "EmptySequence" });
  });
});

describe.each([charLm, pronounce] as readonly AnyPipeline[])("$name", (of) => {
  const there = Effect.runSync(Effect.result(of.available));
  if (there._tag === "Failure")
    console.warn(`${of.name}: its data is not installed, and only an excerpt of it is trained`);

  it.runIf(there._tag === "Failure")("names the command that fetches its data", () => {
    expect(there).toMatchObject({
      failure: {
        _tag: "DataSourceError",
        command: expect.stringMatching(/^npm install \S+$/),
      },
    });
  });

  it.skipIf(there._tag === "Failure")("learns from its data", { timeout: 120_000 }, async () => {
    const quick = { ...of, baselines: [] };
    const events = await collect(train$(quick, { services: backends.wasm }).pipe(take(80)));
    const all = losses(events);
    const mean = (some: readonly number[]) => some.reduce((a, b) => a + b, 0) / some.length;
    expect(mean(all.slice(-10))).toBeLessThan(0.9 * mean(all.slice(0, 10)));
    const { stepsPerEpoch } = lastOf(events, "Started");
    // The learning-rate schedule is made for this number of steps.
    expect(stepsPerEpoch).toBe(of === charLm ? 2094 : 1731);
  });
});

describe("ngrams", () => {
  const row = (numbers: readonly number[]) => ({
    text: tensor([numbers.slice(0, -1)] as never, "i32"),
    next: tensor([numbers.slice(1)] as never, "i32"),
  });
  const data = { train: dataset(row([0, 1, 0, 1, 0])), test: dataset(row([0, 1, 1])) };

  it("of one: the frequencies of characters, smoothed for unseen ones", () => {
    // After the first character, 1 0 1 0 were seen: two of four kinds, each with probability (2 + 2/3)/(4 + 2).
    const p = (2 + 2 / 3) / 6;
    expect(figures(ngrams(1, 3), data).loss).toBeCloseTo(-Math.log(p), 10);
  });

  it("of two: the next character, smoothed by the frequencies", () => {
    const one = (2 + 2 / 3) / 6;
    const [afterZero, afterOne] = [(2 + one) / 3, (0 + one) / 3];
    const wanted = -(Math.log(afterZero) + Math.log(afterOne)) / 2;
    expect(figures(ngrams(2, 3), data).loss).toBeCloseTo(wanted, 10);
  });
});

describe("letterToSound", () => {
  // Letters are 1 to 3, sounds are 3 and above; 0 pads, 1 starts and 2 ends.
  const examples = (words: readonly (readonly [readonly number[], readonly number[]])[]) =>
    dataset({
      word: padSequences(
        words.map(([word, sounds]) => [
          ...Array.from({ length: 3 }, (_, i) => word[i] ?? 0),
          1,
          ...sounds,
        ]),
        7,
      ),
      sounds: padSequences(
        words.map(([, sounds]) => [...sounds, 2]),
        4,
      ),
    });
  const train = examples([
    [[1], [4]],
    [[2], [5]],
    [
      [1, 2],
      [4, 5],
    ],
    // Before a 3 a 1 is silent.
    [[1, 3], [6]],
    [[3], [6]],
  ]);

  it("gives each letter its most frequent sound, alone or with its neighbors", () => {
    const test = examples([
      [
        [2, 1],
        [5, 4],
      ],
      [
        [2, 1, 3],
        [5, 6],
      ],
    ]);
    expect(figures(letterToSound(3, 0), { train, test }).exactMatch).toBe(0.5);
    const silent = examples([[[1, 3], [6]]]);
    expect(figures(letterToSound(3, 1), { train, test: silent }).exactMatch).toBe(1);
    expect(figures(letterToSound(3, 0), { train, test: silent }).exactMatch).toBe(0);
  });
});
