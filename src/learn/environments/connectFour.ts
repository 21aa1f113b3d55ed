import { cast, where } from "../../ir/ops/control.ts";
import { add, and, eq, ge, lt, mul, ne, sub } from "../../ir/ops/elementwise.ts";
import { take } from "../../ir/ops/indexing.ts";
import { max, sum } from "../../ir/ops/reduction.ts";
import { index, reshape, sliceAxis } from "../../ir/ops/structural.ts";
import type { Environment } from "./environment.ts";
import { type BoardState, lineGame } from "./lineGame.ts";

const [rows, columns] = [6, 7];

/**
 * Connect four by self-play: every step is a move of the player whose turn it is, into the column 0 to 6 of a board of 6 rows,
 * where a piece falls onto those that are there. Observations and rewards are those of the player to move, as in
 * `ticTacToe`. Four in a row, a column or a diagonal earn 1 and end the game; so does a full board, with 0. An illegal move,
 * into a full column or out of the board, ends it with a loss, -1. `legal` tells the columns that are not full.
 *
 * **Shapes** the observation is the board, `[6, 7]`, with its top first: 1 for one's own pieces, -1 for the other's.
 * **Source** Allis, "A knowledge-based approach of connect-four" (1988), for the rules.
 */
export const connectFour = (): Environment<BoardState> =>
  lineGame({
    ...{ name: "connectFour", rows, columns, inLine: 4, count: columns },
    legal: (observation) => eq(index(observation, 0), 0),
    stands: {
      words: "no empty place is under a piece",
      holds: (observation) => {
        const taken = cast(ne(observation, 0), "i32");
        const [above, under] = [sliceAxis(taken, 0, 0, rows - 1), sliceAxis(taken, 0, 1, rows)];
        return ge(0, max(sub(above, under)));
      },
    },
    cellOf: (board, action) => {
      const heights = sum(cast(ne(reshape(board, [rows, columns]), 0), "i32"), 0);
      const row = sub(rows - 1, take(heights, action));
      // A move out of the board fills none of its cells.
      const inside = and(ge(action, 0), lt(action, columns));
      return where(inside, add(mul(row, columns), action), -1);
    },
  });
