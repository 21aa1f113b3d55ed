import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { expect, it } from "vitest";
import {
  descriptionParts,
  parseDescriptions,
  sourcesIn,
  summarySplits,
} from "../../pipelines/data/language/descriptions.ts";
import { firstSentence, sizes, summarize } from "../../pipelines/language/summarize.ts";
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

it("packages of one source, and with one text, are never in both parts", () => {
  const many = Array.from({ length: 400 }, (_, i) => ({
    ...{ name: `p${i}`, source: `s${i >> 1}`, summary: "a" },
    // Texts that differ in numbers alone are one; here every text is there twice.
    text: `text ${String.fromCodePoint(0x4e00 + (i >> 2))} in version ${i}`,
  }));
  const { train, test } = descriptionParts(many);
  expect(train.length + test.length).toBe(100);
  expect(test.length).toBeGreaterThan(0);
});

it("learns to copy, and answers a text", { timeout: 60_000 }, async () => {
  const names = [..."abcdefghijklmnop"].map((letter) => `quill${letter}rook`);
  const made = names.map((name) => ({
    ...{ name, source: name, summary: `manual of ${name}` },
    text: `${name} is a small editor for notes`,
  }));
  const data = summarySplits({ train: made, test: made.slice(0, 2) }, sizes);
  expect(data.train.row(0).text.shape).toEqual([sizes.textLength + sizes.summaryLength]);
  const of = pipe(
    { ...summarize, baselines: [], operators: [] },
    withData(Effect.succeed(data)),
    withBatchSize(8),
    withEpochs(4),
    withLearningRate(1e-2),
  );
  const events = await collect(train$(of, { services: backends.wasm }));
  const all = losses(events);
  expect(all.at(-1)).toBeLessThan(0.9 * (all[0] ?? 0));
  const ask = predictor(of, lastOf(events, "Completed").state);
  expect(await ask.answer({ text: made[0]?.text ?? "" })).toMatchObject({
    text: expect.any(String),
  });
});
