import { describe, expect, it } from "vitest";
import { perfect } from "../../../../pipelines/control/boards/perfect.ts";
import { vmap } from "../../../../src/autodiff/index.ts";
import type { Expr } from "../../../../src/ir/expr.ts";
import { add, div, eq, fill, iota, mul, ravel, sum, where } from "../../../../src/ir/index.ts";
import type { KeyExpr } from "../../../../src/ir/ops/random.ts";
import {
  against,
  connectFour,
  type Environment,
  ticTacToe,
} from "../../../../src/learn/environments/index.ts";
import { playEpisodes } from "../../../../src/learn/reinforcement/episodes.ts";
import {
  gumbel,
  type Opinion,
  type Plan,
  type Planner,
  puct,
  treeSearch,
} from "../../../../src/learn/reinforcement/index.ts";
import { halvings } from "../../../../src/learn/reinforcement/planning/planners.ts";
import { stackTensors, tensor } from "../../../../src/tensor/constructors.ts";
import { key, split } from "../../../../src/tensor/key.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { ran } from "../../environments/playing.ts";

type Board = readonly number[];
const unsure = (count: number) => (): Opinion => ({
  logits: fill([count], 0, "f32"),
  value: fill([], 0, "f32"),
});

/** A number for each board that is exact in f32, and whose sums are: its pieces by their places. */
const counting = (seen: Expr): Opinion => ({
  logits: fill([9], 0, "f32"),
  value: div(sum(mul(ravel(seen), add(iota([9], 0, "f32"), 1))), 64),
});
const counted = (board: Board): number =>
  board.reduce((total, x, cell) => total + (x * (cell + 1)) / 64, 0);

type Read = { readonly [K in keyof Plan]: Tensor };
const advice = (
  game: Environment,
  planner: Planner,
  simulations: number,
  board: Tensor,
  judge = unsure(game.actions.kind === "discrete" ? game.actions.count : 0) as typeof counting,
): Read => ran(treeSearch(game, planner, { simulations })(judge), board) as Read;

const lines = ["012", "345", "678", "036", "147", "258", "048", "246"];

/** PUCT in plain objects, for tic-tac-toe with uniform priors, in steps of f32: the visits at the root. */
const plainPuct = (
  board: Board,
  simulations: number,
  exploration: number,
  valueOf: (board: Board) => number,
): readonly number[] => {
  const f = Math.fround;
  interface Node {
    readonly board: Board;
    readonly over: boolean;
    readonly visits: number[];
    readonly totals: number[];
    readonly children: Map<number, Node>;
  }
  const nodeOf = (of: Board, over: boolean): Node => {
    const zeros = () => Array.from({ length: 9 }, () => 0);
    return { board: of, over, visits: zeros(), totals: zeros(), children: new Map() };
  };
  /** Chooses down to a leaf. Returns the value to the player to move at the node. */
  const visit = (node: Node): number => {
    const empty = node.board.flatMap((x, cell) => (x === 0 ? [cell] : []));
    const prior = f(1 / empty.length);
    const root = f(Math.sqrt(1 + node.visits.reduce((a, b) => a + b, 0)));
    const scores = empty.map((cell) => {
      const n = node.visits[cell] as number;
      const value = f((node.totals[cell] as number) / Math.max(1, n));
      return f(value + f(f(f(exploration * prior) * root) / (1 + n)));
    });
    const cell = empty[scores.indexOf(Math.max(...scores))] as number;
    const child = node.children.get(cell);
    const value = (() => {
      if (child !== undefined && !child.over) return -visit(child);
      const next = node.board.with(cell, 1);
      const won = lines.some((line) => [...line].every((at) => next[Number(at)] === 1));
      const turned = next.map((x) => -x);
      const over = won || !next.includes(0);
      node.children.set(cell, child ?? nodeOf(turned, over));
      return over ? Number(won) : -valueOf(turned);
    })();
    node.visits[cell] = (node.visits[cell] as number) + 1;
    node.totals[cell] = (node.totals[cell] as number) + value;
    return value;
  };
  const root = nodeOf(board, false);
  for (let i = 0; i < simulations; i++) visit(root);
  return root.visits;
};

describe("PUCT visits as a plain implementation does, number by number", () => {
  const empty = Array.from({ length: 9 }, () => 0);
  it.each([
    ["an empty board", empty, 200],
    ["a board where a move wins", [1, 1, 0, -1, -1, 0, 0, 0, 0], 60],
    ["a board where one must be held up", [-1, -1, 0, 0, 1, 0, 0, 0, 0], 120],
    ["a board before its end", [1, -1, 1, -1, 1, -1, 0, 0, -1], 30],
  ] as const)("%s", (_, board, simulations) => {
    const seen = tensor([0, 3, 6].map((from) => board.slice(from, from + 3)));
    for (const n of [1, 7, simulations])
      for (const exploration of [1.25, 3]) {
        const visits = (judge?: typeof counting) => [
          ...advice(ticTacToe(), puct({ exploration }), n, seen, judge).visits.toTypedArray(),
        ];
        expect(visits()).toEqual(plainPuct(board, n, exploration, () => 0));
        expect(visits(counting)).toEqual(plainPuct(board, n, exploration, counted));
      }
  });
});

/** A board of connect four from its lines, the player to move `X`. */
const boardOf = (...rows: readonly string[]): Tensor => {
  const all = [...Array.from({ length: 6 - rows.length }, () => "......."), ...rows];
  return tensor(all.map((row) => [...row].map((c) => (c === "X" ? 1 : c === "O" ? -1 : 0))));
};

describe.each([
  ["gumbel", gumbel()],
  ["puct", puct()],
])("a search by %s without an opinion finds", (_, planner) => {
  it.each([
    ["a win in one move, across", 40, boardOf("OOO....", "XXX...."), [3]],
    ["a win in one move, up", 40, boardOf("X......", "XO.....", "XOO...."), [0]],
    ["a win in one move, along a diagonal", 40, boardOf("..XX...", ".XOO...", "XOOXO.."), [3]],
    ["the move that holds up a win", 120, boardOf("X......", "OOO..XX"), [3]],
    // Three in a row with both ends free: whatever is held up, the other end wins.
    ["a win in two moves", 1500, boardOf("..OO...", "..XX..."), [1, 4]],
  ] as const)("%s", (_name, simulations, board, moves) => {
    const { action, value } = advice(connectFour(), planner, simulations, board);
    expect(moves).toContain(action.item());
    expect(value.item()).toBeLessThanOrEqual(1);
  });
});

describe("a search whose model wants another move takes one that it saw to win", () => {
  const rows = [
    [0, -1, -1, 0, 0, 0, 0],
    [-1, 1, 1, 1, 0, 0, 0],
  ];
  /** A model that prefers the column in the middle, where the game goes on. */
  const fond = (): Opinion => ({
    logits: where(eq(iota([7]), 3), 2, fill([7], 0, "f32")),
    value: fill([], -0.5, "f32"),
  });
  it.each([
    ["as it is", rows, 4],
    ["in the mirror", rows.map((row) => row.toReversed()), 2],
  ])("%s", (_, own, wins) => {
    const none = Array.from({ length: 4 }, () => [0, 0, 0, 0, 0, 0, 0]);
    const game = connectFour();
    const made = advice(game, puct(), 16, tensor([...none, ...own]), fond);
    const [visits, values] = [made.visits, made.values].map((x) => [...x.toTypedArray()]);
    expect(visits?.indexOf(Math.max(...(visits ?? [])))).toBe(3);
    expect(visits?.[wins]).toBeGreaterThan(0);
    expect(made.action.item()).toBe(wins);
    // The search's own means: of a win 1, and none of what was not tried.
    expect(values?.[wins]).toBe(1);
    expect(values?.map((x) => x === Number.NEGATIVE_INFINITY)).toEqual(visits?.map((n) => n === 0));
    expect(Math.max(...(values ?? []))).toBe(1);
  });
});

it("a search by puct without an opinion never loses tic-tac-toe against a perfect player", () => {
  const game = ticTacToe();
  const plan = treeSearch(game, puct({ exploration: 0.6 }), { simulations: 800 })(unsure(9));
  const earned = ran(
    (keys: Expr) => playEpisodes(against(game, perfect), (seen) => plan(seen), 5)(keys).earned,
    stackTensors(split(key(3), 6)),
  ) as Tensor;
  expect([...earned.toTypedArray()]).toEqual(Array.from({ length: 6 }, () => 0));
});

/** A game of one move with these rewards. */
const bandit = (rewards: readonly number[]): Environment => ({
  name: "bandit",
  observation: { shape: [1], dtype: "f32", low: 0, high: 0 },
  actions: { kind: "discrete", count: rewards.length },
  stateOf: (seen) => seen,
  reset: () => ({ state: fill([1], 0, "f32"), observation: fill([1], 0, "f32") }),
  step: (state, action) => ({
    state,
    observation: fill([1], 0, "f32"),
    reward: rewards.reduce<Expr>((sum, r, i) => where(eq(action, i), r, sum), fill([], 0, "f32")),
    done: fill([], 1, "bool"),
    truncated: fill([], 0, "bool"),
  }),
});

describe("a search that explores", () => {
  /** The actions, and the shares of the visits of each, of searches with many keys, where all actions are worth the same. */
  const explored = (planner: Planner, simulations: number, logits: readonly number[]) => {
    const opinion = (): Opinion => ({
      logits: add(fill([logits.length], 0, "f32"), tensor([...logits])),
      value: fill([], 0, "f32"),
    });
    const search = treeSearch(bandit(logits.map(() => 0)), planner, { simulations })(opinion);
    const made = ran(
      (keys: Expr) => vmap((own: KeyExpr) => search(fill([1], 0, "f32"), own))(keys),
      stackTensors(split(key(9), 2000)),
    ) as Read;
    const actions = [...made.action.toTypedArray()];
    const policies = made.policy.toArray() as readonly (readonly number[])[];
    return {
      chosen: logits.map((_, a) => actions.filter((x) => x === a).length / actions.length),
      first: policies.map(([share = 0]) => share),
      policy: policies[0] ?? [],
    };
  };
  const meanOf = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
  const near = (xs: readonly number[], by: number) =>
    xs.map((x) => expect.toSatisfy((y: number) => Math.abs(x - y) < by));

  it("by puct draws an action by its share of the visits, and without noise visits alike", () => {
    const { chosen, first, policy } = explored(puct({ noise: 0 }), 20, [1, 0, 0]);
    expect(new Set(first).size).toBe(1);
    expect(policy[0]).toBeGreaterThan(0.5);
    expect(chosen).toEqual(near(policy, 0.04));
  });

  it("by puct mixes a quarter of a uniform draw of all distributions into the priors", () => {
    const { first } = explored(puct(), 60, [30, 0, 0]);
    // Visits follow the priors, ¾ (1, 0, 0) + ¼ D with D of Dirichlet's distribution: its mean is ⅓ and its variance 1/18.
    expect(Math.abs(meanOf(first) - (0.75 + 0.25 / 3))).toBeLessThan(0.02);
    const deviation = Math.sqrt(meanOf(first.map((x) => (x - meanOf(first)) ** 2)));
    expect(Math.abs(deviation - 0.25 / Math.sqrt(18))).toBeLessThan(0.01);
  });

  it("by gumbel draws an action by the model's policy, where one is considered", () => {
    // The greatest of eight numbers, since that of three is nearly the same with the noise upside down.
    const logits = [2, 0, 0, 0, 0, 0, 0, 0];
    const weights = logits.map(Math.exp);
    const total = weights.reduce((a, b) => a + b);
    const { chosen } = explored(gumbel({ considered: 1 }), 2, logits);
    expect(chosen).toEqual(
      near(
        weights.map((w) => w / total),
        0.04,
      ),
    );
  });
});

describe("gumbel", () => {
  it("shares out simulations by halves", () => {
    // By hand: 4 actions in log₂ 4 = 2 rounds of 8 simulations, one each for 4, and two each for the better 2.
    expect(halvings(4, 8)[4]).toEqual([0, 0, 0, 0, 1, 1, 2, 2]);
    // One each for 7, one each for 3, and then for 2.
    expect(halvings(7, 16)[7]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(halvings(3, 4)[1]).toEqual([0, 1, 2, 3]);
  });

  it("makes the policy of its paper: of three actions that earn 1, -1 and 0", () => {
    const made = advice(bandit([1, -1, 0]), gumbel({ scale: 0.02 }), 3, tensor([0]));
    // softmax of (50 + 1) · 0.02 · (1, 0, 0.5), by hand.
    const weights = [1.02, 0, 0.51].map(Math.exp);
    const total = weights.reduce((a, b) => a + b);
    const policy = weights.map((w) => w / total);
    expect([...made.policy.toTypedArray()]).toEqual(policy.map((p) => expect.closeTo(p, 5)));
    expect(made.value.item()).toBeCloseTo((policy[0] as number) - (policy[1] as number), 5);
    expect(made.action.item()).toBe(0);
  });

  it("gives what it did not visit the mean of the model's value and what it visited", () => {
    const { policy } = advice(bandit([1, 0.5, 0]), gumbel({ scale: 0.02 }), 2, tensor([0]));
    // (0 + 2 · 0.75) / 3 = 0.5, by hand.
    const weights = [1.02, 0.765, 0.765].map(Math.exp);
    const total = weights.reduce((a, b) => a + b);
    expect([...policy.toTypedArray()]).toEqual(weights.map((w) => expect.closeTo(w / total, 5)));
  });
});

describe("treeSearch refuses", () => {
  const refused = (make: () => unknown, argument: string) =>
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidArgument", argument }));
  it("no simulations", () =>
    refused(() => treeSearch(ticTacToe(), puct(), { simulations: 0 }), "simulations"));
  it("a game whose observations do not tell its state", () => {
    const { stateOf: _, ...rest } = ticTacToe() as Environment;
    refused(() => treeSearch(rest, puct(), { simulations: 1 }), "environment");
  });
  it("a game against an opponent, whose moves are all of one player", () => {
    const game = ticTacToe();
    const world = against(game, perfect);
    refused(() => treeSearch(world, puct(), { simulations: 1 }), "environment");
  });
  it("rules that cannot be", () => {
    refused(() => puct({ noise: 1.5 }), "noise");
    refused(() => puct({ exploration: -1 }), "exploration");
    refused(() => gumbel({ considered: 0 }), "considered");
    refused(() => gumbel({ scale: Number.NaN }), "scale");
  });
});
