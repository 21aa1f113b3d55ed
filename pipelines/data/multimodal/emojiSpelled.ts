import * as Effect from "effect/Effect";
import {
  padSequences,
  tokenizeWords,
  transcription,
  vocabulary,
  vocabularyOf,
} from "../../../src/data/index.ts";
import { type Dataset, dataset, type Row, type Splits, type Tensor } from "../../../src/index.ts";
import { chrF, scorePairs } from "../../../src/nn/metrics/index.ts";
import type { AnswerScore } from "../../../src/train/index.ts";
import { wordF1 } from "../wordF1.ts";
import { type Drawings, drawingSplits, fromDrawing } from "./emojiDrawings.ts";
import { type EmojiNames, emojiNames } from "./emojiNames.ts";

/** A drawing, and its English name as the numbers of its words: after a 0, and before one. */
export type Spelled = {
  readonly image: Tensor<readonly [20, 20, 3]>;
  readonly said: Tensor<readonly [number]>;
  readonly next: Tensor<readonly [number]>;
};

/** The number of words, and the most of a name. The first word, 0, says nothing: it begins, ends and fills. */
export const [wordCount, nameLength] = [1400, 10];
const [nothing, unknown] = ["<nothing>", "<unknown>"];

/** Drawings with their English names in words: those of the names for training, and one for all others. */
export const spelledSplits = (of: EmojiNames) => {
  const nameOf = (place: number) => (of.emoji[place]?.named[0]?.name ?? "").toLowerCase();
  const { train, validation, test, learned } = drawingSplits(of, "emoji");
  const { tokens } = vocabulary(
    learned.map(({ named }) => tokenizeWords(named[0]?.name ?? "")),
    { special: [nothing, unknown], unknown, limit: wordCount },
  );
  const unused = Array.from({ length: wordCount - tokens.length }, (_, i) => `<unused ${i}>`);
  const known = vocabularyOf([...tokens, ...unused], unknown);
  const rows = ({ places, image }: Drawings): Dataset<Spelled> => {
    const names = places.map((place) =>
      tokenizeWords(nameOf(place)).map((word) => known.indexOf(word) ?? 1),
    );
    const cut = names.map((name) => name.slice(0, nameLength - 1));
    return dataset({
      image,
      said: padSequences(
        cut.map((name) => [0, ...name]),
        nameLength,
      ),
      next: padSequences(cut, nameLength),
    }) as Dataset<Row> as Dataset<Spelled>; // each column is as its own tensor has it
  };
  return {
    names: { train: train.places.map(nameOf), test: test.places.map(nameOf) },
    splits: {
      train: rows(train),
      ...(validation && { validation: rows(validation) }),
      test: rows(test),
      inputs: { image: fromDrawing },
      transcription: transcription({ vocabulary: known, separator: " ", width: 1 }),
    } satisfies Splits<Spelled>,
  };
};

/** {@link spelledSplits} of all emoji. */
export const emojiSpelled = Effect.map(emojiNames, spelledSplits);

/** What names have in common with those that are wanted: characters, words, or all. */
export const nameScores: readonly AnswerScore[] = [
  { name: "chrF", better: "higher", of: (pairs) => scorePairs(chrF(), pairs) },
  {
    name: "wordF1",
    better: "higher",
    of: (pairs) =>
      pairs.reduce((sum, [said, wanted]) => sum + wordF1(said, wanted), 0) / pairs.length,
  },
  {
    name: "exact",
    better: "higher",
    of: (pairs) =>
      pairs.filter(([said, wanted]) => tokenizeWords(said).join() === tokenizeWords(wanted).join())
        .length / pairs.length,
  },
];
