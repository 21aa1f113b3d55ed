import { scan } from "../../autodiff/control.ts";
import { vmap } from "../../autodiff/vmap.ts";
import { run } from "../../interpreter/evaluate.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, ge, not, or } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import type { KeyExpr } from "../../ir/ops/random.ts";
import { isFinite, min } from "../../ir/ops/reduction.ts";
import { program } from "../../ir/program.ts";
import {
  type Concrete,
  flattenExprs,
  flattenTensors,
  type Symbolic,
  shapeFor,
  symbolsOf,
  treeOf,
  type Unshaped,
} from "../../ir/trees.ts";
import { stackTensors } from "../../tensor/constructors.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { type Key, split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Choice, Environment, Policy } from "../environments/environment.ts";
import { begin, type Playing, rollout, type Transition } from "../environments/rollout.ts";
import { refuseMistakes } from "../mistakes.ts";
import type { Rewarded } from "./advantages.ts";

/** What an episode has earned so far, f32, in how many steps, i32. */
export interface Tally {
  readonly earned: Expr;
  readonly steps: Expr;
}

/** A game in progress, with the tally of its episode. */
export interface Game {
  readonly playing: Playing<unknown>;
  readonly tally: Tally;
}

/** The tally of the episode up to each step, and whether the step ended it: `[length]`. */
export interface Episodes extends Tally {
  readonly ended: Expr;
}

/** The steps of a game, the episodes that they were part of, and the game afterwards. */
export interface Played<C extends Choice = Choice> {
  readonly after: Game;
  readonly steps: Unshaped<Transition<C>>;
  readonly episodes: Episodes;
  /** Whether each step is part of the first of these episodes. */
  readonly first: Expr;
}

export const noTally = (): Tally => ({ earned: fill([], 0, "f32"), steps: fill([], 0, "i32") });

/** Evaluates a function of trees at once, by the reference rules. */
const atOnce = <A, B>(f: (x: Symbolic<A>) => B, given: A): Concrete<B> => {
  const inputs = symbolsOf(given);
  const made = flattenExprs(f(inputs.tree));
  const whole = program(inputs.leaves, made.leaves);
  refuseMistakes(whole);
  return treeOf(shapeFor<Concrete<B>>(made.shape), run(whole, flattenTensors(given).leaves));
};

/** Begins games with the first episode of each: leaves are `[games, ...]`. */
export const beginGames = (environment: Environment, games: number, key: Key): Concrete<Game> =>
  atOnce(
    (keys: Expr) =>
      vmap((own: KeyExpr): Game => ({ playing: begin(environment, own), tally: noTally() }))(keys),
    stackTensors(split(key, games)) as Tensor,
  ) as Concrete<Game>;

/** Counts what episodes earn: from the tally before some steps to the one after them. */
export const tallied = (
  { reward, done, truncated }: Rewarded,
  before: Tally,
): { readonly tally: Tally; readonly episodes: Episodes } => {
  type Step = { readonly reward: Expr; readonly ended: Expr };
  const [tally, episodes] = scan<Tally, Step, Episodes>(
    ({ earned: had, steps: taken }, { reward, ended }) => {
      const [earned, steps] = [add(had, reward), add(taken, 1)];
      const next = { earned: where(ended, 0, earned), steps: where(ended, 0, steps) };
      return [next, { earned, steps, ended }];
    },
    before,
    { reward, ended: or(done, truncated) },
  );
  return { tally, episodes };
};

/** Whether each of some steps, `[length]`, is part of the first episode. */
export const inFirst = ({ done, truncated }: Pick<Rewarded, "done" | "truncated">): Expr => {
  const [, first] = scan<Expr, { readonly ended: Expr }, Expr>(
    (alive, { ended }) => [and(alive, not(ended)), alive],
    fill([], 1, "bool"),
    { ended: or(done, truncated) },
  );
  return first;
};

/** Whether all floats among some tensors are finite, a bool scalar. */
const allFinite = (xs: readonly Expr[]): Expr =>
  xs
    .filter(({ dtype }) => isFloat(dtype))
    .map((x) => ge(min(cast(isFinite(x), "i32")), 1))
    .reduce(and, fill([], 1, "bool"));

/**
 * The tally, but NaN where a number that an environment returned is not finite: the run ends with an error that names the
 * games, and not the params that the number spoiled.
 */
export const finiteTally = (
  { observation, reward, next }: Pick<Transition, "observation" | "reward" | "next">,
  { earned, steps }: Tally,
): Tally => ({
  earned: where(allFinite([observation, reward, next]), earned, Number.NaN),
  steps,
});

/** Plays `length` steps of one game; `vmap` plays many. */
export const play =
  <C extends Choice>(
    environment: Environment,
    policy: Policy<C>,
    { length, anew }: { readonly length: number; readonly anew: boolean },
  ) =>
  ({ playing, tally: before }: Game): Played<C> => {
    const start = anew ? begin(environment, playing.key) : playing;
    const { playing: last, steps } = rollout(environment, policy, { length })(start);
    const { tally, episodes } = tallied(steps, anew ? noTally() : before);
    const after = { playing: last, tally: finiteTally(steps, tally) };
    return { after, steps, episodes, first: inFirst(steps) };
  };
