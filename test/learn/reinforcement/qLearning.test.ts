import * as Effect from "effect/Effect";
import { lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import { experience } from "../../../src/data/index.ts";
import { pipeline, train$ } from "../../../src/index.ts";
import { div, fill, pow } from "../../../src/ir/index.ts";
import { gridWorld, pendulum } from "../../../src/learn/environments/index.ts";
import { episodes, type QLearning, qLearning } from "../../../src/learn/reinforcement/index.ts";

/** What a run of tabular Q-learning ends with. */
const learned = async (options: QLearning, steps: number) => {
  const held = episodes(400);
  const source = Effect.succeed({ train: experience(steps), test: held });
  const of = pipeline("tabular", source, qLearning(options), { seed: 3 });
  const end = await lastValueFrom(train$(of));
  if (end._tag !== "Completed") return expect.unreachable();
  const table = end.state.carried.table.toArray() as number[][];
  return { table, visits: end.state.carried.visits, test: end.test };
};

/**
 * The best value of each cell of the world of Russell and Norvig (4 by 3 cells, a wall at 5, a goal at 3, a pit at 7), by
 * value iteration in plain numbers.
 */
const iterated = ({ slip = 0, stepReward = 0, discount = 1 }) => {
  const moves = [
    [-1, 0],
    [0, 1],
    [1, 0],
    [0, -1],
  ] as const;
  const to = (cell: number, direction: number): number => {
    const [down = 0, across = 0] = moves[(direction + 4) % 4] ?? [];
    const [row, column] = [Math.floor(cell / 4) + down, (cell % 4) + across];
    const next = row * 4 + column;
    return row < 0 || row > 2 || column < 0 || column > 3 || next === 5 ? cell : next;
  };
  let values = Array<number>(12).fill(0);
  const after = (cell: number): number =>
    stepReward + (cell === 3 ? 1 : cell === 7 ? -1 : discount * (values[cell] ?? 0));
  const action = (cell: number, a: number): number =>
    (1 - slip) * after(to(cell, a)) +
    (slip / 2) * (after(to(cell, a - 1)) + after(to(cell, a + 1)));
  const actions = () => values.map((_, cell) => [0, 1, 2, 3].map((a) => action(cell, a)));
  for (let round = 0; round < 200; round++) values = actions().map((row) => Math.max(...row));
  return actions();
};

const cells = [0, 1, 2, 4, 6, 8, 9, 10, 11];

describe("tabular Q-learning", () => {
  it("finds the values of value iteration, where nothing is random", async () => {
    const discount = 0.8;
    const { table } = await learned(
      { environment: gridWorld(), states: 12, discount, learningRate: 1, exploration: 1 },
      100,
    );
    const want = iterated({ discount });
    for (const cell of cells)
      for (const a of [0, 1, 2, 3]) expect(table[cell]?.[a]).toBeCloseTo(want[cell]?.[a] ?? 9, 4);
  });

  it("comes near the values of value iteration, where moves slip", async () => {
    const world = { slip: 0.2, stepReward: -0.04 };
    const { table, test } = await learned(
      {
        environment: gridWorld(world),
        ...{ states: 12, discount: 1, exploration: 1, length: 1000 },
        // Rates 1/n^0.8, whose sum is infinite and the sum of whose squares is not.
        learningRate: (visits) => div(1, pow(visits, 0.8)),
      },
      400,
    );
    const want = iterated(world);
    const best = (rows: readonly (readonly number[])[], cell: number) =>
      Math.max(...(rows[cell] ?? []));
    // The values in the book of Russell and Norvig.
    const printed = [0.812, 0.868, 0.918, 0.762, 0.66, 0.705, 0.655, 0.611, 0.388];
    for (const [i, cell] of cells.entries()) {
      expect(best(want, cell)).toBeCloseTo(printed[i] ?? 9, 2);
      expect(Math.abs(best(table, cell) - best(want, cell))).toBeLessThan(0.03);
    }
    expect(Math.abs((test?.metrics.return ?? 9) - 0.705)).toBeLessThan(0.06);
  });

  it("counts the actions that it took", async () => {
    const { visits } = await learned({ environment: gridWorld(), states: 12, length: 7 }, 5);
    expect([...visits.toTypedArray()].reduce((a, b) => a + b, 0)).toBe(35);
  });
});

describe("bad input", () => {
  const plain = { environment: gridWorld(), states: 12 };
  it.each([
    [{ states: 0 }, "states"],
    [{ exploration: -0.1 }, "exploration"],
    [{ discount: 1.2 }, "discount"],
    [{ learningRate: -1 }, "learningRate"],
    [{ initial: Number.NaN }, "initial"],
    [{ length: 0 }, "length"],
    [{ environment: pendulum() }, "environment"],
  ])("%o", (given, argument) =>
    expect(() => qLearning({ ...plain, ...given })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", op: "qLearning", argument }),
    ),
  );
  it("a state that is not one of the states", async () => {
    await expect(learned({ ...plain, states: 8 }, 3)).rejects.toMatchObject({ _tag: "NonFinite" });
    const stateOf = () => fill([], -1, "i32");
    await expect(learned({ ...plain, stateOf }, 3)).rejects.toMatchObject({ _tag: "NonFinite" });
  });
});
