import { describe, expect, it } from "vitest";
import { vmap } from "../../../src/autodiff/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { argmax, ravel, take } from "../../../src/ir/index.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import {
  begin,
  catchGame,
  gridWorld,
  rollout,
  ticTacToe,
} from "../../../src/learn/environments/index.ts";
import { scalar, stackTensors, tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key, split } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { played, ran } from "./playing.ts";

describe("catchGame", () => {
  const game = (column: number, actions: readonly number[]) =>
    played(catchGame(), { row: 0, column, paddle: 2 }, actions, "i32");

  it("begins with a ball in the first row and the paddle in the middle", () => {
    const columns = [0, 1, 2, 3, 4, 5, 6, 7].map((seed) => {
      const { observation } = ran((k: KeyExpr) => catchGame().reset(k), key(seed)) as {
        readonly observation: Tensor;
      };
      const cells = Array.from(observation.toTypedArray());
      expect(cells.filter((cell) => cell === 1)).toHaveLength(2);
      expect(cells[9 * 5 + 2]).toBe(1);
      return cells.indexOf(1);
    });
    expect(columns.every((column) => column < 5)).toBe(true);
    expect(new Set(columns).size).toBeGreaterThan(2);
  });

  it("lasts 9 steps, and earns 1 where the paddle catches the ball", () => {
    const steps = game(4, [2, 2, 2, 1, 1, 1, 1, 1, 1]);
    expect(steps.map(({ reward }) => reward)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(steps.map(({ done }) => done)).toEqual([...Array(8).fill(false), true]);
    // The wall stops the paddle: the ball is above it, and in the end in it.
    expect(steps[2]?.after.paddle).toBe(4);
    expect(steps[7]?.observation.flatMap((x, i) => (x === 1 ? [i] : []))).toEqual([44, 49]);
    expect(steps[8]?.observation.flatMap((x, i) => (x === 1 ? [i] : []))).toEqual([49]);
  });

  it("costs 1 where it does not", () => {
    expect(game(0, [1, 1, 1, 1, 1, 1, 1, 1, 0])[8]).toMatchObject({ reward: -1, done: true });
    expect(game(1, [1, 1, 1, 1, 1, 1, 1, 1, 0])[8]).toMatchObject({ reward: 1, done: true });
  });
});

describe("gridWorld", () => {
  const [up, right, down, left] = [0, 1, 2, 3];

  it("walks, stops at walls and ends, and is done at the goal", () => {
    // The cells are 0 1 2 G / 4 # 6 X / S 9 10 11.
    const walk = [left, down, right, up, left, up, up, left, right, right, right];
    const steps = played(gridWorld(), { cell: 8 }, walk, "i32");
    expect(steps.map(({ after }) => after.cell)).toEqual([8, 8, 9, 9, 8, 4, 0, 0, 1, 2, 3]);
    expect(steps.map(({ reward }) => reward)).toEqual([...Array(10).fill(0), 1]);
    expect(steps.map(({ done }) => done)).toEqual([...Array(10).fill(false), true]);
    expect(steps[0]?.observation).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  });

  it("is done in a pit, and charges each step", () => {
    const [step] = played(gridWorld({ stepReward: -0.25 }), { cell: 6 }, [right], "i32");
    expect(step).toMatchObject({ after: { cell: 7 }, reward: -1.25, done: true });
  });

  it("does not move by an action out of range", () => {
    const steps = played(gridWorld({ slip: 1 }), { cell: 8 }, [-1, 4, 7], "i32");
    expect(steps.map(({ after }) => after.cell)).toEqual([8, 8, 8]);
  });

  it("always moves to the side with a slip of 1, to each as often", () => {
    const open = gridWorld({ layout: ["...", ".S.", "..."], slip: 1 });
    const ends = Array.from({ length: 200 }, () => up);
    const columns = played(open, { cell: 4 }, ends, "i32").map(({ after }) => after.cell);
    expect(columns.every((cell) => cell !== undefined && cell >= 3 && cell <= 5)).toBe(true);
    const moved = columns.filter((cell) => cell === 3).length;
    expect(moved).toBeGreaterThan(50);
    expect(moved).toBeLessThan(110);
  });

  it("is worth 0.705 to the best policy of Russell and Norvig's world", () => {
    const world = gridWorld({ slip: 0.2, stepReward: -0.04 });
    const best = tensor([1, 1, 1, 0, 0, 0, 0, 0, 0, 3, 3, 3], "i32");
    const follow = (seen: Expr) => ({ action: take(best, argmax(ravel(seen))) });
    const play = rollout(world, follow, { length: 400 });
    const games = vmap((own: KeyExpr) => play(begin(world, own)).steps);
    const steps = ran(games, stackTensors(split(key(3), 64))) as {
      readonly reward: Tensor;
      readonly done: Tensor;
    };
    const total = Array.from(steps.reward.toTypedArray()).reduce((a, b) => a + b, 0);
    const episodes = Array.from(steps.done.toTypedArray()).reduce((a, b) => a + b, 0);
    expect(Math.abs(total / episodes - 0.705)).toBeLessThan(0.03);
  });

  it.each([
    [{ layout: [] }, "layout"],
    [{ layout: ["S.", "."] }, "layout"],
    [{ layout: ["S?"] }, "layout"],
    [{ layout: ["..G"] }, "layout"],
    [{ slip: 1.5 }, "slip"],
    [{ stepReward: Number.NaN }, "stepReward"],
  ])("does not take %o", (options, argument) => {
    expect(() => gridWorld(options)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument }),
    );
  });
});

/** Plays the cells of a game, as both players in turn. */
const moves = (cells: readonly number[]) => {
  const game = ticTacToe();
  return cells.reduce<readonly Move[]>((before, cell) => {
    const last = before.at(-1)?.state ?? { board: zeros([9], "i32") };
    const made = ran(
      (state: { readonly board: Expr }, action: Expr, k: KeyExpr) => game.step(state, action, k),
      ...[last, scalar(cell, "i32"), key(0)],
    );
    return [...before, made as Move];
  }, []);
};
interface Move extends Record<"observation" | "reward" | "done", Tensor> {
  readonly state: { readonly board: Tensor };
}
const ends = (cells: readonly number[]) =>
  moves(cells).map(({ reward, done }) => [reward.item(), done.item() ? 1 : 0]);
const goesOn = (steps: number) => Array.from({ length: steps }, () => [0, 0]);

describe("ticTacToe", () => {
  it.each([
    ["a row", [0, 3, 1, 4, 2]],
    ["a column", [1, 0, 4, 3, 7]],
    ["a diagonal", [0, 1, 4, 2, 8]],
    ["the other diagonal", [2, 1, 4, 0, 6]],
  ])("is won by %s", (_, cells) => {
    expect(ends(cells)).toEqual([...goesOn(4), [1, 1]]);
  });

  it("is won by the second player too, whose reward it is", () => {
    expect(ends([0, 2, 1, 5, 3, 8])).toEqual([...goesOn(5), [1, 1]]);
  });

  it("ends in a draw on a full board", () => {
    expect(ends([0, 1, 2, 4, 3, 5, 7, 6, 8])).toEqual([...goesOn(8), [0, 1]]);
  });

  it("is won, not drawn, by the last move into a full board", () => {
    expect(ends([0, 1, 2, 3, 4, 5, 7, 6, 8])).toEqual([...goesOn(8), [1, 1]]);
  });

  it.each([0, 4, -1, 9])("is lost by an illegal move into %i", (cell) => {
    expect(ends([0, 4, cell])).toEqual([...goesOn(2), [-1, 1]]);
  });

  it("shows the board to the player to move, who may take the empty cells", () => {
    const [first, second] = moves([0, 4]);
    expect(first?.observation.toArray()).toEqual([
      [-1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(second?.observation.toArray()).toEqual([
      [1, 0, 0],
      [0, -1, 0],
      [0, 0, 0],
    ]);
    const legal = ran((x: Expr) => ticTacToe().legal?.(x), second?.observation) as Tensor;
    expect(Array.from(legal.toTypedArray())).toEqual([0, 1, 1, 1, 0, 1, 1, 1, 1]);
  });
});
