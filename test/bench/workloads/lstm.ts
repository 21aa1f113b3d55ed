import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  dataset,
  dense,
  fromTypedArray,
  key,
  lstm,
  normal,
  pipeline,
  sequential,
  softmaxCrossEntropy,
  supervised,
  withBatchSize,
} from "../../../src/index.ts";
import { foldIn } from "../../../src/tensor/index.ts";
import { workload } from "./workload.ts";

const [examples, time, features, classes] = [1024, 32, 64, 10] as const;

/** Sequences of noise, each classified by the first feature with the largest mean. */
const sequences = Effect.sync(() => {
  const drawn = normal(foldIn(key(1), 4), [examples, time, features]).toTypedArray();
  const label = Int32Array.from({ length: examples }, (_, e) => {
    const sums = Array.from({ length: classes }, (_, c) =>
      Array.from({ length: time }, (_, t) => drawn[(e * time + t) * features + c] as number).reduce(
        (a, b) => a + b,
      ),
    );
    return sums.indexOf(Math.max(...sums));
  });
  return {
    train: dataset({
      sequence: fromTypedArray([examples, time, features], drawn),
      label: fromTypedArray([examples], label),
    }),
  };
});

const classifier = pipe(
  pipeline(
    "lstm",
    sequences,
    supervised({
      input: "sequence",
      target: "label",
      classes,
      model: sequential(lstm(features, 128, { output: "last" }), dense(128, classes)),
      loss: softmaxCrossEntropy,
      optimizer: adam({ learningRate: 1e-3 }),
    }),
    { description: "an LSTM whose last output is classified" },
  ),
  withBatchSize(32),
);

/** A loop in the program, forward and backward. */
export const w4 = workload(
  "W4",
  "LSTM 64→128, length 32, batch 32",
  classifier,
  { input: "sequence", target: "label" },
  ([recurrent, last]) => {
    const { inputWeight, hiddenWeight, inputBias, hiddenBias } = recurrent[0]?.[0] ?? {};
    if (!inputWeight || !hiddenWeight || !inputBias || !hiddenBias)
      throw new Error("an LSTM has two matrices and two offsets");
    return {
      wx: inputWeight,
      wh: hiddenWeight,
      bx: inputBias,
      bh: hiddenBias,
      w: last.weight,
      b: last.bias,
    };
  },
);
