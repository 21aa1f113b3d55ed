import * as Effect from "effect/Effect";
import type { Backend, Tensors } from "../../backend/backend.ts";
import { heldBack, type Later, mapLater } from "../../backend/later.ts";
import { Dataset } from "../../data/dataset.ts";
import type { Epochs, SourceError } from "../../data/source/epochs.ts";
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
import { type ColumnTypes, evaluationProgram, typesOf } from "../../learn/program.ts";
import { type Summaries, scoring } from "../../learn/scoring.ts";
import type { Key } from "../../tensor/key.ts";
import type { Evaluation } from "../events/event.ts";
import { splitsOf } from "../pipeline/holdOut.ts";
import type { AnyPipeline, Pipeline } from "../pipeline/pipeline.ts";
import type { HeldOut } from "../pipeline/splits.ts";
import { checkColumns, labelsOf, trainedMismatch } from "../pipeline/validate.ts";
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
 * Held-out rows in batches, in order. The rows of a stream are checked as they are read, and only a few batches are in
 * memory.
 */
export const heldOut = (
  of: AnyPipeline,
  rows: HeldOut,
  key: Key,
): Effect.Effect<Epochs, SourceError> => {
  const size = (rows instanceof Dataset ? rows.size : rows.rows) ?? Number.POSITIVE_INFINITY;
  const batchSize = Math.min(Math.max(of.batchSize, fewest), size);
  return epochsOf(rows, { batchSize, key, shuffle: false, labels: labelsOf(of.learner) });
};

/**
 * Evaluates the loss and metrics of a state on rows, in order, and counts them. Programs are compiled once per type of
 * batch and kept.
 */
export type Evaluator = (
  state: TrainState,
  rows: Epochs,
  closed: () => boolean,
) => Effect.Effect<
  Evaluation & { readonly examples: number },
  CannotCompile | SourceError | WorkerLost,
  Backend
>;

const typesText = (types: ColumnTypes): string =>
  Object.entries(types)
    .map(([column, { shape, dtype }]) => `${column} ${dtype} ${shape.join()}`)
    .join("; ");

/** The evaluator of a pipeline's learner. */
export const evaluator = (of: AnyPipeline): Evaluator => {
  const compiled = new Map<string, CompiledStep>();
  const { empty, concat, read, score, confusion } = scoring(of.learner.metrics);

  return Effect.fnUntraced(function* (state, { spec, buckets, open }, closed) {
    const services = yield* Effect.context<Backend>();
    const kept = keptOf(state);
    const { leaves } = flattenTensors(kept);
    const reader = yield* open(0, 0);
    const compile = Effect.fnUntraced(function* (types: ColumnTypes) {
      const step = yield* evaluationProgram(of.learner, kept, types);
      const made = yield* compileStep(step, types, of);
      yield* checkColumns(made.columns, spec);
      compiled.set(typesText(types), made);
    });

    let [summaries, examples, ahead] = [empty, 0, 0];
    let answers: readonly Later<Summaries>[] = [];
    const submit = (): Submitted<CannotCompile | SourceError> => {
      const rows = reader.ready();
      if (rows === undefined) return reader.wait;
      if (rows === 0) return "ended";
      const types = typesOf(buckets[reader.bucket()] ?? spec, rows);
      const step = compiled.get(typesText(types));
      if (step === undefined) return Effect.provideContext(compile(types), services);
      const taken = step.takes.map((i) => leaves[i] as Tensors[number]);
      const outputs = step.executable.run([...taken, ...inputsOf(step, reader.fill, state.epoch)]);
      const summary = mapLater(outputs, (given) =>
        step.report(given).summaries.map(read).reduce(concat),
      );
      answers = [...answers, heldBack(summary)];
      examples += rows;
      ahead = step.executable.ahead;
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
    const room = (): boolean => answers.length <= ahead;
    yield* inTurns({ submit, room, read: oldest, use }, closed);
    return { ...score(summaries), confusion: confusion(summaries), examples };
  }, Effect.scoped);
};

/** The rows to evaluate on: those of a split of the pipeline's data, or others. */
export type On = "train" | "validation" | "test" | HeldOut;

/** The rows of a split. */
const rowsOn = Effect.fnUntraced(function* <E>(of: Pipeline<unknown, E>, on: On) {
  if (typeof on === "object") return on;
  const { train, validation, test } = yield* splitsOf(of, yield* of.source);
  const splits: { readonly [split: string]: HeldOut | undefined } = {
    train: train instanceof Dataset || train._tag !== "Experience" ? train : undefined,
    validation,
    test,
  };
  const found = Object.hasOwn(splits, on) ? splits[on] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(splits).filter((split) => splits[split] !== undefined);
  return yield* new InvalidArgument({
    op: `evaluate the pipeline "${of.name}"`,
    argument: "on",
    expected: ["a dataset", "a stream", ...known.map((split) => `"${split}"`)].join(" or "),
    actual: JSON.stringify(on) ?? "nothing",
  });
});

/**
 * Evaluates a trained state on a split of the pipeline's data (`"test"`), or on any dataset or stream with its columns:
 * loss, metrics, and a confusion matrix where a metric has one.
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
  const rows = yield* rowsOn(of, on);
  if (rows instanceof Dataset) {
    const labels = labelsOf(of.learner);
    yield* checkColumns(Object.keys(labels), rows.columns);
    const where = `${of.name}: ${typeof on === "object" ? "evaluated" : on} data`;
    yield* validate(rows, { where, labels });
  }
  const mismatch = trainedMismatch(of, state.carried, initialState(of).carried);
  if (mismatch !== undefined) return yield* mismatch;
  const epochs = yield* heldOut(of, rows, state.key);
  const { examples: _, ...evaluation } = yield* evaluator(of)(state, epochs, () => false);
  return evaluation satisfies Evaluation;
});
