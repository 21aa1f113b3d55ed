import { map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { scan, vmap } from "../../../autodiff/index.ts";
import { InvalidArgument } from "../../../errors.ts";
import type { Expr } from "../../../ir/expr.ts";
import { cast, where } from "../../../ir/ops/control.ts";
import { add, eq, mul, neg, square, sub, tanh } from "../../../ir/ops/elementwise.ts";
import { iota, take } from "../../../ir/ops/indexing.ts";
import type { KeyExpr } from "../../../ir/ops/random.ts";
import { logSoftmax, sum } from "../../../ir/ops/reduction.ts";
import { index, sliceAxis, stack } from "../../../ir/ops/structural.ts";
import type { Concrete, Symbolic, Unshaped } from "../../../ir/trees.ts";
import { ascribe } from "../../../ir/types/diagnose.ts";
import { open, still, within } from "../../../nn/apply.ts";
import type { AnyLayer } from "../../../nn/layer.ts";
import { meanLoss } from "../../../nn/metrics/regression.ts";
import { partsIn } from "../../../nn/summary.ts";
import type { ParamsOf, StateOf } from "../../../nn/types/chain.ts";
import type { GradientTransformation } from "../../../optim/transformation.ts";
import { split } from "../../../tensor/key.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { present, probability, whole, wholeTo } from "../../../tensor/validate.ts";
import type { Descending } from "../../descending.ts";
import { drawIndex, type Environment, type Policy } from "../../environments/environment.ts";
import { type Columns, columnOf, type Learner } from "../../learner.ts";
import { objective } from "../../objective.ts";
import { environmentPart, modelPart, optimizerPart } from "../../parts.ts";
import type { SomeMetric } from "../../scoring.ts";
import { eachLeaf } from "../../trees.ts";
import type { Rewarded } from "../advantages.ts";
import { spoiled } from "../dqn.ts";
import { meanReturn } from "../episodes.ts";
import {
  countOfActions,
  judgedBy,
  ofEpisodes,
  playedGreedily,
  predictedValues,
  seeing,
} from "../greedy.ts";
import { joined } from "../onPolicy.ts";
import { beginGames, type Game, play } from "../playing.ts";
import { type Memory, replay } from "../replay.ts";
import { remembered } from "../updates.ts";
import { puct } from "./planners.ts";
import { amongLegal, type Opinion, type Plan, type Planner, treeSearch } from "./tree.ts";

/** What is remembered of a move: what was seen, the policy that the search advised, and how the game went on. */
export interface Move {
  readonly observation: Expr;
  /** How likely the search would take each action, `[count]`. */
  readonly policy: Expr;
  /** The value to the player to move, from -1 to 1, a scalar. */
  readonly worth: Expr;
}

/** The options of {@link alphaZero}. */
export interface AlphaZero<M extends AnyLayer> {
  /** A game of two who move in turn and see their own side, such as `connectFour()`, with a reward only at its end. */
  readonly environment: Environment;
  /** A layer that says of one observation a logit for each action, and last a number whose `tanh` is the value, `[count + 1]`. */
  readonly model: M;
  readonly optimizer: GradientTransformation;
  /** The number of simulations for each move. Defaults to 16. */
  readonly simulations?: number;
  /** The rule of the search. Defaults to `puct()`. */
  readonly planner?: Planner;
  /** The number of moves that are remembered. */
  readonly capacity: number;
  /** How many games are played side by side. Defaults to 32. */
  readonly environments?: number;
  /** The number of moves of each game in one step of training. Defaults to 8. */
  readonly length?: number;
  /** The number of updates, each on its own batch, in one step of training. Defaults to 1. */
  readonly updates?: number;
  /** The number of moves of an update. Defaults to 32. */
  readonly batchSize?: number;
  /** The number of remembered moves from which on it learns. Defaults to a twentieth of the capacity. */
  readonly startAfter?: number;
  /**
   * How much of the value that is learned is how the game went on, from 0, the value of the search after the move, to 1, the
   * outcome of the game. Defaults to 1.
   */
  readonly lambda?: number;
  /** Ways to see a position that change nothing of what it is worth, such as a mirror. Defaults to none. */
  readonly symmetries?: readonly ((move: Omit<Move, "worth">) => Omit<Move, "worth">)[];
  /** The environment of held-out episodes: a game `against` an opponent. Defaults to `environment`. */
  readonly evaluatesOn?: Environment;
  /** The longest held-out episode, in steps. Defaults to the time limit of its environment, or else 1000. */
  readonly longestEpisode?: number;
  /** The metrics besides the loss. Defaults to {@link meanReturn}. */
  readonly metrics?: readonly SomeMetric[];
}

const moveOf = ({ observation: { shape, dtype } }: Environment, count: number) =>
  ({
    observation: { shape, dtype },
    policy: { shape: [count], dtype: "f32" },
    worth: { shape: [], dtype: "f32" },
  }) as const;

type Types = ReturnType<typeof moveOf>;

/** The state of {@link alphaZero}. */
export interface AlphaZeroCarried<M extends AnyLayer> {
  readonly learner: Descending<{ readonly net: ParamsOf<M> }, { readonly net: StateOf<M> }>;
  readonly memory: Memory<Types, Tensor>;
  readonly games: Concrete<Game>;
}

type Carried = Symbolic<AlphaZeroCarried<AnyLayer>>;

const checked = <M extends AnyLayer>({
  simulations = 16,
  planner = puct(),
  environments = 32,
  length = 8,
  updates = 1,
  batchSize = 32,
  lambda = 1,
  symmetries = [],
  capacity,
  startAfter = Math.ceil(capacity / 20),
  environment,
  evaluatesOn = environment,
  longestEpisode = evaluatesOn.limit ?? 1000,
  metrics = [meanReturn],
  ...spec
}: AlphaZero<M>) => {
  const op = "alphaZero";
  whole(1)(op, { environments, length, updates, batchSize, longestEpisode });
  probability(op, { lambda });
  const least = Math.max(batchSize, environments * length);
  if (!(capacity >= least))
    throw new InvalidArgument({
      ...{ op, argument: "capacity", actual: String(capacity) },
      expected: `${least} or more: a batch, and what is added between updates`,
    });
  wholeTo(1, capacity)(op, { startAfter });
  return {
    ...spec,
    ...{ environment, environments, length, updates, batchSize, lambda, symmetries, capacity },
    ...{ startAfter, evaluatesOn, longestEpisode, metrics },
    count: countOfActions(op, environment),
    search: treeSearch(environment, planner, { simulations }),
  };
};

type Checked<M extends AnyLayer> = ReturnType<typeof checked<M>>;

/** The model's opinion, of what its layer says. */
const opinionOf = ({ environment, count }: Checked<AnyLayer>, said: Expr): Opinion => {
  const made = ascribe(
    `the model of alphaZero in ${environment.name}`,
    [{ shape: [count + 1], dtype: "f32" }],
    [said],
  )[0];
  return { logits: sliceAxis(made, 0, 0, count), value: tanh(index(made, count)) };
};

/** The learner that updates the model on a batch of moves. */
const updating = (spec: Checked<AnyLayer>) => {
  const { environment, symmetries, model, optimizer } = spec;
  const seenAs = ({ worth, ...move }: Move, key: KeyExpr): Move => {
    const ways = [move, ...symmetries.map((way) => way(move))];
    const which = drawIndex(key, ways.length);
    const one = (of: keyof typeof move): Expr => take(stack(ways.map((way) => way[of])), which);
    return { observation: one("observation"), policy: one("policy"), worth };
  };
  return objective({
    models: { net: model },
    optimizer,
    loss: ({ net }, move: Move & Columns, { key }) => {
      const { observation, policy, worth } = symmetries.length === 0 ? move : seenAs(move, key);
      const { logits, value } = opinionOf(spec, net(observation));
      const legal = environment.legal?.(observation);
      const scores = legal === undefined ? logits : amongLegal({ legal }, logits);
      const missed = square(sub(value, worth));
      return sub(missed, sum(mul(policy, logSoftmax(scores)))) as Expr<readonly []>;
    },
  });
};

/** How a move went on, and what the search expected of the position before it: scalars. */
interface Later extends Rewarded {
  readonly value: Expr;
}

/**
 * What moves were worth, `[length]`: the reward where the game ended, or else minus what the next one was worth to the other
 * player, which is a mean of its value by the search, and of how it went on. After the last move it is `last`.
 */
export const worthOf = (steps: Unshaped<Later>, last: Expr, lambda: number): Expr => {
  const [, worth] = scan<Expr, Later, Expr>(
    (next, { reward, done, truncated, value }) => {
      const worth = where(done, reward, where(truncated, 0, neg(next)));
      return [add(mul(value, 1 - lambda), mul(worth, lambda)), worth];
    },
    last,
    steps,
    { reverse: true },
  );
  return worth;
};

/**
 * AlphaZero: learns a game by playing itself, where each move is searched for in a tree of what may follow, led by the model.
 * The model learns to choose as the search did, and to say how the games went on: so the next search is better.
 * Each step of training plays some moves of each game, remembers them, and updates the model on remembered moves: one
 * compiled program.
 *
 * What a move was worth is the outcome of its game. Where the game goes on after the step, it is the model's value of what
 * the last move led to instead: so nothing is kept of games but where they are. With a smaller `lambda`, it is nearer to
 * what the search expected: TD(λ). A validation or test dataset of `episodes(n)` is played by the search, without chance;
 * the loss is the negative of the mean return. An answer has the action of such a search, and as `values` the mean of what the
 * search saw of each action: -∞ (`null` in JSON) where it is not legal or was not tried. The action is the most visited one, by
 * `puct`, or one that wins at once, so that another may have a higher value of fewer visits. The loss of training is that of an update, 0 before the first.
 *
 * **Math** minimizes `(z - v)² - Σ π log p`, with the outcome `z` and the search's policy `π`.
 * **Fails with** `InvalidArgument`, thrown, where the actions are continuous, the environment has no `stateOf`, the memory is
 * smaller than a batch, or an option is out of range; `ShapeMismatch` when compiled, where the model does not return a number
 * for each action and the value; `NonFinite` where the environment makes a number that is not finite.
 * **Source** Silver et al., "A general reinforcement learning algorithm that masters chess, shogi, and Go through
 * self-play" (2018), Science 362; the values after the last move: Schrittwieser et al., "Mastering Atari, Go, chess and shogi
 * by planning with a learned model" (2020), arXiv:1911.08265.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { lastValueFrom } from "rxjs";
 * import { adam, dense, flatten, pipeline, relu, sequential, train$ } from "fluxion";
 * import { experience } from "fluxion/data";
 * import { against, randomLegalPolicy, ticTacToe } from "fluxion/environments";
 * import { alphaZero, episodes, lossRate } from "fluxion/reinforcement";
 *
 * const game = ticTacToe();
 * const byItself = pipeline(
 *   "tic-tac-toe",
 *   Effect.succeed({ train: experience(20), test: episodes(100) }),
 *   alphaZero({
 *     environment: game,
 *     model: sequential(flatten, dense(9, 32), relu, dense(32, 10)),
 *     optimizer: adam({ learningRate: 2e-3 }),
 *     ...{ capacity: 5000, updates: 8 },
 *     evaluatesOn: against(game, randomLegalPolicy(game)),
 *     longestEpisode: 5,
 *     metrics: [lossRate],
 *   }),
 * );
 * const end = await lastValueFrom(train$(byItself));
 * end._tag === "Completed" && (end.test?.metrics.losses ?? 1) < 0.15 // => true
 * ```
 */
export const alphaZero = <M extends AnyLayer>(
  spec: AlphaZero<M>,
): Learner<Columns, AlphaZeroCarried<M>> => {
  present("alphaZero", spec, {
    ...{ ...environmentPart, ...modelPart, ...optimizerPart },
    capacity: "the number of moves that are remembered",
  });
  const settings = checked(spec);
  const learner = updating(settings) as Learner<Move & Columns, unknown>;
  return playingItself(
    settings,
    learner as Learner<Move & Columns, AlphaZeroCarried<M>["learner"]>,
  );
};

const playingItself = <M extends AnyLayer>(
  spec: Checked<M>,
  learner: Learner<Move & Columns, AlphaZeroCarried<M>["learner"]>,
): Learner<Columns, AlphaZeroCarried<M>> => {
  const { environment, environments, length, count, search } = spec;
  const memory = replay(spec.capacity, moveOf(environment, count));
  const model = open(spec.model);
  const metrics: readonly SomeMetric[] = [meanLoss, ...spec.metrics];
  const summaries = ofEpisodes(metrics, { selfPlay: true });
  // The tree that `init` made, with expressions in place of tensors.
  const opened = (carried: unknown) => carried as Carried;
  const judging =
    ({ params, layerState }: Pick<Carried["learner"], "params" | "layerState">) =>
    (seen: Expr): Opinion =>
      opinionOf(spec, within("net", model, params.net, layerState.net, seen, still)[0]);
  /** The search with the model to evaluate and predict with, without chance. */
  const best = (carried: unknown) => {
    const own = opened(carried).learner;
    // The learner's own trees.
    const { params } = learner.trained.get(own) as Pick<Carried["learner"], "params">;
    const plan = search(judging({ ...own, params }));
    return (seen: Expr): Plan => plan(seen);
  };
  return {
    name: "alphaZero",
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
      const judge = judging(before.learner);
      const exploring: Policy<Plan> = search(judge);
      const { after, steps, episodes } = vmap((game: Game) => {
        const played = play(environment, exploring, { length, anew: false })(game);
        const { reward, done, truncated, choice, next } = played.steps;
        const last = judge(index(next, length - 1)).value;
        const later = { reward, done, truncated, value: choice.value };
        return {
          ...played,
          steps: { ...played.steps, worth: worthOf(later, last, spec.lambda) },
        };
      })(before.games);
      const fresh: Move = eachLeaf(joined, {
        observation: steps.observation,
        policy: steps.choice.policy,
        worth: steps.worth,
      });
      const held = memory.add(before.memory, { ...fresh });
      const learned = remembered(learner, memory, spec)(before.learner, held, context);
      const { observation, reward, next } = steps;
      const loss = add(learned.loss, spoiled({ observation, reward, next }));
      return {
        carried: { games: after, memory: held, learner: learned.carried },
        report: {
          loss,
          learningRate: learned.learningRate,
          summaries: [summaries(loss, eachLeaf(joined, episodes))],
        },
      };
    },
    evaluate: (carried, rows) =>
      playedGreedily(spec.evaluatesOn, best(carried), spec.longestEpisode, metrics)(rows),
    ...seeing(environment),
    ...judgedBy(environment, spec.evaluatesOn),
    acts: "discrete",
    predict: (carried, row) => {
      const seen = columnOf(row, "observation");
      const { values, action } = best(carried)(seen);
      const chosen = cast(eq(iota([count]), action), "f32");
      return stack([values, chosen].map((each) => predictedValues(environment, each, seen)));
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
        map((adjusted) => playingItself({ ...spec, metrics: others }, adjusted)),
      ),
  };
};
