import { chain, type Either, left, map, right } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Exprs } from "../autodiff/index.ts";
import { tape } from "../autodiff/reverseMode.ts";
import { InvalidArgument, ShapeMismatch } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { add } from "../ir/ops/elementwise.ts";
import { randomBits } from "../ir/ops/random.ts";
import { exprsLike, exprTree, flattenExprs, type Symbolic, treeOf } from "../ir/trees.ts";
import { refuse } from "../ir/types/diagnose.ts";
import type { Initial } from "../nn/layer.ts";
import { meanLoss } from "../nn/metrics/regression.ts";
import { withOptions } from "../optim/options.ts";
import type { GradientTransformation, Minimized } from "../optim/transformation.ts";
import type { Key } from "../tensor/key.ts";
import { nth } from "../tensor/list.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaves, type Tree } from "../tree.ts";
import { type GradientRule, plainly, type Descent as Slope } from "./gradient/rule.ts";
import type { Circumstances, Judge, Outcome, Shard } from "./judge.ts";
import {
  type Adjustment,
  type Columns,
  type Learner,
  type Moment,
  type Predicting,
  predictingAt,
  type Refused,
  type Report,
} from "./learner.ts";
import type { SomeMetric } from "./scoring.ts";

/** The state that a learner by gradient descent carries from step to step. */
export interface Descending<P, S> {
  readonly params: P;
  /** The state of layers, such as running statistics. */
  readonly layerState: S;
  readonly optimizerState: Tree<Tensor>;
}

/** The trained part of a learner's params. */
export interface Part {
  readonly of: (params: unknown) => unknown;
  readonly replaced: (params: unknown, part: unknown) => unknown;
}

/** All params. */
export const everything: Part = { of: (params) => params, replaced: (_, part) => part };

/** The parts of a learner by gradient descent. */
export interface Descent<R extends Columns, P, S>
  extends Pick<Learner<R, unknown>, "name" | "limits" | "describe">,
    Predicting {
  readonly init: (key: Key) => Initial<P, S>;
  readonly judge: Judge;
  readonly optimizer: GradientTransformation;
  readonly metrics: readonly SomeMetric[];
  readonly gradient?: GradientRule | undefined;
  /** The part of the params to train. Defaults to {@link everything}. */
  readonly trains?: Part | undefined;
  /** Changes params after each step, for models that follow others instead of being trained. */
  readonly follow?: ((params: unknown, moment: Moment) => unknown) | undefined;
  /** The same learner with another loss or augmentation. */
  readonly withLoss: (
    change: Pick<Adjustment, "loss" | "augment">,
  ) => Either<Refused, Descent<R, P, S>>;
}

/** Adds updates to params. Params that no gradient reaches stay as they are: an optimizer may still decay weights. */
const plus = (params: unknown, updates: unknown, reached: readonly boolean[]): unknown => {
  const { leaves, shape } = flattenExprs(params);
  const moves = exprsLike("the optimizer", shape, updates);
  return treeOf(
    shape,
    leaves.map((p, i) => (reached[i] ? add(p, nth(moves, i)) : p)),
  );
};

/** Params and the state of their optimizer. */
export interface Moving {
  readonly params: unknown;
  readonly optimizerState: Exprs;
}

/** The params and the optimizer's state after a step along a gradient. */
export const moved = (
  optimizer: GradientTransformation,
  { params, optimizerState }: Moving,
  { gradient, reached }: Pick<Slope, "gradient" | "reached">,
  minimized?: Minimized,
): Moving => {
  const at = exprTree(params);
  const { updates, state } = optimizer.update(gradient, optimizerState, at, undefined, minimized);
  return { params: plus(params, updates, reached), optimizerState: state };
};

/** The rows of a batch as a shard, with a random key for each. */
const withKeys = (rows: Columns, { key }: Moment): Shard => {
  const examples = Object.values(rows)[0]?.shape[0] ?? 1;
  return { rows, keys: randomBits(key, [examples, 2]) };
};

/** Replaces outputs that a loss did not return. A program that uses it does not compile. */
const nothingToCompare = (loss: Expr): Expr =>
  refuse(
    new ShapeMismatch({
      op: "metrics",
      expected: "a loss function that returns { loss, output, target }, which metrics compare",
      actual: [],
      path: [],
    }),
    [loss],
    [{ shape: [1], dtype: "f32" }],
  )[0];

/** The summaries of an outcome, one per metric; the first is the loss. */
const summaries = (
  metrics: readonly SomeMetric[],
  outcome: Outcome,
  { keys }: Shard,
): readonly Exprs[] => {
  const { loss, values, outputs = nothingToCompare(loss), targets = outputs } = outcome;
  const batch = { loss, outputs, targets, values, examples: keys.shape[0] ?? 1 };
  return metrics.map((metric) => metric.fromBatch(batch));
};

const rateMeaning = "a number that is not negative, or a schedule";

/** The optimizer after an adjustment. */
export const optimizerUnder = (
  { optimizer, learningRate, options = {} }: Adjustment,
  own: GradientTransformation,
): Either<Refused, GradientTransformation> => {
  let next = optimizer ?? own;
  try {
    next = withOptions(next, options);
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    const { argument, actual: value, expected } = error;
    return left({ field: `optimizer.${argument}`, value, expected });
  }
  if (learningRate === undefined) return right(next);
  const refused = (expected: string) =>
    left({ field: "learningRate", value: learningRate, expected });
  if (typeof learningRate === "number" && !(Number.isFinite(learningRate) && learningRate >= 0))
    return refused(rateMeaning);
  const changed = next.atLearningRate?.(learningRate);
  return changed === undefined
    ? refused(`no learning rate: its optimizer, ${next.name}, has none to replace`)
    : right(changed);
};

/** The params to evaluate with: those that learn, or averages that the state of their optimizer has. */
export const evaluatedParams = (
  { evaluated }: GradientTransformation,
  params: unknown,
  state: Exprs,
): unknown =>
  // `init` made these trees of tensors or expressions.
  evaluated === undefined ? params : evaluated.get<Expr>(params as Exprs, state);

/**
 * A learner that descends along a gradient.
 *
 * **Math** `g = ∇ₚ mean L(p)`, `(u, s') = update(g, s, p)`, `p' = p + u`; the keys of the examples of step `n` are
 * derived from the step's key.
 */
export const descending = <R extends Columns, P, S>(
  spec: Descent<R, P, S>,
): Learner<R, Descending<P, S>> => {
  const { init, judge, optimizer, gradient = plainly, trains = everything, follow } = spec;
  const metrics: readonly SomeMetric[] = [meanLoss, ...spec.metrics];
  /** The tree that `init` made, with expressions in place of tensors. */
  const opened = (carried: unknown) => carried as Symbolic<Descending<unknown, unknown>>;
  /** The carried tree with the params to evaluate with, such as averages, in place of those that learn. */
  const evaluated = <T>(carried: T): T => {
    const own = opened(carried);
    if (optimizer.evaluated === undefined || own.optimizerState === undefined) return carried;
    const part = evaluatedParams(optimizer, trains.of(own.params), own.optimizerState);
    return { ...carried, params: trains.replaced(own.params, part) };
  };

  return {
    name: spec.name,
    limits: spec.limits,
    optimizer,
    describe: spec.describe,
    ...predictingAt(spec, evaluated),
    metrics,
    init: (key) => {
      const { params, state } = init(key);
      const optimizerState = optimizer.init(trains.of(params));
      return { params, layerState: state, optimizerState };
    },
    step: (carried, rows, context) => {
      const { params, layerState, optimizerState } = opened(carried);
      const { reverse, overShards, ...moment } = context;
      const circumstances: Circumstances = { ...moment, mode: "train", reverse };
      const trained = trains.of(params);
      const all = withKeys(rows, moment);
      let reached: readonly boolean[] = [];
      const descend = (at: unknown, shard: Shard): Slope =>
        gradient.descend({
          reverse,
          judge: (part, state, seen, how) => judge(trains.replaced(params, part), state, seen, how),
          params: at,
          state: layerState,
          shard,
          circumstances,
        });
      const { mean, each } = overShards(all, (shard) => {
        const made = descend(trained, shard);
        ({ reached } = made);
        const { loss, state } = made.outcome;
        return {
          mean: { loss, state, gradient: made.gradient },
          each: summaries(metrics, made.outcome, shard),
        };
      });
      const examples = all.keys.shape[0] ?? 1;
      const slope = gradient.finish?.(mean.gradient, moment.key, examples) ?? mean.gradient;
      // A rule that finishes gradients, as privacy does, must not be looked behind.
      const minimized: Minimized | undefined =
        gradient.finish === undefined
          ? {
              value: mean.loss,
              at: (other) =>
                overShards(all, (shard) => {
                  const made = descend(treeOf(flattenExprs(trained).shape, leaves(other)), shard);
                  const { loss } = made.outcome;
                  return { mean: { value: loss, gradient: made.gradient }, each: undefined };
                }).mean,
            }
          : undefined;
      const next = moved(
        optimizer,
        { params: trained, optimizerState },
        { gradient: slope, reached },
        minimized,
      );
      const replaced = trains.replaced(params, next.params);
      const result: Symbolic<Descending<unknown, unknown>> = {
        params: follow?.(replaced, moment) ?? replaced,
        layerState: mean.state,
        optimizerState: next.optimizerState,
      };
      return {
        carried: result,
        report: {
          loss: mean.loss,
          learningRate: optimizer.learningRate?.(optimizerState),
          summaries: each as readonly (readonly Exprs[])[],
        },
      };
    },
    evaluate: (carried, rows, moment): Report => {
      const { params, layerState } = opened(evaluated(carried));
      const shard = withKeys(rows, moment);
      // A learner may adapt to the rows that it is evaluated on.
      const circumstances: Circumstances = { ...moment, mode: "eval", reverse: tape };
      const outcome = judge(params, layerState, shard, circumstances);
      return { loss: outcome.loss, summaries: [summaries(metrics, outcome, shard)] };
    },
    trained: {
      get: (carried) => {
        const { params, layerState } = opened(evaluated(carried));
        return { params, state: layerState };
      },
      set: (carried, { params, state }) => {
        const own = opened(carried);
        const { optimizerState } = own;
        const part = trains.of(params) as Exprs;
        const averages = optimizer.evaluated?.set<Expr>(optimizerState, part) ?? optimizerState;
        return { ...own, params, layerState: state, optimizerState: averages };
      },
    },
    adjust: ({ metrics: own = spec.metrics, loss, augment, ...change }) =>
      pipe(
        optimizerUnder(change, optimizer),
        chain((next) =>
          pipe(
            loss === undefined && augment === undefined
              ? right(spec)
              : spec.withLoss({ ...(loss && { loss }), ...(augment && { augment }) }),
            map((same) => descending({ ...same, optimizer: next, metrics: own })),
          ),
        ),
      ),
  };
};
