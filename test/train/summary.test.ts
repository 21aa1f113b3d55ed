import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { expect, it } from "vitest";
import {
  dataset,
  dense,
  meanSquaredError,
  pipeline,
  sgd,
  supervised,
  tensor,
  withBatchSize,
} from "../../src/index.ts";
import { summarize } from "../../src/train/index.ts";
import { backends, small } from "./examples.ts";

const summaryOf = (of: Parameters<typeof summarize>[0]) =>
  Effect.runPromise(Effect.provide(summarize(of), backends.reference));

it("a summary has a row for each layer of a model, and the cost of a step", async () => {
  const summary = await summaryOf(small);
  expect(summary.layers.map(({ name }) => name)).toEqual([
    "dense 4 → 8",
    "relu",
    "dropout 0.1",
    "dense 8 → 3",
  ]);
  expect(summary.layers.map(({ input, output }) => [input, output])).toEqual([
    [[4], [8]],
    [[8], [8]],
    [[8], [8]],
    [[8], [3]],
  ]);
  expect(summary).toMatchObject({
    ...{ pipeline: "points", backend: "reference", parameters: 67, examples: 50, batchSize: 16 },
    plan: { operations: expect.any(Number) },
  });
});

it("a model without parts is a single row", async () => {
  const of = pipe(
    pipeline(
      "line",
      Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
      supervised({
        input: "x",
        target: "y",
        model: dense(1, 1),
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0 }),
      }),
    ),
    withBatchSize(2),
  );
  const { layers } = await summaryOf(of);
  expect(layers.map(({ name, params }) => [name, params])).toEqual([["dense 1 → 1", 2]]);
});
