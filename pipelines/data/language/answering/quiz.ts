import { existsSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { readText, tokenizeWords } from "../../../../src/data/index.ts";
import { DataSourceError } from "../../../../src/index.ts";
import type { Meaning } from "./wordnet.ts";

const folder = "/usr/share/games/bsdgames/quiz";

const capital = (place: string): string => `the capital of ${place}`;

/** The files of the quiz that WordNet can know something of, with what they ask. */
const files: { readonly [file: string]: (given: string) => string } = {
  ...{ africa: capital, america: capital, asia: capital, europe: capital },
  ...{ province: capital, state: capital },
  elements: (symbol) => `the chemical element whose symbol is ${symbol}`,
  sexes: (male) => `the female of ${male}`,
};

/** What a quiz asks, in words, and what answers it. */
export interface QuizQuestion {
  readonly given: string;
  readonly text: string;
  readonly answer: string;
}

/** The first of alternatives, without what may be left out. */
const first = (text: string): string =>
  text
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/\[([^|\]]*)[^\]]*\]/g, "$1")
    .split("|", 1)
    .join("")
    .trim();

/**
 * The questions in a file of the quiz: the first field of each line, and what answers it, the last field that is a name.
 *
 * **Source** quiz(6) of the BSD games: `|` parts alternatives, braces have what may be left out, and brackets group.
 */
export const parseQuiz = (
  text: string,
  asks: (given: string) => string,
  field = 1,
): readonly QuizQuestion[] =>
  text.split("\n").flatMap((line) => {
    const fields = line.split(":").map(first);
    const [given = "", answer = ""] = [fields[0], fields.at(field)];
    return given === "" || answer === "" || fields.length < 2
      ? []
      : [{ given, text: asks(given), answer: answer.toLowerCase() }];
  });

/** Checks whether the quiz is there, without reading it. */
export const quizAvailable = Effect.suspend(() =>
  existsSync(join(folder, "state"))
    ? Effect.void
    : Effect.fail(
        new DataSourceError({
          source: "the quiz of the BSD games",
          reason: `it is not in ${folder}`,
          command: "sudo apt-get install bsdgames",
        }),
      ),
);

/** The questions of the quiz about capitals, chemical elements and what females are called. */
export const quiz = Effect.gen(function* () {
  yield* quizAvailable;
  const read = yield* Effect.forEach(Object.entries(files), ([file, asks]) =>
    Effect.map(readText(join(folder, file)), (text) =>
      parseQuiz(text, asks, file === "elements" ? -1 : 1),
    ),
  );
  return read.flat();
});

/**
 * Questions with the entry that answers them: that which has the answer among its words and what is given among its words or in its
 * definition. Those that no entry answers so, or more than one, are left out.
 */
export const answeredBy = (
  questions: readonly QuizQuestion[],
  all: readonly Meaning[],
): readonly { readonly text: string; readonly entry: number }[] => {
  const entries = new Map<string, number[]>();
  all.forEach(({ words }, i) => {
    for (const word of new Set(words)) {
      const list = entries.get(word) ?? [];
      list.push(i);
      entries.set(word, list);
    }
  });
  return questions.flatMap(({ given, text, answer }) => {
    const wanted = tokenizeWords(given);
    const right = (entries.get(answer) ?? []).filter((i) => {
      const of = all[i] as Meaning;
      const told = tokenizeWords([...of.words, of.definition].join(" "));
      return wanted.every((word) => told.includes(word));
    });
    const [entry] = right;
    return entry === undefined || right.length > 1 ? [] : [{ text, entry }];
  });
};
