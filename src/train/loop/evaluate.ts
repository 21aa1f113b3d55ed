import * as Effect from "effect/Effect";
import type { Backend } from "../../backend/backend.ts";
import { heldBack, type Later, mapLater } from "../../backend/later.ts";
import type { Dataset, Row } from "../../data/dataset.ts";
import { validate } from "../../data/validate.ts";
import type { BackendUnavailable, CompileError, MemoryLimit, WorkerLost } from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import type { Evaluation } from "../events/event.ts";
import type { AnyPipeline } from "../pipeline/pipeline.ts";
import { checkColumns, stateMismatch } from "../pipeline/validate.ts";
import { initialState } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { type Pairs, pairsOf } from "./batches.ts";
import { inTurns } from "./cooperate.ts";
import { evaluationProgram } from "./program.ts";
import { type CompiledStep, compileStep } from "./runner.ts";
import { type Summaries, scoring } from "./scoring.ts";

/** The errors of compiling a program. */
export type CannotCompile = CompileError | BackendUnavailable | MemoryLimit;

/** The minimum number of examples evaluated together, for pipelines with smaller batches. */
const fewest = 64;

/**
 * Evaluates the loss and metrics of a state on examples, in order. Programs are compiled once per batch size and
 * kept.
 */
export type Evaluator = (
  state: TrainState,
  pairs: Pairs,
  closed: () => boolean,
) => Effect.Effect<Evaluation, CannotCompile | WorkerLost, Backend>;

/** The evaluator of a pipeline's model, loss and metrics. */
export const evaluator = (of: AnyPipeline): Evaluator => {
  const compiled = new Map<number, CompiledStep>();
  const { summarize, empty, concat, read, score, confusion } = scoring(of.metrics);

  const compiledFor = Effect.fnUntraced(function* (
    size: number,
    { params, layerState }: TrainState,
    pairs: Pairs,
  ) {
    const known = compiled.get(size);
    if (known !== undefined) return known;
    const made = yield* compileStep(
      evaluationProgram(of, summarize, { params, layerState }, pairs.types(size)),
      of,
    );
    compiled.set(size, made);
    return made;
  });

  return Effect.fnUntraced(function* (state, pairs, closed) {
    const { examples } = pairs;
    const size = Math.min(Math.max(of.batchSize, fewest), examples);
    const { params, layerState } = state;
    const leaves = flattenTensors({ params, layerState }).leaves;
    const whole = yield* compiledFor(size, state, pairs);
    const rest = examples % size === 0 ? whole : yield* compiledFor(examples % size, state, pairs);
    let summaries = empty;
    let answers: readonly Later<Summaries>[] = [];
    const submit = (i: number): void => {
      const rows = Int32Array.from(
        { length: Math.min(size, examples - i * size) },
        (_, j) => i * size + j,
      );
      const { input, target } = pairs.gather(rows);
      const { executable, report } = rows.length === size ? whole : rest;
      const outputs = executable.run([...leaves, input, target]);
      const summary = mapLater(outputs, (given) => read(report(given).summaries));
      answers = [...answers, heldBack(summary)];
    };
    const oldest = (): Later<Summaries> => {
      const [first = empty, ...others] = answers;
      answers = others;
      return first;
    };
    const use = (summary: Summaries): undefined => {
      summaries = concat(summaries, summary);
    };
    const { ahead } = whole.executable;
    yield* inTurns<Summaries, never>(
      0,
      Math.ceil(examples / size),
      { ahead, submit, read: oldest, use },
      closed,
    );
    return { ...score(summaries), confusion: confusion(summaries) };
  });
};

/**
 * Evaluates a trained state on a dataset with the pipeline's columns: loss, metrics, and a confusion matrix where
 * a metric has one.
 *
 * **Fails with** the errors of validating the data, `StateMismatch`, `CompileError`, `BackendUnavailable`,
 * `MemoryLimit`, `WorkerLost`.
 */
export const evaluate = Effect.fnUntraced(function* (
  of: AnyPipeline,
  state: TrainState,
  dataset: Dataset<Row>,
) {
  const labels = of.classes === undefined ? {} : { [of.target]: of.classes };
  yield* checkColumns(of, dataset);
  yield* validate(dataset, { where: `${of.name}: evaluated data`, labels });
  const mismatch = stateMismatch(of, state, initialState(of), ["params", "layerState"]);
  if (mismatch !== undefined) return yield* mismatch;
  return yield* evaluator(of)(state, pairsOf(dataset, of), () => false);
});
