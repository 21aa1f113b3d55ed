import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { experience } from "../../../src/data/index.ts";
import {
  dataset,
  dense,
  type Expr,
  meanSquaredError,
  objective,
  pipeline,
  predictor,
  sequential,
  sgd,
  type Tensor,
  tensor,
} from "../../../src/index.ts";
import { add } from "../../../src/ir/index.ts";
import { pendulum, ticTacToe } from "../../../src/learn/environments/index.ts";
import { alternating, batchObjective, metaLearned } from "../../../src/learn/index.ts";
import { dqn, episodes, ppo } from "../../../src/learn/reinforcement/index.ts";
import { flatten } from "../../../src/nn/index.ts";
import {
  decodeModelFile,
  encodeModelFile,
  evaluate,
  initialState,
  modelOf,
} from "../../../src/train/index.ts";

const run = Effect.runPromise;
const optimizer = sgd({ learningRate: 0.1 });
type Sum = { readonly [column in "x" | "y" | "sum"]: Expr<readonly [1]> };
const models = { left: dense(1, 1), right: dense(1, 1) };
const both = { x: tensor([[1], [2]]), y: tensor([[3], [4]]), sum: tensor([[4], [6]]) };
const spec = {
  models,
  loss: ({ left, right }: { readonly left: Call; readonly right: Call }, row: Sum) =>
    meanSquaredError(add(left(row.x), right(row.y)), row.sum),
  predict: ({ left, right }: { readonly left: Call; readonly right: Call }, row: Sum) =>
    add(left(row.x), right(row.y)),
  optimizer,
};
type Call = (x: Expr<readonly [1]>) => Expr<readonly [1]>;

interface Line {
  readonly weight: Tensor;
  readonly bias: Tensor;
}
const valueOf = ({ weight, bias }: Line, x: number): number => weight.item() * x + bias.item();

describe("what learners predict", () => {
  it.each([
    ["an objective", objective(spec)],
    [
      "an objective of batches",
      batchObjective<Sum, typeof models>({
        ...spec,
        loss: ({ left }, { x, sum }) => meanSquaredError(left(x), sum),
      }),
    ],
    ["the first of two players", alternating({ one: objective(spec), two: objective(spec) })],
  ])("is what its `predict` says: %s", async (_, learner) => {
    const of = pipeline("adding", Effect.succeed({ train: dataset(both) }), learner as never);
    const state = initialState(of);
    const { left, right } = of.learner.trained.get(state.carried).params as {
      readonly left: Line;
      readonly right: Line;
    };
    const bytes = encodeModelFile(await run(modelOf(of, state)));
    const model = await run(decodeModelFile(bytes, "adding"));
    // Needs no column of what is to be predicted.
    expect(Object.keys(model.columns)).toEqual(["x", "y"]);
    for (const predict of [predictor(of, state), predictor(model)]) {
      const said = await predict({ x: tensor([5]), y: tensor([7]) });
      expect(said.item()).toBeCloseTo(valueOf(left, 5) + valueOf(right, 7), 5);
      await expect(predict({ x: tensor([5]) })).rejects.toMatchObject({ column: "y" });
    }
    expect((await run(evaluate(of, state, "train"))).loss).toBeGreaterThan(0);
  });

  it("is what models say that adapted to the task, by a hand's step", async () => {
    type Task = { readonly [column in "x" | "y" | "newX" | "newY"]: Expr };
    const learner = metaLearned({
      models: { line: dense(1, 1) },
      support: ({ line }, { x, y }: Task) => meanSquaredError(line(x), y),
      query: ({ line }, { newX, newY }: Task) => meanSquaredError(line(newX), newY),
      predict: ({ line }, { newX }: Task) => line(newX),
      inner: { learningRate: 0.1 },
      optimizer,
    });
    const [x, y] = [tensor([[1], [2]]), tensor([[3], [5]])];
    const task = { x, y, newX: tensor([[4]]), newY: tensor([[9]]) };
    const of = pipeline(
      "lines",
      Effect.succeed({
        train: dataset({
          ...{ x: tensor([[[1], [2]]]), y: tensor([[[3], [5]]]) },
          ...{ newX: tensor([[[4]]]), newY: tensor([[[9]]]) },
        }),
      }),
      learner,
    );
    const state = initialState(of);
    const { line } = state.carried.params as { readonly line: Line };
    const [w, b] = [line.weight.item(), line.bias.item()];
    // ∇ of the mean of (w x + b - y)² over (1, 3) and (2, 5).
    const off = [w + b - 3, 2 * w + b - 5] as const;
    const next = [w - 0.1 * (off[0] + 2 * off[1]), b - 0.1 * (off[0] + off[1])] as const;
    const { newY: _, ...asked } = task;
    expect((await predictor(of, state)(asked)).item()).toBeCloseTo(4 * next[0] + next[1], 4);
  });

  it("is an action, for those that play: the best legal one, or numbers", async () => {
    const game = ticTacToe();
    const of = pipeline(
      "playing",
      Effect.succeed({ train: experience(1), test: episodes(2) }),
      dqn({
        environment: game,
        model: sequential(flatten, dense(9, 9)),
        optimizer,
        ...{ capacity: 64, batchSize: 4, exploration: 0.1, target: { every: 10 }, selfPlay: true },
      }),
    );
    const state = initialState(of);
    const predict = predictor(
      await run(decodeModelFile(encodeModelFile(await run(modelOf(of, state))), "it")),
    );
    // Only the fifth field is empty.
    const observation = tensor([
      [1, -1, 1],
      [-1, 0, -1],
      [1, -1, 1],
    ]);
    const said = await predict.answer({ observation });
    expect(said).toMatchObject({ action: 4 });
    // Lists of numbers are what the learner sees; of another shape they are refused before anything is compiled.
    for (const player of [predict, predictor(of, state)]) {
      expect(await player.answer({ observation: observation.toArray() })).toEqual(said);
      const small = [
        [1, 1],
        [0, 0],
      ];
      await expect(player.answer({ observation: small })).rejects.toMatchObject({
        _tag: "InvalidArgument",
        argument: 'column "observation" of row 1',
        ...{ expected: "3 lists of 3 numbers", actual: "4 numbers" },
      });
      await expect(player.answer({ observation: tensor(small) })).rejects.toMatchObject({
        _tag: "ShapeMismatch",
        ...{ expected: "[3, 3]", actual: [[2, 2]] },
      });
    }
    expect("values" in said && said.values?.filter(Number.isFinite)).toHaveLength(1);
    // No field is empty, somebody has won, and a number that is no piece.
    for (const rows of [
      [
        [1, -1, 1],
        [-1, 1, -1],
        [-1, 1, -1],
      ],
      [
        [1, 1, 1],
        [-1, -1, 0],
        [-1, 0, 0],
      ],
      [
        [7, 0.5, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ])
      await expect(predict.answer({ observation: tensor(rows) })).rejects.toMatchObject({
        _tag: "InvalidArgument",
        argument: "row 1",
      });
    const swinging = pipeline(
      "swinging",
      Effect.succeed({ train: experience(1), test: episodes(2) }),
      ppo({ environment: pendulum(), policy: dense(3, 1), value: dense(3, 1), optimizer }),
    );
    const swing = predictor(swinging, initialState(swinging));
    const policy = initialState(swinging).carried.params.policy;
    const [first] = (await swing.answers([{ observation: tensor([1, 0, 0]) }])) as readonly [
      { readonly action: readonly number[] },
    ];
    expect(first.action[0]).toBeCloseTo(policy.weight.at(0, 0) + (policy.bias?.at(0) ?? 0), 5);
    // The strongest torque is 2, whatever the model says.
    const far = await swing.answer({ observation: tensor([1e6, 0, 0]) });
    expect(far).toEqual({ action: [2 * Math.sign(policy.weight.at(0, 0))] });
  });

  it("is nothing without it, and the error says what to add", async () => {
    const { predict: _, ...silent } = spec;
    const of = pipeline("adding", Effect.succeed({ train: dataset(both) }), objective(silent));
    await expect(predictor(of, initialState(of))({ x: tensor([1]) })).rejects.toThrow(
      "objective with `predict: (models, row) => output`",
    );
  });
});
