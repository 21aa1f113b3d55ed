import * as Effect from "effect/Effect";
import {
  accuracy,
  adam,
  dataset,
  dense,
  dropout,
  key,
  normal,
  pipeline,
  relu,
  sequential,
  softmaxCrossEntropy,
  supervised,
  tensor,
} from "../../src/index.ts";
import { serveTraining } from "../../src/train/index.ts";

const points = dataset({
  x: normal(key(1), [50, 4]),
  label: tensor(
    Array.from({ length: 50 }, (_, i) => i % 3),
    "i32",
  ),
});

const described = (epochs: number) =>
  pipeline(
    "points",
    Effect.succeed({ train: points, test: points }),
    supervised({
      input: "x",
      target: "label",
      classes: 3,
      model: sequential(dense(4, 8), relu, dropout(0.1), dense(8, 3)),
      loss: softmaxCrossEntropy,
      optimizer: adam({ learningRate: 0.02 }),
      metrics: [accuracy],
    }),
    { batchSize: 16, epochs, seed: 3 },
  );

/** A small run with dropout, metrics and test data, which a worker serves. */
export const run = described(3);

/** The part of the address of a module that a worker has; nothing in Node. */
const search = (globalThis as { readonly location?: { readonly search: string } }).location?.search;
serveTraining(search === "?endless" ? described(1_000_000) : run);
