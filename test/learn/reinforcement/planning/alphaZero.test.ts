import * as Effect from "effect/Effect";
import { lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import { experience } from "../../../../src/data/index.ts";
import { adam, dense, flatten, pipeline, sequential, train$ } from "../../../../src/index.ts";
import type { Expr } from "../../../../src/ir/expr.ts";
import { ticTacToe, withTimeLimit } from "../../../../src/learn/environments/index.ts";
import { type AlphaZero, alphaZero } from "../../../../src/learn/reinforcement/index.ts";
import { worthOf } from "../../../../src/learn/reinforcement/planning/alphaZero.ts";
import type { AnyLayer } from "../../../../src/nn/layer.ts";
import { full } from "../../../../src/tensor/constructors.ts";
import { tensor } from "../../../../src/tensor/index.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { ran } from "../../environments/playing.ts";

describe("what moves were worth", () => {
  const steps = {
    reward: tensor([0, 0, 1, 0]),
    done: tensor([0, 0, 1, 0], "bool"),
    truncated: tensor([0, 0, 0, 0], "bool"),
    value: tensor([0.2, 0.4, 0.6, 0.8]),
  };
  // By hand, from the last move on: a move is worth minus what the next one is to the other player.
  it.each([
    ["is the outcome, in turn for either player", 1, [1, -1, 1, -0.5]],
    ["may be the value of the next position by the search", 0, [-0.4, -0.6, 1, -0.5]],
    ["may be a mean of both", 0.5, [0.2, -0.8, 1, -0.5]],
  ])("%s", (_, lambda, want) => {
    const made = ran(
      (given: Parameters<typeof worthOf>[0], last: Expr) => worthOf(given, last, lambda),
      ...[steps, full([], 0.5)],
    ) as Tensor;
    expect([...made.toTypedArray()]).toEqual(want.map((x) => expect.closeTo(x, 5)));
  });
});

const zeros = (_: unknown, shape: readonly number[]) => full(shape, 0);
const spec = {
  environment: ticTacToe(),
  // It has no opinion.
  model: sequential(flatten, dense(9, 10, { weightInit: zeros as never })),
  optimizer: adam({ learningRate: 1e-2 }),
  ...{ simulations: 4, environments: 2, length: 30, capacity: 60, batchSize: 16, startAfter: 60 },
} satisfies AlphaZero<AnyLayer>;

describe("alphaZero", () => {
  it("remembers games with their outcomes, and the policies of legal moves", async () => {
    const of = pipeline("one", Effect.succeed({ train: experience(1) }), alphaZero(spec));
    const end = await lastValueFrom(train$(of));
    const { items } = end._tag === "Completed" ? end.state.carried.memory : expect.unreachable();
    const boards = items.observation.toArray() as readonly (readonly number[][])[];
    const cells = boards.map((board) => board.flat());
    const policies = items.policy.toArray() as readonly (readonly number[])[];
    const worths = [...items.worth.toTypedArray()];
    let ended = 0;
    for (const [i, board] of cells.entries()) {
      const policy = policies[i] ?? [];
      expect(policy.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
      for (const [cell, x] of board.entries()) if (x !== 0) expect(policy[cell]).toBeLessThan(1e-6);
      const after = i % 30 === 29 ? undefined : cells[i + 1];
      const pieces = board.filter((x) => x !== 0).length;
      if (after === undefined) continue; // where the game goes on it is the model's value, 0
      if (after.some((x) => x !== 0)) expect(worths[i]).toBeCloseTo(-(worths[i + 1] as number), 6);
      else {
        ended++;
        expect(pieces === 8 ? [0, 1] : [1]).toContain(worths[i]);
      }
    }
    expect(ended).toBeGreaterThan(4);
  });

  const refused = (change: Partial<AlphaZero<AnyLayer>>, argument: string) =>
    expect(() => alphaZero({ ...spec, ...change } as AlphaZero<AnyLayer>)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument }),
    );
  it("refuses a memory smaller than what is added at once", () =>
    refused({ capacity: 59 }, "capacity"));
  it("refuses a memory without a size", () =>
    refused({ capacity: undefined as never }, "capacity"));
  it("refuses a share that is none", () => refused({ lambda: 1.1 }, "lambda"));
  it("refuses no simulations", () => refused({ simulations: 0 }, "simulations"));
  it("refuses a game whose observations do not tell its state", () =>
    refused({ environment: withTimeLimit(5)(ticTacToe()) }, "environment"));
  it("refuses a model of another width, when compiled", async () => {
    const narrow = alphaZero({ ...spec, model: sequential(flatten, dense(9, 9)) });
    const of = pipeline("narrow", Effect.succeed({ train: experience(1) }), narrow);
    const error = await lastValueFrom(train$(of)).catch((e: unknown) => e);
    expect(String((error as Error).message)).toContain("the model of alphaZero in ticTacToe");
  });
});
