import { scan } from "../../autodiff/control.ts";
import { vmap } from "../../autodiff/vmap.ts";
import { run } from "../../interpreter/evaluate.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, or } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import type { KeyExpr } from "../../ir/ops/random.ts";
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
import { type Key, split } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Choice, Environment, Policy } from "../environments/environment.ts";
import { begin, type Playing, rollout, type Transition } from "../environments/rollout.ts";
import { refuseMistakes } from "../mistakes.ts";
import type { Rewarded } from "./advantages.ts";

/** A game in progress, with what its episode has earned so far. */
export interface Tallied<S> {
  readonly game: Playing<S>;
  readonly tally: Tally;
}

/** What an episode has earned so far, f32, in how many steps, i32. */
export interface Tally {
  readonly earned: Expr;
  readonly steps: Expr;
}

/** The return and the length of the episode up to each step, and whether the step ended it: `[length]`. */
export interface Episodes {
  readonly earned: Expr;
  readonly steps: Expr;
  readonly ended: Expr;
}

/** Steps of games, and the episodes that they were part of. */
export interface Play {
  readonly steps: Unshaped<Transition<Choice>>;
  readonly episodes: Episodes;
}

/** Evaluates a function of trees at once, by the reference rules. */
const atOnce = <A, B>(f: (x: Symbolic<A>) => B, given: A): Concrete<B> => {
  const inputs = symbolsOf(given);
  const made = flattenExprs(f(inputs.tree));
  const whole = program(inputs.leaves, made.leaves);
  refuseMistakes(whole, {});
  return treeOf(shapeFor<Concrete<B>>(made.shape), run(whole, flattenTensors(given).leaves));
};

const noTally = (): Tally => ({ earned: fill([], 0, "f32"), steps: fill([], 0, "i32") });

/** Begins games with the first episode of each: leaves are `[games, ...]`. */
export const beginGames = <S>(
  environment: Environment<S>,
  games: number,
  key: Key,
): Concrete<Tallied<S>> =>
  atOnce(
    (keys: Expr) =>
      vmap((own: KeyExpr): Tallied<S> => ({ game: begin(environment, own), tally: noTally() }))(
        keys,
      ),
    stackTensors(split(key, games)) as Tensor,
  ) as Concrete<Tallied<S>>;

/** Counts what episodes earn: from the tally before some steps to the one after them. */
export const tallied = (
  { reward, done, truncated }: Rewarded,
  before: Tally,
): { readonly tally: Tally; readonly episodes: Episodes } => {
  const [tally, episodes] = scan<Tally, { reward: Expr; ended: Expr }, Episodes>(
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

/** Plays `length` steps of one game; `vmap` plays many. */
export const play =
  <S>(environment: Environment<S>, policy: Policy, length: number) =>
  ({ game, tally: before }: Tallied<S>): { readonly after: Tallied<S> } & Play => {
    const { playing, steps } = rollout(environment, policy, { length })(game);
    const { tally, episodes } = tallied(steps, before);
    return { after: { game: playing, tally }, steps, episodes };
  };
