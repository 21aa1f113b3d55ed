import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { wordByWord, wordDictionary } from "../../pipelines/baselines/language/wordDictionary.ts";
import {
  encodedSplits,
  multi30k,
  pairsOf,
  sentences,
} from "../../pipelines/data/language/multi30k.ts";
import {
  sizes,
  translate,
  translateFrench,
  translateRecurrent,
  translationScores,
  wordsOf,
} from "../../pipelines/language/translate.ts";
import {
  formatError,
  train$,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
} from "../../src/index.ts";
import { dataAvailable } from "../../src/io/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

describe("a word dictionary by IBM's model 1", () => {
  const words = (text: string) => text.split(" ");
  const pairs = [
    ["das haus", "the house"],
    ["das buch", "the book"],
    ["ein buch", "a book"],
  ].map(([source = "", target = ""]) => [words(source), words(target)] as const);

  it("has the probabilities of the textbook after each round", () => {
    // Koehn (2010), Statistical machine translation, figure 4.5.
    const rounds = [1, 2, 3].map((n) => wordDictionary(pairs, n));
    const of = (source: string, target: string) =>
      rounds.map((known) => Number(known.get(source)?.get(target)?.toFixed(4)));
    expect(of("das", "the")).toEqual([0.5, 0.6364, 0.7479]);
    expect(of("das", "book")).toEqual([0.25, 0.1818, 0.1208]);
    expect(of("das", "house")).toEqual([0.25, 0.1818, 0.1313]);
    expect(of("ein", "a")).toEqual([0.5, 0.5714, 0.6534]);
    expect(of("haus", "the")).toEqual([0.5, 0.4286, 0.3466]);
  });

  it("translates word by word, and leaves what it does not know", () => {
    const known = wordDictionary(pairs, 8);
    expect(wordByWord(known, words("das haus am buch"))).toEqual(words("the house am book"));
  });
});

describe("sentences and translations", () => {
  it("are read line by line, without those that lack their other half", () => {
    expect(pairsOf("One.\r\nTwo.\n\nFour.\nFive.\n", "Eins.\nZwei.\r\nDrei.\n Vier. \n")).toEqual([
      { english: "One.", other: "Eins." },
      { english: "Two.", other: "Zwei." },
      { english: "Four.", other: "Vier." },
    ]);
  });

  it("become parts of words; long ones are not learned, and cut in the test", () => {
    const pairs = pairsOf("A man.\nA man and a man and a man.", "Ein Mann.\nEin Mann.");
    const { train, test, generation } = encodedSplits(
      { train: pairs, validation: pairs, test: pairs },
      { merges: 20, tokens: 40, sourceLength: 4, targetLength: 6 },
    );
    expect([train.size, test.size]).toEqual([1, 2]);
    const { vocabulary, prompt } = generation;
    expect([vocabulary.size, prompt.vocabulary.size]).toEqual([40, 40]);
    const read = (tokens: readonly number[]) => vocabulary.decode(tokens).join("|");
    const { text, next } = train.row(0);
    expect(read([...next.toTypedArray()])).toBe("Ein| Mann|.|<end>|<pad>|<pad>");
    expect(read([...text.toTypedArray()].slice(4))).toBe("<start>|Ein| Mann|.|<pad>|<pad>");
  });
});

it("BLEU and chrF of equal texts are 1, whatever their capitals", () => {
  const said = [["Ein Mann liest eine Zeitung .", "ein Mann liest eine Zeitung."]] as const;
  expect(translationScores.map(({ of }) => of(said))).toEqual([1, 1]);
});

/** Descriptions of scenes in English, German and French, written for this test: those of Multi30k are for research. */
const scenes = readFileSync(new URL("language/pairs.txt", import.meta.url), "utf8");
const column = (i: number): string =>
  scenes
    .split("\n")
    .map((line) => line.split("\t")[i] ?? "")
    .join("\n");

describe.each([
  ["translate", translate, "hund", 1],
  ["translate-french", translateFrench, "chien", 2],
  ["translate-recurrent", translateRecurrent, "hund", 1],
] as const)("%s on a page of sentences", (_, pipeline, dog, language) => {
  const pairs = pairsOf(column(0), column(language));

  it("lowers its loss in a few steps, beside a word dictionary", { timeout: 30_000 }, async () => {
    expect(pairs).toHaveLength(32);
    const learned = wordDictionary(
      pairs.map(({ english, other }) => [wordsOf(english), wordsOf(other)] as const),
      8,
    );
    expect(wordByWord(learned, ["dog"])).toEqual([dog]);
    const data = encodedSplits({ train: pairs, validation: pairs, test: pairs }, sizes);
    expect(data.train.size).toBe(32);
    const of = pipe(
      { ...pipeline, baselines: [], operators: [] },
      withData(Effect.succeed({ train: data.train, generation: data.generation })),
      withBatchSize(16),
      withEpochs(3),
      withLearningRate(3e-3),
    );
    const events = await collect(train$(of, { services: backends.wasm }));
    const all = losses(events);
    expect(all[0]).toBeCloseTo(Math.log(sizes.tokens), 0);
    expect(all.at(-1)).toBeLessThan(0.95 * (all[0] ?? 0));
    if (pipeline !== translateFrench) return;
    const ask = predictor(of, lastOf(events, "Completed").state);
    const wrong = (text: string) => ask.answer({ text }).catch((error: unknown) => error);
    expect(await wrong("")).toMatchObject({ _tag: "EmptySequence" });
    expect(await wrong("собака бежит")).toMatchObject({ _tag: "UnknownToken", all: "token" });
    expect(await wrong("man ".repeat(100))).toMatchObject({ _tag: "SequenceTooLong" });
    expect(await ask.answer({ text: "A dog." })).toMatchObject({ text: expect.any(String) });
  });
});

const there = Effect.runSync(
  Effect.match(dataAvailable(multi30k), { onFailure: () => false, onSuccess: () => true }),
);
if (!there) console.warn("multi30k is not there: translate is not trained");

describe.skipIf(!there)("translate", () => {
  it("learns from its data, and answers a text or says what is wrong with it", {
    timeout: 60_000,
  }, async () => {
    const [train, test] = await Effect.runPromise(
      Effect.all([sentences("train", "de"), sentences("test", "de")]),
    );
    expect([train.length, test.length]).toEqual([29_000, 1000]);
    expect(train[4]?.english).toBe("Two men are at the stove preparing food.");
    const few = encodedSplits(
      { train: train.slice(0, 70), validation: test.slice(0, 8), test: test.slice(0, 8) },
      sizes,
    );
    const of = pipe(
      { ...translate, baselines: [], operators: [] },
      withData(Effect.succeed(few)),
      withEpochs(3),
      withLearningRate(3e-3),
    );
    const events = await collect(train$(of, { services: backends.wasm }));
    const all = losses(events);
    expect(all[0]).toBeCloseTo(Math.log(sizes.tokens), 0);
    expect(all.at(-1)).toBeLessThan(0.9 * (all[0] ?? 0));
    const ask = predictor(of, lastOf(events, "Completed").state);
    expect(await ask.answer({ text: "A man." })).toMatchObject({ text: expect.any(String) });
    const wrong = async (text: string) =>
      formatError(await ask.answer({ text }).catch((error: unknown) => error as never));
    expect(await wrong("")).toContain("EmptySequence");
    expect(await wrong("man ".repeat(100))).toContain("SequenceTooLong");
  });
});
