import type { Expr } from "../../ir/expr.ts";
import { matmul } from "../../ir/ops/contraction.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { abs, add, and, eq, ge, lt, mul, ne, neg, or } from "../../ir/ops/elementwise.ts";
import { fill, oneHot, ravel } from "../../ir/ops/indexing.ts";
import { max, min, sum } from "../../ir/ops/reduction.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { fromTypedArray } from "../../tensor/constructors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Environment, never, type PositionRule } from "./environment.ts";

/** The state of a game on a board. */
export interface BoardState {
  /** The cells in row-major order, i32: 1 for those of the player to move, -1 for the other's, 0 for empty ones. */
  readonly board: Expr;
}

/** The rules of a game for two, who fill the cells of a board in turn until one has some in a line. */
interface LineGame {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** The number of cells in a line that wins. */
  readonly inLine: number;
  /** The number of actions. */
  readonly count: number;
  readonly legal: (observation: Expr) => Expr;
  /** Where pieces can be. Defaults to anywhere. */
  readonly stands?: PositionRule;
  /** The cell that an action fills. It does not matter for an action that is not legal, unless it is a taken cell. */
  readonly cellOf: (board: Expr, action: Expr) => Expr;
}

/** To the right, down, and down to either side: a line goes in one of these directions. */
const directions = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;

/** Every line of a board as ones among zeros, `[lines, cells]`: f32, of which a product is fast. */
const linesOf = ({ rows, columns, inLine }: LineGame): Tensor => {
  const lines: number[][] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (const [down, across] of directions) {
        const cells = Array.from({ length: inLine }, (_, i) => [
          row + i * down,
          column + i * across,
        ]);
        const inside = cells.every(([r = 0, c = 0]) => r < rows && c >= 0 && c < columns);
        if (inside) lines.push(cells.map(([r = 0, c = 0]) => r * columns + c));
      }
  const size = rows * columns;
  const ones = lines.flatMap((line) =>
    Array.from({ length: size }, (_, cell) => (line.includes(cell) ? 1 : 0)),
  );
  return fromTypedArray([lines.length, size], Float32Array.from(ones));
};

/** A game by its rules: an environment in which each step is a move of the player whose turn it is. */
export const lineGame = (game: LineGame): Environment<BoardState> => {
  const { name, rows, columns, inLine, count, legal, stands, cellOf } = game;
  const lines = linesOf(game);
  const observe = (board: Expr): Expr => reshape(cast(board, "f32"), [rows, columns]);
  return {
    name,
    observation: { shape: [rows, columns], dtype: "f32", low: -1, high: 1 },
    actions: { kind: "discrete", count },
    legal,
    stateOf: (observation) => ({ board: cast(ravel(observation), "i32") }),
    rules: [
      {
        words: "every number is 1, -1 or 0",
        holds: (observation) => {
          const pieces = [1, -1, 0].map((piece) => eq(ravel(observation), piece)).reduce(or);
          return ge(min(cast(pieces, "i32")), 1);
        },
      },
      {
        words: "the other player has as many pieces as the player to move, or one more",
        holds: (observation) => {
          const fewer = neg(sum(ravel(observation)));
          return and(ge(fewer, 0), ge(1, fewer));
        },
      },
      ...(stands === undefined ? [] : [stands]),
      {
        words: `nobody has ${inLine} in a line`,
        holds: (observation) => lt(max(abs(matmul(lines, ravel(observation)))), inLine),
      },
    ],
    positions: `a board of ${rows} lines of ${columns} from the top: 1 for each piece of the player to move, -1 for each of the other, 0 elsewhere`,
    reset: () => {
      const board = fill([rows * columns], 0, "i32");
      return { state: { board }, observation: observe(board) };
    },
    step: ({ board: before }, action) => {
      const empty = cast(eq(before, 0), "i32");
      const placed = mul(oneHot(cellOf(before, action), rows * columns, "i32"), empty);
      const illegal = eq(sum(placed), 0);
      const board = add(before, placed);
      const won = ge(max(matmul(lines, cast(board, "f32"))), inLine);
      const full = ge(min(cast(ne(board, 0), "i32")), 1);
      const turned = neg(board);
      return {
        state: { board: turned },
        observation: observe(turned),
        reward: where(illegal, -1, cast(won, "f32")),
        done: or(illegal, or(won, full)),
        truncated: never(),
      };
    },
  };
};
