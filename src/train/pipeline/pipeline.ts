import * as Effect from "effect/Effect";
import type { MonoTypeOperatorFunction } from "rxjs";
import type { Augmentation } from "../../data/augmentation/example.ts";
import type { Row } from "../../data/dataset.ts";
import type { Expr } from "../../ir/expr.ts";
import type { ShapeError, ShowShape } from "../../ir/types/shape.ts";
import type { AnyLayer, Initial, Layer, OpenLayer } from "../../nn/layer.ts";
import type { Meets, MoveOf, ParamsOf, StateOf } from "../../nn/types/chain.ts";
import type { Moved } from "../../nn/types/extent.ts";
import type { LearningRate } from "../../optim/learningRate.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import type { Key } from "../../tensor/key.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TrainEvent } from "../events/event.ts";
import type { SomeMetric } from "../loop/scoring.ts";
import type { Baseline } from "./baseline.ts";
import type { Splits } from "./splits.ts";

/** A layer with the types of its params and state. Its shapes were already checked against the data. */
export interface Model<out P, out S> extends OpenLayer {
  readonly init: (key: Key) => Initial<P, S>;
}

/**
 * A whole training run as an immutable value: data, model, loss, optimizer, metrics and seed. Nothing
 * happens until it is run.
 *
 * `P` and `S` are the types of the model's params and state. `E` is the type of error that loading the data
 * can fail with.
 */
export interface Pipeline<out P = unknown, out S = unknown, out E = never> {
  readonly _tag: "Pipeline";
  readonly name: string;
  readonly description: string;
  readonly data: Effect.Effect<Splits<Row>, E>;
  /** Checks whether the data exists, without reading it. Fails as `data` would. */
  readonly available: Effect.Effect<unknown, E>;
  /** The column that the model is applied to. */
  readonly input: string;
  /** The column that the output is compared with. */
  readonly target: string;
  /** The number of classes, for a target that holds class numbers. */
  readonly classes: number | undefined;
  /** The number of tokens, for an input that holds token numbers. */
  readonly tokens: number | undefined;
  readonly model: Model<P, S>;
  readonly loss: (output: Expr, target: Expr) => Expr;
  readonly augment: Augmentation | undefined;
  readonly optimizer: GradientTransformation;
  /** Replaces the learning rate of the optimizer, where it is given. */
  readonly learningRate: LearningRate | undefined;
  readonly metrics: readonly SomeMetric[];
  readonly epochs: number;
  readonly batchSize: number;
  /** Whether an epoch leaves out the last examples where they do not fill a batch. */
  readonly dropRemainder: boolean;
  /** Whether each epoch shuffles the examples anew. */
  readonly shuffle: boolean;
  readonly seed: number;
  /** Whether to avoid instructions that round differently from machine to machine. */
  readonly deterministic: boolean;
  /** The fraction of the training examples that is held out for validation. */
  readonly validationShare: number;
  /** Another run whose final params and layer state this one starts from. */
  readonly origin: Pipeline<P, S, E> | undefined;
  /** Simpler models or rules to compare the results with. */
  readonly baselines: readonly Baseline<E>[];
  /** RxJS operators that the events of this run pass through, in order. Events of `origin` do not. */
  readonly operators: readonly MonoTypeOperatorFunction<TrainEvent>[];
}

/** A pipeline of any type. */
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

/** The output shape of a model, as far as its type tells. */
type Given<M> = M extends Layer<infer _I, infer O, infer _P, infer _S> ? O : Shape;

/** The fields that every pipeline must state, and a few that it may. */
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
   * Checks whether the data exists, without reading it, for data that may have to be fetched first. `fluxion list`
   * runs it. Defaults to an effect that succeeds.
   */
  readonly available?: Effect.Effect<unknown, E>;
  /** The column that the model is applied to. */
  readonly input: I;
  /** The column that the output is compared with. */
  readonly target: T;
  /** The number of classes, for a target that holds class numbers. Others are refused before the run. */
  readonly classes?: number;
  /** The number of tokens, for an input that holds token numbers. Others are refused before the run. */
  readonly tokens?: number;
  readonly model: M & Fits<ShapeOfColumn<R[I]>, M>;
  /** The loss of one example. A step minimizes the mean over a batch. */
  readonly loss: (
    output: Expr<Given<NoInfer<M>>>,
    target: Expr<ShapeOfColumn<R[T]>>,
  ) => Expr<readonly []>;
  /** For example `adam({ learningRate: 1e-3 })`. */
  readonly optimizer: GradientTransformation;
}

/**
 * Describes a run that learns the column `target` from the column `input`.
 *
 * It defaults to one epoch of shuffled batches of 32 with seed 0. The `with…` functions override that.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, tensor, withEpochs } from "fluxion";
 *
 * const line = dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) });
 * const fit = pipe(
 *   pipeline("line", {
 *     data: Effect.succeed({ train: line }),
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 0.1 }),
 *   }),
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
  spec: PipelineSpec<R, I, T, M, E>,
): Pipeline<ParamsOf<M>, StateOf<M>, E> => ({
  _tag: "Pipeline",
  name,
  description: spec.description ?? "",
  data: spec.data,
  available: spec.available ?? Effect.void,
  input: spec.input,
  target: spec.target,
  classes: spec.classes,
  tokens: spec.tokens,
  // The same layer under another type: its shapes were checked above, its params and state are P and S.
  model: spec.model as AnyLayer as Model<ParamsOf<M>, StateOf<M>>,
  // Its argument shapes were compared with the model and the data, and a run passes it nothing else.
  loss: spec.loss as (output: never, target: never) => Expr as AnyPipeline["loss"],
  augment: undefined,
  optimizer: spec.optimizer,
  learningRate: undefined,
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

/** The optimizer of a pipeline, with the learning rate that overrides its own. */
export const optimizerOf = ({ optimizer, learningRate }: AnyPipeline): GradientTransformation =>
  learningRate === undefined ? optimizer : (optimizer.atLearningRate?.(learningRate) ?? optimizer);
