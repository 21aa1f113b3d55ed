import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import type { Augmentation } from "../../data/augmentation/example.ts";
import type { Row } from "../../data/dataset.ts";
import type { Expr } from "../../ir/expr.ts";
import type { Adjustment, Learner } from "../../learn/learner.ts";
import { type Computing, inDtype } from "../../learn/precision/inDtype.ts";
import { inPrecision } from "../../learn/precision/inPrecision.ts";
import { type LossScaled, type LossScaling, lossScaled } from "../../learn/precision/lossScaled.ts";
import type { SomeMetric } from "../../learn/scoring.ts";
import type { LearningRate } from "../../optim/learningRate.ts";
import type { OptionValues } from "../../optim/options.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import type { Half } from "../../tensor/half.ts";
import type { Baseline } from "./baseline.ts";
import type { AnyPipeline, Operator, Pipeline, Settings } from "./pipeline.ts";
import type { Sources } from "./splits.ts";

/** Changes a pipeline and keeps its type. */
type Override = <Q extends AnyPipeline>(of: Q) => Q;

const override =
  (fields: Partial<Settings>): Override =>
  (of) => ({ ...of, ...fields });

/** Changes a setting of the learner. A setting that it refuses makes the run fail with `InvalidPipeline`. */
const adjusting =
  (change: Adjustment): Override =>
  (of) => {
    const made = of.learner.adjust(change);
    return isLeft(made) ? { ...of, refused: made.left } : { ...of, learner: made.right };
  };

/** Sets the number of epochs. */
export const withEpochs = (epochs: number): Override => override({ epochs });

/**
 * Sets the batch size. `dropRemainder` says whether an epoch leaves out a last, smaller batch; it defaults to the
 * pipeline's present setting.
 */
export const withBatchSize =
  (batchSize: number, { dropRemainder }: { readonly dropRemainder?: boolean } = {}): Override =>
  (of) => ({ ...of, batchSize, dropRemainder: dropRemainder ?? of.dropRemainder });

/**
 * Sets the seed of everything random: initial params, shuffling, augmentation and dropout; also of the pipeline that this one
 * starts from, see {@link withInitialState}.
 */
export const withSeed =
  (seed: number): Override =>
  (of) => ({ ...of, seed, ...(of.origin && { origin: withSeed(seed)(of.origin) }) });

/**
 * Divides each batch into equal shards that are computed one after another, so that memory for one suffices. Sums over
 * the shards have a fixed order, so that any number of machines that share them get the same bits.
 *
 * Layers that look across a batch, such as batch norm, see their own shard; their next state is the mean over the
 * shards.
 */
export const withShards = (shards: number): Override => override({ shards });

/** Turns the shuffling of examples in each epoch on or off. */
export const withShuffling = (shuffle: boolean): Override => override({ shuffle });

/**
 * Replaces the learning rate of the optimizer by a number or a schedule.
 *
 * **Fails with** `InvalidPipeline`, when run, where the rate is negative or the optimizer has none.
 */
export const withLearningRate = (learningRate: LearningRate): Override =>
  adjusting({ learningRate });

/**
 * Replaces options of the optimizer by name, as a configuration does: `withOptimizerOptions({ weightDecay: 0.1 })`. An option
 * of one part of a chain goes by its own name, or by that of its part, as in `{ adamw: { beta1: 0.8 } }`.
 *
 * **Fails with** `InvalidPipeline`, when run, where the optimizer has no such option, or refuses the value.
 */
export const withOptimizerOptions = (options: OptionValues): Override => adjusting({ options });

/**
 * Makes a run give the same bits on every machine, at some cost in speed: it avoids fused multiply-adds, which not
 * every machine rounds alike.
 */
export const withDeterministic = (deterministic: boolean): Override => override({ deterministic });

/**
 * Replaces the optimizer, and its learning rate with it: `withOptimizer(adam({ learningRate: 1e-3 }))`. Several
 * transformations are chained: `withOptimizer(chain(clipByGlobalNorm(1), adam({ learningRate: 1e-3 })))`.
 */
export const withOptimizer = (optimizer: GradientTransformation): Override =>
  adjusting({ optimizer });

/** Replaces the metrics that are measured beside the loss. */
export const withMetrics = (...metrics: readonly SomeMetric[]): Override => adjusting({ metrics });

/** Replaces the loss of one example. */
export const withLoss = (loss: (output: Expr, target: Expr) => Expr<readonly []>): Override =>
  adjusting({ loss });

/**
 * Changes inputs at random while training. `augment` takes one example's input and a key that differs in every
 * step. `randomFlip`, `randomCrop` and `cutout` are for images; `augmentations` composes several.
 */
export const withAugmentation = (augment: Augmentation): Override => adjusting({ augment });

/**
 * Stores activations and cotangents in two bytes per number, and computes in f32: see `inPrecision`. With `f16`, add
 * {@link withLossScaling}.
 */
export const withPrecision =
  (half: Half): Override =>
  (of) => ({ ...of, learner: inPrecision(half)(of.learner) });

/**
 * Learns in f64, or in f32 again: params, states, the optimizer and float columns, see `inDtype`.
 */
export const withDtype =
  (dtype: Computing): Override =>
  (of) => ({ ...of, learner: inDtype(dtype)(of.learner) });

/** Scales the loss while gradients are taken, so that small ones do not vanish in f16: see `lossScaled`. */
export const withLossScaling =
  (options: LossScaling = {}) =>
  <C, E>(of: Pipeline<C, E>): Pipeline<LossScaled<C>, E> => ({
    ...of,
    learner: lossScaled(options)(of.learner as Learner<never, C>), // its rows were checked against the data
  });

/** Replaces the data by other data with the same columns. */
export const withData =
  <R extends Row, E2>(source: Effect.Effect<Sources<R>, E2>) =>
  <C, E>(of: Pipeline<C, E>): Pipeline<C, E | E2> => ({
    ...of,
    source,
    available: Effect.void,
    data: undefined,
    card: undefined,
  });

/**
 * Starts from the final params and layer state of another pipeline: pre-training, then fine-tuning.
 *
 * The stream has the events of both runs, and each passes through the operators of its own pipeline. The second
 * run has a fresh optimizer state, counters and key.
 *
 * **Fails with** `StateMismatch` where the params of the two models differ in shape.
 */
export const withInitialState =
  <C, E2>(origin: Pipeline<C, E2>) =>
  <E>(of: Pipeline<C, E>): Pipeline<C, E | E2> => ({ ...of, origin });

/**
 * Holds out a fraction of the training examples, which are evaluated after every epoch. The seed alone decides
 * which.
 */
export const withValidationSplit = (validationShare: number): Override =>
  override({ validationShare });

/**
 * Adds a baseline to compare the result with: a simple rule evaluated on the same examples.
 *
 * Its scores are computed once per run, before the first step. `Started` carries them, and progress prints them
 * below the result, in the order in which baselines were added.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { firstValueFrom } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor, train$, withBaseline } from "fluxion";
 *
 * const fit = pipe(
 *   pipeline(
 *     "line",
 *     Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
 *     supervised({
 *       input: "x",
 *       target: "y",
 *       model: dense(1, 1),
 *       loss: meanSquaredError,
 *       optimizer: sgd({ learningRate: 0 }),
 *     }),
 *     { batchSize: 2 },
 *   ),
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
  <C, E>(of: Pipeline<C, E>): Pipeline<C, E | E2> => ({
    ...of,
    baselines: [...of.baselines, baseline],
  });

/**
 * Passes the events of a run through one more RxJS operator, such as early stopping or printed samples. It sees
 * only the events of this pipeline, not those of a pipeline that this one starts from.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { map, toArray, lastValueFrom } from "rxjs";
 * import {
 *   dataset, dense, earlyStopping, meanSquaredError, pipeline, sgd, supervised, tensor, train$, withCallback,
 * } from "fluxion";
 *
 * const still = pipe(
 *   pipeline(
 *     "still",
 *     Effect.succeed({ train: dataset({ x: tensor([[0], [1]]), y: tensor([[1], [3]]) }) }),
 *     supervised({
 *       input: "x",
 *       target: "y",
 *       model: dense(1, 1),
 *       loss: meanSquaredError,
 *       optimizer: sgd({ learningRate: 0 }),
 *     }),
 *     { batchSize: 2, epochs: 100 },
 *   ),
 *   withCallback(earlyStopping({ monitor: "train.loss" })),
 * );
 * const tags = await lastValueFrom(train$(still).pipe(map((event) => event._tag), toArray()));
 * tags.at(-1) // => "Stopped"
 * ```
 */
export const withCallback =
  <C>(operator: Operator<C>) =>
  <E>(of: Pipeline<C, E>): Pipeline<C, E> => ({
    ...of,
    // The states in this pipeline's events carry what its own learner does.
    operators: [...of.operators, operator as Operator<unknown>],
  });
