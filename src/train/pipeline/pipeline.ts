import * as Effect from "effect/Effect";
import type { MonoTypeOperatorFunction } from "rxjs";
import type { Augmentation } from "../../data/augmentation.ts";
import type { Row } from "../../data/dataset.ts";
import type { Expr } from "../../ir/expr.ts";
import type { ShapeError, ShowShape } from "../../ir/types/shape.ts";
import type { AnyLayer, Initial, Layer, OpenLayer } from "../../nn/layer.ts";
import type { Meets, MoveOf, ParamsOf, StateOf } from "../../nn/types/chain.ts";
import type { Moved } from "../../nn/types/extent.ts";
import type { LearningRate } from "../../optim/learningRate.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import { scale } from "../../optim/transforms.ts";
import type { Key } from "../../tensor/key.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TrainEvent } from "../events/event.ts";
import type { SomeMetric } from "../loop/scoring.ts";
import type { TrainState } from "../state/state.ts";
import type { Baseline } from "./baseline.ts";
import type { Splits } from "./splits.ts";

/** An optimizer for any learning rate. */
export type OptimizerFamily = (options: {
  readonly learningRate: LearningRate;
}) => GradientTransformation;

/** A layer by what it learns and carries; its shapes have met those of the data. */
export interface Model<out P, out S> extends OpenLayer {
  readonly init: (key: Key) => Initial<P, S>;
}

/**
 * A whole training run as an immutable value: data, model, loss, optimizer, metrics and seed. Nothing
 * happens until it is run.
 *
 * `P` and `S` are the model's params and state, `E` is how its data may fail to come.
 */
export interface Pipeline<out P = unknown, out S = unknown, out E = never> {
  readonly _tag: "Pipeline";
  readonly name: string;
  readonly description: string;
  readonly data: Effect.Effect<Splits<Row>, E>;
  /** Fails as `data` would where that is not there at all, without reading it. */
  readonly available: Effect.Effect<unknown, E>;
  /** The column that goes into the model, and the one that its output is compared with. */
  readonly input: string;
  readonly target: string;
  /** How many classes the target names by whole numbers, where it does. */
  readonly classes: number | undefined;
  /** How many tokens the input names by whole numbers, where it does. */
  readonly tokens: number | undefined;
  readonly model: Model<P, S>;
  readonly loss: (output: Expr, target: Expr) => Expr;
  readonly augment: Augmentation | undefined;
  readonly optimizer: OptimizerFamily;
  readonly learningRate: LearningRate;
  readonly metrics: readonly SomeMetric[];
  readonly epochs: number;
  readonly batchSize: number;
  /** Whether the examples that do not fill a last batch are left out of an epoch. */
  readonly dropRemainder: boolean;
  /** Whether each epoch sees the examples in an order of its own. */
  readonly shuffle: boolean;
  readonly seed: number;
  /** Whether instructions are forbidden whose rounding is left to the machine. */
  readonly deterministic: boolean;
  /** The share of the training examples that is held out for validation. */
  readonly validationShare: number;
  /** The run whose params and layer state this one begins with; its own where there is none. */
  readonly origin: Pipeline<P, S, E> | undefined;
  /** What the results are to be compared with. */
  readonly baselines: readonly Baseline<E>[];
  /** What the events of this run, and of no other that it begins with, go through before anyone sees them. */
  readonly operators: readonly MonoTypeOperatorFunction<TrainEvent>[];
}

/** Any pipeline: what combinators keep the type of. */
export type AnyPipeline = Pipeline<unknown, unknown, unknown>;

type Fits<I, M> =
  M extends Layer<infer Takes, infer O, infer _P, infer _S>
    ? I extends Shape
      ? Meets<I, Takes> extends true
        ? Moved<I, O, MoveOf<M>> extends infer Why extends string
          ? ShapeError<`the model has ${Why}, and the input column is ${ShowShape<I>}`>
          : unknown
        : ShapeError<`the model takes ${ShowShape<Takes>}, but the input column is ${ShowShape<I>}`>
      : unknown
    : unknown;

type ShapeOfColumn<T> = T extends Tensor<infer S> ? S : Shape;

/** What a model gives for an example, as far as its type says. */
type Given<M> = M extends Layer<infer _I, infer O, infer _P, infer _S> ? O : Shape;

/** What a pipeline cannot do without. */
export interface PipelineSpec<
  R extends Row,
  I extends keyof R & string,
  T extends keyof R & string,
  M,
  E,
> {
  readonly description?: string;
  readonly data: Effect.Effect<Splits<R>, E>;
  /**
   * Whether the data is there, without reading it, for data that may have to be fetched first: `fluxion list`
   * asks. It succeeds where not given.
   */
  readonly available?: Effect.Effect<unknown, E>;
  readonly input: I;
  readonly target: T;
  readonly classes?: number;
  /** How many tokens the input names by whole numbers: others are refused before the run. */
  readonly tokens?: number;
  readonly model: M & Fits<ShapeOfColumn<R[I]>, M>;
  /** For one example; the mean over a batch is what a step makes smaller. */
  readonly loss: (
    output: Expr<Given<NoInfer<M>>>,
    target: Expr<ShapeOfColumn<R[T]>>,
  ) => Expr<readonly []>;
}

/**
 * A pipeline that learns `target` from `input`: one epoch of batches of 32, shuffled, seed 0, and an
 * optimizer that moves nothing, until the `with…` combinators say otherwise.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, tensor, withEpochs, withOptimizer } from "fluxion";
 *
 * const line = dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) });
 * const fit = pipe(
 *   pipeline("line", {
 *     data: Effect.succeed({ train: line }),
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *   }),
 *   withOptimizer(sgd, { learningRate: 0.1 }),
 *   withEpochs(100),
 * );
 * fit.epochs // => 100
 * ```
 */
export const pipeline = <
  R extends Row,
  const I extends keyof R & string,
  const T extends keyof R & string,
  M extends AnyLayer,
  E = never,
>(
  name: string,
  task: PipelineSpec<R, I, T, M, E>,
): Pipeline<ParamsOf<M>, StateOf<M>, E> => ({
  _tag: "Pipeline",
  name,
  description: task.description ?? "",
  data: task.data,
  available: task.available ?? Effect.void,
  input: task.input,
  target: task.target,
  classes: task.classes,
  tokens: task.tokens,
  // The same layer: its shapes have been checked above, and its params and state are named apart.
  model: task.model as AnyLayer as Model<ParamsOf<M>, StateOf<M>>,
  // Its shapes have been compared with those of the model and of the data, which the run hands to it.
  loss: task.loss as (output: never, target: never) => Expr as AnyPipeline["loss"],
  augment: undefined,
  optimizer: () => scale(0),
  learningRate: 0,
  metrics: [],
  epochs: 1,
  batchSize: 32,
  dropRemainder: false,
  shuffle: true,
  seed: 0,
  deterministic: false,
  validationShare: 0,
  origin: undefined,
  baselines: [],
  operators: [],
});

type Combinator = <Q extends AnyPipeline>(of: Q) => Q;

const having =
  (fields: Partial<AnyPipeline>): Combinator =>
  (of) => ({ ...of, ...fields });

/** The same run for another number of epochs. */
export const withEpochs = (epochs: number): Combinator => having({ epochs });

/**
 * The same run with batches of another size; `dropRemainder` leaves out a last smaller one, and where it is not
 * given stays as it was.
 */
export const withBatchSize =
  (batchSize: number, { dropRemainder }: { readonly dropRemainder?: boolean } = {}): Combinator =>
  (of) => ({ ...of, batchSize, dropRemainder: dropRemainder ?? of.dropRemainder });

/** The same run with other randomness: initial params, order, augmentation, dropout. */
export const withSeed = (seed: number): Combinator => having({ seed });

/** The same run with or without a new order of the examples in each epoch. */
export const withShuffling = (shuffle: boolean): Combinator => having({ shuffle });

/** The same run with another learning rate for its optimizer: a number, or a function of the step. */
export const withLearningRate = (learningRate: LearningRate): Combinator =>
  having({ learningRate });

/**
 * The same run with the same bits on every machine: without fused multiply-adds, whose rounding is left to
 * each, and slower for it.
 */
export const withDeterministic = (deterministic: boolean): Combinator => having({ deterministic });

/**
 * The same run with another optimizer: `withOptimizer(adam, { learningRate: 1e-3 })`. Several are one:
 * `withOptimizer(({ learningRate }) => chain(clipByGlobalNorm(1), adam({ learningRate })), …)`.
 */
export const withOptimizer = <O extends { readonly learningRate: LearningRate }>(
  family: (options: O) => GradientTransformation,
  options: NoInfer<O>,
): Combinator =>
  having({
    optimizer: ({ learningRate }) => family({ ...options, learningRate }),
    learningRate: options.learningRate,
  });

/** The same run with these metrics beside the loss. */
export const withMetrics = (...metrics: readonly SomeMetric[]): Combinator => having({ metrics });

/** The same run with another loss of one example. */
export const withLoss = (loss: (output: Expr, target: Expr) => Expr<readonly []>): Combinator =>
  having({ loss });

/**
 * The same run with inputs changed at random while training: `augment` is given one example's input and
 * a key of its own in every step. `randomFlip`, `randomCrop` and `cutout` are for images, and
 * `augmentations` makes one of several.
 */
export const withAugmentation = (augment: Augmentation): Combinator => having({ augment });

/** The same run on other data, of the same columns. */
export const withData =
  <R extends Row, E2>(data: Effect.Effect<Splits<R>, E2>) =>
  <P, S, E>(of: Pipeline<P, S, E>): Pipeline<P, S, E | E2> => ({
    ...of,
    data,
    available: Effect.void,
  });

/**
 * The same run from where another ends: pre-training, then fine-tuning. The stream has the events of both, each
 * put through the operators of its own pipeline; the optimizer, the counters and the randomness of the second
 * begin anew.
 *
 * **Fails with** `StateMismatch` where the models' params are not of the same shapes.
 */
export const withInitialState =
  <P, S, E2>(origin: Pipeline<P, S, E2>) =>
  <E>(of: Pipeline<P, S, E>): Pipeline<P, S, E | E2> => ({ ...of, origin });

/**
 * The same run with a share of the training examples held out and evaluated after every epoch. Which
 * examples depends on the seed alone.
 */
export const withValidationSplit = (validationShare: number): Combinator =>
  having({ validationShare });

/**
 * The same run with a baseline beside its result: what a rule that learns little or nothing makes of the same
 * examples. Its figures are computed once in each run, before the first step; `Started` carries them, and
 * progress prints them below the result. Several are reported in the order in which they were added.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { firstValueFrom } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, tensor, train$, withBaseline, withBatchSize } from "fluxion";
 *
 * const fit = pipe(
 *   pipeline("line", {
 *     data: Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *   }),
 *   withBatchSize(2),
 *   withBaseline({
 *     name: "the mean",
 *     evaluate: ({ train }) => {
 *       const y = [...train.column("y").toTypedArray()];
 *       const mean = y.reduce((a, b) => a + b) / y.length;
 *       return { loss: y.reduce((sum, v) => sum + (v - mean) ** 2, 0) / y.length };
 *     },
 *   }),
 * );
 * const first = await firstValueFrom(train$(fit));
 * first._tag === "Started" ? first.baselines : [] // => [{ name: "the mean", metrics: { loss: 1 } }]
 * ```
 */
export const withBaseline =
  <E2 = never>(baseline: Baseline<E2>) =>
  <P, S, E>(of: Pipeline<P, S, E>): Pipeline<P, S, E | E2> => ({
    ...of,
    baselines: [...of.baselines, baseline],
  });

/**
 * The same run with its events put through an operator, after those that it already has: early stopping,
 * samples of what the model says. It sees the events of this pipeline alone, not those of the one that this
 * starts from.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { map, toArray, lastValueFrom } from "rxjs";
 * import {
 *   dataset, dense, earlyStopping, meanSquaredError, pipeline, tensor, train$, withEpochs, withBatchSize, withCallback,
 * } from "fluxion";
 *
 * const still = pipe(
 *   pipeline("still", {
 *     data: Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *   }),
 *   withBatchSize(2),
 *   withEpochs(100),
 *   withCallback(earlyStopping({ monitor: "train.loss" })),
 * );
 * const tags = await lastValueFrom(train$(still).pipe(map((event) => event._tag), toArray()));
 * tags.at(-1) // => "Stopped"
 * ```
 */
export const withCallback =
  <P, S>(operator: MonoTypeOperatorFunction<TrainEvent<TrainState<P, S>>>) =>
  <E>(of: Pipeline<P, S, E>): Pipeline<P, S, E> => ({
    ...of,
    // The events of this pipeline have states of its own P and S.
    operators: [...of.operators, operator as MonoTypeOperatorFunction<TrainEvent>],
  });
