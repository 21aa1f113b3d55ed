import { describe, expect, it } from "vitest";
import { vmap } from "../../../src/autodiff/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { argmax, cast, fill, reshape, stack } from "../../../src/ir/index.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import {
  against,
  begin,
  connectFour,
  lookAhead,
  type Policy,
  randomLegalPolicy,
  randomPolicy,
  rollout,
  ticTacToe,
} from "../../../src/learn/environments/index.ts";
import { scalar, stackTensors, tensor } from "../../../src/tensor/constructors.ts";
import { key, split } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { ran } from "./playing.ts";

/** Connect four in plain numbers: what a move into a column of a board, from its top, leads to. */
const plainly = (board: readonly (readonly number[])[], column: number) => {
  const row = [5, 4, 3, 2, 1, 0].find((r) => board[r]?.[column] === 0);
  if (row === undefined) return { board, reward: -1, done: true };
  const next = board.map((cells, r) => (r === row ? cells.with(column, 1) : cells));
  const own = (r: number, c: number): boolean => next[r]?.[c] === 1;
  /** How many of one's pieces follow one another from the new one. */
  const run = (down: number, across: number): number => {
    let n = 0;
    while (own(row + (n + 1) * down, column + (n + 1) * across)) n++;
    return n;
  };
  const won = [[0, 1] as const, [1, 0] as const, [1, 1] as const, [1, -1] as const].some(
    ([down, across]) => 1 + run(down, across) + run(-down, -across) >= 4,
  );
  return { board: next, reward: won ? 1 : 0, done: won || next.every((r) => !r.includes(0)) };
};

interface Steps extends Record<"observation" | "reward" | "done" | "next", Tensor> {
  readonly choice: { readonly action: Tensor };
}

const boards = (x: Tensor): readonly (readonly (readonly number[])[])[] => {
  const cells = x.toTypedArray();
  return Array.from({ length: x.size / 42 }, (_, i) =>
    Array.from({ length: 6 }, (_, row) =>
      Array.from(cells.slice(42 * i + 7 * row, 42 * i + 7 * row + 7)),
    ),
  );
};

describe("connectFour", () => {
  it.each([
    ["legal moves", randomLegalPolicy(connectFour()), 4000],
    ["any moves", randomPolicy(connectFour()), 2000],
    [
      "moves that fill one column after the other",
      ((seen) => ({ action: argmax(cast(connectFour().legal?.(seen) as Expr, "i32")) })) as Policy,
      300,
    ],
  ] as const)("is what a plain implementation of its rules is, with %s", (_, policy, length) => {
    const game = connectFour();
    const { steps } = ran(
      (own: KeyExpr) => rollout(game, policy, { length })(begin(game, own)),
      key(5),
    ) as { readonly steps: Steps };
    const [seen, next] = [boards(steps.observation), boards(steps.next)];
    const read = (x: Tensor) => Array.from(x.toTypedArray());
    const [actions, rewards, done] = [steps.choice.action, steps.reward, steps.done].map(read);
    for (const [i, board] of seen.entries()) {
      const want = plainly(board, actions?.[i] ?? -1);
      expect([rewards?.[i], done?.[i]]).toEqual([want.reward, want.done ? 1 : 0]);
      expect(next[i]).toEqual(want.board.map((cells) => cells.map((x) => -x + 0)));
      const goesOn = want.done ? board.map((cells) => cells.map(() => 0)) : next[i];
      if (i + 1 < seen.length) expect(seen[i + 1]).toEqual(goesOn);
    }
    expect(done?.filter((x) => x === 1).length).toBeGreaterThan(5);
  });

  it.each([-1, 7])("is lost by a move out of the board, into %i", (column) => {
    const game = connectFour();
    const made = ran(
      (k: KeyExpr, action: Expr) => game.step(game.reset(k).state, action, k),
      ...[key(0), scalar(column, "i32")],
    ) as Steps;
    expect([made.reward.item(), made.done.item()]).toEqual([-1, 1]);
  });

  it("says which columns are not full", () => {
    const top = [0, 1, 0, -1, 0, 0, 1];
    const board = tensor([top, ...Array.from({ length: 5 }, () => [1, 1, -1, 1, 0, -1, 1])]);
    const legal = ran((x: Expr) => connectFour().legal?.(x), board) as Tensor;
    expect(Array.from(legal.toTypedArray())).toEqual([1, 0, 1, 0, 1, 1, 0]);
  });
});

/** The first rule of a game that a board breaks. */
const firstBroken = (
  { rules = [] }: ReturnType<typeof ticTacToe>,
  board: readonly (readonly number[])[],
): string | undefined => {
  const kept = ran(
    (x: Expr) => stack(rules.map(({ holds }) => holds(x))),
    tensor(board as number[][]),
  ) as Tensor;
  return rules[kept.toTypedArray().indexOf(0)]?.words;
};

describe("a position of connect four", () => {
  /** The number of the rule that a board breaks first. */
  const broken = (...rows: readonly string[]) => {
    const all = [...Array.from({ length: 6 - rows.length }, () => "......."), ...rows];
    const board = all.map((row) =>
      [...row].map((c) => ({ X: 1, O: -1, "?": 0.5, "2": 2 })[c] ?? 0),
    );
    return firstBroken(connectFour(), board);
  };
  const numbers = "every number is 1, -1 or 0";
  const counts = "the other player has as many pieces as the player to move, or one more";
  const under = "no empty place is under a piece";
  const open = "nobody has 4 in a line";
  // X is to move.
  it.each([
    ["may be the first", undefined, ["......."]],
    ["may have as many pieces of either player", undefined, ["...O...", "..XX..O"]],
    ["may have one more piece of the other", undefined, ["...O...", "..XX.OO"]],
    ["has not one more of one's own", counts, ["..XX..O"]],
    ["has not two more of the other", counts, ["...OO.."]],
    ["has no piece that hangs in the air", under, ["...O...", "..X...."]],
    ["is none after somebody has won", open, ["XXX....", "OOOO..."]],
    ["has no half pieces", numbers, ["..?...."]],
    ["has no double pieces", numbers, ["..2..OO"]],
  ] as const)("%s", (_, rule, rows) => expect(broken(...rows)).toBe(rule));

  // Whole numbers whose squares, modulo 2³², are at most 1, and numbers that are none.
  it.each([65_536, 50_000, 46_341, 2 ** 31, 1e10, 1e38, 1e-45, Infinity, NaN])(
    "has no pieces of %d",
    (one) => {
      const empty = Array.from({ length: 7 }, () => 0);
      const column = [0, 0, 0, 0, one, -one].map((piece) => empty.with(3, piece));
      expect(firstBroken(connectFour(), column)).toBe(numbers);
    },
  );
  it("has no pieces of 65,536 in tic-tac-toe, of which no sum is more than a few", () => {
    const board = [
      [3, -4, 1],
      [-2, 0, 2],
      [-1, 4, -3],
    ];
    expect(firstBroken(ticTacToe(), board)).toBe(numbers);
    const large = board.map((row) => row.map((piece) => 65_536 * piece));
    expect(firstBroken(ticTacToe(), large)).toBe(numbers);
  });
});

describe("a game against an opponent", () => {
  const game = ticTacToe();
  /** Takes the first empty cell. */
  const first: Policy = (seen) => ({ action: argmax(cast(game.legal?.(seen) as Expr, "i32")) });
  const played = (begins: number, cells: readonly number[]) =>
    ran((k: KeyExpr) => {
      const world = against(game, first, { begins });
      const start = world.reset(k);
      const steps = cells.reduce<readonly ReturnType<typeof world.step>[]>(
        (all, cell) => [
          ...all,
          world.step(all.at(-1)?.state ?? start.state, fill([], cell, "i32"), k),
        ],
        [],
      );
      return { start, steps };
    }, key(1)) as { readonly start: Steps; readonly steps: readonly Steps[] };
  const ends = (begins: number, cells: readonly number[]) =>
    played(begins, cells).steps.map(({ reward, done }) => [reward.item() + 0, done.item()]);

  it("is won by one's own move", () =>
    expect(ends(0, [4, 3, 5])).toEqual([
      [0, 0],
      [0, 0],
      [1, 1],
    ]));
  it("is lost by the opponent's reply", () =>
    expect(ends(0, [8, 7, 3])).toEqual([
      [0, 0],
      [0, 0],
      [-1, 1],
    ]));
  it("may be begun by the opponent, and is seen from one's own side", () => {
    const { start, steps } = played(1, [4]);
    expect(start.observation.toArray()).toEqual([
      [-1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(steps[0]?.observation.toArray()).toEqual([
      [-1, -1, 0],
      [0, 1, 0],
      [0, 0, 0],
    ]);
  });
  it("does not begin more often than always", () =>
    expect(() => against(game, first, { begins: 1.5 })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: "begins" }),
    ));
});

describe("lookAhead", () => {
  type Board = readonly number[];
  const lines = ["012", "345", "678", "036", "147", "258", "048", "246"];
  /** The worth of each legal move in plain numbers, for the player whose pieces are 1. */
  const worths = (board: Board, depth: number): readonly (readonly [number, number])[] =>
    board.flatMap((x, cell) => {
      if (x !== 0) return [];
      const next = board.with(cell, 1);
      const won = lines.some((line) => [...line].every((at) => next[Number(at)] === 1));
      if (won) return [[cell, 1] as const];
      const turned = next.map((y) => -y);
      const replies = depth === 1 ? [] : worths(turned, depth - 1).map(([, worth]) => worth);
      return [[cell, replies.length === 0 ? 0 : -Math.max(...replies)] as const];
    });
  const positions = (): readonly Board[] => {
    const game = ticTacToe();
    const { steps } = ran(
      (own: KeyExpr) => rollout(game, randomLegalPolicy(game), { length: 60 })(begin(game, own)),
      key(2),
    ) as { readonly steps: Steps };
    const cells = Array.from(steps.observation.toTypedArray());
    return Array.from({ length: 60 }, (_, i) => cells.slice(9 * i, 9 * i + 9));
  };
  it.each([1, 2, 3])("takes the best moves that %i moves tell, each of them", (depth) => {
    const boards = positions();
    const policy = lookAhead(ticTacToe(), depth);
    const choose = (seen: Expr, keys: Expr) =>
      vmap((own: Expr) => policy(reshape(seen, [3, 3]), own as KeyExpr).action)(keys);
    const chosen = ran(
      vmap(choose, { inAxes: [0, undefined] }) as never,
      stackTensors(boards.map((board) => tensor([...board]))),
      stackTensors(split(key(4), 100)),
    ) as Tensor;
    for (const [i, board] of boards.entries()) {
      const all = worths(board, depth);
      const top = Math.max(...all.map(([, worth]) => worth));
      const want = all.flatMap(([cell, worth]) => (worth === top ? [cell] : []));
      const got = new Set(chosen.toTypedArray().slice(100 * i, 100 * i + 100));
      expect([...got].toSorted()).toEqual(want);
    }
  });
  it("looks at one move or more", () =>
    expect(() => lookAhead(ticTacToe(), 0)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: "depth" }),
    ));
});
