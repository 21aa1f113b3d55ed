import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { expect, it } from "vitest";
import {
  descriptionParts,
  parseDescriptions,
  sourcesIn,
  summarySplits,
} from "../../pipelines/data/language/descriptions.ts";
import {
  firstSentence,
  score,
  summarizing,
  transforming,
} from "../../pipelines/language/summarize.ts";
import { train$, withBatchSize, withData, withEpochs, withLearningRate } from "../../src/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

const lists = "Package: quill-doc\nSource: quill (1.2)\nVersion: 1\n\nPackage: rook\nVersion: 2\n";

const translations = `Package: quill-doc
Description-md5: 0
Description-en: manual of the editor Quill
 Quill is a small editor for notes.
  It saves every change at once.
 .
 This package has its manual.

Package: rook
Description-en: game of towers
 Rook is a game of towers for two.

Package: rook
Description-en: twice
 Rook is here for the second time.

Package: short
Description-en: too short
 Nothing more.
`;

const read = parseDescriptions(translations, sourcesIn(lists));

it("descriptions are read to the end of their first paragraph, each package once", () => {
  expect(read).toEqual([
    {
      ...{ name: "quill-doc", source: "quill", summary: "manual of the editor Quill" },
      text: "Quill is a small editor for notes. It saves every change at once.",
    },
    {
      ...{ name: "rook", source: "rook", summary: "game of towers" },
      text: "Rook is a game of towers for two.",
    },
  ]);
  expect(firstSentence(read[0]?.text ?? "")).toBe("Quill is a small editor for notes.");
});

it("packages of one source, and with one text, are never in two parts", () => {
  const many = Array.from({ length: 1600 }, (_, i) => ({
    ...{ name: `p${i}`, source: `s${i >> 1}`, summary: "a" },
    // Texts that differ in numbers alone are one; here every text is there twice.
    text: `text ${String.fromCodePoint(0x4e00 + (i >> 2))} in version ${i}`,
  }));
  const { train, validation, test } = descriptionParts(many);
  expect(train.length + validation.length + test.length).toBe(400);
  expect(test.length).toBeGreaterThan(0);
  expect(validation.length).toBeGreaterThan(0);
});

/** Forty packages of Debian 12, see the top of the file. */
const real = readFileSync(new URL("descriptions.txt", import.meta.url), "utf8");
const packages = parseDescriptions(real, sourcesIn(real));

it("the first sentences of forty packages have a ROUGE-L of 0.356", () => {
  expect(packages).toHaveLength(40);
  // A program in another language, with its own longest common subsequences, gave 0.356066.
  const told = packages.map(({ text, summary }) => [firstSentence(text), summary] as const);
  expect(score.of(told)).toBeCloseTo(0.356066, 6);
});

it("learns of forty packages by a Transformer that copies, and answers a text", async () => {
  const few = { merges: 200, tokens: 400, textLength: 32, summaryLength: 10 };
  const { train, ...held } = descriptionParts(packages);
  const data = summarySplits({ train, ...held }, few);
  expect(data.train.row(0).text.shape).toEqual([few.textLength + few.summaryLength]);
  const of = pipe(
    { ...summarizing(transforming, few), baselines: [], operators: [] },
    withData(Effect.succeed({ train: data.train, generation: data.generation })),
    withBatchSize(8),
    withEpochs(3),
    withLearningRate(6e-3),
  );
  const events = await collect(train$(of, { services: backends.wasm }));
  const all = losses(events);
  expect(all.at(-1)).toBeLessThan(0.9 * (all[0] ?? 0));
  const ask = predictor(of, lastOf(events, "Completed").state);
  const said = await ask.answer({ text: "This is a library for C." });
  expect(said).toMatchObject({ text: expect.any(String) });
  await expect(ask.answer({ text: real })).rejects.toMatchObject({ _tag: "SequenceTooLong" });
});
