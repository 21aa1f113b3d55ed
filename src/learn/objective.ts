import { left } from "fp-ts/lib/Either.js";
import { InvalidArgument } from "../errors.ts";
import { Expr, type Program } from "../ir/expr.ts";
import { foldInKey, type KeyExpr } from "../ir/ops/random.ts";
import { index } from "../ir/ops/structural.ts";
import { program, topological } from "../ir/program.ts";
import type { Initial, OpenLayer } from "../nn/layer.ts";
import { replacedBy } from "../nn/pretrained.ts";
import type { GradientTransformation } from "../optim/transformation.ts";
import { type Key, split } from "../tensor/key.ts";
import { nth } from "../tensor/list.ts";
import { present } from "../tensor/validate.ts";
import type { Follower } from "./combinators/follow.ts";
import { type Descending, type Descent, descending, everything, type Part } from "./descending.ts";
import type { GradientRule } from "./gradient/rule.ts";
import {
  type Circumstances,
  type Judge,
  type Judged,
  judgedOf,
  notScalar,
  perExample,
} from "./judge.ts";
import {
  type Batched,
  type Columns,
  type Learner,
  type Limit,
  namedColumns,
  type Predicting,
  type Refused,
} from "./learner.ts";
import { refuseMistakes } from "./mistakes.ts";
import {
  type Applied,
  type AppliedToBatch,
  appliedToBatch,
  appliedToExample,
  type Models,
  openAll,
  type ParamsByName,
  refuseUnknown,
  type StateByName,
} from "./models.ts";
import { lossPart, modelsPart, optimizerPart } from "./parts.ts";
import type { SomeMetric } from "./scoring.ts";

/** The information about the run that a loss receives besides models and data. */
export interface LossContext extends Omit<Circumstances, "reverse"> {
  /** A key for random changes: of this example in `objective`, of this batch in `batchObjective`. */
  readonly key: KeyExpr;
}

/** The settings of an objective, apart from its loss. */
export interface Settings<R extends Columns, M extends Models> {
  /** For example `adam({ learningRate: 1e-3 })`. */
  readonly optimizer: GradientTransformation;
  /** The models to train. Defaults to all that do not follow another. */
  readonly trains?: readonly (keyof M & string)[];
  /**
   * Models whose params follow those of another model, with the same initial values: `{ teacher: follow("student",
   * 0.99) }`.
   */
  readonly follows?: { readonly [K in keyof M]?: Follower<keyof M & string> };
  /** The metrics besides the loss. Defaults to none. */
  readonly metrics?: readonly SomeMetric[];
  /** The rule that computes the gradient. Defaults to {@link plainly}. */
  readonly gradient?: GradientRule;
  /**
   * Columns of class labels or tokens, with their numbers. Values out of range are refused before the run. Defaults to
   * none.
   */
  readonly limits?: readonly (Limit & { readonly column: keyof R & string })[];
}

/** What an objective predicts for one row, in evaluation, from columns that are known before the answer. */
export type PredictRow<R extends Columns, M extends Models> = (models: Applied<M>, row: R) => Expr;

/** The specification of {@link objective}. */
export interface Objective<R extends Columns, M extends Models> extends Settings<R, M> {
  /** The models, by name. Each is a layer, which the loss calls as a function. */
  readonly models: M;
  /** The loss of one row, or a judgment with outputs for metrics. A step minimizes the mean over a batch. */
  readonly loss: (
    models: Applied<M>,
    row: R,
    context: LossContext,
  ) => Expr<readonly []> | Judged<Expr<readonly []>>;
  /** The output for one row, for `predictor` and model files. Defaults to none. */
  readonly predict?: PredictRow<R, M>;
}

/** The specification of {@link batchObjective}. */
export interface BatchObjective<R extends Columns, M extends Models> extends Settings<R, M> {
  /** The models, by name. Each is a layer, which the loss calls as a function of a batch. */
  readonly models: M;
  /** The loss of a batch, whose columns have a leading axis of examples, or a judgment with outputs for metrics. */
  readonly loss: (
    models: AppliedToBatch<M>,
    batch: Batched<R>,
    context: LossContext,
  ) => Expr<readonly []> | Judged<Expr<readonly []>>;
  /** The output for one row, for `predictor` and model files, such as an embedding. Defaults to none. */
  readonly predict?: PredictRow<R, M>;
}

type ByName<A = unknown> = { readonly [name: string]: A };

/** The models with these names, as a part of all params. */
export const onlyThese = (names: readonly string[]): Part => ({
  of: (params) => Object.fromEntries(names.map((name) => [name, (params as ByName)[name]])),
  replaced: (params, part) => ({ ...(params as ByName), ...(part as ByName) }),
});

/**
 * Initializes each model with its own key. A model that follows another starts with the other's params. **Fails with**
 * `StructureMismatch`, thrown by `init`, where they do not fit it.
 */
const initialized =
  (models: ByName<OpenLayer>, follows: ByName<Follower | undefined>) =>
  (key: Key): Initial<ByName, ByName> => {
    const names = Object.keys(models);
    const keys = names.length === 1 ? [key] : split(key, names.length);
    const made = Object.fromEntries(
      names.map((name, i) => [name, (models[name] as OpenLayer).init(nth(keys, i))]),
    );
    const start = (name: string): Initial<unknown, unknown> => {
      const [own, leader] = [made[name], made[follows[name]?.leader ?? name]];
      const op = `the model ${name}, which follows ${follows[name]?.leader},`;
      return {
        params: replacedBy(op, own?.params, leader?.params),
        state: replacedBy(op, own?.state, leader?.state),
      };
    };
    const each = names.map((name) => [name, start(name)] as const);
    return {
      params: Object.fromEntries(each.map(([name, { params }]) => [name, params])),
      state: Object.fromEntries(each.map(([name, { state }]) => [name, state])),
    };
  };

/**
 * Refuses models that follow none of the others, or are also trained, or that leave none to be trained. **Fails with**
 * `InvalidArgument`, thrown.
 */
const refuseFollowers = (
  op: string,
  models: ByName<OpenLayer>,
  follows: ByName<Follower | undefined>,
  trains: readonly string[] | undefined,
): void => {
  const refuse = (argument: string, expected: string, actual: string): never => {
    throw new InvalidArgument({ op, argument, expected, actual });
  };
  const followers = Object.entries(follows).flatMap(([name, rule]) =>
    rule === undefined ? [] : [{ name, leader: rule.leader }],
  );
  for (const { name, leader } of followers) {
    const argument = `the leader of ${name}`;
    refuseUnknown(op, argument, models, [leader]);
    if (leader === name) refuse(argument, "another model", JSON.stringify(leader));
    if (trains?.includes(name))
      refuse("trains", "models that follow no other", JSON.stringify(name));
  }
  if (followers.length > 0 && followers.length === Object.keys(models).length)
    refuse("follows", "some of the models, not all", followers.map(({ name }) => name).join(", "));
};

/** The program that computes a loss, as a function of everything it depends on. */
export const asProgram = (loss: Expr): Program => {
  const parameters = topological([loss]).filter((node) => node.primitive === "parameter");
  return program(
    parameters.map((node) => new Expr(node, 0)),
    [loss],
  );
};

/** Separates the key of the loss from the keys of the models. */
export const ofLoss = -1;

/** What an objective predicts, as a function of the learner's tree; `undefined` where it predicts nothing. */
const predictOne = <R extends Columns, M extends Models>(
  models: ByName<OpenLayer>,
  predict: PredictRow<R, M> | undefined,
): Predicting["predict"] =>
  predict &&
  ((carried, row, { key }) => {
    // The learner's own `init` made the tree, the functions come from `models`, and the row says what it lacks.
    const { params, layerState } = carried as Descending<unknown, unknown>;
    const calls = appliedToExample(models, params, layerState, { mode: "eval", key });
    return predict(calls.functions as never, namedColumns(row) as never);
  });

/** A learner of models that a judge compares, with the settings of an objective. */
export const withJudge = <R extends Columns, M extends Models>(
  name: string,
  models: ByName<OpenLayer>,
  settings: Settings<R, M>,
  judge: Judge,
  predict: Predicting["predict"],
): Learner<R, Descending<ParamsByName<M>, StateByName<M>>> => {
  const follows: ByName<Follower | undefined> = settings.follows ?? {};
  const followers = Object.keys(models).filter((model) => follows[model] !== undefined);
  const { trains } = settings;
  refuseUnknown(name, "trains", models, trains);
  refuseUnknown(name, "follows", models, Object.keys(follows));
  refuseFollowers(name, models, follows, trains);
  const trained =
    trains ??
    (followers.length === 0
      ? undefined
      : Object.keys(models).filter((model) => !followers.includes(model)));
  const refused: Refused = {
    field: "loss",
    value: "another loss or augmentation",
    expected: `those of its objective, which belong to its models ${Object.keys(models).join(", ")}`,
  };
  const spec: Descent<R, ParamsByName<M>, StateByName<M>> = {
    name,
    // `init` of each model makes the params and state of its type.
    init: initialized(models, follows) as Descent<R, ParamsByName<M>, StateByName<M>>["init"],
    judge,
    optimizer: settings.optimizer,
    metrics: settings.metrics ?? [],
    gradient: settings.gradient,
    trains: trained === undefined ? everything : onlyThese(trained),
    follow:
      followers.length === 0
        ? undefined
        : (params, moment) => {
            const all = params as ByName;
            const followed = followers.map((own) => {
              const { leader, next } = follows[own] as Follower;
              return [own, next(all[own], all[leader], moment)] as const;
            });
            return { ...all, ...Object.fromEntries(followed) };
          },
    limits: settings.limits ?? [],
    ...(predict && { predict }),
    describe: () => [],
    withLoss: () => left(refused),
  };
  return descending(spec);
};

/**
 * Trains any number of models by the loss of one row, which may use any of its columns. It minimizes the mean over a
 * batch. With `predict` it answers rows, too.
 *
 * **Fails with** `InvalidArgument`, thrown, where `trains` or `follows` names a model that is not there, or a model follows
 * itself, is also trained, or all follow; `StructureMismatch`, when run, where the params of a followed model do not fit
 * its follower; `UnknownColumn`; `CompileError` where a loss is not a scalar.
 *
 * @example
 * ```ts
 * import { adam, dense, type Expr, meanSquaredError } from "fluxion";
 * import { objective } from "fluxion/learn";
 * import { add } from "fluxion/ops";
 * const adding = objective({
 *   models: { left: dense(1, 1), right: dense(1, 1) },
 *   loss: ({ left, right }, row: { readonly [column in "x" | "y" | "sum"]: Expr<readonly [1]> }) =>
 *     meanSquaredError(add(left(row.x), right(row.y)), row.sum),
 *   predict: ({ left, right }, row) => add(left(row.x), right(row.y)),
 *   optimizer: adam({ learningRate: 0.1 }),
 * });
 * adding.metrics.map((metric) => metric.name) // => ["loss"]
 * ```
 */
export const objective = <R extends Columns, const M extends Models>(
  spec: Objective<R, M>,
): Learner<R, Descending<ParamsByName<M>, StateByName<M>>> => {
  present("objective", spec, { ...modelsPart, ...lossPart, ...optimizerPart });
  const models = openAll(spec.models);
  // The functions come from `models`, and the row has the columns of R.
  const loss = spec.loss as (models: never, row: never, context: LossContext) => Expr | Judged;
  const judge = perExample((params, state, row, { key, ...circumstances }) => {
    const calls = appliedToExample(models, params, state, { ...circumstances, key });
    const context = { ...circumstances, key: foldInKey(key, ofLoss) };
    const judged = judgedOf(loss(calls.functions as never, namedColumns(row) as never, context));
    return [judged, calls.state()];
  });
  return withJudge("objective", models, spec, judge, predictOne(models, spec.predict));
};

/**
 * Trains any number of models by the loss of a whole batch: for losses that compare its examples, such as contrastive
 * ones. {@link objective} is simpler where each row has a loss of its own.
 *
 * The loss of several shards is the mean of their losses: each shard compares its own examples only.
 */
export const batchObjective = <R extends Columns, const M extends Models>(
  spec: BatchObjective<R, M>,
): Learner<R, Descending<ParamsByName<M>, StateByName<M>>> => {
  present("batchObjective", spec, { ...modelsPart, ...lossPart, ...optimizerPart });
  const models = openAll(spec.models);
  // The functions come from `models`, and the batch has the columns of R.
  const loss = spec.loss as (models: never, batch: never, context: LossContext) => Expr | Judged;
  const judge: Judge = (params, state, { rows, keys }, circumstances) => {
    // The keys of the examples differ in each step, and so does the first of them.
    const key = index(keys, 0) as KeyExpr;
    const calls = appliedToBatch(models, params, state, { ...circumstances, key });
    const context = { ...circumstances, key: foldInKey(key, ofLoss) };
    const judged = judgedOf(loss(calls.functions as never, namedColumns(rows) as never, context));
    refuseMistakes(asProgram(judged.loss), {}, notScalar(judged.loss));
    return {
      loss: judged.loss,
      outputs: judged.output,
      targets: judged.target,
      values: judged.values ?? {},
      state: calls.state() as never,
    };
  };
  return withJudge("batchObjective", models, spec, judge, predictOne(models, spec.predict));
};
