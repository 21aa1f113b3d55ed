import * as Effect from "effect/Effect";
import type { Backend, Tensors } from "../../backend/backend.ts";
import { heldBack, type Later, mapLater } from "../../backend/later.ts";
import { Dataset, type Row } from "../../data/dataset.ts";
import type { SourceError } from "../../data/source/epochs.ts";
import { epochsOf } from "../../data/source/read.ts";
import { validate } from "../../data/validate.ts";
import {
  type BackendUnavailable,
  type CompileError,
  InvalidArgument,
  type MemoryLimit,
  type NonFinite,
  type StateMismatch,
  type StructureMismatch,
  type UnknownColumn,
  type WorkerLost,
} from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import { evaluationProgram, typesOf } from "../../learn/program.ts";
import { type Summaries, scoring } from "../../learn/scoring.ts";
import type { Evaluation } from "../events/event.ts";
import { splitsOf } from "../pipeline/holdOut.ts";
import type { AnyPipeline, Pipeline } from "../pipeline/pipeline.ts";
import { checkColumns, datasetOf, labelsOf, trainedMismatch } from "../pipeline/validate.ts";
import { orDefault } from "../services.ts";
import { initialState, keptOf } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { inTurns, type Submitted } from "./cooperate.ts";
import { type CompiledStep, compileStep, inputsOf } from "./runner.ts";

/** The errors of compiling a program, with those that a learner's own functions throw. */
export type CannotCompile =
  | CompileError
  | BackendUnavailable
  | MemoryLimit
  | StructureMismatch
  | InvalidArgument
  | UnknownColumn;

/** The errors of making the step of a learner. */
export type CannotPrepare = CannotCompile | StateMismatch;

/** The errors of the steps of an epoch. */
export type EpochError = CannotPrepare | SourceError | NonFinite | WorkerLost;

/** The minimum number of examples evaluated together, for pipelines with smaller batches. */
const fewest = 64;

/**
 * Evaluates the loss and metrics of a state on examples, in order. Programs are compiled once per batch size and
 * kept.
 */
export type Evaluator = (
  state: TrainState,
  examples: Dataset<Row>,
  closed: () => boolean,
) => Effect.Effect<Evaluation, CannotCompile | SourceError | WorkerLost, Backend>;

/** The evaluator of a pipeline's learner. */
export const evaluator = (of: AnyPipeline): Evaluator => {
  const compiled = new Map<number, CompiledStep>();
  const { empty, concat, read, score, confusion } = scoring(of.learner.metrics);

  const compiledFor = Effect.fnUntraced(function* (
    size: number,
    state: TrainState,
    examples: Dataset<Row>,
  ) {
    const known = compiled.get(size);
    if (known !== undefined) return known;
    const types = typesOf(examples.columns, size);
    const step = yield* evaluationProgram(of.learner, keptOf(state), types);
    const made = yield* compileStep(step, types, of);
    compiled.set(size, made);
    return made;
  });

  return Effect.fnUntraced(function* (state, examples, closed) {
    const batchSize = Math.min(Math.max(of.batchSize, fewest), examples.size);
    const rest = examples.size % batchSize;
    const whole = yield* compiledFor(batchSize, state, examples);
    const last = rest === 0 ? whole : yield* compiledFor(rest, state, examples);
    yield* checkColumns(whole.columns, examples.columns);
    const epochs = yield* epochsOf(examples, { batchSize, key: state.key, shuffle: false });
    const reader = yield* epochs.open(0, 0);
    const { leaves } = flattenTensors(keptOf(state));
    const taken = whole.takes.map((i) => leaves[i] as Tensors[number]);
    let summaries = empty;
    let answers: readonly Later<Summaries>[] = [];
    const submit = (): Submitted<SourceError> => {
      const rows = reader.ready();
      if (rows === undefined) return reader.wait;
      if (rows === 0) return "ended";
      const program = rows === batchSize ? whole : last;
      const outputs = program.executable.run([
        ...taken,
        ...inputsOf(program, reader.fill, state.epoch),
      ]);
      const summary = mapLater(outputs, (given) =>
        program.report(given).summaries.map(read).reduce(concat),
      );
      answers = [...answers, heldBack(summary)];
      return "submitted";
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
    const room = (): boolean => answers.length <= ahead;
    yield* inTurns<Summaries, SourceError>({ submit, room, read: oldest, use }, closed);
    return { ...score(summaries), confusion: confusion(summaries) };
  }, Effect.scoped);
};

/** The examples to evaluate on: those of a split of the pipeline's data, or others. */
export type On = "train" | "validation" | "test" | Dataset<Row>;

/** The examples of a split. */
const examplesOn = Effect.fnUntraced(function* <E>(of: Pipeline<unknown, E>, on: On) {
  if (on instanceof Dataset) return on;
  const { train, validation, test } = yield* splitsOf(of, yield* of.source);
  const splits: { readonly [split: string]: Dataset<Row> | undefined } = {
    train: datasetOf(train),
    validation,
    test,
  };
  const found = Object.hasOwn(splits, on) ? splits[on] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(splits).filter((split) => splits[split] !== undefined);
  return yield* new InvalidArgument({
    op: `evaluate the pipeline "${of.name}"`,
    argument: "on",
    expected: ["a dataset", ...known.map((split) => `"${split}"`)].join(" or "),
    actual: JSON.stringify(on) ?? "nothing",
  });
});

/**
 * Evaluates a trained state on a split of the pipeline's data (`"test"`), or on any dataset with its columns: loss,
 * metrics, and a confusion matrix where a metric has one.
 *
 * It computes on the caller's `Backend`, or else on the default one.
 *
 * **Fails with** the errors of loading and validating the data; `InvalidArgument` where the pipeline has no such split;
 * `StateMismatch`, `CompileError`, `BackendUnavailable`, `MemoryLimit`, `WorkerLost`.
 */
export const evaluate = <E>(of: Pipeline<unknown, E>, state: TrainState, on: On) =>
  Effect.scoped(orDefault(evaluating(of, state, on)));

const evaluating = Effect.fnUntraced(function* <E>(
  of: Pipeline<unknown, E>,
  state: TrainState,
  on: On,
) {
  const examples = yield* examplesOn(of, on);
  const labels = labelsOf(of.learner);
  yield* checkColumns(Object.keys(labels), examples.columns);
  const where = `${of.name}: ${on instanceof Dataset ? "evaluated" : on} data`;
  yield* validate(examples, { where, labels });
  const mismatch = trainedMismatch(of, state.carried, initialState(of).carried);
  if (mismatch !== undefined) return yield* mismatch;
  return yield* evaluator(of)(state, examples, () => false);
});
