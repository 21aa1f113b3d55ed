import { left, map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Reverse } from "../../autodiff/reverseMode.ts";
import { vmap } from "../../autodiff/vmap.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { and, clip, neg } from "../../ir/ops/elementwise.ts";
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
import { present, whole } from "../../tensor/validate.ts";
import type { Tree } from "../../tree.ts";
import { evaluatedParams, type Moving, optimizerUnder } from "../descending.ts";
import type { Environment, Policy } from "../environments/environment.ts";
import { type Columns, columnOf, type Learner } from "../learner.ts";
import { environmentPart, optimizerPart } from "../parts.ts";
import type { SomeMetric } from "../scoring.ts";
import type { Valued } from "./advantages.ts";
import { type AgentParams, agent } from "./agent.ts";
import { meanReturn } from "./episodes.ts";
import { predictedValues, seeing } from "./greedy.ts";
import type { ExternalEnvironment } from "./outside/external.ts";
import { type Games, playsOf, type Sitting } from "./outside/plays.ts";

/** The settings of every learner that learns from the steps that its own policy plays. */
export interface OnPolicy<P extends AnyLayer, V extends AnyLayer> {
  /**
   * The environment to play: symbolic functions, or games outside of programs, for `trainExternal$`. Episodes without an
   * end of their own need `withTimeLimit`.
   */
  readonly environment: Environment | ExternalEnvironment;
  /**
   * The layer that turns an observation into a policy: a logit for each discrete action, or the mean of each continuous
   * number.
   */
  readonly policy: P;
  /** The layer that turns an observation into the expected return, one number. */
  readonly value: V;
  /** For example `chain(clipByGlobalNorm(0.5), adam({ learningRate: 3e-4 }))`. */
  readonly optimizer: GradientTransformation;
  /** How many games are played side by side. Games outside of programs are all played. */
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
export interface Acting<P, V> {
  // The games come first, so that an environment whose state is not finite is named before the params that it spoiled.
  readonly games: Concrete<Games>;
  readonly params: AgentParams<P, V>;
  /** The states of layers, which hold no tensors. */
  readonly layerState: unknown;
  readonly optimizerState: Tree<Tensor>;
}

/** Steps to learn from: leaves are `[games, length, ...]`. */
export interface Rollout extends Valued {
  readonly observation: Expr;
  readonly action: Expr;
  /** Whether the step is part of the first episode of its game in this rollout. */
  readonly first: Expr;
}

/** What an agent says of steps: leaves are `[steps]`. */
export interface Said {
  readonly logProbability: Expr;
  readonly entropy: Expr;
  readonly value: Expr;
}

/** Named values of a batch. */
type Values = { readonly [name: string]: Expr };

/** The result of learning from a rollout. */
export interface Learned {
  readonly moving: Moving;
  /** The mean loss of all updates, a scalar. */
  readonly loss: Expr;
  /** Further scalars, by name, for metrics such as `meanOf("entropy")`. */
  readonly values: Values;
}

/** How a learner differs from the others. */
export interface Rule {
  readonly name: string;
  /** The names of the values in {@link Learned}. */
  readonly values: readonly string[];
  /** Whether each step begins new episodes and counts the first of each game, or goes on with those in progress. */
  readonly anew: boolean;
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

/** A learner that plays. */
export interface PlayingLearner<P, V> extends Learner<Columns, Acting<P, V>> {
  readonly environment: Environment | ExternalEnvironment;
  readonly sitting: Sitting;
  /** Draws an action for one observation. */
  readonly act: (carried: unknown, observation: Expr, key: KeyExpr) => Expr;
}

/** Requires the parts of a learner with a policy. **Fails with** `InvalidArgument`, thrown, for one that is missing. */
export const checkParts = (op: string, spec: object, { critic }: { readonly critic: boolean }) =>
  present(op, spec, {
    ...environmentPart,
    policy: "a layer from an observation to a policy, such as dense(4, 2)",
    ...(critic && { value: "a layer from an observation to one number, such as dense(4, 1)" }),
    ...optimizerPart,
  });

/** How many games a learner plays side by side: the given number, or all games outside of programs. */
export const gamesOf = (environment: Environment | ExternalEnvironment, given: number): number =>
  "_tag" in environment ? environment.games.length : given;

/** A learner that plays with its policy, and learns from what it played, in one program. */
export const onPolicy = <P extends AnyLayer, V extends AnyLayer>(
  rule: Rule,
  spec: OnPolicy<P, V> & { readonly environments: number; readonly length: number },
): PlayingLearner<ParamsOf<P>, ParamsOf<V>> => {
  const { name, anew } = rule;
  const { environment, optimizer, environments, length, evaluates = "greedy" } = spec;
  const limit = "_tag" in environment ? undefined : environment.limit;
  const { longestEpisode = limit ?? 1000, metrics: own = [meanReturn] } = spec;
  whole(1)(name, { environments, length, longestEpisode });
  const sitting: Sitting = { games: environments, length, anew };
  const plays = playsOf(environment, sitting);
  const metrics: readonly SomeMetric[] = [meanLoss, ...own];
  const { init, act, value, output } = agent(name, environment, spec);
  /** The tree that `init` made, with expressions in place of tensors. */
  const opened = (carried: unknown) => carried as Symbolic<Acting<unknown, unknown>>;
  /** The model that learns, and so plays in training. */
  const learningOf = (carried: unknown): Initial<unknown, unknown> => {
    const { params, layerState } = opened(carried);
    return { params, state: layerState };
  };
  /** The model to evaluate and predict with, which has the averages of an optimizer that averages. */
  const trainedOf = (carried: unknown): Initial<unknown, unknown> => {
    const { params, layerState, optimizerState } = opened(carried);
    return { params: evaluatedParams(optimizer, params, optimizerState), state: layerState };
  };
  const summaries = (loss: Expr, examples: number, values: Values): readonly Exprs[] => {
    const none = fill([examples], 0, "f32");
    const batch = { loss, outputs: none, targets: none, examples, values };
    return metrics.map((metric) => metric.fromBatch(batch));
  };
  /** A function of one step as a function of the steps of all games, `[games, length, ...]`. */
  const ofAll = (f: (one: Expr) => Expr) => (xs: Expr) =>
    reshape(vmap(f)(joined(xs)) as Expr, [environments, length]);

  return {
    name,
    environment,
    sitting,
    act: (carried, observation, key) => act(learningOf(carried), observation).sample(key),
    limits: [],
    optimizer,
    describe: () => [],
    metrics,
    init: (key) => {
      const [first, second] = split(key, 2);
      const { params, state } = init(first);
      return {
        games: plays.begin(second),
        params,
        layerState: state,
        optimizerState: optimizer.init(params),
      };
    },
    step: (carried, rows, { key, reverse }) => {
      const { games, params, layerState, optimizerState } = opened(carried);
      const trained = learningOf(carried);
      const policy: Policy = (observation, own) => ({
        action: act(trained, observation).sample(own),
      });
      const { after, steps, episodes, first } = plays.play(games as Unshaped<Games>, policy, rows);
      const valueOf = ofAll((one) => value(trained, one));
      const { observation, choice, reward, done, truncated, next } = steps;
      const rollout = {
        ...{ observation, action: choice.action, reward, done, truncated, first },
        ...{ value: valueOf(observation), next: valueOf(next) },
      };
      const say: Circumstances["say"] = (params, of) =>
        vmap((seen: Expr, action: Expr): Said => {
          const current = { params, state: layerState };
          const { logProbability, entropy } = act(current, seen);
          return {
            logProbability: logProbability(action),
            entropy,
            value: value(current, seen),
          };
        })(of.observation, of.action);
      const moving = { params, optimizerState };
      const learned = rule.learn(rollout, { moving, optimizer, reverse, key, say });
      const examples = environments * length;
      const counts = anew ? and(episodes.ended, first) : episodes.ended;
      const values = {
        ...Object.fromEntries(
          Object.entries(learned.values).map(([of, x]) => [of, broadcastTo(x, [examples])]),
        ),
        episodeReturn: joined(episodes.earned),
        episodeLength: cast(joined(episodes.steps), "f32"),
        episodeEnded: joined(counts),
      };
      return {
        carried: { games: after, layerState, ...learned.moving },
        report: {
          loss: learned.loss,
          learningRate: optimizer.learningRate?.(optimizerState),
          summaries: [summaries(learned.loss, examples, values)],
        },
      };
    },
    evaluate: (carried, rows) => {
      const trained = trainedOf(carried);
      const policy: Policy = (observation, key) => {
        const { mode, sample } = act(trained, observation);
        return { action: evaluates === "greedy" ? mode : sample(key) };
      };
      const keys = columnOf(rows, "key");
      const { earned, steps } = plays.episodes(keys, policy, longestEpisode);
      const examples = earned.shape[0] ?? 1;
      const loss = neg(mean(earned));
      const values = {
        // What only training measures.
        ...Object.fromEntries(rule.values.map((of) => [of, fill([examples], Number.NaN, "f32")])),
        episodeReturn: earned,
        episodeLength: cast(steps, "f32"),
        episodeEnded: fill([examples], 1, "bool"),
      };
      return { loss, summaries: [summaries(loss, examples, values)] };
    },
    ...seeing(environment),
    acts: environment.actions.kind,
    predict: (carried, row) => {
      const seen = columnOf(row, "observation");
      const said = output(trainedOf(carried), seen);
      const { actions } = environment;
      // As an environment takes it.
      if (actions.kind === "continuous") return clip(said, actions.low, actions.high);
      // Games outside of programs say nothing of what is legal.
      return "_tag" in environment ? said : predictedValues(environment, said, seen);
    },
    trained: {
      get: trainedOf,
      set: (carried, { params, state }) => {
        const own = opened(carried);
        const averages = optimizer.evaluated?.set<Expr>(own.optimizerState, params as Exprs);
        return {
          ...own,
          params,
          layerState: state,
          optimizerState: averages ?? own.optimizerState,
        };
      },
    },
    adjust: ({ metrics: others = own, loss, augment, ...change }) =>
      loss !== undefined || augment !== undefined
        ? left({
            field: loss === undefined ? "augment" : "loss",
            value: "another",
            expected: `none, since ${name} learns from what it plays, by a loss of its own`,
          })
        : pipe(
            optimizerUnder(change, optimizer),
            map((next) => onPolicy(rule, { ...spec, optimizer: next, metrics: others })),
          ),
  };
};
