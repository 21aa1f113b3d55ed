import { map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { vmap } from "../../autodiff/index.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, stopGradient, where } from "../../ir/ops/control.ts";
import { add, mul, sub } from "../../ir/ops/elementwise.ts";
import { take } from "../../ir/ops/indexing.ts";
import { sum } from "../../ir/ops/reduction.ts";
import type { Concrete, Symbolic } from "../../ir/trees.ts";
import { ascribe } from "../../ir/types/diagnose.ts";
import { open, still, within } from "../../nn/apply.ts";
import type { AnyLayer } from "../../nn/layer.ts";
import { huber } from "../../nn/losses/index.ts";
import { meanLoss } from "../../nn/metrics/regression.ts";
import { partsIn } from "../../nn/summary.ts";
import type { ParamsOf, StateOf } from "../../nn/types/chain.ts";
import type { GradientTransformation } from "../../optim/transformation.ts";
import { split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { present, probability, whole, wholeTo } from "../../tensor/validate.ts";
import { copyEvery, follow } from "../combinators/follow.ts";
import type { Descending } from "../descending.ts";
import type { Environment, Policy } from "../environments/environment.ts";
import { type Columns, columnOf, type Learner } from "../learner.ts";
import { objective } from "../objective.ts";
import { environmentPart, modelPart, optimizerPart } from "../parts.ts";
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
  ofEpisodes,
  playedGreedily,
  predictedValues,
  seeing,
} from "./greedy.ts";
import { joined } from "./onPolicy.ts";
import { beginGames, type Game, play } from "./playing.ts";
import { type Memory, replay } from "./replay.ts";
import { remembered } from "./updates.ts";

/** The options of {@link dqn}. */
export interface Dqn<M extends AnyLayer> {
  readonly environment: Environment;
  /** A layer that gives the value of each action, `[count]`, for one observation. */
  readonly model: M;
  readonly optimizer: GradientTransformation;
  /** The number of transitions that the replay memory holds. */
  readonly capacity: number;
  /** The probability of a random action, which may change with the steps of the environment taken so far. */
  readonly exploration: Exploration;
  /** How the target network follows: a copy every so many updates, or an exponential average with a decay. */
  readonly target: { readonly every: number } | { readonly decay: number };
  /** The number of transitions of an update. Defaults to 32. */
  readonly batchSize?: number;
  /** The discount of rewards, from 0 to 1. Defaults to 0.99. */
  readonly discount?: number;
  /** How many games are played side by side. Defaults to 1. */
  readonly environments?: number;
  /** The number of steps of each game between updates. Defaults to 4. */
  readonly length?: number;
  /** The number of updates, each on its own batch, in one step of training. Defaults to 1. */
  readonly updates?: number;
  /** The number of remembered transitions from which on it learns. Defaults to a twentieth of the capacity. */
  readonly startAfter?: number;
  /** Whether the model chooses the action that the target network values (double DQN). Defaults to `false`. */
  readonly double?: boolean;
  /**
   * Whether each step is the move of another player, who sees the game from their own side: what follows is then worth its
   * negative (self-play). Defaults to `false`.
   */
  readonly selfPlay?: boolean;
  /**
   * The environment of held-out episodes, which shows the same observations and takes the same actions: for self-play a game
   * `against` an opponent. Defaults to `environment`.
   */
  readonly evaluatesOn?: Environment;
  /** The longest held-out episode, in steps. Defaults to the time limit of its environment, or else 1000. */
  readonly longestEpisode?: number;
  /** The metrics besides the loss. Defaults to {@link meanReturn}. */
  readonly metrics?: readonly SomeMetric[];
}

/** The types of a transition. */
const transitionOf = ({ observation: { shape, dtype } }: Environment) => {
  const observation = { shape, dtype };
  const scalar = { shape: [], dtype: "f32" } as const;
  return {
    observation,
    action: { shape: [], dtype: "i32" },
    reward: scalar,
    next: observation,
    /** 1 where the episode goes on or was truncated, 0 where it was done. */
    goesOn: scalar,
  } as const;
};

type Types = ReturnType<typeof transitionOf>;
type Row = { readonly [K in keyof Types]: Expr };

/** The model and its target network. */
interface Both<M extends AnyLayer> {
  readonly q: M;
  readonly target: M;
}

/** The state of {@link dqn}. */
export interface DqnCarried<M extends AnyLayer> {
  readonly learner: Descending<
    { readonly [K in keyof Both<M>]: ParamsOf<M> },
    { readonly [K in keyof Both<M>]: StateOf<M> }
  >;
  readonly memory: Memory<Types, Tensor>;
  readonly games: Concrete<Game>;
}

type Carried = Symbolic<DqnCarried<AnyLayer>>;

/** 0, or NaN where not all numbers of a transition are finite. */
export const spoiled = ({
  observation,
  reward,
  next,
}: Pick<Row, "observation" | "reward" | "next">): Expr =>
  [observation, reward, next]
    .map((x) => cast(x, "f32"))
    .map((x) => sum(sub(x, x)))
    .reduce((a, b) => add(a, b));

const checked = <M extends AnyLayer>({
  batchSize = 32,
  discount = 0.99,
  environments = 1,
  length = 4,
  updates = 1,
  capacity,
  startAfter = Math.ceil(capacity / 20),
  double = false,
  selfPlay = false,
  environment,
  evaluatesOn = environment,
  longestEpisode = evaluatesOn.limit ?? 1000,
  metrics = [meanReturn],
  ...spec
}: Dqn<M>) => {
  whole(1)("dqn", { batchSize, environments, length, updates, longestEpisode });
  probability("dqn", { discount });
  checkExploration("dqn", spec.exploration);
  const least = Math.max(batchSize, environments * length);
  if (!(capacity >= least))
    throw new InvalidArgument({
      ...{ op: "dqn", argument: "capacity", actual: String(capacity) },
      expected: `${least} or more: a batch, and what is added between updates`,
    });
  wholeTo(1, capacity)("dqn", { startAfter });
  const count = countOfActions("dqn", environment);
  const given = { batchSize, discount, environments, length, updates, capacity, startAfter };
  return {
    ...spec,
    ...given,
    environment,
    double,
    selfPlay,
    evaluatesOn,
    longestEpisode,
    metrics,
    count,
  };
};

type Checked<M extends AnyLayer> = ReturnType<typeof checked<M>>;

/** The learner that updates the model on a batch of transitions. */
const updating = ({ environment, discount, count, ...spec }: Checked<AnyLayer>) => {
  const worth = spec.selfPlay ? -discount : discount;
  const target =
    "every" in spec.target ? copyEvery("q", spec.target.every) : follow("q", spec.target.decay);
  const values = (made: Expr) =>
    ascribe(
      `the model of dqn in ${environment.name}`,
      [{ shape: [count], dtype: "f32" }],
      [made],
    )[0];
  return objective({
    models: { q: spec.model, target: spec.model },
    follows: { target },
    optimizer: spec.optimizer,
    loss: ({ q, target }, { observation, action, reward, next, goesOn }: Row) => {
      const later = values(target(next));
      const best = spec.double
        ? take(later, greedyAction(environment, values(q(next)), next))
        : greedyValue(environment, later, next);
      const goal = add(reward, mul(mul(goesOn, worth), best));
      return huber(take(values(q(observation)), action), stopGradient(goal));
    },
  });
};

/**
 * Deep Q-learning (DQN): learns the value of each action from games that it plays itself. Each step of training plays
 * some steps of each game, remembers them, and updates the model on remembered transitions: one compiled program.
 *
 * The values that an update aims at come from a target network, which follows the model slowly. An episode that a time
 * limit ends goes on with the value of what would have come next. A validation or test dataset of `episodes(n)` is played
 * greedily: its loss is the negative of the mean return. The loss of training is that of an update, 0 before the first.
 *
 * **Math** minimizes the Huber loss of `Q(s, a) - (r + γ max Q'(s'))`, without the last term where the episode is done;
 * double: `Q'(s', argmax Q(s'))`; self-play: minus the last term. Only legal actions count.
 * **Fails with** `InvalidArgument`, thrown, where the actions are continuous, the memory is smaller than a batch, or an
 * option is out of range; `ShapeMismatch` when compiled, where the model does not return a number for each action;
 * `NonFinite` where the environment makes a number that is not finite.
 * **Source** Mnih et al., "Human-level control through deep reinforcement learning" (2015), Nature 518, whose batch,
 * discount, steps between updates and share of the memory before learning are the defaults; van Hasselt, Guez and Silver,
 * "Deep reinforcement learning with double Q-learning" (2016), arXiv:1509.06461; truncation: Pardo et al., "Time limits in
 * reinforcement learning" (2018), arXiv:1712.00378.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { lastValueFrom } from "rxjs";
 * import { adam, dense, flatten, pipeline, relu, sequential, train$ } from "fluxion";
 * import { experience } from "fluxion/data";
 * import { catchGame } from "fluxion/environments";
 * import { dqn, episodes } from "fluxion/reinforcement";
 *
 * const catching = pipeline(
 *   "catching",
 *   Effect.succeed({ train: experience(2500), test: episodes(50) }),
 *   dqn({
 *     environment: catchGame(),
 *     model: sequential(flatten, dense(50, 32), relu, dense(32, 3)),
 *     optimizer: adam({ learningRate: 2e-3 }),
 *     capacity: 5000,
 *     exploration: { to: 0.1, steps: 4000 },
 *     target: { every: 100 },
 *     longestEpisode: 9,
 *   }),
 * );
 * const end = await lastValueFrom(train$(catching));
 * end._tag === "Completed" && end.test // => { loss: -1, metrics: { return: 1 } }
 * ```
 */
export const dqn = <M extends AnyLayer>(spec: Dqn<M>): Learner<Columns, DqnCarried<M>> => {
  present("dqn", spec, {
    ...{ ...environmentPart, ...modelPart, ...optimizerPart },
    capacity: "the number of transitions that are remembered",
    exploration: "a probability, or one that falls, such as { to: 0.1, steps: 10_000 }",
    target: "how the target network follows, such as { every: 100 }",
  });
  const settings = checked(spec);
  // The same model twice.
  const learner = updating(settings) as Learner<Row, unknown> as Learner<
    Row,
    DqnCarried<M>["learner"]
  >;
  return remembering(settings, learner);
};

/** A learner that plays, remembers, and lets another learner learn from what it remembers. */
const remembering = <M extends AnyLayer>(
  spec: Checked<M>,
  learner: Learner<Row, DqnCarried<M>["learner"]>,
): Learner<Columns, DqnCarried<M>> => {
  const { environment, environments, length, count } = spec;
  const memory = replay(spec.capacity, transitionOf(environment));
  const model = open(spec.model);
  const metrics: readonly SomeMetric[] = [meanLoss, ...spec.metrics];
  // The tree that `init` made, with expressions in place of tensors.
  const opened = (carried: unknown) => carried as Carried;
  const valuesOf = ({ learner: { params, layerState } }: Carried, observation: Expr): Expr =>
    ascribe(
      `the model of dqn in ${environment.name}`,
      [{ shape: [count], dtype: "f32" }],
      [within("q", model, params.q, layerState.q, observation, still)[0]],
    )[0];
  /** The carried tree with the params to evaluate and predict with in place of those that learn. */
  const evaluated = (carried: unknown): Carried => {
    const own = opened(carried);
    // The learner's own trees.
    const { params } = learner.trained.get(own.learner) as Pick<Carried["learner"], "params">;
    return { ...own, learner: { ...own.learner, params } };
  };
  const exploring =
    (carried: Carried, epsilon: Expr): Policy =>
    (seen, key) => ({
      action: epsilonGreedy(environment, valuesOf(carried, seen), seen, epsilon, key),
    });
  const greedy =
    (carried: Carried): Policy =>
    (seen) => ({ action: greedyAction(environment, valuesOf(carried, seen), seen) });
  const summaries = ofEpisodes(metrics, spec);

  return {
    name: "dqn",
    limits: [],
    ...(learner.optimizer && { optimizer: learner.optimizer }),
    metrics,
    describe: () => partsIn(spec.model, environment.observation.shape),
    init: (key) => {
      const [first, second] = split(key, 2);
      return {
        games: beginGames(environment, environments, second),
        memory: memory.empty(),
        learner: learner.init(first),
      };
    },
    step: (carried, _, context) => {
      const before = opened(carried);
      const taken = mul(cast(context.step, "f32"), environments * length);
      const epsilon = explorationAt(spec.exploration, taken);
      const { after, steps, episodes } = vmap(
        play(environment, exploring(before, epsilon), { length, anew: false }),
      )(before.games);
      const fresh: Row = eachLeaf(joined, {
        observation: steps.observation,
        action: steps.choice.action,
        reward: steps.reward,
        next: steps.next,
        goesOn: where(steps.done, 0, 1),
      });
      const held = memory.add(before.memory, fresh);
      const learned = remembered(learner, memory, spec)(before.learner, held, context);
      const loss = add(learned.loss, spoiled(fresh));
      return {
        carried: { games: after, memory: held, learner: learned.carried },
        report: {
          loss,
          learningRate: learned.learningRate,
          summaries: [summaries(loss, eachLeaf(joined, episodes))],
        },
      };
    },
    evaluate: (carried, rows) => {
      const policy = greedy(evaluated(carried));
      return playedGreedily(spec.evaluatesOn, policy, spec.longestEpisode, metrics)(rows);
    },
    ...seeing(environment),
    ...judgedBy(environment, spec.evaluatesOn),
    acts: "discrete",
    predict: (carried, row) => {
      const seen = columnOf(row, "observation");
      return predictedValues(environment, valuesOf(evaluated(carried), seen), seen);
    },
    trained: {
      get: (carried) => learner.trained.get((carried as Carried).learner),
      set: (carried, trained) => ({
        ...opened(carried),
        learner: learner.trained.set(opened(carried).learner, trained),
      }),
    },
    adjust: ({ metrics: others = spec.metrics, ...change }) =>
      pipe(
        learner.adjust(change),
        map((adjusted) => remembering({ ...spec, metrics: others }, adjusted)),
      ),
  };
};
