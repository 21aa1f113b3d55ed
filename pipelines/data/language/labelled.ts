import {
  fromText,
  padSequences,
  tokenizeWords,
  type Vocabulary,
  vocabulary,
} from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";

/** A text and the number of its class. */
export interface Labelled {
  readonly text: string;
  readonly label: number;
}

/** A text as the numbers of its words, and the number of its class. */
export type EncodedText = {
  readonly text: Tensor<readonly [number]>;
  readonly label: Tensor<readonly []>;
};

/** The numbers of padding and of words that were not seen in training. */
export const [padding, unseen] = [0, 1];
const special = ["<pad>", "<unknown>"];

/** How texts become numbers. */
export interface Encoding {
  /** The maximum size of the vocabulary, including padding and the unknown word. */
  readonly limit: number;
  /** The number of words that are read of a text. */
  readonly length: number;
  readonly classes: readonly string[];
}

const encoded = (
  texts: readonly Labelled[],
  known: Vocabulary,
  length: number,
): Dataset<EncodedText> =>
  dataset({
    text: padSequences(
      texts.map(({ text }) => tokenizeWords(text).map((word) => known.indexOf(word) ?? unseen)),
      length,
      { padding },
    ),
    label: fromTypedArray(
      [texts.length],
      Int32Array.from(texts, ({ label }) => label),
    ),
  });

/** Texts as numbers, in training and test parts. The vocabulary is that of the training part. */
export const textSplits = (
  train: readonly Labelled[],
  test: readonly Labelled[],
  { limit, length, classes }: Encoding,
) => {
  const known = vocabulary(
    train.map(({ text }) => tokenizeWords(text)),
    { special, unknown: special[unseen] as string, limit },
  );
  return {
    train: encoded(train, known, length),
    test: encoded(test, known, length),
    inputs: { text: fromText({ vocabulary: known, length, padding }) },
    classes,
  } satisfies Splits<EncodedText>;
};
