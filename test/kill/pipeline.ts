import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  accuracy,
  adam,
  dense,
  dropout,
  earlyStopping,
  pipeline,
  relu,
  sequential,
  softmaxCrossEntropy,
  supervised,
  withBatchSize,
  withCallback,
  withEpochs,
  withMetrics,
  withSeed,
  withValidationSplit,
} from "../../src/index.ts";
import { points } from "../train/examples.ts";

/** The run of the kill test: dropout, a smaller last batch, metrics, validation, an operator that remembers. */
export const killed = pipe(
  pipeline(
    "killed",
    Effect.succeed({ train: points(1100) }),
    supervised({
      input: "x",
      target: "label",
      classes: 3,
      model: sequential(dense(4, 64), relu, dropout(0.1), dense(64, 3)),
      loss: softmaxCrossEntropy,
      optimizer: adam({ learningRate: 0.01 }),
    }),
  ),
  withMetrics(accuracy),
  withBatchSize(16),
  withEpochs(6),
  withSeed(3),
  withValidationSplit(0.1),
  withCallback(earlyStopping({ monitor: "train.loss", patience: 20 })),
);
