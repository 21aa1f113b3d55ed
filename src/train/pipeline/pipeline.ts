import * as Effect from "effect/Effect";
import type { Observable } from "rxjs";
import type { Row } from "../../data/dataset.ts";
import type { DataFiles } from "../../io/index.ts";
import type { Expr } from "../../ir/expr.ts";
import type { AnyLearner, Learner, Refused } from "../../learn/learner.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";
import type { Baseline } from "./baseline.ts";
import type { Sources } from "./splits.ts";

/** A learner whose rows were checked against the data. */
export interface Suited<out C> extends AnyLearner {
  readonly init: Learner<never, C>["init"];
}

/** The settings of a run, apart from its data and its learner. */
export interface Settings {
  readonly description: string;
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
  /** The number of shards that each batch is divided into. */
  readonly shards: number;
}

/**
 * What is known of a pipeline that was trained as it stands: its row in a gallery of pipelines. It is text for people and
 * changes nothing of a run.
 *
 * **Source** after Mitchell et al., "Model cards for model reporting" (2019), arXiv:1810.03993.
 */
export interface Card {
  /** The field of application, which `fluxion list` groups pipelines by: `"vision"`, `"language"`. */
  readonly field: string;
  /** Where the data comes from, and under which licence. */
  readonly data: string;
  /** What was measured on held-out examples, with its spread over seeds where that is known. */
  readonly heldOut: string;
  /** What a simpler method reaches on the same examples. */
  readonly baseline?: string;
  /** What a comparable method is reported to reach, and by whom. */
  readonly published?: string;
  /** How long a run takes, and on what. */
  readonly time?: string;
  /** The most memory that a run takes. */
  readonly memory?: string;
}

/** The units of a loss and of metrics, by name: `{ loss: "nats", rmse: "°C" }`. What has none is left out. */
export type Units = { readonly [name: string]: string };

/**
 * A whole training run as an immutable value: where rows come from, what learns from them, and for how long. Nothing
 * happens until it is run.
 *
 * `C` is the type of what the learner carries from step to step. `E` is the type of error that loading the data can
 * fail with.
 */
export interface Pipeline<out C = unknown, out E = never> extends Settings {
  readonly _tag: "Pipeline";
  readonly name: string;
  readonly source: Effect.Effect<Sources<Row>, E>;
  /** Checks whether the data exists, without reading it. Fails as `source` would. */
  readonly available: Effect.Effect<unknown, E>;
  /** The files that the source reads, where they are fetched before the first run. */
  readonly data: DataFiles | undefined;
  /** What is known of its results. */
  readonly card: Card | undefined;
  /** The units of its loss and metrics by name, where they have one. */
  readonly units: Units;
  readonly learner: Suited<C>;
  /** A setting that the learner did not take. The run fails with it. */
  readonly refused: Refused | undefined;
  /** Another run whose final params and layer state this one starts from. */
  readonly origin: Pipeline<unknown, E> | undefined;
  /** Simpler models or rules to compare the results with. */
  readonly baselines: readonly Baseline<E>[];
  /** Operators that the events of this run pass through, in order. Events of `origin` do not. */
  readonly operators: readonly Operator<unknown>[];
}

/**
 * An operator on the events of a run: one of RxJS, or one that also wants to know the pipeline that is run, as changed by
 * all that was applied to it.
 */
export type Operator<C> = (
  events$: Observable<TrainEvent<TrainState<C>>>,
  of: Pipeline<C, unknown>,
) => Observable<TrainEvent<TrainState<C>>>;

/** A pipeline of any type. */
export type AnyPipeline = Pipeline<unknown, unknown>;

/** The columns of a row as a learner sees them. */
export type ColumnsOf<R extends Row> = { readonly [K in keyof R]: ColumnOf<R[K]> };

type ColumnOf<T> = T extends Tensor<infer S> ? Expr<S> : never;

/** What a pipeline may state beside its data and learner. */
export interface PipelineOptions<E> extends Partial<Settings> {
  /**
   * Checks whether the data exists, without reading it, for data that may have to be fetched first. `fluxion list`
   * runs it. Defaults to an effect that succeeds.
   */
  readonly available?: Effect.Effect<unknown, E>;
  /** The files that the source reads, where `fluxion data NAME` fetches them. Defaults to none. */
  readonly data?: DataFiles;
  /** What is known of its results. Defaults to nothing. */
  readonly card?: Card;
  /** The units of the loss and the metrics, which plots name: `{ loss: "nats", rmse: "°C" }`. Defaults to none. */
  readonly units?: Units;
}

/**
 * Describes a run: a learner that learns from the rows of a source.
 *
 * It defaults to one epoch of shuffled batches of 32 with seed 0. The `with…` functions override that.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor } from "fluxion";
 *
 * const line = dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) });
 * const fit = pipeline(
 *   "line",
 *   Effect.succeed({ train: line }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 0.1 }),
 *   }),
 *   { epochs: 100 },
 * );
 * fit.epochs // => 100
 * ```
 */
export const pipeline = <R extends Row, C, E = never>(
  name: string,
  source: Effect.Effect<Sources<R>, E>,
  learner: Learner<ColumnsOf<NoInfer<R>>, C>,
  {
    available = Effect.void,
    data,
    card,
    units = {},
    ...settings
  }: PipelineOptions<NoInfer<E>> = {},
): Pipeline<C, E> => ({
  _tag: "Pipeline",
  name,
  description: "",
  epochs: 1,
  batchSize: 32,
  dropRemainder: false,
  shuffle: true,
  seed: 0,
  deterministic: false,
  validationShare: 0,
  shards: 1,
  ...settings,
  source,
  available,
  data,
  card,
  units,
  learner,
  refused: undefined,
  origin: undefined,
  baselines: [],
  operators: [],
});
