import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { expect, it } from "vitest";
import { flatten } from "../../../src/algebra/tree.ts";
import { Backend as Service } from "../../../src/backend/backend.ts";
import { backendOf } from "../../../src/backend/wasm/index.ts";
import { initialState, ReverseMode, type Tensor } from "../../../src/index.ts";
import { carriedOf } from "../../../src/train/carried.ts";
import { pairsOf } from "../../../src/train/pairs.ts";
import { compileStep, runner } from "../../../src/train/runner.ts";
import { scoring } from "../../../src/train/scores.ts";
import { trainProgram } from "../../../src/train/step.ts";
import { workloads } from "../../bench/workloads/index.ts";

/** The losses and the last state of a few steps of a workload on so many threads. */
const stepsOf = async (of: (typeof workloads)[number], threads: number, steps: number) => {
  const pipeline = await of.load();
  const { train } = await Effect.runPromise(pipeline.data);
  const pairs = pairsOf(train, pipeline);
  const carried = carriedOf(initialState(pipeline));
  const optimizer = pipeline.optimizer({ learningRate: pipeline.learningRate });
  const { summarise } = scoring(pipeline.metrics);
  const types = pairs.types(pipeline.batchSize);
  const program = trainProgram(pipeline, optimizer, summarise, carried, types);
  const services = Layer.merge(
    Layer.succeed(Service, backendOf({ threads })),
    ReverseMode.layerTape,
  );
  const compiled = await Effect.runPromise(
    Effect.provide(Effect.flatMap(program, compileStep), services),
  );
  // The leaves of what is carried are tensors.
  const running = runner(compiled, flatten(carried).leaves as readonly Tensor[]);
  const rows = Int32Array.from({ length: pipeline.batchSize }, (_, i) => (i * 7) % pairs.examples);
  const losses = Array.from({ length: steps }, () => running.step(compiled, pairs, rows).loss);
  return { losses, state: running.leaves().map((x) => x.toTypedArray()) };
};

it.each(workloads)("$name has the same bits on one, two, three and four threads", async (of) => {
  const want = await stepsOf(of, 1, 3);
  for (const threads of [2, 3, 4]) expect(await stepsOf(of, threads, 3)).toEqual(want);
});
