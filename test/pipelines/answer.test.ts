import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { searched } from "../../pipelines/baselines/language/knownEntries.ts";
import { tfIdf } from "../../pipelines/baselines/language/tfIdf.ts";
import {
  definitionSplits,
  type Sizes,
} from "../../pipelines/data/language/answering/definitions.ts";
import { answeredBy, parseQuiz } from "../../pipelines/data/language/answering/quiz.ts";
import {
  meanings,
  parseMeanings,
  wordnetFolder,
} from "../../pipelines/data/language/answering/wordnet.ts";
import { answering, sizes } from "../../pipelines/language/answer.ts";
import { tokenizeWords } from "../../src/data/index.ts";
import { train$, withBatchSize, withData, withEpochs, withLearningRate } from "../../src/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

/** Three lines of WordNet 3.0, Copyright 2006 by Princeton University, whose license asks for this notice, and one of its license. */
const lines = `  1 This software and database is being provided to you, the LICENSEE, by
00039297 04 n 01 contact 2 002 @ 00039021 n 0000 ~ 00039545 n 0000 | close interaction; "they kept in daily contact"  
01035217 32 v 03 browbeat 0 bully 0 swagger 1 002 @ 00768796 v 0000 + 09879297 n 0201 02 + 09 00 + 30 00 | discourage or frighten with threats or a domineering manner; intimidate  
00014490 00 s 02 abounding 0 Galore(ip) 0 001 & 00013887 a 0000 | existing in abundance; "whiskey galore"  
`;

it("WordNet's lines are read as words and their definitions, with what they are a kind of", () => {
  expect(parseMeanings(`${lines}00000000 04 n zz broken | none\n`)).toEqual([
    {
      id: "n00039297",
      words: ["contact"],
      definition: "close interaction",
      examples: ["they kept in daily contact"],
      kind: "n",
      above: ["n00039021"],
      related: [],
    },
    {
      id: "v01035217",
      words: ["browbeat", "bully", "swagger"],
      definition: "discourage or frighten with threats or a domineering manner; intimidate",
      examples: [],
      kind: "v",
      above: ["v00768796"],
      related: ["n09879297"],
    },
    {
      id: "a00014490",
      words: ["abounding", "galore"],
      definition: "existing in abundance",
      examples: ["whiskey galore"],
      kind: "s",
      above: [],
      related: ["a00013887"],
    },
  ]);
});

describe("definitions", () => {
  const made = Array.from({ length: 200 }, (_, i) => ({
    ...{
      id: `n${i}`,
      examples: [`they saw w${i}`],
      kind: "n",
      above: [`n${i - (i % 10)}`],
      related: i === 11 ? ["n30"] : [],
    },
    words: [`w${i}`, `v${i}`],
    definition: i === 7 ? "thing number 6" : `thing number ${i}`,
  }));
  const small: Sizes = { merges: 50, limit: 100, length: 12, fields: [8, 8, 4, 4], held: 100 };

  it("are held out, and what is known of an entry has not its own definition", () => {
    const { splits, table, documents, asked } = definitionSplits(
      [...made, ...made.slice(0, 3)],
      small,
    );
    expect(documents[11]).toBe("w11, v11 w10, v10, w10, v10 w30, v30 they saw w11");
    expect(documents.join()).not.toContain("thing");
    expect(table.shape).toEqual([203, 24]);
    // The same definition is asked for once.
    expect(splits.train.size + splits.validation.size + splits.test.size).toBe(199);
    expect(splits.test.size).toBe(asked.length);
    expect(splits.test.size).toBeGreaterThan(0);
    const held = new Set([
      ...asked.map(({ entry }) => entry),
      ...splits.validation.column("entry").toTypedArray(),
    ]);
    const learned = splits.train.column("entry").toTypedArray();
    expect([...learned].filter((entry) => held.has(entry))).toEqual([]);
    const own = table.toTypedArray().slice(0, 24);
    const at = learned.indexOf(0);
    if (at >= 0) expect([...splits.train.row(at).known.toTypedArray()]).toEqual([...own]);
    expect(splits.classes.slice(-1)).toEqual(["w2, v2 (2)"]);
  });
});

it("searching ranks documents; those that have nothing in common are all equal", () => {
  const found = searched({
    split: tokenizeWords,
    documents: ["an ant", "a bat that flies", "a cow"],
    asked: [
      { text: "what flies?", entry: 1 },
      { text: "nothing", entry: 0 },
    ],
  });
  expect(found).toEqual({ mrr: (1 + 1 / 2) / 2, top1: 0.5, top10: 1 });
});

it("TF-IDF ranks by rare words that documents have in common with a question", () => {
  // The word 1 is in all documents and weighs nothing; 2 and 3 are each in one.
  const { scores } = tfIdf([
    [1, 2],
    [1, 3],
    [1, 1, 4],
  ]);
  expect([...scores([2])]).toEqual([[0, expect.closeTo(1, 12)]]);
  const both = scores([2, 3, 99]);
  expect([both.get(0), both.get(1), both.get(2)]).toEqual([
    expect.closeTo(Math.SQRT1_2, 12),
    expect.closeTo(Math.SQRT1_2, 12),
    undefined,
  ]);
});

describe("answer on a page of WordNet", () => {
  const all = parseMeanings(readFileSync(new URL("language/wordnet.txt", import.meta.url), "utf8"));
  const page = definitionSplits(all, { ...sizes, merges: 400, held: 8 });
  const made = answering("page", "", Effect.succeed(page), Effect.succeed("here"), {
    ...{ data: "a page", heldOut: "none" },
  });

  it("reads its entries, and asks a definition once where several entries have it", () => {
    expect(all).toHaveLength(39);
    expect(all.find(({ words }) => words.includes("ounce"))).toMatchObject({
      ...{ id: "n13719922", words: ["ounce", "oz."], above: ["n13716084"] },
      definition: "a unit of weight equal to one sixteenth of a pound or 16 drams or 28.349 grams",
    });
    const at = all.findIndex(({ words }) => words.includes("delft"));
    expect(page.documents[at]).toBe("delft earthenware  "); // nothing related, no examples
    const { train, validation, test } = page.splits;
    // Three hollies are "an evergreen shrub".
    expect(train.size + validation.size + test.size).toBe(39 - 2);
  });

  it("learns in a few steps, and answers a definition", { timeout: 30_000 }, async () => {
    const { train, inputs, classes } = page.splits;
    const of = pipe(
      { ...made, baselines: [], operators: [] },
      withData(Effect.succeed({ train, inputs, classes })),
      withBatchSize(16),
      withEpochs(3),
      withLearningRate(3e-3),
    );
    const events = await collect(train$(of, { services: backends.wasm }));
    const seen = losses(events);
    expect(seen.at(-1)).toBeLessThan(seen[0] ?? 0);
    const ask = predictor(of, lastOf(events, "Completed").state);
    expect(await ask.answer({ text: "a style of glazed earthenware" })).toMatchObject({
      class: expect.stringMatching(/^(earthenware|delft|faience|majolica|terra)/),
    });
    await expect(ask.answer({ text: "собака" })).rejects.toMatchObject({ _tag: "UnknownToken" });
  });

  it("TF-IDF finds the entries of their own words", () => {
    const asked = [
      { text: "delft earthenware", entry: all.findIndex(({ words }) => words.includes("delft")) },
    ];
    const found = searched({ split: page.split, documents: page.documents, asked });
    expect(found).toMatchObject({ mrr: 1, top1: 1 });
  });
});

const there = Effect.runSync(
  Effect.match(wordnetFolder, { onFailure: () => false, onSuccess: () => true }),
);
if (!there) console.warn("wordnet-base is not installed: answer is not trained");

describe.skipIf(!there)("answer", () => {
  it("learns from its data, beside TF-IDF, and answers a definition", {
    timeout: 60_000,
  }, async () => {
    const all = await Effect.runPromise(meanings);
    expect(all).toHaveLength(117_659);
    const some = definitionSplits(
      all.filter((_, i) => i % 200 === 0),
      { ...sizes, merges: 500, held: 8 },
    );
    const { train, inputs, classes } = some.splits;
    const first = Int32Array.from({ length: 256 }, (_, i) => i);
    const few = { ...some, splits: { train: train.pick(first), inputs, classes } };
    const made = answering("some", "", Effect.succeed(few as typeof some), wordnetFolder, {
      ...{ data: "some", heldOut: "none" },
    });
    expect(
      await Effect.runPromise(made.baselines[0]?.evaluate(some.splits) as never),
    ).toMatchObject({
      mrr: expect.any(Number),
    });
    const of = pipe(
      { ...made, baselines: [], operators: [] },
      withBatchSize(64),
      withEpochs(3),
      withLearningRate(3e-3),
    );
    const events = await collect(train$(of, { services: backends.wasm }));
    const seen = losses(events);
    expect(seen.at(-1)).toBeLessThan(seen[0] ?? 0);
    const said = await predictor(of, lastOf(events, "Completed").state).answer({
      text: "a small animal that barks",
    });
    expect(said).toMatchObject({ class: expect.any(String) });
  });
});

it("the quiz is read, without what may be left out, and asked of the entries that answer it", () => {
  const capital = (place: string) => `the capital of ${place}`;
  const read = parseQuiz(
    "Alaska|AK:Juneau:AK:forget{-| }me\nOhio:[Columbus|Cleveland]\n:x\nnone\n",
    capital,
  );
  expect(read.map(({ text, answer }) => [text, answer])).toEqual([
    ["the capital of Alaska", "juneau"],
    ["the capital of Ohio", "columbus"],
  ]);
  const named = (words: readonly string[], definition: string) => ({
    ...{ id: definition, words, definition, examples: [], kind: "n", above: [], related: [] },
  });
  const entries = [
    named(["columbus"], "an explorer"),
    named(["juneau", "capital of alaska"], "a town"),
    named(["columbus"], "the state capital of Ohio"),
  ];
  expect(answeredBy(read, entries)).toEqual([
    { text: "the capital of Alaska", entry: 1 },
    { text: "the capital of Ohio", entry: 2 },
  ]);
});
