import { pipe } from "fp-ts/lib/function.js";
import {
  accuracy,
  adam,
  dense,
  pipeline,
  relu,
  runMain,
  sequential,
  softmaxCrossEntropy,
  withBatchSize,
  withEpochs,
  withMetrics,
  withSeed,
} from "../src/index.ts";
import { mnist, mnistFolder } from "./data/mnist.ts";

/**
 * The textbook network on MNIST: 784–128–10 with ReLU, softmax cross-entropy, and Adam at 1e-3, for five
 * epochs of batches of 64. It recognizes more than 97 % of the test digits.
 */
export const mnistMlp = pipe(
  pipeline("mnist-mlp", {
    description: "784–128–10 on the handwritten digits of MNIST",
    data: mnist,
    available: mnistFolder,
    input: "image",
    target: "label",
    classes: 10,
    model: sequential(dense(784, 128), relu, dense(128, 10)),
    loss: softmaxCrossEntropy,
    optimizer: adam({ learningRate: 1e-3 }),
  }),
  withMetrics(accuracy),
  withBatchSize(64),
  withEpochs(5),
  withSeed(42),
);

if (import.meta.main) runMain(mnistMlp);
