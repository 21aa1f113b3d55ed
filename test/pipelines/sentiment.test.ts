import { createRequire } from "node:module";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { installed } from "../../pipelines/data/installed.ts";
import {
  decodeReviews,
  padding,
  type Review,
  reviewSplits,
  reviews,
  reviewsFolder,
  valenceOf,
} from "../../pipelines/data/language/reviews.ts";
import { sentiment } from "../../pipelines/language/sentiment.ts";
import { prepare, tokenizeWords } from "../../src/data/index.ts";
import { DataSourceError, DecodeError, formatError, train$ } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const lexicon = { valences: { good: 3, bad: -3 }, negators: { not: 1 } };

const made: readonly Review[] = Array.from({ length: 20 }, (_, i) => ({
  text: `${i % 2 === 0 ? "Good" : "Not good"}, number${i}!`,
  class: i % 2 === 0 ? 1 : 0,
}));

describe("reviews as numbers", () => {
  const { train, test, inputs } = reviewSplits([...made, ...made], lexicon, {
    limit: 6,
    length: 4,
    heldOut: 0.25,
  });

  it("are those of a raw text", () => {
    const read = made.map(({ text }) => prepare("words", inputs.words, text));
    const rows = read.map((each) => (each._tag === "Right" ? each.right.toArray() : each.left));
    for (const words of train.column("words").toArray()) expect(rows).toContainEqual(words);
  });

  it("has every sentence once, in one part only", () => {
    expect([train.size, test.size]).toEqual([15, 5]);
  });

  it("builds the vocabulary from training sentences, and reads all other words as unknown", () => {
    // <pad>, <unknown>, good, not, and two of the numbers; none of these numbers is in the other part.
    const numbers = new Set(test.column("words").toTypedArray());
    expect([...numbers].sort()).toEqual([0, 1, 2, 3]);
    expect(Math.max(...train.column("words").toTypedArray())).toBe(5);
  });

  it("keeps words, valence and label together", () => {
    for (const row of [0, 1, 2, 3, 4].map((i) => test.row(i))) {
      const praise = row.label.item() === 1;
      expect(row.words.toArray()).toEqual(praise ? [2, 1, 0, 0] : [3, 2, 1, 0]);
      expect(row.valence.item()).toBe(praise ? 3 : -3);
    }
  });

  it("reverses the valence of a word only after a negator", () => {
    expect(valenceOf(tokenizeWords("not good, good, not that bad"), lexicon)).toBe(-3 + 3 - 3);
    // Names that every object has are not in the lexicon.
    expect(valenceOf(["constructor", "toString", "good"], lexicon)).toBe(3);
  });
});

describe("the file of reviews", () => {
  it("is read without its empty last item", () => {
    const text = JSON.stringify([...made.slice(0, 2), { text: "", class: null }]);
    expect(Effect.runSync(decodeReviews(text, "made.json"))).toEqual(made.slice(0, 2));
  });

  it("is refused if another item is empty", () => {
    const text = JSON.stringify([{ text: "", class: null }, ...made.slice(0, 2)]);
    const failure = Effect.runSync(Effect.flip(decodeReviews(text, "made.json")));
    expect(failure).toBeInstanceOf(DecodeError);
    expect(failure.issues[0]?.path).toEqual(["0", "class"]);
  });
});

it("a package that is not installed is named with the command that brings it", () => {
  const failure = Effect.runSync(Effect.flip(installed("no-such-package-of-data")));
  expect(failure).toBeInstanceOf(DataSourceError);
  expect(formatError(failure)).toContain('fix: run "npm install no-such-package-of-data"');
});

const there = Effect.runSync(
  Effect.match(reviewsFolder, { onFailure: () => false, onSuccess: () => true }),
);
if (!there) console.warn("sentiment is not installed: its pipeline is not tested");

describe.skipIf(!there)("sentiment", () => {
  it("is right about held-out sentences more often than every baseline", async () => {
    const events = await collect(train$(sentiment, { services: backends.wasm }));
    const { baselines, examples } = lastOf(events, "Started");
    expect(examples).toBe(2378);
    const accuracy = lastOf(events, "Completed").test?.metrics.accuracy ?? Number.NaN;
    expect(accuracy).toBeGreaterThan(0.8);
    expect(baselines.map(({ name }) => name)).toEqual([
      "majority class",
      "AFINN's word list",
      "logistic regression on the bag of words",
    ]);
    for (const { metrics } of baselines) expect(accuracy).toBeGreaterThan(metrics.accuracy ?? 1);
    // Two equally frequent classes, and a word list that is better than chance.
    expect(Math.abs((baselines[0]?.metrics.accuracy ?? 1) - 0.5)).toBeLessThan(0.05);
    expect(baselines[1]?.metrics.accuracy).toBeGreaterThan(0.7);
  });

  it("scores words as the package does", async () => {
    const package_: unknown = createRequire(import.meta.url)("sentiment");
    const Scorer = package_ as new () => {
      readonly analyze: (text: string) => { readonly score: number };
    };
    const scorer = new Scorer();
    const folder = Effect.runSync(reviewsFolder);
    const read = createRequire(import.meta.url);
    const lists = {
      valences: read(`${folder}/languages/en/labels.json`) as Record<string, number>,
      negators: read(`${folder}/languages/en/negators.json`) as Record<string, number>,
    };
    const items = (read(`${folder}/test/fixtures/yelp.json`) as Review[]).slice(0, -1);
    const same = items.filter(
      ({ text }) => valenceOf(tokenizeWords(text), lists) === scorer.analyze(text).score,
    );
    // The package splits some punctuation differently.
    expect(same.length / items.length).toBeGreaterThan(0.97);
  });

  it("reads nearly every sentence to its end", async () => {
    const { train } = await Effect.runPromise(reviews({ limit: 3000, length: 32, heldOut: 0.2 }));
    const long = train.filter((row) => row.words.at(31) !== padding);
    expect(long.size / train.size).toBeLessThan(0.025);
  });
});
