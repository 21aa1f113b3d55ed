import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { tfIdf } from "../../pipelines/baselines/tfIdf.ts";
import { definitionSplits } from "../../pipelines/data/language/definitions.ts";
import { meanings, parseMeanings, wordnetFolder } from "../../pipelines/data/language/wordnet.ts";
import { answer, documents, limit } from "../../pipelines/language/answer.ts";
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
    },
    {
      id: "v01035217",
      words: ["browbeat", "bully", "swagger"],
      definition: "discourage or frighten with threats or a domineering manner; intimidate",
      examples: [],
      kind: "v",
      above: ["v00768796"],
    },
    {
      id: "a00014490",
      words: ["abounding", "galore"],
      definition: "existing in abundance",
      examples: ["whiskey galore"],
      kind: "s",
      above: [],
    },
  ]);
});

describe("definitions", () => {
  const made = Array.from({ length: 20 }, (_, i) => ({
    words: [`w${i}`, `v${i}`, "two words"],
    definition: `w${(i + 1) % 20} v${(i + 2) % 20} of w${(i + 3) % 20}`,
    ...{ id: `n${i}`, examples: [], kind: "n", above: [] },
  }));
  const own = { ...made[0], words: ["w1"], definition: "w1 is w1" } as (typeof made)[number];
  const options = { limit: 60, length: 6 };

  it("are held out by meaning, and never ask for a word that they have", () => {
    const { train, test, classes } = definitionSplits([...made, own, ...made], {
      ...options,
      heldOut: "meanings",
    });
    // Two words for each of 18 and of 2 meanings; the definition of w1 by w1 asks for nothing.
    expect([train.size, test.size]).toEqual([18 * 2 + 1, 2 * 2]);
    const nameOf = (i: number) => classes[test.row(i).word.item()];
    expect([0, 1, 2, 3].map(nameOf)).toEqual(["w9", "v9", "w19", "v19"]);
    const other = test.row(0).others.toTypedArray()[0] ?? -1;
    expect(classes[other]).toBe("v9");
    expect(Math.min(...test.column("word").toTypedArray())).toBeGreaterThan(1);
  });

  it("are held out by word, so that none of its meanings is learned", () => {
    const { train, test } = definitionSplits(made, { ...options, heldOut: "words" });
    const learned = new Set(train.column("word").toTypedArray());
    const asked = new Set(test.column("word").toTypedArray());
    expect(asked.size).toBeGreaterThan(2);
    expect([...asked].filter((word) => learned.has(word))).toEqual([]);
  });
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
    const data = definitionSplits(all, { limit, length: 24, heldOut: "meanings" });
    const first = (n: number) => Int32Array.from({ length: n }, (_, i) => i);
    const few = { ...data, train: data.train.pick(first(320)), test: data.test.pick(first(16)) };
    expect(documents.evaluate(few)).toMatchObject({ mrr: expect.any(Number) });
    const of = pipe(
      { ...answer, baselines: [], operators: [] },
      withData(Effect.succeed(few)),
      withBatchSize(64),
      withEpochs(2),
      withLearningRate(1e-2),
    );
    const events = await collect(train$(of, { services: backends.wasm }));
    const seen = losses(events);
    expect(seen[0]).toBeCloseTo(Math.log(limit), 0);
    expect(seen.at(-1)).toBeLessThan(seen[0] ?? 0);
    const said = await predictor(of, lastOf(events, "Completed").state).answer({
      text: "a small animal that barks",
    });
    expect(said).toMatchObject({ class: expect.any(String) });
  });
});
