import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { trigrams } from "../../pipelines/baselines/language/trigrams.ts";
import {
  type Declaration,
  parseDeclaration,
  passageSplits,
} from "../../pipelines/data/language/declarations.ts";
import { languageOf } from "../../pipelines/language/languages.ts";
import { dataset, tensor, train$, withData, withEpochs } from "../../src/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** Article 1 in three languages, in the form of the package's pages. */
const page = (language: string, name: string, said: string) =>
  `<!doctype html><html data-code="x" data-iso6393="${language}"><head><title>${name}</title></head>
  <body><header><p>Preamble</p></header>
  <article data-number="1"><h3>1</h3><p>${said}</p><p>A &#x26; <b>B</b></p></article></body></html>`;

const first = {
  eng: "All human beings are born free and equal in dignity and rights.",
  deu: "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
  fra: "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
} as const;

const declaration = (language: keyof typeof first, name: string, n = 30): Declaration => ({
  language,
  name,
  articles: Array.from({ length: n }, (_, i) => `${first[language]} ${i}`),
});

const three = [
  declaration("eng", "English"),
  declaration("deu", "German (1996)"),
  declaration("deu", "German"),
  declaration("fra", "French"),
];

describe("declarations", () => {
  it("are read from pages: language, name and articles, without tags and the preamble", () => {
    expect(parseDeclaration(page("eng", "English", first.eng))).toEqual({
      language: "eng",
      name: "English",
      articles: [`${first.eng} A & B`],
    });
  });

  it("are split by articles; several ways to write a language are one class", () => {
    const { train, test, classes } = passageSplits(three, {
      limit: 100,
      length: 20,
      lengths: [20],
    });
    expect(classes).toEqual(["German", "English", "French"]);
    expect(new Set(train.column("label").toTypedArray())).toEqual(new Set([0, 1, 2]));
    // 64 + 3 characters of an English article: three whole passages of 20, in five held out articles.
    const english = [...test.column("label").toTypedArray()].filter((label) => label === 1);
    expect(english).toHaveLength(3 * 5);
  });

  it("without all articles, or of an unnamed language, are left out", () => {
    const more = [
      declaration("fra", "French", 29),
      { ...declaration("eng", "?"), language: "und" },
    ];
    const { classes } = passageSplits([...three.slice(0, 2), ...more], { limit: 100, length: 20 });
    expect(classes).toEqual(["German (1996)", "English"]);
  });
});

it("naive Bayes on trigrams prefers the class whose trigrams it saw", () => {
  const rows = (text: number[][], label: number[]) =>
    dataset({ text: tensor(text, "i32"), label: tensor(label, "i32") });
  const train = rows(
    [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
    ],
    [0, 1],
  );
  const test = rows(
    [
      [1, 2, 3, 0],
      [3, 2, 1, 0],
      [4, 3, 2, 0],
      [9, 9, 9, 9],
    ],
    [0, 1, 1, 0],
  );
  // The last is a draw, which goes to the first class.
  expect(trigrams.evaluate({ train, test } as never)).toEqual({ accuracy: 1 });
});

it("learns to tell three languages apart", async () => {
  const splits = passageSplits(three, { limit: 2000, length: 64 });
  // The model has an output for each of the package's languages.
  const classes = Array.from({ length: 439 }, (_, i) => splits.classes[i] ?? `language ${i}`);
  const data = Effect.succeed({ ...splits, classes });
  const of = pipe({ ...languageOf, operators: [] }, withData(data), withEpochs(5));
  const events = await collect(train$(of, { services: backends.wasm }));
  expect(lastOf(events, "Completed").test?.metrics.accuracy).toBe(1);
  const ask = predictor(of, lastOf(events, "Completed").state);
  expect(await ask.answer({ text: "Alle Menschen" })).toMatchObject({ class: "German" });
  // Russian has the comma, which is known, and no known letter.
  const wrong = ask.answers([{ text: "Alle" }, { text: "Все, люди" }]);
  await expect(wrong).rejects.toThrow(/no letter or digit of the text is among the \d+ tokens/);
  await expect(wrong).rejects.toThrow('in the text of the column "text", at position 0');
  await expect(wrong).rejects.toThrow("row 2");
  expect(await ask.answer({ text: "Все people" })).toMatchObject({ class: expect.any(String) });
});
