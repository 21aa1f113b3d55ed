import { type Either, left, right } from "fp-ts/lib/Either.js";
import { scan } from "../../autodiff/index.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, ge, lt, mul, square, sub } from "../../ir/ops/elementwise.ts";
import { fill, iota, ravel, scatterAdd, take } from "../../ir/ops/indexing.ts";
import { argmax, mean } from "../../ir/ops/reduction.ts";
import { expandDims, index, reshape } from "../../ir/ops/structural.ts";
import type { Concrete, Symbolic } from "../../ir/trees.ts";
import { meanLoss } from "../../nn/metrics/regression.ts";
import { full } from "../../tensor/constructors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { finite, notNegative, present, probability, whole } from "../../tensor/validate.ts";
import type { Environment, Policy } from "../environments/environment.ts";
import { type Columns, columnOf, type Learner, type Refused } from "../learner.ts";
import { environmentPart } from "../parts.ts";
import type { SomeMetric } from "../scoring.ts";
import { eachLeaf } from "../trees.ts";
import { meanReturn } from "./episodes.ts";
import {
  checkExploration,
  countOfActions,
  type Exploration,
  epsilonGreedy,
  explorationAt,
  greedyAction,
  greedyValue,
  judgedBy,
  legalValues,
  ofEpisodes,
  playedGreedily,
} from "./greedy.ts";
import { beginGames, type Episodes, type Game, play } from "./playing.ts";

/** The options of {@link qLearning}. */
export interface QLearning {
  readonly environment: Environment;
  /** The number of states. */
  readonly states: number;
  /** The number of the state that an observation shows, an i32 scalar. Defaults to the place of its largest element. */
  readonly stateOf?: (observation: Expr) => Expr;
  /**
   * The part of a difference that an update makes up for: a number, or a function of how often the action was taken in that
   * state, an f32 scalar that counts from 1. Defaults to 0.1.
   */
  readonly learningRate?: number | ((visits: Expr) => Expr);
  /** The probability of a random action, which may change with the steps taken so far. Defaults to 0.1. */
  readonly exploration?: Exploration;
  /** The discount of rewards, from 0 to 1. Defaults to 0.99. */
  readonly discount?: number;
  /** The value of every action at the beginning. High ones make it try everything. Defaults to 0. */
  readonly initial?: number;
  /** The number of steps of the environment, each with an update, in one step of training. Defaults to 100. */
  readonly length?: number;
  /** Whether each step is the move of another player: see `dqn`. Defaults to `false`. */
  readonly selfPlay?: boolean;
  /** The environment of held-out episodes: see `dqn`. Defaults to `environment`. */
  readonly evaluatesOn?: Environment;
  /** The longest held-out episode, in steps. Defaults to the time limit of its environment, or else 1000. */
  readonly longestEpisode?: number;
  /** The metrics besides the loss. Defaults to {@link meanReturn}. */
  readonly metrics?: readonly SomeMetric[];
}

/** The state of {@link qLearning}. */
export interface Tabular {
  readonly games: Concrete<Game>;
  /** The value of each action in each state, `[states, actions]`. */
  readonly table: Tensor;
  /** How often each action was taken in each state, i32 `[states, actions]`. */
  readonly visits: Tensor;
}

type Carried = Symbolic<Tabular>;

/**
 * Tabular Q-learning: learns the value of each action in each of a small number of states, one step after another.
 *
 * The loss is the mean of the squared differences before each update. Held-out episodes are played greedily, as in `dqn`.
 *
 * **Math** `Q(s, a) += α (r + γ max Q(s') - Q(s, a))`, without the second term where the episode is done; self-play: minus
 * the second term. The values converge to the best ones if every action is taken again and again in every state, with rates
 * that sum to infinity and whose squares do not.
 * **Fails with** `InvalidArgument`, thrown, where the actions are continuous or a number is out of range; `NonFinite` where
 * a state is not one of `states`.
 * **Source** Watkins and Dayan, "Q-learning" (1992), Machine Learning 8; Sutton and Barto, "Reinforcement Learning: An
 * Introduction" (2018), section 6.5.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { lastValueFrom } from "rxjs";
 * import { pipeline, train$ } from "fluxion";
 * import { experience } from "fluxion/data";
 * import { gridWorld } from "fluxion/environments";
 * import { qLearning } from "fluxion/reinforcement";
 *
 * const walking = pipeline(
 *   "walking",
 *   Effect.succeed({ train: experience(50) }),
 *   qLearning({ environment: gridWorld(), states: 12, discount: 0.5, learningRate: 1, exploration: 1 }),
 * );
 * const end = await lastValueFrom(train$(walking));
 * // Before the goal the way to the right is worth 1, and one step earlier half of that.
 * end._tag === "Completed" && [1, 2].map((state) => end.state.carried.table.at(state, 1)) // => [0.5, 1]
 * ```
 */
export const qLearning = (spec: QLearning): Learner<Columns, Tabular> => {
  present("qLearning", spec, { ...environmentPart, states: "the number of states" });
  const {
    environment,
    states,
    stateOf = (observation) => argmax(ravel(observation)),
    learningRate = 0.1,
    exploration = 0.1,
    discount = 0.99,
    initial = 0,
    length = 100,
    selfPlay = false,
    evaluatesOn = environment,
    longestEpisode = evaluatesOn.limit ?? 1000,
    metrics: own = [meanReturn],
  } = spec;
  whole(1)("qLearning", { states, length, longestEpisode });
  probability("qLearning", { discount });
  finite("qLearning", { initial });
  notNegative("qLearning", { learningRate });
  checkExploration("qLearning", exploration);
  const count = countOfActions("qLearning", environment);
  const metrics: readonly SomeMetric[] = [meanLoss, ...own];
  const worth = selfPlay ? -discount : discount;
  // The tree that `init` made, with expressions in place of tensors.
  const opened = (carried: unknown) => carried as Carried;
  const valuesIn = (table: Expr, observation: Expr): Expr => take(table, stateOf(observation));
  const policy =
    (table: Expr, epsilon: Expr): Policy =>
    (seen, key) => ({
      action: epsilonGreedy(environment, valuesIn(table, seen), seen, epsilon, key),
    });
  const greedy =
    (table: Expr): Policy =>
    (seen) => ({ action: greedyAction(environment, valuesIn(table, seen), seen) });

  /** One step of the environment, and its update. */
  const once =
    (taken: Expr) =>
    (
      { games, table, visits }: Carried,
      i: Expr,
    ): readonly [Carried, { error: Expr } & Episodes] => {
      const epsilon = explorationAt(exploration, add(taken, cast(i, "f32")));
      const game = eachLeaf((x) => index(x, 0), games) as Game;
      const { after, steps, episodes } = play(environment, policy(table, epsilon), {
        length: 1,
        anew: false,
      })(game);
      const [seen, action, reward, done, next] = [
        steps.observation,
        steps.choice.action,
        steps.reward,
        steps.done,
        steps.next,
      ].map((x) => index(x, 0)) as [Expr, Expr, Expr, Expr, Expr];
      const state = stateOf(seen);
      const later = greedyValue(environment, valuesIn(table, next), next);
      const goal = add(reward, mul(worth, where(done, 0, later)));
      const known = and(ge(state, 0), lt(state, states));
      const error = where(known, sub(goal, take(take(table, state), action)), Number.NaN);
      const place = reshape(add(mul(state, count), action), [1]);
      const changed = (x: Expr, by: Expr): Expr =>
        reshape(scatterAdd(reshape(x, [states * count]), place, reshape(by, [1])), [states, count]);
      const often = changed(visits, fill([], 1, "i32"));
      const rate =
        typeof learningRate === "number"
          ? learningRate
          : learningRate(cast(take(take(often, state), action), "f32"));
      return [
        {
          games: eachLeaf((x) => expandDims(x, 0), after) as Carried["games"],
          table: changed(table, mul(error, rate)),
          visits: often,
        },
        { error, ...eachLeaf((x) => index(x, 0), episodes) },
      ];
    };

  return {
    name: "qLearning",
    limits: [],
    metrics,
    describe: () => [],
    init: (key) => ({
      games: beginGames(environment, 1, key),
      table: full([states, count], initial),
      visits: full([states, count], 0, "i32"),
    }),
    step: (carried, _, { step }) => {
      const taken = mul(cast(step, "f32"), length);
      const [next, made] = scan(once(taken), opened(carried), iota([length]));
      const loss = mean(square(made.error));
      return {
        carried: next,
        report: { loss, summaries: [ofEpisodes(metrics, { selfPlay })(loss, made)] },
      };
    },
    evaluate: (carried, rows) =>
      playedGreedily(evaluatesOn, greedy(opened(carried).table), longestEpisode, metrics)(rows),
    sees: {
      observation: { shape: environment.observation.shape, dtype: environment.observation.dtype },
    },
    ...judgedBy(environment, evaluatesOn),
    acts: "discrete",
    predict: (carried, row) => {
      const seen = columnOf(row, "observation");
      return legalValues(environment, valuesIn(opened(carried).table, seen), seen);
    },
    trained: {
      get: (carried) => ({ params: { table: opened(carried).table }, state: undefined }),
      set: (carried, { params }) => ({
        ...opened(carried),
        table: (params as { readonly table: unknown }).table,
      }),
    },
    adjust: ({ metrics: others = own, learningRate: rate = learningRate, ...change }) => {
      const refused = (field: string, expected: string): Either<Refused, never> =>
        left({ field, value: "another", expected });
      const [field] = Object.keys(change);
      if (field !== undefined) return refused(field, "none, since qLearning updates a table");
      if (rate !== learningRate && typeof rate !== "number")
        return refused("learningRate", "a number");
      return right(qLearning({ ...spec, metrics: others, learningRate: rate }));
    },
  };
};
