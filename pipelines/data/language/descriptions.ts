import { execFile } from "node:child_process";
import * as Effect from "effect/Effect";
import {
  generation,
  learnSubwords,
  padSequences,
  splitText,
  vocabulary,
  vocabularyOf,
} from "../../../src/data/index.ts";
import { DataSourceError, type Dataset, dataset, type Tensor } from "../../../src/index.ts";
import { hashOf } from "../hash.ts";

/** What the archive says of a package: in a line, and at length. */
export interface Description {
  readonly name: string;
  /** The package of sources that it is built from, with all its siblings. */
  readonly source: string;
  readonly summary: string;
  /** Its first paragraph. */
  readonly text: string;
}

/** The fields of each paragraph in a text of Debian's control files, by their names. */
const paragraphs = function* (text: string): Generator<ReadonlyMap<string, string>> {
  for (const paragraph of text.split(/\n(?:[ \t]*\n)+/)) {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of paragraph.split("\n"))
      if (/^[ \t]/.test(line)) fields.set(last, `${fields.get(last) ?? ""}\n${line.trim()}`);
      else {
        const colon = line.indexOf(":");
        last = line.slice(0, Math.max(colon, 0));
        fields.set(last, line.slice(colon + 1).trim());
      }
    yield fields;
  }
};

/** The sources of packages, by their names, in the text of apt's lists. */
export const sourcesIn = (lists: string): ReadonlyMap<string, string> => {
  const sources = new Map<string, string>();
  for (const fields of paragraphs(lists)) {
    const name = fields.get("Package");
    if (name) sources.set(name, fields.get("Source")?.split(/[\s(]/, 1)[0] || name);
  }
  return sources;
};

/**
 * The descriptions in the text of a translation into English: of each package the first, if it has a paragraph of some words.
 *
 * **Source** Debian Policy Manual, section 5.6.13: the first line is the synopsis, a line with a dot ends a paragraph.
 */
export const parseDescriptions = (
  translations: string,
  sources: ReadonlyMap<string, string>,
): readonly Description[] => {
  const found = new Map<string, Description>();
  for (const fields of paragraphs(translations)) {
    const name = fields.get("Package");
    const [summary = "", ...lines] = (fields.get("Description-en") ?? "").split("\n");
    const end = lines.indexOf(".");
    const text = lines.slice(0, end < 0 ? lines.length : end).join(" ");
    if (!name || summary === "" || text.split(" ").length < 5 || found.has(name)) continue;
    found.set(name, { name, source: sources.get(name) ?? name, summary, text });
  }
  return [...found.values()];
};

const fetching = "sudo apt-get -o Acquire::Languages=en update";

/** What a program of apt says, at most 256 MiB. */
const said = (program: string, ...args: readonly string[]) =>
  Effect.callback<string, DataSourceError>((resume) => {
    const child = execFile(
      program,
      args,
      { maxBuffer: 2 ** 28, timeout: 120_000, env: { ...process.env, LC_ALL: "C.UTF-8" } },
      (error, out) => {
        const source = [program, ...args].join(" ");
        resume(
          error === null
            ? Effect.succeed(out)
            : Effect.fail(
                new DataSourceError({ source, reason: error.message, command: fetching }),
              ),
        );
      },
    );
    return Effect.sync(() => child.kill());
  });

const translations = Effect.gen(function* () {
  // Where apt is set to no language, as in containers, it would not name the descriptions that it has.
  const english = ["-o", "Acquire::Languages=en"];
  const listing = ["indextargets", "--format", "$(FILENAME)", "Created-By: Translations"];
  const files = (yield* said("apt-get", ...english, ...listing))
    .split("\n")
    .filter((file) => file !== "");
  return files.length > 0
    ? files
    : yield* new DataSourceError({
        source: "apt",
        reason: "it has no descriptions at length, which come with a language",
        command: fetching,
      });
});

/** Checks whether apt and its descriptions are there, without reading them. */
export const descriptionsAvailable = translations;

/**
 * What Debian's archive says of its packages, as apt has it.
 *
 * **Source** the archive of Debian or of a system made from it; the descriptions are those of the packages' maintainers.
 * **Fails with** `DataSourceError`, with the command that fetches them, where apt or its translations are not there.
 */
export const descriptions = Effect.gen(function* () {
  const files = yield* translations;
  const sources = sourcesIn(yield* said("apt-cache", "dumpavail"));
  const texts = yield* Effect.forEach(files, (file) =>
    said("/usr/lib/apt/apt-helper", "cat-file", file),
  );
  return parseDescriptions(texts.join("\n\n"), sources);
});

/** The numbers of the tokens that the vocabulary begins with. */
export const [padding, unknown, start, end] = [0, 1, 2, 3] as const;
const special = ["<pad>", "<unknown>", "<start>", "<end>"] as const;

/** The sizes of the data as numbers. */
export interface Encoding {
  /** The number of pairs that the parts of words are made of, and of tokens. */
  readonly merges: number;
  readonly tokens: number;
  /** The number of tokens that are read of a text, and of a summary with the mark of its end. */
  readonly textLength: number;
  readonly summaryLength: number;
}

/** A text followed by the start marker and its summary; and the summary with an end marker. */
export type Summarized = {
  readonly text: Tensor<readonly [number]>;
  readonly next: Tensor<readonly [number]>;
};

const wordsOf = ({ text }: Description): string => text.toLowerCase().replace(/[^\p{L}]+/gu, " ");

/** The most descriptions that parts of words are learned from. */
const most = 8000;

/**
 * Descriptions to learn from, for validation and for the test: those of every fortieth and every twentieth package of sources, by a
 * hash of its name. Of each package of sources one description is taken, and of those with the same text, whatever its numbers,
 * one too.
 */
export const descriptionParts = (all: readonly Description[]) => {
  const bySource = new Map(all.toReversed().map((of) => [of.source, of]));
  const first = [...new Map(Array.from(bySource.values(), (of) => [wordsOf(of), of])).values()];
  const partOf = ({ source }: Description) => {
    const hash = hashOf(source);
    return hash % 20 === 0 ? "test" : hash % 40 === 1 ? "validation" : "train";
  };
  const part = (name: ReturnType<typeof partOf>) => first.filter((of) => partOf(of) === name);
  return { train: part("train"), validation: part("validation"), test: part("test") };
};

/** Descriptions as parts of words in lower case, of one vocabulary for texts and summaries, so that a text can be copied. */
export const summarySplits = (
  { train, validation, test }: ReturnType<typeof descriptionParts>,
  { merges, tokens: size, textLength, summaryLength }: Encoding,
) => {
  const learned = train.slice(0, most).flatMap(({ summary, text }) => [summary, text]);
  const split = learnSubwords(learned, { merges, lowerCase: true });
  const [, other, first, last] = special;
  const { tokens: used } = vocabulary(
    learned.map((text) => splitText(split, text)),
    { special, unknown: other, limit: size },
  );
  const unused = Array.from({ length: size - used.length }, (_, i) => `<unused ${i}>`);
  const known = vocabularyOf([...used, ...unused], other);
  const read = (text: string) =>
    splitText(split, text).map((token) => known.indexOf(token) ?? unknown);
  const encoded = (some: readonly Description[]): Dataset<Summarized> => {
    const numbers = some.map(({ text, summary }) => {
      const from = read(text).slice(0, textLength);
      const padded = [...from, ...Array<number>(textLength - from.length).fill(padding)];
      return { padded, to: read(summary) };
    });
    return dataset({
      text: padSequences(
        numbers.map(({ padded, to }) => [...padded, start, ...to]),
        textLength + summaryLength,
      ),
      next: padSequences(
        numbers.map(({ to }) => [...to, end]),
        summaryLength,
      ),
    }) as Dataset<Summarized>;
  };
  return {
    train: encoded(train),
    validation: encoded(validation),
    test: encoded(test),
    generation: generation({
      ...{ column: "text", vocabulary: known, split, length: summaryLength },
      ...{ start: first, end: last, separator: "" },
    }),
  };
};
