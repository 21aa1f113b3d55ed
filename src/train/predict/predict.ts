import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import { concatMap, isObservable, type Observable } from "rxjs";
import type { Backend } from "../../backend/backend.ts";
import { BackendClosed, type BackendUnavailable } from "../../errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { defaultServices, orDefault } from "../services.ts";
import type { TrainState } from "../state/state.ts";
import type { Answer } from "./answers.ts";
import { type Model, predictableModel } from "./model.ts";
import {
  type Asking,
  asking,
  type CannotPredict,
  checkOptions,
  makePredictor,
  type PredictorOptions,
} from "./predictor.ts";
import type { RawRow, Rows } from "./rows.ts";

/** A trained model as a function of rows. */
export interface Predictor {
  /** The output for one row, or outputs along a leading axis for several. */
  (rows: Rows): Promise<Tensor>;
  /** The outputs for each item of a stream, in order: an item is one row, or several. */
  (items$: Observable<Rows>): Observable<Tensor>;
  (items: AsyncIterable<Rows>): AsyncIterable<Tensor>;
  /** What the model says about a row: a class with its probability, boxes, a text, an action, or numbers. */
  readonly answer: (row: RawRow) => Promise<Answer>;
  /** What the model says about each of several rows. */
  readonly answers: (rows: Rows) => Promise<readonly Answer[]>;
  /** Gives up the compiled programs and their memory. Nothing can be predicted afterwards. */
  readonly release: () => Promise<void>;
}

/** The options of {@link predictor}. */
export interface PredictOptions extends PredictorOptions {
  /** The services that the predictor computes with. Defaults to `Backend.layerWasm`. */
  readonly services?: Layer.Layer<Backend, BackendUnavailable>;
}

/** The options of {@link predictor} for a model from a file. */
export interface ModelOptions extends PredictOptions {
  /** The maximum bytes of memory that the model may take. Defaults to 2³¹. */
  readonly maxBytes?: number;
}

/** {@link makePredictor} for a model from a file. */
export const makeModelPredictor = (
  model: Model,
  options: Omit<ModelOptions, "services"> = {},
): Effect.Effect<Asking, BackendUnavailable, Scope.Scope> => {
  checkOptions(options);
  return orDefault(asking(predictableModel(model, options)));
};

/**
 * A trained model as a plain function: from a row to the model's output, from several rows to outputs along a leading
 * axis, and from a stream of rows to a stream of outputs. Streams are read on demand, one item at a time; give datasets
 * as items to compute many rows together.
 *
 * The model is in evaluation mode, and its state is that of an event or a checkpoint. Rows are as the pipeline's data has
 * them; columns that the model does not read may be missing. {@link makePredictor} is the same as an Effect.
 *
 * **Fails with** (rejects) `InvalidPipeline` where the learner predicts nothing; `StateMismatch`; `UnknownColumn`,
 * `UnknownToken`, `EmptyDataset`, `ShapeMismatch`, `InvalidArgument` for invalid rows; `CompileError` where a column has
 * another shape or dtype than the model takes; `BackendUnavailable`, `MemoryLimit`, `WorkerLost`; `BackendClosed` after it was
 * released. Thrown:
 * `InvalidArgument` where the batch size is not a whole number above 0.
 * **Laws** `laws.prediction`: the output for a row is that of the model, alone and in a batch of any size.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { lastValueFrom } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, predictor, sgd, supervised, tensor, train$ } from "fluxion";
 *
 * const line = pipeline(
 *   "line",
 *   Effect.succeed({ train: dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) }) }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 0.1 }),
 *   }),
 *   { batchSize: 4, epochs: 300 },
 * );
 * const end = await lastValueFrom(train$(line));
 * if (end._tag !== "Completed") throw new Error(end._tag);
 * const predict = predictor(line, end.state);
 * (await predict({ x: tensor([10]) })).item().toFixed(2) // => "21.00"
 * (await predict([{ x: tensor([4]) }, { x: tensor([5]) }])).shape // => [2, 1]
 * ```
 */
export const predictor: {
  (model: Model, options?: ModelOptions): Predictor;
  <C, E>(of: Pipeline<C, E>, state: TrainState<C>, options?: PredictOptions): Predictor;
} = <C, E>(
  of: Model | Pipeline<C, E>,
  state?: TrainState<C> | ModelOptions,
  given: PredictOptions = {},
): Predictor => {
  if (of._tag === "Model") {
    const { services = defaultServices, ...options } = (state ?? {}) as ModelOptions;
    checkOptions(options);
    return asFunction(makeModelPredictor(of, options), services);
  }
  const { services = defaultServices, ...options } = given;
  checkOptions(options);
  return asFunction(makePredictor(of, state as TrainState<C>, options), services);
};

/** A predictor as an Effect, as a function that owns the services it runs with. */
export const asFunction = <E1, E2>(
  making: Effect.Effect<Asking<E1>, E2, Scope.Scope>,
  services: Layer.Layer<Backend, BackendUnavailable>,
): Predictor => {
  const scope = Scope.makeUnsafe();
  const made = Effect.flatMap(Layer.buildWithScope(services, scope), (context) =>
    Effect.provideContext(making, Context.add(context, Scope.Scope, scope)),
  );
  let ready: Promise<Asking<E1>> | undefined;
  let released = false;
  const asked = async <A>(
    ask: (of: Asking<E1>) => Effect.Effect<A, CannotPredict | E1>,
  ): Promise<A> => {
    if (released) throw new BackendClosed({ backend: "of a predictor", op: "predict" });
    // Nothing is compiled, and no backend is started, before the first prediction.
    ready ??= Effect.runPromise(made);
    return Effect.runPromise(ask(await ready));
  };
  const output = (rows: Rows): Promise<Tensor> => asked((ask) => ask(rows));
  const answers = (rows: Rows) => asked((ask) => ask.answers(rows));
  const release = (): Promise<void> => {
    released = true;
    return Effect.runPromise(Scope.close(scope, Exit.void));
  };
  function predict(rows: Rows): Promise<Tensor>;
  function predict(items$: Observable<Rows>): Observable<Tensor>;
  function predict(items: AsyncIterable<Rows>): AsyncIterable<Tensor>;
  function predict(
    given: Rows | Observable<Rows> | AsyncIterable<Rows>,
  ): Promise<Tensor> | Observable<Tensor> | AsyncIterable<Tensor> {
    if (isObservable(given)) return given.pipe(concatMap(output));
    return isAsync(given) ? each(given, output) : output(given);
  }
  // A row has one answer.
  const answer = async (row: RawRow): Promise<Answer> => (await answers([row]))[0] as Answer;
  return Object.assign(predict, { answer, answers, release });
};

const isAsync = (given: Rows | AsyncIterable<Rows>): given is AsyncIterable<Rows> =>
  typeof given === "object" && given !== null && Symbol.asyncIterator in given;

async function* each(
  items: AsyncIterable<Rows>,
  output: (rows: Rows) => Promise<Tensor>,
): AsyncIterable<Tensor> {
  for await (const rows of items) yield output(rows);
}
