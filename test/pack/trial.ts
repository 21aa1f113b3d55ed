import * as Effect from "effect/Effect";
import {
  adam,
  dataset,
  dense,
  fromTypedArray,
  pipeline,
  relu,
  sequential,
  softmaxCrossEntropy,
  supervised,
} from "fluxion";
import { serveTrials } from "fluxion/train";

/** Rows with the size of MNIST's, whose label shows in every tenth pixel. */
const made = (rows: number) => {
  let drawn = 1;
  const random = (): number => {
    drawn = (drawn * 1664525 + 1013904223) >>> 0;
    return drawn / 2 ** 32;
  };
  const image = Float32Array.from(
    { length: rows * 784 },
    (_, i) => random() / 2 + ((i % 784) % 10 === Math.floor(i / 784) % 10 ? 0.2 : 0),
  );
  return dataset({
    image: fromTypedArray([rows, 784], image),
    label: fromTypedArray(
      [rows],
      Int32Array.from({ length: rows }, (_, i) => i % 10),
    ),
  });
};

let rows: ReturnType<typeof made> | undefined;

/** One trial of the search of `trials.ts`: a small perceptron for a number of epochs. */
export const trial = ({ learningRate, epochs }: { learningRate: number; epochs: number }) =>
  pipeline(
    "trial",
    Effect.sync(() => {
      rows ??= made(8000);
      return { train: rows, validation: rows };
    }),
    supervised({
      input: "image",
      target: "label",
      model: sequential(dense(784, 128), relu, dense(128, 10)),
      loss: softmaxCrossEntropy,
      optimizer: adam({ learningRate }),
    }),
    { epochs, batchSize: 64 },
  );

serveTrials(trial);
