import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { and, lt, neg, not, or } from "../../ir/ops/elementwise.ts";
import { type KeyExpr, splitKey } from "../../ir/ops/random.ts";
import { probability } from "../../tensor/validate.ts";
import {
  type Beginning,
  drawBetween,
  type Environment,
  type Outcome,
  type Policy,
} from "./environment.ts";
import { either } from "./rollout.ts";

/**
 * A game for two, played against an opponent: each step is a move and the opponent's reply. The opponent begins half of the
 * games, or as often as `begins` says. `called` names the opponent, for what is said of a run.
 *
 * The game must show each player their own side in turn, as `ticTacToe` and `connectFour` do. The reward is that of one's
 * own move, or minus that of the reply; so is the end.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, key } from "fluxion";
 * import { against, begin, randomLegalPolicy, rollout, ticTacToe } from "fluxion/environments";
 * import { mean } from "fluxion/ops";
 *
 * const game = ticTacToe();
 * const random = randomLegalPolicy(game);
 * const play = rollout(against(game, random), random, { length: 4000 });
 * const program = Effect.gen(function* () {
 *   const earned = (k: Expr<readonly [2]>) => mean(play(begin(against(game, random), k)).steps.reward);
 *   const run = yield* compile(earned, [key(0)]);
 *   return run(key(0));
 * });
 * Math.abs(Effect.runSync(Effect.scoped(Effect.provide(program, Backend.layerWasm))).item()) < 0.05 // => true
 * ```
 */
export const against = <S>(
  game: Environment<S>,
  opponent: Policy,
  {
    begins = 0.5,
    called = "an opponent",
  }: { readonly begins?: number; readonly called?: string } = {},
): Environment<S> => {
  probability("against", { begins });
  const reply = (state: S, observation: Expr, key: KeyExpr): Outcome<S> => {
    const [choosing, stepping] = splitKey(key, 2);
    return game.step(state, opponent(observation, choosing).action, stepping);
  };
  // A search that goes on from a state takes the players to move in turn, which one's own moves no longer are.
  const { stateOf: _, ...rest } = game;
  return {
    ...rest,
    name: `${game.name} against ${called}`,
    reset: (key) => {
      const [resetting, whose, replying] = splitKey(key, 3);
      const fresh = game.reset(resetting);
      const { state, observation } = reply(fresh.state, fresh.observation, replying);
      const theirs = lt(drawBetween(whose, 0, 1), begins);
      return either<Beginning<S>>("against", theirs, { state, observation }, fresh);
    },
    step: (before, action, key) => {
      const [moving, replying] = splitKey(key, 2);
      const own = game.step(before, action, moving);
      const after = reply(own.state, own.observation, replying);
      const over = or(own.done, own.truncated);
      const { state, observation } = either<Beginning<S>>(
        "against",
        over,
        { state: own.state, observation: own.observation },
        { state: after.state, observation: after.observation },
      );
      return {
        state,
        observation,
        reward: where(over, own.reward, neg(after.reward)),
        done: or(own.done, and(not(over), after.done)),
        truncated: or(own.truncated, and(not(over), after.truncated)),
      };
    },
  };
};
