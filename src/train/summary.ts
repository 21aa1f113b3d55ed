import * as Effect from "effect/Effect";
import { Backend, type Plan } from "../backend/backend.ts";
import { InvalidBatchSize } from "../errors.ts";
import { type LayerRow, summary } from "../nn/summary.ts";
import { pairsOf } from "./loop/batches.ts";
import { trainProgram } from "./loop/program.ts";
import { compileStep } from "./loop/runner.ts";
import { scoring } from "./loop/scoring.ts";
import { type AnyPipeline, optimizerOf, type Pipeline } from "./pipeline/pipeline.ts";
import { checkColumns, checkSettings } from "./pipeline/validate.ts";
import { carriedOf, initialState, parameterCount } from "./state/initial.ts";

/** The layers and costs of a run, computed before it begins. */
export interface RunSummary {
  readonly pipeline: string;
  readonly backend: string;
  readonly layers: readonly LayerRow[];
  readonly parameters: number;
  readonly examples: number;
  readonly batchSize: number;
  /** The plan of one training step on a full batch. */
  readonly plan: Plan;
}

/**
 * Computes the layers of a pipeline and the cost of one of its steps. It compiles the step and does not run it.
 *
 * **Fails with** the errors of checking and compiling the pipeline, and those of its data.
 */
export const summarize = <P, S, E>(of: Pipeline<P, S, E>) =>
  Effect.map(summarizeStep(of), ({ summary }) => summary);

/** {@link summarize}, with the program of the step. */
export const summarizeStep = Effect.fnUntraced(function* <P, S, E>(of: Pipeline<P, S, E>) {
  yield* checkSettings(of);
  const backend = yield* Backend;
  const { train } = yield* of.data;
  yield* checkColumns(of, train);
  const { batchSize } = of;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1 || batchSize > train.size)
    return yield* new InvalidBatchSize({ size: batchSize, examples: train.size });
  const pairs = pairsOf(train, of);
  const state = initialState(of);
  const optimizer = optimizerOf(of);
  const { summarize: metrics } = scoring(of.metrics);
  const types = pairs.types(batchSize);
  const step = yield* trainProgram(of, optimizer, metrics, carriedOf(state), types);
  const { executable } = yield* compileStep(step, of);
  const made: RunSummary = {
    pipeline: of.name,
    backend: backend.name,
    layers: layersOf(of, types.input.shape.slice(1)),
    parameters: parameterCount(state.params),
    examples: train.size,
    batchSize,
    plan: executable.plan,
  };
  return { summary: made, program: step.program, carried: step.carried };
});

/** The rows of the layer table: the parts of the model, or the model itself where it has none. */
const layersOf = (of: AnyPipeline, input: readonly number[]): readonly LayerRow[] => {
  const rows = summary(of.model, input);
  return rows.length > 1 ? rows.slice(1) : rows;
};
