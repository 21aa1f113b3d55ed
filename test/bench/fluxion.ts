import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { flattenTensors } from "../../src/ir/trees.ts";
import { initialState } from "../../src/train/index.ts";
import { pairsOf } from "../../src/train/loop/batches.ts";
import { type Report, trainProgram } from "../../src/train/loop/program.ts";
import { compileStep, runner } from "../../src/train/loop/runner.ts";
import { scoring } from "../../src/train/loop/scoring.ts";
import { optimizerOf } from "../../src/train/pipeline/pipeline.ts";
import { carriedOf } from "../../src/train/state/initial.ts";
import { kernel } from "./kernels/fluxion.ts";
import { type Problem, rowsOf } from "./problem.ts";
import { serve, type Training } from "./protocol.ts";
import { services } from "./threads.ts";
import { workloads } from "./workloads/index.ts";

/**
 * fluxion as a contender: the step of a training run, without the events around it. Gathering the batch and reading the
 * loss are included.
 */
const training = async (name: string, problem: Problem): Promise<Training> => {
  const workload = workloads.find((w) => w.name === name);
  if (workload === undefined) throw new Error(`no workload ${name}`);
  const pipeline = await workload.load();
  const { train } = await Effect.runPromise(pipeline.data);
  const pairs = pairsOf(train, pipeline);
  const carried = carriedOf(initialState(pipeline));
  const optimizer = optimizerOf(pipeline);
  const { summarize } = scoring(pipeline.metrics);

  const began = performance.now();
  const program = trainProgram(
    pipeline,
    optimizer,
    summarize,
    carried,
    pairs.types(pipeline.batchSize),
  );
  const whole = await Effect.runPromise(
    Effect.provide(
      Effect.flatMap(program, (step) => compileStep(step)),
      services,
    ),
  );
  const compile = performance.now() - began;

  // The leaves of the carried values are tensors.
  const steps = runner(whole, flattenTensors(carried).leaves);
  const { plan } = whole.executable;
  const bytes = plan.bytes.arguments + plan.bytes.constants + plan.bytes.temporaries;
  let done = 0;
  return {
    step: () => {
      steps.submit(whole, pairs, rowsOf(problem, done++));
      return (steps.read() as Report).loss; // the backend answers at once
    },
    facts: { compile, bytes, operations: plan.operations },
  };
};

const { version } = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8"),
) as { readonly version: string };

await serve({ version, workload: training, kernel });
