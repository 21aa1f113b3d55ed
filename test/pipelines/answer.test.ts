import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { searched } from "../../pipelines/baselines/language/knownEntries.ts";
import {
  beginningOf,
  definitionSplits,
  marked,
  type Sizes,
} from "../../pipelines/data/language/answering/definitions.ts";
import { answeredBy, parseQuiz } from "../../pipelines/data/language/answering/quiz.ts";
import { parseMeanings } from "../../pipelines/data/language/answering/wordnet.ts";
import { tfIdf } from "../../pipelines/data/tfIdf.ts";
import { answering, sizes } from "../../pipelines/language/answer.ts";
import {
  allScores,
  asking,
  type Known,
  type Of,
  ownOnce,
  scoring,
} from "../../pipelines/language/search/scores.ts";
import {
  Backend,
  compile,
  type Expr,
  type Tensor,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { add, cast, constant, eq, expandDims, fill, iota, mul } from "../../src/ir/index.ts";
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
  const small: Sizes = { length: 12, signs: 12, near: 2, found: 4, held: 100 };

  it("are held out, and what is known of an entry has not its own definition", () => {
    const { splits, table, documents, wordsIn, asked } = definitionSplits(
      [...made, ...made.slice(0, 3)],
      small,
    );
    expect(documents[11]).toEqual(wordsIn("w11, v11 w10, v10, w10, v10 w30, v30 they saw w11"));
    const [thing = -1] = wordsIn("thing");
    expect(documents.some((words) => words.includes(thing))).toBe(false);
    expect(table.shape).toEqual([203, 13]);
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
    // No entry is a wrong answer for its own definition.
    learned.forEach((entry, i) => {
      expect([...splits.train.row(i).near.toTypedArray()]).not.toContain(entry);
    });
    expect(splits.classes.slice(-1)).toEqual(["w2, v2 (2)"]);
  });

  it("are compared by words and by how these begin, each with the fields that have it", () => {
    expect(["barks", "barking", "bark", "naïveté"].map(beginningOf)).toEqual([
      ...["bark~", "bark~", undefined, "naïv~"],
    ]);
    const bark = {
      ...{ id: "v1", words: ["bark"], definition: "make barking sounds", kind: "v" },
      ...{ examples: ["the dog barks", "dogs bark"], above: [], related: [] },
    };
    const cat = { ...bark, id: "n2", kind: "n", words: ["cat"], examples: ["the cat"] };
    const { table, spelling, rarity, splits } = definitionSplits([bark, cat], small);
    const words = splits.inputs.text.vocabulary;
    const signOf = (word: string) => spelling.toArray()[words.indexOf(word) ?? 0]?.[0] ?? 0;
    const [own, ...signs] = table.toArray()[0] ?? [];
    // A verb, whose own words and examples, the fields 0 and 3, have "bark".
    expect(own).toBe(1);
    expect(signs).toContain(marked(signOf("bark"), 0b1001));
    expect(signs).toContain(marked(signOf("dog"), 0b1000));
    // "the" is in both entries, and comes last; "bark" is in one of two.
    expect(signs.filter((sign) => sign > 0).at(-1)).toBe(marked(signOf("the"), 0b1000));
    const rare = rarity.toTypedArray();
    expect(rare[signOf("the")]).toBe(0);
    expect(rare[signOf("bark")]).toBeCloseTo(Math.log(2), 6);
    // "barking" is in no entry, and what it has in common with "barks" is its beginning.
    const [barking, barks] = ["barking", "barks"].map((word) => words.indexOf(word) ?? 0);
    const spelled = spelling.toArray();
    expect(spelled[barking ?? 0]?.[1]).toBe(spelled[barks ?? 0]?.[1]);
    expect(spelled[words.indexOf("bark") ?? 0]?.[1]).toBe(0);
  });
});

it("searching ranks documents; those that have nothing in common are all equal", () => {
  // An ant, a bat that flies, and a cow.
  const words = ["an", "ant", "a", "bat", "that", "flies", "cow"];
  const found = searched({
    signsIn: (some) => some,
    wordsIn: (text) => text.split(" ").flatMap((word) => words.indexOf(word)),
    documents: [
      [0, 1],
      [2, 3, 4, 5],
      [2, 6],
    ],
    asked: [
      { text: "what flies", entry: 1 },
      { text: "nothing", entry: 0 },
    ],
  });
  expect(found).toEqual({ mrr: (1 + 1 / 2) / 2, top1: 0.5, top10: 1 });
});

it("TF-IDF ranks by rare words that documents have in common with a question", () => {
  // The word 1 is in all documents and weighs nothing; 2 and 3 are each in one.
  const { scores, nearest, rarity } = tfIdf([
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
  expect(rarity(1)).toBe(0);
  expect(rarity(2)).toBeCloseTo(Math.log(3), 12);
  expect(rarity(99)).toBe(0);
  // The third has half of what is asked, the first the other half: the lower number is first. A second time is as the first.
  expect(nearest([2, 4], 3)).toEqual([0, 2]);
  expect(nearest([2, 4], 1)).toEqual([0]);
  expect(nearest([1], 3)).toEqual([]);
});

describe("the scores of entries", () => {
  /** Params of which all are 0, but for the weight in common of signs that only an entry's own words have. */
  const flat = (inWords: number): Of => ({
    signs: (at) => fill([...at.shape, 2], 0),
    read: (x) => mul(x, 0),
    counts: (at) => fill([...at.shape, 3], 0),
    fields: (at) => mul(cast(eq(add(expandDims(at, 1), iota([1, 3], 1)), 1), "f32"), inWords),
    kinds: (at) => fill([...at.shape, 2], 0),
    scales: (at) => fill([...at.shape, 1], 0),
  });
  // Three words that are signs, the third one with a beginning, and how rare these are.
  const known = (table: readonly (readonly number[])[]): Known => ({
    table: tensor(
      table.map((row) => [...row]),
      "i32",
    ) as Known["table"],
    spelling: tensor(
      [
        [0, 0],
        [0, 0],
        [1, 0],
        [2, 0],
        [3, 4],
      ],
      "i32",
    ) as Known["spelling"],
    rarity: tensor([0, 1, 2, 3, 4]) as Known["rarity"],
  });
  const computed = (made: Expr): unknown =>
    Effect.runSync(
      Effect.provide(
        Effect.scoped(
          Effect.map(
            compile(() => made, []),
            (run) => (run() as Tensor).toArray(),
          ),
        ),
        Backend.layerWasm,
      ),
    );
  const text = constant(tensor([[2, 3, 3, 0]], "i32"));

  it("are those of TF-IDF at first, with entries' lengths at half their weight", () => {
    // The first has the signs 2 and 3, the second 3 and its beginning, and the third 2 in its own words.
    const of = known([
      [0, marked(2, 2), marked(3, 2)],
      [0, marked(3, 2), marked(4, 2)],
      [1, marked(2, 1), 0],
    ]);
    const [found] = computed(
      scoring(flat(Math.log(2)), of, constant(of.table), asking(flat(0), of, text)),
    ) as number[][];
    // The signs 1 and 2, each counted once, have the squares 1 + 4, and 1 is added so that nothing is divided by 0.
    const asked = Math.sqrt(6);
    expect(found?.[0]).toBeCloseTo((6 * 4) / (asked * (4 + 9 + 1) ** 0.25), 5);
    expect(found?.[1]).toBe(0);
    expect(found?.[2]).toBeCloseTo((6 * 4 * 2) / (asked * (4 + 1) ** 0.25), 5);
  });

  it("are the same in blocks", () => {
    const many = Array.from({ length: 700 }, (_, i) => [
      i % 5,
      marked(1 + (i % 4), 2),
      marked(2, 1),
    ]);
    const of = known(many);
    const read = asking(flat(0), of, text);
    expect(computed(allScores(flat(0), of, read))).toEqual(
      computed(scoring(flat(0), of, constant(of.table), read)),
    );
  });

  it("leave out a definition's own entry where it is offered again", () => {
    const offered = constant(tensor([7, 8, 7, 9, 8], "i32"));
    expect(computed(ownOnce(fill([2, 5], 1), offered))).toEqual([
      [1, 1, -1e9, 1, 1],
      [1, 1, 1, 1, -1e9],
    ]);
  });
});

describe("answer on a page of WordNet", () => {
  const all = parseMeanings(readFileSync(new URL("language/wordnet.txt", import.meta.url), "utf8"));
  const page = definitionSplits(all, { ...sizes, held: 8 });
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
    expect(page.documents[at]).toEqual(page.wordsIn("delft earthenware")); // nothing related, no examples
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
    const found = searched({ ...page, asked });
    expect(found).toMatchObject({ mrr: 1, top1: 1 });
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
