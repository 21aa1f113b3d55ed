import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { lastValueFrom } from "rxjs";
import { afterAll, expect, it } from "vitest";
import {
  dataset,
  dense,
  gru,
  meanSquaredError,
  pipeline,
  sequential,
  sgd,
  supervised,
  tensor,
} from "../../../src/index.ts";
import { readRun } from "../../../src/train/folder/recorded.ts";
import { trainIn$ } from "../../../src/train/index.ts";
import { backends } from "../examples.ts";

const parent = mkdtempSync(join(tmpdir(), "fluxion-recorded-"));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

it("a run of a model with loops is read with their rounds", async () => {
  const of = pipeline(
    "loops",
    Effect.succeed({
      train: dataset({ x: tensor([[[1], [2], [3], [4], [5]]]), y: tensor([[1]]) }),
    }),
    supervised({
      ...{ input: "x", target: "y", loss: meanSquaredError },
      model: sequential(gru(1, 2, { output: "last" }), dense(2, 1)),
      optimizer: sgd({ learningRate: 0.1 }),
    }),
    { batchSize: 1 },
  );
  const folder = join(parent, "run");
  await lastValueFrom(trainIn$(of, { folder, services: backends.wasm }));
  const { plan } = await Effect.runPromise(readRun(folder));
  const rounds = plan?.plan.kernels.flatMap(({ within }) => within.map((loop) => loop.rounds));
  expect(new Set(rounds)).toEqual(new Set([5]));
});
