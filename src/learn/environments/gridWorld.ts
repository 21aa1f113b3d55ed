import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, lt, ne, rem } from "../../ir/ops/elementwise.ts";
import { iota, oneHot, take } from "../../ir/ops/indexing.ts";
import { splitKey } from "../../ir/ops/random.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { fromTypedArray } from "../../tensor/constructors.ts";
import { nth } from "../../tensor/list.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { finite, probability } from "../../tensor/validate.ts";
import { drawBetween, drawIndex, type Environment, meaning, never } from "./environment.ts";

/** Options of {@link gridWorld}. */
export interface GridWorldOptions {
  /**
   * The rows of the grid, of equal length, with one letter for each cell: `S` a start, `G` a goal, `X` a pit, `#` a wall,
   * and `.` a free cell. Defaults to the world of 4 by 3 cells of Russell and Norvig.
   */
  readonly layout?: readonly string[];
  /** The probability of a move to the side instead, half to each. Defaults to 0. */
  readonly slip?: number;
  /** The reward of every step, besides what its cell gives. Defaults to 0. */
  readonly stepReward?: number;
}

/** The state of {@link gridWorld}. */
export interface GridWorldState {
  /** The row-major position of the cell, as an i32 scalar. */
  readonly cell: Expr;
}

const russellAndNorvig = ["...G", ".#.X", "S..."];
const letters = "SGX#.";

/** Up, right, down and left: those beside one are its sides. */
const directions = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;

const integers = (list: readonly number[]): Tensor =>
  fromTypedArray([list.length], Int32Array.from(list));

/** The cells of a layout in row-major order. */
const cellsOf = (layout: readonly string[]): readonly string[] => {
  const wrong = (expected: string): InvalidArgument =>
    new InvalidArgument({
      ...{ op: "gridWorld", argument: "layout", expected },
      actual: layout.map((row) => JSON.stringify(row)).join(", ") || "without rows",
    });
  if (layout.some((row) => row.length !== layout[0]?.length)) throw wrong("rows of equal length");
  const cells = layout.flatMap((row) => row.split(""));
  if (!cells.every((cell) => letters.includes(cell))) throw wrong("rows of S, G, X, # and . alone");
  if (!cells.includes("S")) throw wrong("rows with a start S");
  return cells;
};

/**
 * Walks on a grid: up (0), to the right (1), down (2) or to the left (3). A move into a wall or out of the grid leaves it
 * where it is. The episode is done at a goal, with the reward 1, or in a pit, with the reward -1. It begins at one of the
 * starts, each with equal probability.
 *
 * **Shapes** the observation is the grid, `[rows, columns]`, with 1 in its own cell.
 * **Fails with** `InvalidArgument`, thrown, where the rows differ in length, have other letters or no start, `slip` is not
 * from 0 to 1, or `stepReward` is not finite.
 * **Source** Russell and Norvig, "Artificial Intelligence: A Modern Approach", chapter 17 on sequential decisions, whose
 * world is `gridWorld({ slip: 0.2, stepReward: -0.04 })`.
 */
export const gridWorld = ({
  layout = russellAndNorvig,
  slip = 0,
  stepReward = 0,
}: GridWorldOptions = {}): Environment<GridWorldState> => {
  const cells = cellsOf(layout);
  probability("gridWorld", { slip });
  finite("gridWorld", { stepReward });
  const shape = [layout.length, cells.length / layout.length] as const;
  const [rows, columns] = shape;
  const places = cells.map((_, i) => [Math.floor(i / columns), i % columns] as const);
  // For each cell, how far each direction moves: 0 where there is a wall or the end of the grid.
  const moves = places.flatMap(([row, column]) =>
    directions.map(([down, across]) => {
      const [r, c] = [row + down, column + across];
      const inside = r >= 0 && r < rows && c >= 0 && c < columns;
      return inside && nth(cells, r * columns + c) !== "#" ? down * columns + across : 0;
    }),
  );
  const table = reshape(integers(moves), [cells.length, directions.length]);
  const starts = cells.flatMap((cell, i) => (cell === "S" ? [i] : []));
  const worth = cells.map((cell) => (cell === "G" ? 1 : cell === "X" ? -1 : 0));
  const observe = (cell: Expr): Expr => reshape(oneHot(cell, cells.length), shape);
  return {
    name: "gridWorld",
    observation: { shape, dtype: "f32", low: 0, high: 1 },
    actions: { kind: "discrete", count: directions.length },
    reset: (key) => {
      const cell = take(integers(starts), drawIndex(key, starts.length));
      return { state: { cell }, observation: observe(cell) };
    },
    step: ({ cell: before }, action, key) => {
      const [whether, which] = splitKey(key, 2);
      const sideways = take(integers([1, 3]), drawIndex(which, 2));
      const turn = where(lt(drawBetween(whether, 0, 1), slip), sideways, 0);
      // The moves of a cell, turned: an action out of range finds none there, and stays.
      const turned = rem(add(iota([directions.length]), turn), directions.length);
      const cell = add(before, take(take(take(table, before), turned), action));
      const gained = meaning(worth, cell);
      return {
        state: { cell },
        observation: observe(cell),
        reward: add(gained, stepReward),
        done: ne(gained, 0),
        truncated: never(),
      };
    },
  };
};
