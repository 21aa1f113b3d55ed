import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { ReverseMode } from "../../src/autodiff/index.ts";
import { layerReference } from "../../src/backend/reference/layerReference.ts";
import { dataset } from "../../src/data/dataset.ts";
import { dense } from "../../src/nn/dense.ts";
import { meanSquaredError } from "../../src/nn/losses.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { pipeline, withBatchSize, withEpochs, withOptimizer } from "../../src/train/pipeline.ts";
import { train$ } from "../../src/train/train.ts";

const services = Layer.merge(layerReference, ReverseMode.layerTape);

const line = dataset({
  x: tensor([[0], [1], [2], [3], [4]]),
  y: tensor([[1], [3], [5], [7], [9]]),
});

const fit = pipe(
  pipeline("line", {
    data: Effect.succeed({ train: line }),
    input: "x",
    target: "y",
    model: dense(1, 1),
    loss: meanSquaredError,
  }),
  withOptimizer(sgd, { learningRate: 0.05 }),
  withBatchSize(2),
  withEpochs(100),
);

describe("train$", () => {
  it("learns a line", async () => {
    const events = await lastValueFrom(train$(fit, { services }).pipe(toArray()));
    const last = events.at(-1);
    expect(last?._tag).toBe("Completed");
    if (last?._tag === "Completed")
      console.log(String(last.state.params.weight), String(last.state.params.bias));
  });
});
