import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, eq, ge, mul, ne, neg, or } from "../../ir/ops/elementwise.ts";
import { fill, oneHot, ravel } from "../../ir/ops/indexing.ts";
import { max, min, sum } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { fromTypedArray } from "../../tensor/constructors.ts";
import { type Environment, never } from "./environment.ts";

/** The state of {@link ticTacToe}. */
export interface TicTacToeState {
  /** The cells in row-major order, as i32 `[9]`: 1 for those of the player to move, -1 for the other's, 0 for empty ones. */
  readonly board: Expr;
}

/** Three in a row: the rows, the columns and the diagonals. */
const lines = ["012", "345", "678", "036", "147", "258", "048", "246"];
const inLine = fromTypedArray(
  [lines.length, 9],
  Int32Array.from(
    lines.flatMap((line) =>
      Array.from({ length: 9 }, (_, cell) => (line.includes(`${cell}`) ? 1 : 0)),
    ),
  ),
);

const observe = (board: Expr): Expr => reshape(cast(board, "f32"), [3, 3]);

/**
 * Tic-tac-toe by self-play: every step is a move of the player whose turn it is, into the cell 0 to 8 in row-major order.
 * Observations and rewards are those of the player to move, so that one policy plays both sides, and the value of a position
 * is the negative of what its next one is worth to the other. Three in a row earn 1 and end the game; so does a full board,
 * with 0. An illegal move, into a taken cell or out of the board, ends it with a loss, -1. `legal` tells the empty cells.
 *
 * **Shapes** the observation is the board, `[3, 3]`: 1 for one's own cells, -1 for the other's.
 */
export const ticTacToe = (): Environment<TicTacToeState> => ({
  name: "ticTacToe",
  observation: { shape: [3, 3], dtype: "f32", low: -1, high: 1 },
  actions: { kind: "discrete", count: 9 },
  legal: (observation) => eq(ravel(observation), 0),
  reset: () => {
    const board = fill([9], 0, "i32");
    return { state: { board }, observation: observe(board) };
  },
  step: ({ board: before }, action) => {
    const empty = cast(eq(before, 0), "i32");
    const placed = mul(oneHot(action, 9, "i32"), empty);
    const illegal = eq(sum(placed), 0);
    const board = add(before, placed);
    const won = ge(max(sum(mul(inLine, board), -1)), 3);
    const full = ne(min(mul(board, board)), 0);
    const turned = neg(board);
    return {
      state: { board: turned },
      observation: observe(turned),
      reward: where(illegal, -1, cast(won, "f32")),
      done: or(illegal, or(won, full)),
      truncated: never(),
    };
  },
});
