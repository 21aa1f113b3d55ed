import type { Either } from "fp-ts/lib/Either.js";
import type { Exprs } from "../autodiff/index.ts";
import type { Reverse } from "../autodiff/reverseMode.ts";
import type { Augmentation } from "../data/augmentation/example.ts";
import { UnknownColumn } from "../errors.ts";
import type { Expr, TensorType } from "../ir/expr.ts";
import type { KeyExpr } from "../ir/ops/random.ts";
import type { Autoregressive } from "../nn/generate/decoder.ts";
import type { Initial } from "../nn/layer.ts";
import type { LayerRow } from "../nn/summary.ts";
import type { LearningRate } from "../optim/learningRate.ts";
import type { OptionValues } from "../optim/options.ts";
import type { GradientTransformation } from "../optim/transformation.ts";
import type { Key } from "../tensor/key.ts";
import type { SomeMetric } from "./scoring.ts";
import type { OverShards } from "./shards.ts";

/** The columns of one row, or of a batch of rows, in a program. */
export type Columns = { readonly [column: string]: Expr };

/** A column by name. **Fails with** `UnknownColumn`, thrown. */
export const columnOf = (row: Columns, name: string): Expr => {
  const column = Object.hasOwn(row, name) ? row[name] : undefined;
  if (column === undefined) throw new UnknownColumn({ column: name, columns: Object.keys(row) });
  return column;
};

/** The same columns, but reading a column that does not exist throws. **Fails with** `UnknownColumn`, thrown. */
export const namedColumns = (row: Columns): Columns =>
  new Proxy(row, {
    get: (of, name) => (typeof name === "string" ? columnOf(of, name) : Reflect.get(of, name)),
  });

/** The columns of a batch of rows, each with the examples along its leading axis. */
export type Batched<R extends Columns> = { readonly [K in keyof R]: Expr };

/** The moment of a step in a run. */
export interface Moment {
  /** The key of this step, different for every step. */
  readonly key: KeyExpr;
  /** The number of steps before this one, an i32 scalar. */
  readonly step: Expr<readonly []>;
  /** The number of complete epochs before this step, an i32 scalar. */
  readonly epoch: Expr<readonly []>;
}

/** The inputs of a step besides the carried tree and the batch. */
export interface StepContext extends Moment {
  /** Reverse-mode differentiation. */
  readonly reverse: Reverse;
  /**
   * Computes a function of each shard of the batch, and averages the results over the shards. Without shards, the whole
   * batch is one.
   */
  readonly overShards: OverShards;
}

/** The report of a step or an evaluation about its batch. */
export interface Report {
  /** The loss, a scalar. A run whose loss is not finite ends. */
  readonly loss: Expr;
  /** The learning rate of the step, if there is one. */
  readonly learningRate?: Expr | undefined;
  /** The summaries of each shard, one per metric. */
  readonly summaries: readonly (readonly Exprs[])[];
}

/** The result of a step: the next carried tree, of the same structure and types, and a report. */
export interface Stepped {
  readonly carried: unknown;
  readonly report: Report;
}

/** The part of a carried tree that makes up the trained model. */
export type Trained = Initial<unknown, unknown>;

/** Reads and replaces the trained model within a carried tree of tensors. */
export interface TrainedWithin {
  readonly get: (carried: unknown) => Trained;
  readonly set: (carried: unknown, trained: Trained) => unknown;
}

/** Settings of a learner that a pipeline can override. */
export interface Adjustment {
  readonly optimizer?: GradientTransformation;
  readonly learningRate?: LearningRate;
  /** Other options of the optimizer, by their names. */
  readonly options?: OptionValues;
  readonly metrics?: readonly SomeMetric[];
  readonly loss?: (output: Expr, target: Expr) => Expr;
  readonly augment?: Augmentation;
}

/** A setting that a learner refuses, and the settings that it accepts. */
export interface Refused {
  readonly field: string;
  readonly value: unknown;
  readonly expected: string;
}

/** A column of whole numbers and their count. Numbers out of range are refused before the run. */
export interface Limit {
  readonly column: string;
  /** Whether the numbers are class labels, compared with the output, or tokens, looked up by the model. */
  readonly of: "classes" | "tokens";
  readonly count: number;
}

/** The kinds of actions of learners that play. */
export type Acts = "discrete" | "continuous";

/** A game by its name, and what its positions are, in words: their numbers, and the rules that they keep. */
export interface Game {
  readonly name: string;
  readonly positions: string;
  readonly rules?: readonly string[];
}

/** What a learner's model says, of the tree that the learner carries. */
export interface Predicting {
  /** The model's output for one row, in evaluation. Missing if a learner predicts nothing. */
  readonly predict?: (carried: unknown, row: Columns, context: Moment) => Expr;
  /**
   * What the output stands for: the values of discrete actions `[count]`, of which the highest is taken, or an action itself.
   * Of discrete actions it may be `[2, count]`, where the second line is what is highest for the action that is taken. NaN, and
   * then a number again and again, stand for the rule of that number of the game, which the row breaks; NaN elsewhere, and ∞,
   * are values that a model should not have.
   */
  readonly acts?: Acts;
  /** The game that it plays, and what its positions are, in words: for the error of a row that is none. */
  readonly plays?: Game;
  /** The model as a generator of sequences, token by token; in place of params it takes what is carried. */
  readonly generates?: Autoregressive<unknown>;
}

/** What a learner predicts, with another tree than it carries: `at` gives that tree. */
export const predictingAt = (
  { predict, generates }: Predicting,
  at: (carried: unknown) => unknown,
): Pick<Predicting, "predict" | "generates"> => ({
  ...(predict && { predict: (carried, row, moment) => predict(at(carried), row, moment) }),
  ...(generates && {
    generates: {
      ...generates,
      begin: (carried, source) => generates.begin(at(carried), source),
      step: (carried, token, carry) => generates.step(at(carried), token, carry),
    },
  }),
});

/**
 * A learner as a pure value. `init` makes the tree of tensors that is carried from step to step. The tree holds
 * everything that the next step depends on: params, layer state, optimizer state, averages, a teacher, replay memory.
 * `step` is symbolic and becomes one compiled program with static shapes.
 *
 * `R` is the required type of a row, and `C` the type of the carried tree. Inside, a learner handles trees of
 * expressions without their types: its own `init` determines what `step` receives.
 *
 * **Laws** `laws.learner`: resumption and determinism; the carried tree keeps its type; a learning rate of zero changes
 * only statistics.
 */
export interface Learner<in R extends Columns, out C> extends Predicting {
  readonly name: string;
  /** The initial carried tree. It depends only on the key. */
  readonly init: (key: Key) => C;
  /** One step on a batch of rows. */
  readonly step: (carried: unknown, batch: Batched<R>, context: StepContext) => Stepped;
  /** The report on held-out rows, without learning or randomness. */
  readonly evaluate: (carried: unknown, batch: Batched<R>, context: Moment) => Report;
  /** The metrics that fold the summaries of a report. The first is the loss. */
  readonly metrics: readonly SomeMetric[];
  readonly trained: TrainedWithin;
  readonly limits: readonly Limit[];
  /** The optimizer, where there is one. */
  readonly optimizer?: GradientTransformation;
  /** The learner with other settings, or the setting that it refuses. */
  readonly adjust: (change: Adjustment) => Either<Refused, Learner<R, C>>;
  /** The rows of the summary's table of layers, for one example with columns of these types. Empty without a network. */
  readonly describe: (columns: { readonly [column: string]: TensorType }) => readonly LayerRow[];
  /** The name of the environment of held-out episodes, where that is another than the learner learns in. */
  readonly judgedIn?: string;
  /** The types of the columns that `predict` reads and no source has: what a learner that plays sees. */
  readonly sees?: { readonly [column: string]: TensorType };
}

/** A learner of any type. */
export type AnyLearner = Learner<never, unknown>;

/** The type of the tree that a learner carries. */
export type CarriedOf<L> = L extends Learner<never, infer C> ? C : never;
