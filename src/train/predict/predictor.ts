import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { Backend, type Plan, type Tensors } from "../../backend/backend.ts";
import type { Dataset, Row } from "../../data/dataset.ts";
import { checkDecoding, type Generation } from "../../data/raw/generation.ts";
import {
  type BackendUnavailable,
  type DtypeMismatch,
  InvalidArgument,
  InvalidPipeline,
  type NonFiniteLogits,
  type SequenceTooLong,
  type StateMismatch,
  type UnknownToken,
  type WorkerLost,
} from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import type { Predicting } from "../../learn/learner.ts";
import {
  type ColumnTypes,
  generationPrograms,
  type PartProgram,
  predictionProgram,
  type Thrown,
} from "../../learn/program.ts";
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
import { type Generator, generating, misfit, withParams } from "./generating.ts";
import {
  areSeveral,
  datasetOfRows,
  hasRaw,
  type InvalidRows,
  type Meaning,
  misshapen,
  type Rows,
} from "./rows.ts";
import { spanned } from "./spans.ts";
import { transcribed } from "./transcribing.ts";

/** The errors of a prediction. */
export type CannotPredict =
  | CannotCompile
  | DtypeMismatch
  | InvalidRows
  | NonFiniteLogits
  | SequenceTooLong
  | UnknownToken
  | WorkerLost;

/** A trained model as a function to Effects. */
export interface Asking<E = never> {
  /** The output for one row, or outputs along a leading axis for several. */
  (rows: Rows): Effect.Effect<Tensor, CannotPredict | E>;
  /** What the model says about each row: a class with its probability, boxes, a text, an action, or numbers. */
  readonly answers: (rows: Rows) => Effect.Effect<readonly Answer[], CannotPredict | E>;
}

/** The options of a predictor. */
export interface PredictorOptions {
  /** The number of rows that are computed together. Defaults to the pipeline's batch size, or 64 if that is smaller. */
  readonly batchSize?: number;
  /** Another decoding or length for a model that generates. Defaults to those of its `generation`. */
  readonly generation?: Partial<Pick<Generation, "decoding" | "length">>;
}

/** **Fails with** `InvalidArgument`, thrown. */
export const checkOptions = ({ batchSize, generation = {} }: PredictorOptions): void => {
  whole(1)("predictor", { batchSize, length: generation.length });
  const { decoding } = generation;
  if (decoding !== undefined) checkDecoding("predictor", decoding);
};

/** The minimum number of rows computed together, for pipelines with smaller batches. */
export const fewest = 64;

/** What can predict: a pipeline with a state, or what was read from a file. */
export interface Predictable<E> {
  readonly name: string;
  readonly programFor: ProgramFor<CannotPredict>;
  /** The types of the columns, as far as they are known. */
  readonly columns?: ColumnTypes | undefined;
  /** Checks rows before they are computed. */
  readonly check: (rows: Dataset<Row>) => Effect.Effect<void, CannotPredict>;
  /** How raw values become columns, and the names of the classes: run once, when it is first needed. */
  readonly meaning: Effect.Effect<Meaning, E>;
  /** The model as one that generates; `undefined` where it is none. */
  readonly generator: Effect.Effect<Generator | undefined, CannotPredict>;
  /** What the caller wants otherwise than in the meaning. */
  readonly generation: PredictorOptions["generation"];
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
  const backend = yield* Backend;
  const texts = yield* Effect.cached(
    Effect.gen(function* () {
      const { generation } = yield* meaning;
      if (generation === undefined) return undefined;
      const how = { ...generation, ...of.generation };
      const generator = yield* of.generator;
      const wrong =
        generator === undefined
          ? { expected: "a model that generates, such as gpt or seq2seq", actual: "another" }
          : misfit(how, generator);
      if (generator === undefined || wrong !== undefined)
        return yield* new InvalidArgument({
          ...{ op: of.name, argument: "generation" },
          ...(wrong as NonNullable<typeof wrong>), // there is one in either case
        });
      return yield* generating(how, generator, where, of);
    }).pipe(Effect.provideService(Backend, backend)),
  );
  const checked = Effect.fnUntraced(function* (rows: Rows) {
    const inputs = hasRaw(rows) ? (yield* meaning).inputs : {};
    const all = yield* datasetOfRows(rows, inputs, where, of.columns);
    yield* of.check(all);
    return all;
  });
  const several = (rows: Rows) => Effect.flatMap(checked(rows), outputs);
  const ask = (rows: Rows): Effect.Effect<Tensor, CannotPredict | E> =>
    Effect.map(several(rows), (made) =>
      areSeveral(rows) ? made : Tensor.own(made.shape.slice(1), made.dtype, Tensor.read(made)),
    );
  const answers = (rows: Rows): Effect.Effect<readonly Answer[], CannotPredict | E> =>
    Effect.gen(function* () {
      const generate = yield* texts;
      if (generate !== undefined) return yield* generate(rows);
      const { transcription, span, inputs } = yield* meaning;
      if (span !== undefined) {
        const all = yield* checked(rows);
        return yield* spanned(yield* outputs(all), all, rows, span, inputs);
      }
      if (transcription !== undefined)
        return yield* transcribed(yield* several(rows), transcription);
      const said = answersOf(yield* several(rows), yield* meaning);
      return said._tag === "Left" ? yield* said.left : said.right;
    });
  return Object.assign(ask, { answers }) satisfies Asking<E>;
});

/**
 * Makes a function from rows to a model's outputs, in evaluation mode: one output for a row, and outputs along a leading
 * axis for several rows. It computes on the caller's `Backend`, or else on the default one, until its scope closes.
 *
 * A column of a row is a tensor as in the pipeline's data; what a learner that plays sees may be numbers in nested lists. Where the pipeline's source has `inputs`, it may be a raw
 * value, such as a picture or a text: then the data is loaded once, for what was fitted on it.
 *
 * One program is compiled for single rows and one for batches, each when it is first needed. A batch that is not full is
 * filled up with copies of its last row.
 *
 * **Fails with** `InvalidPipeline` where the learner predicts nothing; `StateMismatch`. A prediction fails with
 * `CompileError` where a column has another shape or dtype than the model takes, `UnknownColumn`, `UnknownToken`,
 * `EmptyDataset`, `EmptySequence`, `InvalidArgument`, `ShapeMismatch`, `BackendUnavailable`, `MemoryLimit`, `WorkerLost`; thrown,
 * `InvalidArgument` where the batch size is not a whole number above 0.
 * **Laws** `laws.prediction`: the output for a row is that of the model, alone and in a batch of any size.
 */
export const makePredictor = <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  options: PredictorOptions = {},
): Effect.Effect<Asking<E>, InvalidPipeline | StateMismatch | BackendUnavailable, Scope.Scope> => {
  checkOptions(options);
  return orDefault(Effect.flatMap(predictable(of, state, options), asking));
};

/** The learner's function, which predicts. **Fails with** `InvalidPipeline`. */
export const predictOf = (of: Pipeline<unknown, unknown>) =>
  of.learner.predict === undefined
    ? Effect.fail(
        new InvalidPipeline({
          pipeline: of.name,
          field: "learner",
          value: of.learner.name,
          cannot: "predict",
          expected:
            "one that predicts: supervised does, and objective with `predict: (models, row) => output`",
        }),
      )
    : Effect.succeed(of.learner.predict);

/** A learner's model as one that generates; `undefined` where it is none. Its params are places in what is carried. */
export const generatorOf = (
  { generates }: Predicting,
  carried: unknown,
): Effect.Effect<Generator<number> | undefined, Thrown> => {
  if (generates === undefined) return Effect.succeed(undefined);
  const { name, vocabulary, positions, source } = generates;
  const bound = ({ program, takes }: PartProgram) => ({ program, params: takes });
  return Effect.map(generationPrograms(generates, carried), ({ begin, step }) => ({
    ...{ name, vocabulary, positions, begin: bound(begin), step: bound(step) },
    ...(source && { source }),
  }));
};

const predictable = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  { batchSize = Math.max(of.batchSize, fewest), generation }: PredictorOptions,
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
    columns: of.learner.sees,
    check: (rows) => {
      const issue = misshapen(of.name, of.learner.sees ?? {}, rows);
      return issue === undefined ? checkTokens(of.learner.limits, rows) : Effect.fail(issue);
    },
    meaning: Effect.map(
      of.source,
      ({ inputs = {}, classes, boxes, span, generation, transcription, speech }) => ({
        ...{
          inputs,
          classes,
          boxes,
          span,
          generation,
          transcription,
          speech,
          acts: of.learner.acts,
          plays: of.learner.plays,
        },
      }),
    ),
    generator: Effect.map(
      generatorOf(of.learner, state.carried),
      (made) => made && withParams(made, (i) => leaves[i] as Tensors[number]),
    ),
    generation,
    batchSize,
    deterministic: of.deterministic,
  } satisfies Predictable<E>;
});
