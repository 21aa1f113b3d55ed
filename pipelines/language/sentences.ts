import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  confusionMatrix,
  dense,
  dropout,
  type Expr,
  embedding,
  initializers,
  pipeline,
  relu,
  runMain,
  sequential,
  softmaxCrossEntropy,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { ne } from "../../src/ir/index.ts";
import {
  conv1d,
  fanout,
  globalMaxPool,
  masked,
  maskedMeanPool,
  positionEmbedding,
  transformerEncoderBlock,
} from "../../src/nn/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { bigrams } from "../baselines/language/bigrams.ts";
import { padding } from "../data/language/labelled.ts";
import { sentenceFiles, sentences, sets } from "../data/language/sentences.ts";

/** Words as vectors, uniform as in the paper. */
const words = (limit: number, width: number) =>
  embedding(limit, width, { padding, tableInit: initializers.uniform(-0.25, 0.25) });

const detector = (width: number, window: number) =>
  sequential(conv1d(width, 100, window), relu, globalMaxPool);

/**
 * Kim's net: 100 detectors each of three, four and five neighboring words, of which each keeps its strongest answer in the
 * sentence. Words are vectors of 100 numbers instead of 300.
 */
const kim = ({ limit, classes }: (typeof sets)[keyof typeof sets]) =>
  sequential(
    words(limit, 100),
    fanout(detector(100, 3), detector(100, 4), detector(100, 5)),
    dropout(0.5),
    dense(300, classes.length),
  );

/** A Transformer of one block, averaged over the words. */
const transformer = ({ limit, length, classes }: (typeof sets)[keyof typeof sets]) =>
  masked(
    (text: Expr) => ne(text, padding),
    sequential(
      words(limit, 64),
      positionEmbedding(length, 64),
      dropout(0.5),
      transformerEncoderBlock(64, { heads: 4, hidden: 128, dropout: 0.2 }),
      maskedMeanPool,
      dropout(0.5),
      dense(64, classes.length),
    ),
  );
const models = { kim, transformer } as const;

/** What is held out of each run, and how long it learns: the epochs were chosen on a tenth of the training sentences. */
interface Run {
  readonly model: keyof typeof models;
  readonly epochs: number;
  readonly heldOut: string;
  readonly baseline: string;
  readonly time: string;
  readonly memory?: string;
}

/** Tells the classes of a set of sentences apart. */
const classifying = (name: string, set: keyof typeof sets, run: Run) =>
  pipe(
    pipeline(
      name,
      sentences(set),
      supervised({
        input: "text",
        target: "label",
        tokens: sets[set].limit,
        classes: sets[set].classes.length,
        model: models[run.model](sets[set]),
        loss: softmaxCrossEntropy,
        optimizer: adam({ learningRate: 1e-3 }),
        metrics: [confusionMatrix(sets[set].classes)],
      }),
      {
        description: `${sets[set].title}, by ${run.model === "kim" ? "Kim's convolution over words" : "a small Transformer"}`,
        units: { loss: "nats" },
        card: {
          field: "language",
          data: `\`npx fluxion data sentences\` (${sentenceFiles.license})`,
          heldOut: run.heldOut,
          baseline: run.baseline,
          published: sets[set].published,
          time: run.time,
          ...(run.memory === undefined ? {} : { memory: run.memory }),
        },
        data: sentenceFiles,
        batchSize: 50,
        epochs: run.epochs,
        seed: 42,
      },
    ),
    withBaseline(bigrams(sets[set].smoothing)),
    withCallback(answersEvery(Object.fromEntries(sets[set].texts.map((text) => [text, { text }])))),
  );

/**
 * Tells praise of films from complaint, by the strongest answers of detectors of a few neighboring words.
 *
 * MR and Subj have no published test: one fixed random tenth is held out, where the paper has ten folds.
 *
 * **Source** Kim, "Convolutional neural networks for sentence classification" (2014), arXiv:1408.5882: CNN-rand; the
 * Transformer: Vaswani et al. (2017), arXiv:1706.03762.
 */
export const sentencesMr = classifying("sentences", "mr", {
  model: "kim",
  epochs: 4,
  heldOut: "accuracy 0.766, 0.760, 0.751 (three seeds)",
  baseline: "baseline wins: naive Bayes with bigrams 0.796",
  time: "31 s of one core",
  memory: "0.6 GiB",
});
export const sentencesTransformer = classifying("sentences-transformer", "mr", {
  model: "transformer",
  epochs: 5,
  heldOut: "accuracy 0.763, 0.770, 0.769 (three seeds)",
  baseline: "baseline wins: naive Bayes with bigrams 0.796",
  time: "21 s of one core",
  memory: "0.6 GiB",
});
export const sentencesSst2 = classifying("sentences-sst2", "sst2", {
  model: "kim",
  epochs: 3,
  heldOut: "accuracy 0.787, 0.810, 0.805 (three seeds)",
  baseline: "baseline wins: naive Bayes with bigrams 0.818",
  time: "15 s of one core",
  memory: "0.6 GiB",
});
export const sentencesSst2Transformer = classifying("sentences-sst2-transformer", "sst2", {
  model: "transformer",
  epochs: 7,
  heldOut: "accuracy 0.803, 0.805, 0.805 (three seeds)",
  baseline: "baseline wins: naive Bayes with bigrams 0.818",
  time: "24 s of one core",
  memory: "0.5 GiB",
});
export const sentencesTrec = classifying("sentences-trec", "trec", {
  model: "kim",
  epochs: 8,
  heldOut: "accuracy 0.902, 0.850, 0.906 (three seeds)",
  baseline: "naive Bayes with bigrams 0.846",
  time: "18 s of one core",
  memory: "0.4 GiB",
});
export const sentencesTrecTransformer = classifying("sentences-trec-transformer", "trec", {
  model: "transformer",
  epochs: 12,
  heldOut: "accuracy 0.860, 0.848, 0.836 (three seeds)",
  baseline: "naive Bayes with bigrams 0.846: as good",
  time: "14 s of one core",
  memory: "0.5 GiB",
});
export const sentencesSubj = classifying("sentences-subj", "subj", {
  model: "kim",
  epochs: 3,
  heldOut: "accuracy 0.904, 0.910, 0.912 (three seeds)",
  baseline: "baseline wins: naive Bayes with bigrams 0.932",
  time: "22 s of one core",
  memory: "0.6 GiB",
});
export const sentencesSubjTransformer = classifying("sentences-subj-transformer", "subj", {
  model: "transformer",
  epochs: 4,
  heldOut: "accuracy 0.920, 0.910, 0.890 (three seeds)",
  baseline: "baseline wins: naive Bayes with bigrams 0.932",
  time: "22 s of one core",
  memory: "0.4 GiB",
});

if (import.meta.main) runMain(sentencesMr);
