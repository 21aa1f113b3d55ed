import * as Effect from "effect/Effect";
import { Backend, type Plan } from "../backend/backend.ts";
import { epochsOf } from "../data/source/read.ts";
import { InvalidBatchSize } from "../errors.ts";
import { stepProgram, typesOf } from "../learn/program.ts";
import { inShards } from "../learn/shards.ts";
import type { LayerRow } from "../nn/summary.ts";
import { compileStep } from "./loop/runner.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import { checkColumns, checkSettings, datasetOf } from "./pipeline/validate.ts";
import { initialState, keptOf, parameterCount } from "./state/initial.ts";

/** The layers and costs of a run, computed before it begins. */
export interface RunSummary {
  readonly pipeline: string;
  readonly backend: string;
  readonly layers: readonly LayerRow[];
  readonly parameters: number;
  /** The number of examples: 0 where the learner makes its own, `undefined` for a stream whose length is not known. */
  readonly examples: number | undefined;
  readonly batchSize: number;
  /** The plan of one training step on a full batch. */
  readonly plan: Plan;
}

/**
 * Computes the layers of a pipeline and the cost of one of its steps. It compiles the step and does not run it.
 *
 * **Fails with** the errors of checking and compiling the pipeline, and those of its data.
 */
export const summarize = <C, E>(of: Pipeline<C, E>) =>
  Effect.map(summarizeStep(of), ({ summary }) => summary);

/** {@link summarize}, with the program of the step. */
export const summarizeStep = Effect.fnUntraced(function* <C, E>(of: Pipeline<C, E>) {
  yield* checkSettings(of);
  const backend = yield* Backend;
  const { train } = yield* of.source;
  const { batchSize, learner } = of;
  const examples = datasetOf(train)?.size;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1 || batchSize > (examples ?? batchSize))
    return yield* new InvalidBatchSize({ size: batchSize, examples: examples ?? 0 });
  const state = initialState(of);
  const { spec, rowsPerEpoch } = yield* epochsOf(train, { batchSize, key: state.key });
  yield* checkColumns(
    learner.limits.map(({ column }) => column),
    spec,
  );
  const types = typesOf(spec, batchSize);
  const step = yield* stepProgram(learner, inShards(of.shards), keptOf(state), types);
  const { executable, columns } = yield* compileStep(step, types, of);
  yield* checkColumns(columns, spec);
  const summary: RunSummary = {
    pipeline: of.name,
    backend: backend.name,
    layers: learner.describe(spec),
    parameters: parameterCount(learner.trained.get(state.carried).params),
    examples: examples ?? rowsPerEpoch,
    batchSize,
    plan: executable.plan,
  };
  return { summary, program: step.program, carried: step.carried };
});
