import { eq } from "../../ir/ops/elementwise.ts";
import { ravel } from "../../ir/ops/indexing.ts";
import type { Environment } from "./environment.ts";
import { type BoardState, lineGame } from "./lineGame.ts";

/**
 * Tic-tac-toe by self-play: every step is a move of the player whose turn it is, into the cell 0 to 8 in row-major order.
 * Observations and rewards are those of the player to move, so that one policy plays both sides, and the value of a position
 * is the negative of what its next one is worth to the other. Three in a row earn 1 and end the game; so does a full board,
 * with 0. An illegal move, into a taken cell or out of the board, ends it with a loss, -1. `legal` tells the empty cells.
 *
 * **Shapes** the observation is the board, `[3, 3]`: 1 for one's own cells, -1 for the other's.
 */
export const ticTacToe = (): Environment<BoardState> =>
  lineGame({
    ...{ name: "ticTacToe", rows: 3, columns: 3, inLine: 3, count: 9 },
    legal: (observation) => eq(ravel(observation), 0),
    cellOf: (_, action) => action,
  });
