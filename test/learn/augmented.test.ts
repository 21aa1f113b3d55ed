import * as Effect from "effect/Effect";
import { lastValueFrom } from "rxjs";
import { expect, test } from "vitest";
import type { BatchAugmentation } from "../../src/data/index.ts";
import {
  dataset,
  dense,
  meanSquaredError,
  pipeline,
  sgd,
  supervised,
  tensor,
  train$,
} from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul } from "../../src/ir/ops/elementwise.ts";
import { flattenTensors } from "../../src/ir/trees.ts";
import { augmented } from "../../src/learn/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const line = supervised({
  input: "x",
  target: "y",
  model: dense(1, 1),
  loss: meanSquaredError,
  optimizer: sgd({ learningRate: 0.1 }),
});
const rows = (scale: number) =>
  dataset({ x: tensor([[1], [2]].map(([x = 0]) => [scale * x])), y: tensor([[1], [3]]) });
const doubled: BatchAugmentation = (batch) => ({ ...batch, x: mul(batch.x as Expr, 2) as Expr });

const trained = async (learner: typeof line, scale: number) => {
  const train = rows(scale);
  const of = pipeline("line", Effect.succeed({ train, validation: rows(1) }), learner, {
    ...{ epochs: 3, batchSize: 2 },
  });
  const last = await lastValueFrom(train$(of));
  if (last._tag !== "Completed") throw new Error(last._tag);
  return flattenTensors(last.state.carried).leaves.map((leaf) => Array.from(Tensor.read(leaf)));
};

test("a learner of batches that are doubled learns what one learns of doubled rows", async () => {
  const wanted = await trained(line, 2);
  expect(await trained(augmented(doubled)(line), 1)).toEqual(wanted);
  expect(await trained(line, 1)).not.toEqual(wanted);
});
