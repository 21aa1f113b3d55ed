import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { expect, it } from "vitest";
import { Backend as Service } from "../../../src/backend/backend.ts";
import { backendOf } from "../../../src/backend/wasm/index.ts";
import { compileStep, runner } from "../../../src/train/loop/runner.ts";
import { workloads } from "../../bench/workloads/index.ts";
import { trainingStepOf } from "./trainingStep.ts";

/** The losses and the last state of a few steps of a workload on a given number of threads. */
const stepsOf = async (of: (typeof workloads)[number], threads: number, steps: number) => {
  const { step, state, types, fill } = await trainingStepOf(of);
  const backend = Layer.succeed(Service, backendOf({ threads }));
  const compiled = await Effect.runPromise(Effect.provide(compileStep(step, types), backend));
  const running = runner(compiled, state);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    running.submit(compiled, fill, 0);
    losses.push((await running.read()).loss);
  }
  return { losses, state: (await running.leaves()).map((x) => x.toTypedArray()) };
};

it.each(workloads)("$name has the same bits on one, two, three and four threads", async (of) => {
  const want = await stepsOf(of, 1, 3);
  for (const threads of [2, 3, 4]) expect(await stepsOf(of, threads, 3)).toEqual(want);
});
