import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Plan, Tensors } from "../../backend/backend.ts";
import type { Dataset, Row } from "../../data/dataset.ts";
import {
  type BackendUnavailable,
  type DtypeMismatch,
  InvalidPipeline,
  type StateMismatch,
  type UnknownToken,
  type WorkerLost,
} from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import { predictionProgram } from "../../learn/program.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import type { CannotCompile } from "../loop/evaluate.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { checkTokens, trainedMismatch } from "../pipeline/validate.ts";
import { orDefault } from "../services.ts";
import { initialState } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { type Answer, answersOf } from "./answers.ts";
import { computing, type ProgramFor } from "./compiled.ts";
import {
  areSeveral,
  datasetOfRows,
  hasRaw,
  type InvalidRows,
  type Meaning,
  type Rows,
} from "./rows.ts";

/** The errors of a prediction. */
export type CannotPredict = CannotCompile | DtypeMismatch | InvalidRows | UnknownToken | WorkerLost;

/** A trained model as a function to Effects. */
export interface Asking<E = never> {
  /** The output for one row, or outputs along a leading axis for several. */
  (rows: Rows): Effect.Effect<Tensor, CannotPredict | E>;
  /** What the model says about each row: a class with its probability, or numbers. */
  readonly answers: (rows: Rows) => Effect.Effect<readonly Answer[], CannotPredict | E>;
}

/** The options of a predictor. */
export interface PredictorOptions {
  /** The number of rows that are computed together. Defaults to the pipeline's batch size, or 64 if that is smaller. */
  readonly batchSize?: number;
}

/** **Fails with** `InvalidArgument`, thrown. */
export const checkBatchSize = ({ batchSize }: PredictorOptions): void => {
  if (batchSize !== undefined) whole(1)("predictor", { batchSize });
};

/** The minimum number of rows computed together, for pipelines with smaller batches. */
export const fewest = 64;

/** What can predict: a pipeline with a state, or what was read from a file. */
export interface Predictable<E> {
  readonly name: string;
  readonly programFor: ProgramFor<CannotPredict>;
  /** Checks rows before they are computed. */
  readonly check: (rows: Dataset<Row>) => Effect.Effect<void, CannotPredict>;
  /** How raw values become columns, and the names of the classes: run once, when it is first needed. */
  readonly meaning: Effect.Effect<Meaning, E>;
  readonly batchSize: number;
  readonly deterministic: boolean;
  readonly admit?: (plan: Plan) => Effect.Effect<void, CannotPredict>;
}

/** Makes the function of what can predict. */
export const asking = Effect.fnUntraced(function* <E>(of: Predictable<E>) {
  const { outputs, release } = yield* computing(of.programFor, [1, of.batchSize], of);
  yield* Effect.addFinalizer(() => Effect.sync(release));
  const meaning = yield* Effect.cached(of.meaning);
  const where = `${of.name}: rows to predict`;
  const several = Effect.fnUntraced(function* (rows: Rows) {
    const inputs = hasRaw(rows) ? (yield* meaning).inputs : {};
    const all = yield* datasetOfRows(rows, inputs, where);
    yield* of.check(all);
    return yield* outputs(all);
  });
  const ask = (rows: Rows): Effect.Effect<Tensor, CannotPredict | E> =>
    Effect.map(several(rows), (made) =>
      areSeveral(rows) ? made : Tensor.own(made.shape.slice(1), made.dtype, Tensor.read(made)),
    );
  const answers = (rows: Rows): Effect.Effect<readonly Answer[], CannotPredict | E> =>
    Effect.gen(function* () {
      const { classes } = yield* meaning;
      const said = answersOf(yield* several(rows), classes);
      return said._tag === "Left" ? yield* said.left : said.right;
    });
  return Object.assign(ask, { answers }) satisfies Asking<E>;
});

/**
 * Makes a function from rows to a model's outputs, in evaluation mode: one output for a row, and outputs along a leading
 * axis for several rows. It computes on the caller's `Backend`, or else on the default one, until its scope closes.
 *
 * A column of a row is a tensor as in the pipeline's data. Where the pipeline's source has `inputs`, it may be a raw
 * value, such as a picture or a text: then the data is loaded once, for what was fitted on it.
 *
 * One program is compiled for single rows and one for batches, each when it is first needed. A batch that is not full is
 * filled up with copies of its last row.
 *
 * **Fails with** `InvalidPipeline` where the learner predicts nothing; `StateMismatch`. A prediction fails with
 * `CompileError` where a column has another shape or dtype than the model takes, `UnknownColumn`, `UnknownToken`,
 * `EmptyDataset`, `EmptySequence`, `InvalidArgument`, `BackendUnavailable`, `MemoryLimit`, `WorkerLost`; thrown,
 * `InvalidArgument` where the batch size is not a whole number above 0.
 * **Laws** `laws.prediction`: the output for a row is that of the model, alone and in a batch of any size.
 */
export const makePredictor = <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  { batchSize = Math.max(of.batchSize, fewest) }: PredictorOptions = {},
): Effect.Effect<Asking<E>, InvalidPipeline | StateMismatch | BackendUnavailable, Scope.Scope> => {
  checkBatchSize({ batchSize });
  return orDefault(Effect.flatMap(predictable(of, state, batchSize), asking));
};

/** The learner's function, which predicts. **Fails with** `InvalidPipeline`. */
export const predictOf = (of: Pipeline<unknown, unknown>) =>
  of.learner.predict === undefined
    ? Effect.fail(
        new InvalidPipeline({
          pipeline: of.name,
          field: "learner",
          value: of.learner.name,
          expected: "one that predicts, such as supervised",
        }),
      )
    : Effect.succeed(of.learner.predict);

const predictable = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  batchSize: number,
) {
  const predict = yield* predictOf(of);
  const mismatch = trainedMismatch(of, state.carried, initialState(of).carried);
  if (mismatch !== undefined) return yield* mismatch;
  const { leaves } = flattenTensors<unknown>(state.carried);
  return {
    name: of.name,
    programFor: (row) =>
      Effect.map(predictionProgram(predict, state.carried, state, row), ({ takes, ...made }) => ({
        ...made,
        params: takes.map((i) => leaves[i] as Tensors[number]),
      })),
    check: (rows) => checkTokens(of.learner.limits, rows),
    meaning: Effect.map(of.source, ({ inputs = {}, classes }) => ({ inputs, classes })),
    batchSize,
    deterministic: of.deterministic,
  } satisfies Predictable<E>;
});
