import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  asBaseline,
  type Baseline,
  binaryAccuracy,
  binaryCrossEntropyWithLogits,
  confusionMatrix,
  dense,
  dropout,
  type Expr,
  embedding,
  initializers,
  lstm,
  pipeline,
  residual,
  runMain,
  sequential,
  supervised,
  type Tensor,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { ne } from "../../src/ir/index.ts";
import { masked, maskedMeanPool } from "../../src/nn/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { padding, reviews, reviewsFolder } from "../data/language/reviews.ts";

/** The size of the vocabulary, and the number of words read of a sentence; 2 % of the sentences are as long. */
const [limit, length] = [3000, 32];

const isWord = (words: Expr): Expr => ne(words, padding);

const source = reviews({ limit, length, heldOut: 0.2 });

const task = {
  input: "words",
  target: "label",
  classes: 2,
  loss: binaryCrossEntropyWithLogits,
  metrics: [binaryAccuracy()],
} as const;

const settings = { available: reviewsFolder, batchSize: 32, seed: 42 } as const;

/** The fraction of examples whose prediction is their label. */
const agreement = (said: readonly number[], label: Tensor): number => {
  const labels = label.toTypedArray();
  return said.filter((value, i) => value === labels[i]).length / said.length;
};

/** A baseline that always predicts the most frequent class of the training examples. */
const majority: Baseline = {
  name: "majority class",
  evaluate: ({ train, test = train }) => {
    const labels = [...train.column("label").toTypedArray()];
    const praise = labels.filter((label) => label === 1).length;
    const guess = praise * 2 > labels.length ? 1 : 0;
    return { accuracy: agreement(Array(test.size).fill(guess), test.column("label")) };
  },
};

/**
 * A baseline without training: it predicts praise if the sum of the words' valences is not negative, like the package
 * itself.
 */
const lexicon: Baseline = {
  name: "AFINN's word list",
  evaluate: ({ train, test = train }) => {
    const valences = [...test.column("valence").toTypedArray()];
    const said = valences.map((valence) => (valence >= 0 ? 1 : 0));
    return { accuracy: agreement(said, test.column("label")) };
  },
};

/** A baseline: logistic regression on the bag of words, with one weight per word, averaged. */
const bagOfWords = pipeline(
  "logistic regression on the bag of words",
  source,
  supervised({
    ...task,
    model: masked(
      isWord,
      sequential(
        embedding(limit, 1, { tableInit: initializers.zeros }),
        maskedMeanPool,
        dense(1, 1, { weightInit: initializers.ones }),
      ),
    ),
    optimizer: adam({ learningRate: 0.03 }),
  }),
  { ...settings, epochs: 5 },
);

/** Sentences that are in no review. */
const said = [
  "The battery died after two days.",
  "I could watch it again and again.",
  "Not bad at all, and not cheap either.",
];

/**
 * Classifies a sentence of a review as praise or complaint: word vectors, plus the output of a bidirectional LSTM for
 * each word, averaged over the sentence. There is little data, so dropout is high.
 *
 * **Source** the network: Graves and Schmidhuber, "Framewise phoneme classification with bidirectional LSTM"
 * (2005), in a residual connection: He et al. (2015), arXiv:1512.03385.
 */
export const sentiment = pipe(
  pipeline(
    "sentiment",
    source,
    supervised({
      ...task,
      model: masked(
        isWord,
        sequential(
          embedding(limit, 32, { tableInit: initializers.normal(0.1) }),
          dropout(0.7),
          residual(sequential(lstm(32, 16, { bidirectional: true }), dropout(0.3))),
          maskedMeanPool,
          dropout(0.5),
          dense(32, 1),
        ),
      ),
      optimizer: adam({ learningRate: 2e-3 }),
      metrics: [confusionMatrix(["complaint", "praise"])],
    }),
    {
      ...settings,
      description: "a bidirectional LSTM on sentences of reviews: praise or complaint",
      units: { loss: "nats" },
      card: {
        field: "language",
        data: "`sentiment` (MIT)",
        heldOut: "accuracy 0.832, 0.827, 0.817 (three seeds)",
        baseline: "bag of words 0.823: as good; word list 0.742",
        published: "none is known for these sentences",
        time: "6 s of one core",
        memory: "0.4 GiB",
      },
      epochs: 16,
    },
  ),
  withBaseline(majority),
  withBaseline(lexicon),
  withBaseline(asBaseline(bagOfWords)),
  withCallback(answersEvery(Object.fromEntries(said.map((text) => [text, { words: text }])))),
);

if (import.meta.main) runMain(sentiment);
