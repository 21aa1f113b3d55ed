import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { expect, it } from "vitest";
import {
  answerByOverlap,
  entryOverlap,
  rarityIn,
} from "../../pipelines/baselines/language/entryOverlap.ts";
import { entriesOf } from "../../pipelines/data/language/answering/entries.ts";
import { learned, questionsOf } from "../../pipelines/data/language/answering/questions.ts";
import {
  askedOf,
  readingSplits,
  scoresOf,
} from "../../pipelines/data/language/answering/reading.ts";
import { parseMeanings } from "../../pipelines/data/language/answering/wordnet.ts";
import { answerSpan, sizes } from "../../pipelines/language/answer-span.ts";
import { train$, withBatchSize, withData, withEpochs } from "../../src/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

/** Lines of WordNet 3.0, Copyright 2006 by Princeton University, whose license asks for this notice. */
const lines = `02084071 05 n 01 dog 0 001 @ 02083346 n 0000 | a member of the genus Canis that has been domesticated by man; "the dog barked"
02083346 05 n 02 canine 0 canid 0 000 | any of various fissiped mammals with nonretractile claws
02121620 05 n 02 cat 0 true_cat 0 001 @ 02120997 n 0000 | feline mammal usually having thick soft fur and no ability to roar
02120997 05 n 01 feline 0 001 @ 02083346 n 0000 | any of various lithe-bodied roundheaded fissiped mammals
02076196 05 n 01 seal 0 001 @ 02120997 n 0000 | a feline of sorts that swims (not really)
02329401 05 n 02 rodent 0 gnawer 0 000 | relatively small placental mammals having constantly growing incisor teeth
02330245 05 n 01 mouse 0 001 @ 02329401 n 0000 | any of numerous small rodents
02331046 05 n 01 rat 0 001 @ 02329401 n 0000 | any of various long-tailed rodents similar to but larger than a mouse
02332156 05 n 01 lemming 0 001 @ 02329401 n 0000 | a rodent of cold regions with short tail and furry feet
`;
const packaged = ["cat-viewer", "mouse-tools", "doglib", "sealed-box", "ratpoison"].map(
  (name, i) => ({
    ...{ name, source: name, section: "misc", tags: [] },
    description: `small program number ${i} for pictures of animals`.replace(
      /\d/,
      "abcde"[i] ?? "",
    ),
  }),
);

const meanings = parseMeanings(lines);

it("questions are asked of entries, and their answers stand in the passage", () => {
  const { train, validation, test } = entriesOf(meanings, packaged);
  const all = [...train, ...validation, ...test];
  // "mouse" and "cat" are each the name of one entry, whatever stands in definitions.
  expect(all).toHaveLength(14);
  const asked = questionsOf(all, [...learned, "package"], 100);
  const answers = asked.map((of) => [of.template, of.passage.slice(of.from, of.to)] as const);
  for (const { passage } of asked) expect(passage.match(/: /g)?.length).toBeGreaterThan(2);
  expect(asked).toHaveLength(14);
  const only = (template: (typeof learned)[number] | "package") =>
    questionsOf(all, [template], 100).map(({ question, passage, from, to }) => [
      question,
      passage.slice(from, to),
    ]);
  expect(only("kind").map(([, answer]) => answer)).toEqual(expect.arrayContaining(["rodent"]));
  expect(only("kind").find(([question]) => question?.includes("seal"))?.[1]).toBe("feline");
  expect(only("synonym").flat().join()).toContain("true cat");
  expect(only("member").every(([, answer]) => !answer?.includes(","))).toBe(true);
  expect(only("package").map(([, answer]) => answer)).toEqual(
    expect.arrayContaining(packaged.map(({ name }) => name)),
  );
  expect(answers.every(([, answer]) => answer.trim() === answer && answer !== "")).toBe(true);
});

it("a word of the test is in no entry to learn from, in another meaning either", () => {
  const named = (word: string, also: string, i: number) => ({
    ...{ id: `n${i}`, words: [word, also], examples: [], kind: "n", above: [], related: [] },
    definition: `thing with the number ${word} in it`,
  });
  const many = Array.from({ length: 200 }, (_, i) => named(`w${i}`, `w${(i * 7 + 3) % 200}`, i));
  const { train, validation, test } = entriesOf(many, []);
  expect(test.length).toBeGreaterThan(2);
  const names = (of: typeof test) => of.flatMap((entry) => entry.names);
  const held = new Set([...names(test), ...names(validation)]);
  expect(names(train).filter((name) => held.has(name))).toEqual([]);
  expect(train.length).toBeGreaterThan(100);
});

it("the baseline answers with the part of the best entry that is not asked about", () => {
  const passage = "ant: small insect. bat: small flying mammal. cow, moo: large mammal.";
  const says = answerByOverlap(rarityIn([passage, "small mammal", "small"]));
  expect(says("what is a bat?", passage)).toBe("small flying mammal");
  expect(says("which is the flying mammal?", passage)).toBe("bat");
  expect(says("a large one?", passage)).toBe("cow");
  const [same, f1] = scoresOf();
  const pairs = [
    ["a b c", "a b c"],
    ["a b", "b c d a"],
    ["x", "y"],
  ] as const;
  expect(same?.of(pairs)).toBeCloseTo(1 / 3, 12);
  // Two words of two and of four are shared: precision 1, recall 1/2.
  expect(f1?.of(pairs)).toBeCloseTo((1 + 2 / 3) / 3, 12);
});

it("answer-span learns from its data, and answers a question about a passage", {
  timeout: 60_000,
}, async () => {
  const { train, validation, test } = entriesOf(meanings, packaged);
  const all = [...train, ...validation, ...test];
  const data = readingSplits(askedOf({ train: all, validation: all, test: all }, sizes), sizes);
  expect(await Effect.runPromise(entryOverlap(Effect.succeed(data)).evaluate())).toMatchObject({
    exactMatch: expect.any(Number),
    exactMatchHeldOut: expect.any(Number),
  });
  const { test: _, validation: __, ...splits } = data.splits;
  const of = pipe(
    { ...answerSpan, baselines: [], operators: [] },
    withData(Effect.succeed(splits)),
    withBatchSize(8),
    withEpochs(2),
  );
  const events = await collect(train$(of, { services: backends.wasm }));
  const seen = losses(events);
  expect(seen.at(-1)).toBeLessThan(seen[0] ?? 0);
  const said = await predictor(of, lastOf(events, "Completed").state).answer({
    question: "what does lemming mean?",
    passage: "lemming: a rodent of cold regions. rat: any of various long-tailed rodents.",
  });
  expect(said).toMatchObject({ text: expect.any(String), from: expect.any(Number) });
});
