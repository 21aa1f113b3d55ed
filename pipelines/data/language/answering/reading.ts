import * as Effect from "effect/Effect";
import {
  fromText,
  learnSubwords,
  padSequences,
  type Subwords,
  splitText,
  type Vocabulary,
  vocabulary,
} from "../../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../../src/index.ts";
import type { AnswerScore } from "../../../../src/train/index.ts";
import { wordF1 } from "../../wordF1.ts";
import { type Entries, entries } from "./entries.ts";
import { heldOutTemplate, learned, type Question, questionsOf } from "./questions.ts";

/** A question and a passage as parts of words, and the first and the last part of the answer. */
export type Read = {
  readonly question: Tensor<readonly [number]>;
  readonly passage: Tensor<readonly [number]>;
  readonly span: Tensor<readonly [number]>;
};

/** The number of padding. */
export const padding = 0;
const [filler, unknown] = ["<pad>", "<unknown>"];

/** The sizes of the data. */
export interface Sizes {
  /** The number of pairs that parts of words are made of, and of the parts. */
  readonly merges: number;
  readonly tokens: number;
  readonly questionLength: number;
  readonly passageLength: number;
  /** The questions of each template to learn from, and to be tested with. */
  readonly train: number;
  readonly test: number;
}

/** The questions of each part; those of the template that is held out are about the entries of the test. */
export const askedOf = (of: Entries, { train, test }: Pick<Sizes, "train" | "test">) => ({
  train: questionsOf(of.train, learned, train),
  validation: questionsOf(of.validation, learned, test),
  test: questionsOf(of.test, learned, test),
  heldOut: questionsOf(of.test, [heldOutTemplate], test),
});
export type Questions = ReturnType<typeof askedOf>;

/** The first and the last token of an answer in a passage; `undefined` where a token goes beyond it. */
const marked = (parts: readonly string[], { passage, from, to }: Question) => {
  let at = 0;
  const ends = parts.map((part) => {
    at += part.length;
    return at;
  });
  const [first, last] = [ends.findIndex((end) => end > from), ends.findIndex((end) => end >= to)];
  const said = parts.slice(first, last + 1).join("");
  return said.trim() === passage.slice(from, to) ? ([first, last] as const) : undefined;
};

const encoded = (
  asked: readonly Question[],
  split: Subwords,
  known: Vocabulary,
  { questionLength, passageLength }: Sizes,
) => {
  const rows = asked.flatMap((of) => {
    const [question, passage] = [splitText(split, of.question), splitText(split, of.passage)];
    const span = marked(passage, of);
    const fits = question.length <= questionLength && passage.length <= passageLength;
    return fits && span !== undefined ? [{ question, passage, span, of }] : [];
  });
  const numbers = (parts: readonly string[]) => parts.map((part) => known.indexOf(part) ?? padding);
  return {
    asked: rows.map(({ of }) => of),
    wanted: rows.map(({ of: { passage, from, to } }) => passage.slice(from, to)),
    rows: dataset({
      question: padSequences(
        rows.map(({ question }) => numbers(question)),
        questionLength,
      ),
      passage: padSequences(
        rows.map(({ passage }) => numbers(passage)),
        passageLength,
      ),
      span: fromTypedArray([rows.length, 2], Int32Array.from(rows.flatMap(({ span }) => span))),
    }) as Dataset<Read>,
  };
};

/** How many passages parts of words are learned from. */
const most = 3000;

/** Questions as parts of words, learned from passages of the training part. Those that are too long are left out. */
export const readingSplits = (asked: Questions, sizes: Sizes) => {
  const { merges, tokens, questionLength, passageLength } = sizes;
  const seen = asked.train.slice(0, most).flatMap(({ passage, question }) => [passage, question]);
  const split = learnSubwords(seen, { merges, lowerCase: true });
  const known = vocabulary(
    seen.map((text) => splitText(split, text)),
    { special: [filler, unknown], unknown, limit: tokens },
  );
  const of = (part: keyof Questions) => encoded(asked[part], split, known, sizes);
  const [test, heldOut] = [of("test"), of("heldOut")];
  const text = (length: number) =>
    fromText({ vocabulary: known, length, split, padding, longer: "refused" });
  return {
    splits: {
      train: of("train").rows,
      validation: of("validation").rows,
      test: test.rows,
      inputs: { question: text(questionLength), passage: text(passageLength) },
      span: { column: "passage" },
    } satisfies Splits<Read>,
    passages: asked.train.map(({ passage }) => passage),
    test,
    heldOut,
  };
};

export type ReadingData = ReturnType<typeof readingSplits>;

/** Questions about WordNet's words and Debian's packages. */
export const reading = (sizes: Sizes) =>
  Effect.map(entries, (all) => readingSplits(askedOf(all, sizes), sizes));

const meanOf =
  (of: (said: string, wanted: string) => number): AnswerScore["of"] =>
  (pairs) =>
    pairs.reduce((sum, [said, wanted]) => sum + of(said, wanted), 0) / (pairs.length || 1);

/**
 * The scores of answers: whether the texts are the same, and the F1 of their words.
 *
 * **Source** Rajpurkar et al. (2016), SQuAD, arXiv:1606.05250, section 6.1, with articles and marks as they are.
 */
export const scoresOf = (name = ""): readonly AnswerScore[] => [
  {
    name: `exactMatch${name}`,
    better: "higher",
    of: meanOf((said, wanted) => (said === wanted ? 1 : 0)),
  },
  { name: `f1${name}`, better: "higher", of: meanOf(wordF1) },
];
