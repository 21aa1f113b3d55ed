import { vmap } from "../../autodiff/vmap.ts";
import { constant } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { ge, neg } from "../../ir/ops/elementwise.ts";
import { iota, ravel } from "../../ir/ops/indexing.ts";
import { categorical } from "../../ir/ops/random.ts";
import { max } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { key as keyOf } from "../../tensor/key.ts";
import { whole } from "../../tensor/validate.ts";
import type { Environment, Policy } from "./environment.ts";
import type { BoardState } from "./lineGame.ts";

/** Worse than a loss. */
const illegal = -2;

/** The worth of each action of a board, looking `depth` moves ahead: `[count]`. */
const worthOf = (game: Environment<BoardState>, depth: number, observation: Expr): Expr => {
  const { actions, legal } = game;
  const board = cast(ravel(observation), "i32");
  const of = (action: Expr): Expr => {
    const after = game.step({ board }, action, constant(keyOf(0)));
    const later = depth === 1 ? 0 : neg(max(worthOf(game, depth - 1, after.observation)));
    return where(after.done, after.reward, later);
  };
  const count = actions.kind === "discrete" ? actions.count : 0;
  const worth = vmap(of)(iota([count])) as Expr;
  return legal === undefined ? worth : where(legal(observation), worth, illegal);
};

/**
 * Plays a board game by looking at every line of play of `depth` moves: the moves of a player who wins or does not lose
 * within them, each as often. What lies beyond counts as a draw. The number of lines is the number of actions to the power
 * of `depth`.
 *
 * **Fails with** `InvalidArgument`, thrown, where `depth` is not a whole number above 0.
 * **Source** minimax search to a fixed depth: Shannon, "Programming a computer for playing chess" (1950).
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, key, tensor } from "fluxion";
 * import { lookAhead, ticTacToe } from "fluxion/environments";
 *
 * const policy = lookAhead(ticTacToe(), 2);
 * const board = tensor([[-1, -1, 0], [0, 1, 0], [0, 0, 0]]);
 * const program = Effect.map(compile(policy, [board, key(0)]), (run) => run(board, key(0)).action.item());
 * Effect.runSync(Effect.scoped(Effect.provide(program, Backend.layerWasm))) // => 2
 * ```
 */
export const lookAhead = (game: Environment<BoardState>, depth: number): Policy => {
  whole(1)("lookAhead", { depth });
  return (observation, key) => {
    const worth = worthOf(game, depth, observation);
    const best = where(ge(worth, max(worth)), 0, Number.NEGATIVE_INFINITY);
    return { action: reshape(categorical(key, ravel(best), 1), []) };
  };
};
