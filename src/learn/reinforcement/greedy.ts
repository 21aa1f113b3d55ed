import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, div, eq, ge, lt, minimum, mul, neg, or } from "../../ir/ops/elementwise.ts";
import { fill, iota, ravel } from "../../ir/ops/indexing.ts";
import { lift } from "../../ir/ops/promote.ts";
import { categorical, type KeyExpr, splitKey, uniform } from "../../ir/ops/random.ts";
import { argmax, argmin, max, mean, min } from "../../ir/ops/reduction.ts";
import { reshape, stack } from "../../ir/ops/structural.ts";
import type { Exprs } from "../../ir/trees.ts";
import { probability, whole } from "../../tensor/validate.ts";
import type { Environment, Policy } from "../environments/environment.ts";
import { type Columns, columnOf, type Learner, type Report } from "../learner.ts";
import type { SomeMetric } from "../scoring.ts";
import { playEpisodes } from "./episodes.ts";
import type { Episodes } from "./playing.ts";

/** The probability of a random action: a number, or one that falls (or rises) evenly over steps of the environment. */
export type Exploration =
  | number
  | {
      /** The probability at the first step. Defaults to 1. */
      readonly from?: number;
      /** The probability after `steps` steps. */
      readonly to: number;
      readonly steps: number;
    };

/** Checks an exploration. **Fails with** `InvalidArgument`, thrown. */
export const checkExploration = (op: string, exploration: Exploration): void => {
  if (typeof exploration === "number") probability(op, { exploration });
  else {
    const { from, to, steps } = exploration;
    probability(op, { "exploration.from": from, "exploration.to": to });
    whole(1)(op, { "exploration.steps": steps });
  }
};

/** The probability of a random action after `taken` steps of the environment, an f32 scalar. */
export const explorationAt = (exploration: Exploration, taken: Expr): Expr => {
  if (typeof exploration === "number") return lift(exploration, "f32");
  const { from = 1, to, steps } = exploration;
  const share = minimum(div(taken, steps), 1);
  return add(mul(share, to - from), from);
};

/** The values of the actions of one position, with -∞ for illegal ones: `[count] → [count]`. */
export const legalValues = (
  environment: Pick<Environment, "legal">,
  values: Expr,
  observation: Expr,
): Expr =>
  environment.legal === undefined
    ? values
    : where(environment.legal(observation), values, Number.NEGATIVE_INFINITY);

/** Legal values, or NaN in every place where one is NaN or ∞, or some action is legal and none has a value. */
const soundValues = (
  environment: Pick<Environment, "legal">,
  values: Expr,
  observation: Expr,
): Expr => {
  const legal = legalValues(environment, values, observation);
  const below = ge(min(cast(lt(legal, Number.POSITIVE_INFINITY), "i32")), 1);
  const some = lt(Number.NEGATIVE_INFINITY, max(legal));
  const known =
    environment.legal === undefined
      ? some
      : or(some, lt(max(cast(environment.legal(observation), "i32")), 1));
  return where(and(below, known), legal, Number.NaN);
};

/**
 * What a learner predicts: {@link legalValues}. NaN in all places where the model's own are not finite; or, of what is no
 * position of the game, NaN and in all other places the number of the first rule that it breaks.
 */
export const predictedValues = (
  environment: Pick<Environment, "legal" | "rules">,
  values: Expr,
  observation: Expr,
): Expr => {
  const sound = soundValues(environment, values, observation);
  const { rules = [] } = environment;
  if (rules.length === 0) return sound;
  const kept = stack(rules.map(({ holds }) => cast(holds(observation), "i32")));
  const places = iota([values.shape[0] ?? 1]);
  const told = where(eq(places, 0), Number.NaN, cast(argmin(kept), "f32"));
  return where(ge(min(kept), 1), sound, told);
};

/** Where held-out episodes are played, if that is elsewhere than where a learner learns. */
export const judgedBy = (
  environment: Environment,
  evaluatesOn: Environment,
): Pick<Learner<Columns, unknown>, "judgedIn"> =>
  evaluatesOn === environment ? {} : { judgedIn: evaluatesOn.name };

/** What the learners of an environment say of the rows that they predict. */
export const seeing = ({
  name,
  observation: { shape, dtype },
  positions,
  rules,
}: Pick<Environment, "name" | "observation" | "positions" | "rules">): Pick<
  Learner<Columns, unknown>,
  "sees" | "plays"
> => ({
  sees: { observation: { shape, dtype } },
  ...(positions !== undefined && {
    plays: { name, positions, ...(rules && { rules: rules.map(({ words }) => words) }) },
  }),
});

/** The first of the legal actions with the highest value. */
export const greedyAction = (environment: Environment, values: Expr, observation: Expr): Expr =>
  argmax(legalValues(environment, values, observation));

/** The highest value of a legal action; 0 where none is legal. */
export const greedyValue = (environment: Environment, values: Expr, observation: Expr): Expr => {
  const best = max(legalValues(environment, values, observation));
  return environment.legal === undefined
    ? best
    : where(lt(Number.NEGATIVE_INFINITY, best), best, 0);
};

/** The greedy action, or with probability `epsilon` any legal one. */
export const epsilonGreedy = (
  environment: Environment,
  values: Expr,
  observation: Expr,
  epsilon: Expr,
  key: KeyExpr,
): Expr => {
  const [whether, which] = splitKey(key, 2);
  const alike = legalValues(environment, fill([values.shape[0] ?? 1], 0, "f32"), observation);
  const drawn = reshape(categorical(which, ravel(alike), 1), []);
  const best = greedyAction(environment, values, observation);
  return where(lt(uniform(whether, []), epsilon), drawn, best);
};

/** What a learner of values needs: an environment with a finite number of actions. */
export const countOfActions = (op: string, { name, actions }: Environment): number => {
  if (actions.kind === "discrete") return actions.count;
  throw new InvalidArgument({
    ...{ op, argument: "environment", actual: `${name}, whose actions are continuous` },
    expected: "an environment with discrete actions; ppo learns continuous ones",
  });
};

/**
 * The summaries of a learner's metrics, of the episodes that steps belong to: leaves are `[steps]`. A return of self-play says
 * nothing, since either player earns it: it does not count.
 */
export const ofEpisodes =
  (metrics: readonly SomeMetric[], { selfPlay = false } = {}) =>
  (loss: Expr, { earned, steps, ended }: Episodes): readonly Exprs[] => {
    const examples = earned.shape[0] ?? 1;
    const values = {
      episodeReturn: earned,
      episodeLength: cast(steps, "f32"),
      episodeEnded: ended,
      ...(selfPlay && { returnCounts: fill([examples], 0, "bool") }),
    };
    const nothing = fill([examples], 0, "f32");
    return metrics.map((metric) =>
      metric.fromBatch({ loss, outputs: nothing, targets: nothing, examples, values }),
    );
  };

/** The report on held-out episodes, each begun by the key of a row. The loss is the negative of the mean return. */
export const playedGreedily =
  (environment: Environment, policy: Policy, limit: number, metrics: readonly SomeMetric[]) =>
  (rows: Columns): Report => {
    const tally = playEpisodes(environment, policy, limit)(columnOf(rows, "key"));
    const loss = neg(mean(tally.earned));
    const ended = fill(tally.earned.shape, 1, "bool");
    return { loss, summaries: [ofEpisodes(metrics)(loss, { ...tally, ended })] };
  };
