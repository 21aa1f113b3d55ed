import * as Effect from "effect/Effect";
import {
  dataset,
  dense,
  meanSquaredError,
  type Pipeline,
  pipeline,
  sgd,
  supervised,
  tensor,
} from "../../src/index.ts";

const data = dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) });

/** A line fitted to four points: at a rate above 0.24 it diverges. */
export const line = ({
  learningRate,
}: {
  readonly learningRate: number;
}): Pipeline<unknown, never> =>
  pipeline(
    "line",
    Effect.succeed({ train: data, validation: data }),
    supervised({
      input: "x",
      target: "y",
      model: dense(1, 1),
      loss: meanSquaredError,
      optimizer: sgd({ learningRate }),
    }),
    { epochs: 4, batchSize: 4 },
  );
