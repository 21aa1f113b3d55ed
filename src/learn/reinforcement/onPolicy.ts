import { left, map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Reverse } from "../../autodiff/reverseMode.ts";
import { vmap } from "../../autodiff/vmap.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { neg } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { broadcastTo } from "../../ir/ops/promote.ts";
import type { KeyExpr } from "../../ir/ops/random.ts";
import { mean } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import type { Concrete, Exprs, Symbolic, Unshaped } from "../../ir/trees.ts";
import type { AnyLayer, Initial } from "../../nn/layer.ts";
import { meanLoss } from "../../nn/metrics/regression.ts";
import type { ParamsOf } from "../../nn/types/chain.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import { split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import type { Tree } from "../../tree.ts";
import { type Moving, optimizerUnder } from "../descending.ts";
import type { Environment, Policy } from "../environments/environment.ts";
import { type Columns, columnOf, type Learner, type Refused } from "../learner.ts";
import type { SomeMetric } from "../scoring.ts";
import { eachLeaf } from "../trees.ts";
import type { Valued } from "./advantages.ts";
import { type AgentParams, agent } from "./agent.ts";
import { meanReturn, playEpisodes } from "./episodes.ts";
import { beginGames, play, type Tallied } from "./playing.ts";

/** The settings of every learner that learns from the steps that its own policy plays. */
export interface OnPolicy<S, P extends AnyLayer, V extends AnyLayer> {
  /** The environment to play. Episodes without an end of their own need `withTimeLimit`. */
  readonly environment: Environment<S>;
  /**
   * The layer that turns an observation into a policy: a logit for each discrete action, or the mean of each continuous
   * number.
   */
  readonly policy: P;
  /** The layer that turns an observation into the expected return, one number. */
  readonly value: V;
  /** For example `chain(clipByGlobalNorm(0.5), adam({ learningRate: 3e-4 }))`. */
  readonly optimizer: GradientTransformation;
  /** How many games are played side by side. */
  readonly environments?: number;
  /** The steps of each game in one training step. */
  readonly length?: number;
  /** The metrics besides the loss. Defaults to {@link meanReturn}. */
  readonly metrics?: readonly SomeMetric[];
  /**
   * Whether held-out episodes take the most probable action or draw one. Defaults to `"greedy"`.
   */
  readonly evaluates?: "greedy" | "sampled";
  /** The longest held-out episode, in steps. Defaults to the time limit of the environment, or else 1000. */
  readonly longestEpisode?: number;
}

/** What a learner that plays carries from step to step. */
export interface Acting<S, P, V> {
  // The games come first, so that an environment whose state is not finite is named before the params that it spoiled.
  readonly games: Concrete<Tallied<S>>;
  readonly params: AgentParams<P, V>;
  /** The states of layers, which hold no tensors. */
  readonly layerState: unknown;
  readonly optimizerState: Tree<Tensor>;
}

/** Steps to learn from: leaves are `[games, length, ...]`. */
export interface Rollout extends Valued {
  readonly observation: Expr;
  readonly action: Expr;
}

/** What an agent says of steps: leaves are `[steps]`. */
export interface Said {
  readonly logProbability: Expr;
  readonly entropy: Expr;
  readonly value: Expr;
}

/** The result of learning from a rollout. */
export interface Learned {
  readonly moving: Moving;
  /** The mean loss of all updates, a scalar. */
  readonly loss: Expr;
  /** Further scalars, by name, for metrics such as `meanOf("entropy")`. */
  readonly values: { readonly [name: string]: Expr };
}

/** How a learner differs from the others. */
export interface Rule {
  readonly name: string;
  /** The names of the values in {@link Learned}. */
  readonly values: readonly string[];
  /** Whether each step begins new episodes, or goes on with those in progress. */
  readonly begins: "anew" | "where it was";
  readonly learn: (rollout: Rollout, how: Circumstances) => Learned;
}

/** What a rule learns with. */
export interface Circumstances {
  readonly moving: Moving;
  readonly optimizer: GradientTransformation;
  readonly reverse: Reverse;
  readonly key: KeyExpr;
  /** What the agent with these params says of steps: leaves are `[steps, ...]`. */
  readonly say: (params: unknown, steps: Pick<Rollout, "observation" | "action">) => Said;
}

/** Joins the first two axes: the games and their steps. */
export const joined = (x: Expr): Expr => {
  const [games = 1, length = 1, ...shape] = x.shape;
  return reshape(x, [games * length, ...shape]);
};

/** A learner that plays with its policy, and learns from what it played, in one program. */
export const onPolicy = <S, P extends AnyLayer, V extends AnyLayer>(
  rule: Rule,
  spec: OnPolicy<S, P, V> & { readonly environments: number; readonly length: number },
): Learner<Columns, Acting<S, ParamsOf<P>, ParamsOf<V>>> => {
  const { name } = rule;
  const { environment, optimizer, environments, length, evaluates = "greedy" } = spec;
  const { longestEpisode = environment.limit ?? 1000, metrics: own = [meanReturn] } = spec;
  whole(1)(name, { environments, length, longestEpisode });
  const metrics: readonly SomeMetric[] = [meanLoss, ...own];
  const acting = agent(name, environment, spec);
  type Carried = Symbolic<Acting<S, unknown, unknown>>;
  /** The tree that `init` made, with expressions in place of tensors. */
  const opened = (carried: unknown) => carried as Carried;
  const trainedOf = ({ params, layerState }: Carried): Initial<unknown, unknown> => ({
    params,
    state: layerState,
  });
  const sampling =
    (trained: Initial<unknown, unknown>): Policy =>
    (observation, key) => ({ action: acting.act(trained, observation).sample(key) });
  const greedy =
    (trained: Initial<unknown, unknown>): Policy =>
    (observation) => ({ action: acting.act(trained, observation).mode });
  const summaries = (
    loss: Expr,
    examples: number,
    values: { readonly [name: string]: Expr },
  ): readonly Exprs[] =>
    metrics.map((metric) =>
      metric.fromBatch({
        loss,
        outputs: fill([examples], 0, "f32"),
        targets: fill([examples], 0, "f32"),
        examples,
        values,
      }),
    );
  const refused = (field: string): Refused => ({
    field,
    value: `another ${field}`,
    expected: `none: ${name} has its own`,
  });

  return {
    name,
    limits: [],
    describe: () => [],
    metrics,
    init: (key) => {
      const [first, second] = split(key, 2);
      const { params, state } = acting.init(first);
      return {
        games: beginGames(environment, environments, second),
        params,
        layerState: state,
        optimizerState: optimizer.init(params),
      };
    },
    step: (carried, _, { key, reverse }) => {
      const before = opened(carried);
      const trained = trainedOf(before);
      const games = before.games as Unshaped<Tallied<S>>;
      const { after, steps, episodes } = vmap(
        play(environment, sampling(trained), length) as (
          of: Tallied<S>,
        ) => ReturnType<ReturnType<typeof play<S>>>,
      )(games);
      const seen = { now: steps.observation, next: steps.next };
      const values = eachLeaf(
        (x) =>
          reshape(vmap((one: Expr) => acting.value(trained, one))(joined(x)) as Expr, [
            environments,
            length,
          ]),
        seen,
      );
      const { params, optimizerState, layerState } = before;
      const learned = rule.learn(
        {
          observation: steps.observation,
          action: steps.choice.action,
          reward: steps.reward,
          done: steps.done,
          truncated: steps.truncated,
          value: values.now,
          next: values.next,
        },
        {
          moving: { params, optimizerState },
          optimizer,
          reverse,
          key,
          say: (own, { observation, action }) =>
            vmap((one: Expr, done: Expr): Said => {
              const policy = acting.act({ params: own, state: layerState }, one);
              return {
                logProbability: policy.logProbability(done),
                entropy: policy.entropy,
                value: acting.value({ params: own, state: layerState }, one),
              };
            })(observation, action),
        },
      );
      const examples = environments * length;
      return {
        carried: { games: after, layerState, ...learned.moving },
        report: {
          loss: learned.loss,
          learningRate: optimizer.learningRate?.(optimizerState),
          summaries: [
            summaries(learned.loss, examples, {
              episodeReturn: joined(episodes.earned),
              episodeLength: cast(joined(episodes.steps), "f32"),
              episodeEnded: joined(episodes.ended),
              ...Object.fromEntries(
                Object.entries(learned.values).map(([of, x]) => [of, broadcastTo(x, [examples])]),
              ),
            }),
          ],
        },
      };
    },
    evaluate: (carried, rows) => {
      const trained = trainedOf(opened(carried));
      const policy = evaluates === "greedy" ? greedy(trained) : sampling(trained);
      const { earned, steps } = playEpisodes(
        environment,
        policy,
        longestEpisode,
      )(columnOf(rows, "key"));
      const examples = earned.shape[0] ?? 1;
      const loss = neg(mean(earned));
      const notMeasured = fill([examples], Number.NaN, "f32");
      return {
        loss,
        summaries: [
          summaries(loss, examples, {
            ...Object.fromEntries(rule.values.map((of) => [of, notMeasured])),
            episodeReturn: earned,
            episodeLength: cast(steps, "f32"),
            episodeEnded: fill([examples], 1, "bool"),
          }),
        ],
      };
    },
    predict: (carried, row) =>
      acting.output(trainedOf(opened(carried)), columnOf(row, "observation")),
    trained: {
      get: (carried) => trainedOf(opened(carried)),
      set: (carried, { params, state }) => ({ ...opened(carried), params, layerState: state }),
    },
    adjust: ({ loss, augment, metrics: others = own, ...change }) => {
      if (loss !== undefined) return left(refused("loss"));
      if (augment !== undefined) return left(refused("augment"));
      return pipe(
        optimizerUnder(change, optimizer),
        map((next) => onPolicy(rule, { ...spec, optimizer: next, metrics: others })),
      );
    },
  };
};
