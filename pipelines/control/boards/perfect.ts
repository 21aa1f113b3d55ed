import { type Expr, fromTypedArray } from "../../../src/index.ts";
import {
  add,
  cast,
  gt,
  mul,
  random,
  ravel,
  reshape,
  sum,
  take,
  where,
} from "../../../src/ir/index.ts";
import type { Policy } from "../../../src/learn/environments/index.ts";

/** Tic-tac-toe by minimax: what every position is worth, and which moves keep that. */

type Board = readonly number[];

const lines = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
] as const;

/** The number of a position: its cells are digits to the base 3. */
const numberOf = (board: Board): number => board.reduce((n, x, cell) => n + (x + 1) * 3 ** cell, 0);

/** The best moves of each position, by its number. A position is seen by the player to move. */
const bestMoves = (): ReadonlyMap<number, readonly number[]> => {
  const [worths, moves] = [new Map<number, number>(), new Map<number, readonly number[]>()];
  const worth = (board: Board): number => {
    const position = numberOf(board);
    const known = worths.get(position);
    if (known !== undefined) return known;
    const lost = lines.some((line) => line.every((cell) => board[cell] === -1));
    const cells = lost ? [] : board.flatMap((x, cell) => (x === 0 ? [cell] : []));
    const after = cells.map((move) => -worth(board.map((x, cell) => -(cell === move ? 1 : x))));
    const best = lost ? -1 : after.length === 0 ? 0 : after.reduce((a, b) => Math.max(a, b));
    moves.set(
      position,
      cells.filter((_, i) => after[i] === best),
    );
    worths.set(position, best);
    return best;
  };
  worth(Array<number>(9).fill(0));
  return moves;
};

const positions = 3 ** 9;
const table = fromTypedArray(
  [positions, 9],
  Float32Array.from(
    [...bestMoves()].reduce(
      (all, [position, moves]) => {
        for (const move of moves) all[9 * position + move] = 1;
        return all;
      },
      new Float32Array(9 * positions),
    ),
  ),
);
const digits = fromTypedArray(
  [9],
  Int32Array.from({ length: 9 }, (_, cell) => 3 ** cell),
);

/** The number of the position that a board shows, from 0 to 3⁹ - 1. */
export const positionOf = (observation: Expr): Expr =>
  sum(mul(cast(add(ravel(observation), 1), "i32"), digits));

/** Never makes a mistake: takes one of the best moves, each as often. */
export const perfect: Policy = (observation, key) => {
  const best = gt(take(table, positionOf(observation)), 0);
  const logits = where(best, 0, Number.NEGATIVE_INFINITY);
  return { action: reshape(random.categorical(key, ravel(logits), 1), []) };
};
