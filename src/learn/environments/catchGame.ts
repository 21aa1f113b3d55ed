import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, clip, eq, ge, maximum, mul } from "../../ir/ops/elementwise.ts";
import { fill, oneHot } from "../../ir/ops/indexing.ts";
import { expandDims } from "../../ir/ops/structural.ts";
import { drawIndex, type Environment, move, never } from "./environment.ts";

/** The state of {@link catchGame}, in i32 scalars. */
export interface CatchState {
  /** The row and the column of the ball. */
  readonly row: Expr;
  readonly column: Expr;
  /** The column of the paddle, in the lowest row. */
  readonly paddle: Expr;
}

const [rows, columns] = [10, 5];

/** The ball and the paddle as ones on an empty board. */
const observe = ({ row, column, paddle }: CatchState): Expr => {
  const cell = (r: Expr, c: Expr): Expr =>
    mul(expandDims(oneHot(r, rows), 1), expandDims(oneHot(c, columns), 0));
  return maximum(cell(row, column), cell(fill([], rows - 1, "i32"), paddle));
};

/**
 * Catches a ball that falls one row in each step of a board of 10 rows and 5 columns, with a paddle in the lowest row that
 * moves to the left (0), not at all (1) or to the right (2). After 9 steps the episode is done, with the reward 1 where the
 * paddle is below the ball and -1 elsewhere; other rewards are 0. The ball begins in any column of the first row, the paddle
 * in the middle.
 *
 * **Shapes** the observation is the board, `[10, 5]`, with 1 for the ball and for the paddle.
 * **Source** Mnih et al., "Recurrent models of visual attention" (2014); as "Catch" of Osband et al.,
 * "Behaviour suite for reinforcement learning" (2020), arXiv:1908.03568.
 */
export const catchGame = (): Environment<CatchState> => ({
  name: "catchGame",
  observation: { shape: [rows, columns], dtype: "f32", low: 0, high: 1 },
  actions: { kind: "discrete", count: 3 },
  reset: (key) => {
    const state = {
      row: fill([], 0, "i32"),
      column: drawIndex(key, columns),
      paddle: fill([], Math.floor(columns / 2), "i32"),
    };
    return { state, observation: observe(state) };
  },
  step: ({ row: before, column, paddle: from }, action) => {
    const paddle = clip(add(from, move([-1, 0, 1], action)), 0, columns - 1);
    const row = add(before, 1);
    const state = { row, column, paddle };
    const done = ge(row, rows - 1);
    const landed = where(eq(column, paddle), 1, -1);
    return {
      state,
      observation: observe(state),
      reward: where(done, landed, 0),
      done,
      truncated: never(),
    };
  },
});
