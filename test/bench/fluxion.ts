import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { Dataset } from "../../src/data/dataset.ts";
import { flattenTensors } from "../../src/ir/trees.ts";
import { type StepReport, stepProgram, typesOf } from "../../src/learn/program.ts";
import { oneShard } from "../../src/learn/shards.ts";
import { initialState } from "../../src/train/index.ts";
import { compileStep, runner } from "../../src/train/loop/runner.ts";
import { keptOf } from "../../src/train/state/initial.ts";
import { kernel } from "./kernels/fluxion.ts";
import { type Problem, rowsOf } from "./problem.ts";
import { serve, type Training } from "./protocol.ts";
import { services } from "./threads.ts";
import { workloads } from "./workloads/index.ts";

/**
 * fluxion as a contender: the step that a training run takes, without the events around it. Gathering the
 * batch and reading the loss are in.
 */
const training = async (name: string, problem: Problem): Promise<Training> => {
  const workload = workloads.find((w) => w.name === name);
  if (workload === undefined) throw new Error(`no workload ${name}`);
  const pipeline = await workload.load();
  const { train: source } = await Effect.runPromise(pipeline.source);
  if (!(source instanceof Dataset)) throw new Error("a workload learns from a dataset");
  // A run keeps computed rows too.
  const train = source.materialize();
  const kept = keptOf(initialState(pipeline));
  const types = typesOf(train.columns, pipeline.batchSize);

  const began = performance.now();
  const program = stepProgram(pipeline.learner, oneShard, kept, types);
  const whole = await Effect.runPromise(
    Effect.provide(
      Effect.flatMap(program, (step) => compileStep(step, types)),
      services,
    ),
  );
  const compile = performance.now() - began;

  const steps = runner(whole, flattenTensors(kept).leaves);
  const { plan } = whole.executable;
  const bytes = plan.bytes.arguments + plan.bytes.constants + plan.bytes.temporaries;
  let done = 0;
  return {
    step: () => {
      const rows = rowsOf(problem, done++);
      steps.submit(whole, (into) => train.gatherInto(into, rows), 0);
      return (steps.read() as StepReport).loss; // the backend answers at once
    },
    facts: { compile, bytes, operations: plan.operations },
  };
};

const { version } = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8"),
) as { readonly version: string };

await serve({ version, workload: training, kernel });
