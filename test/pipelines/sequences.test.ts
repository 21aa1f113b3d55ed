import * as Effect from "effect/Effect";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import { letterToSound } from "../../pipelines/baselines/language/letterToSound.ts";
import { ngrams } from "../../pipelines/baselines/language/ngrams.ts";
import { charLm } from "../../pipelines/language/char-lm.ts";
import { pronounce } from "../../pipelines/language/pronounce.ts";
import { padSequences } from "../../src/data/index.ts";
import { type Baseline, dataset, type Row, type Splits, tensor, train$ } from "../../src/index.ts";
import type { AnyPipeline } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

const figures = (baseline: Baseline, data: unknown): { readonly [name: string]: number } =>
  // These baselines compute immediately, on the columns of their pipelines.
  baseline.evaluate(data as Splits<Row>) as { readonly [name: string]: number };

describe.each([charLm, pronounce] as readonly AnyPipeline[])("$name", (of) => {
  it("learns from its data, or names the command that fetches it", {
    timeout: 120_000,
  }, async () => {
    const there = await Effect.runPromise(Effect.result(of.available));
    if (there._tag === "Failure") {
      expect(there.failure).toMatchObject({
        _tag: "DataSourceError",
        command: expect.stringMatching(/^npm install \S+$/),
      });
      return;
    }
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
