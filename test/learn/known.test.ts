import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  dataset,
  dense,
  fromTypedArray,
  initializers,
  meanSquaredError,
  objective,
  pipeline,
  supervised,
  tensor,
  train$,
  withShards,
} from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, mul, square, sum } from "../../src/ir/index.ts";
import {
  adversarially,
  alternating,
  averaged,
  copyEvery,
  follow,
  type GradientRule,
  type Learner,
  privately,
  sharpnessAware,
} from "../../src/learn/index.ts";
import type { Loss } from "../../src/nn/losses/index.ts";
import { meanOf } from "../../src/nn/metrics/index.ts";
import { sgd } from "../../src/optim/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";

/** A model of one weight and no bias, which begins at `w`. */
const weight = (w: number) => dense(1, 1, { bias: false, weightInit: initializers.constant(w) });

const rows = (xs: readonly number[], ys: readonly number[]) =>
  Effect.succeed({
    train: dataset({
      x: fromTypedArray([xs.length, 1], Float32Array.from(xs)),
      y: fromTypedArray([ys.length, 1], Float32Array.from(ys)),
    }),
  });

type Line = { readonly x: Expr<readonly [1]>; readonly y: Expr<readonly [1]> };

/** The carry of a learner after an epoch of a single batch: all rows, in order. */
const carriedAfter = async <C>(
  learner: Learner<Line, C>,
  data: ReturnType<typeof rows>,
  { epochs = 1, shards = 1 } = {},
): Promise<C> => {
  const { train } = await Effect.runPromise(data);
  const of = pipeline("known", data, learner, {
    ...{ batchSize: train.size, epochs, shards, shuffle: false },
  });
  const end = await lastValueFrom(train$(of));
  return end._tag === "Completed" ? end.state.carried : expect.unreachable();
};

const slope = (w: number, gradient?: GradientRule, rate = 0.5) =>
  supervised<Line, "x", "y", ReturnType<typeof weight>>({
    input: "x",
    target: "y",
    model: weight(w),
    loss: meanSquaredError as never,
    optimizer: sgd({ learningRate: rate }),
    ...(gradient && { gradient }),
  });

const itemOf = ({ weight }: { readonly weight: Tensor }): number =>
  Number(weight.toTypedArray()[0]);

describe("one step of descent on (wx - y)², from w", () => {
  // The gradient is 2x(wx - y).
  it("is w - η·mean 2x(wx - y)", async () => {
    const { params } = await carriedAfter(slope(1), rows([1, 2], [0, 0]));
    // (2·1·1 + 2·2·2) / 2 = 5
    expect(itemOf(params)).toBeCloseTo(1 - 0.5 * 5, 6);
  });

  it("of gradients clipped one by one is their mean", async () => {
    // Gradients 2 and 8 become 2 and 3.
    const { params } = await carriedAfter(
      slope(1, privately({ clip: 3, noise: 0 })),
      rows([1, 2], [0, 0]),
    );
    expect(itemOf(params)).toBeCloseTo(1 - 0.5 * 2.5, 6);
  });

  it("with noise is off by a normal number of deviation η·σC/n", async () => {
    const [xs, ys] = [Array<number>(400).fill(1), Array<number>(400).fill(0)];
    const { params } = await carriedAfter(slope(1, privately({ clip: 3, noise: 2 })), rows(xs, ys));
    // All gradients are 2 and none is clipped: 1 - 0.5·2 = 0, off by 0.5·2·3/400 · N(0, 1).
    const off = itemOf(params) / ((0.5 * 2 * 3) / 400);
    expect(Math.abs(off)).toBeGreaterThan(0.001);
    expect(Math.abs(off)).toBeLessThan(5);
  });

  it("of sharpness-aware minimization takes the gradient at w + ρ", async () => {
    // Both gradients are positive, so the worst neighbor is 1.5: (2·1.5 + 8·1.5) / 2 = 7.5
    const { params } = await carriedAfter(
      slope(1, sharpnessAware({ rho: 0.5 })),
      rows([1, 2], [0, 0]),
    );
    expect(itemOf(params)).toBeCloseTo(1 - 0.5 * 7.5, 5);
  });

  it("of sharpness-aware minimization stays where the gradient vanishes", async () => {
    const { params } = await carriedAfter(
      slope(1, sharpnessAware({ rho: 0.5 })),
      rows([1, 2], [1, 2]),
    );
    expect(itemOf(params)).toBe(1);
  });

  it("on inputs moved by a sign of the gradient", async () => {
    // The gradient by x is 2w(wx - y) > 0: x becomes 1.25 and 2.25, and (2·1.5625 + 2·5.0625) / 2 = 6.625.
    const rule = adversarially({ column: "x", epsilon: 0.25 });
    const { params } = await carriedAfter(slope(1, rule), rows([1, 2], [0, 0]));
    expect(itemOf(params)).toBeCloseTo(1 - 0.5 * 6.625, 5);
  });

  it("is the same over two shards", async () => {
    const { params } = await carriedAfter(slope(1), rows([1, 2], [0, 0]), { shards: 2 });
    expect(itemOf(params)).toBeCloseTo(1 - 0.5 * 5, 6);
  });
});

describe("averages of params", () => {
  // With x = 1 and y = 0 a step at rate 0.25 halves w: 8, 4, 2, 1.
  const halving = slope(8, undefined, 0.25);

  it("are exponential", async () => {
    const { learner, average } = await carriedAfter(averaged(0.5)(halving), rows([1], [0]), {
      epochs: 3,
    });
    expect(itemOf(learner.params)).toBeCloseTo(1, 5);
    // 8 → 6 → 4 → 2.5
    expect(itemOf(average as { readonly weight: Tensor })).toBeCloseTo(2.5, 5);
  });

  it("are the mean of all steps", async () => {
    const { average } = await carriedAfter(averaged("polyak")(halving), rows([1], [0]), {
      epochs: 3,
    });
    expect(itemOf(average as { readonly weight: Tensor })).toBeCloseTo((4 + 2 + 1) / 3, 5);
  });

  it("are what is evaluated", async () => {
    const data = Effect.succeed({
      train: dataset({ x: tensor([[1]]), y: tensor([[0]]) }),
      test: dataset({ x: tensor([[1]]), y: tensor([[0]]) }),
    });
    const of = pipeline("averaged", data, averaged(0.5)(halving), { batchSize: 1, epochs: 3 });
    const end = await lastValueFrom(train$(of));
    expect(end).toMatchObject({ test: { loss: 6.25 } });
  });
});

describe("models that follow another", () => {
  const models = { student: weight(8), teacher: weight(3) };
  const loss = ({ student }: { readonly student: (x: Expr<readonly [1]>) => Expr }, row: Line) =>
    sum(square(student(row.x))) as Loss;
  const learner = (teacher: ReturnType<typeof follow<"student">>) =>
    objective({ models, follows: { teacher }, loss, optimizer: sgd({ learningRate: 0.25 }) });

  it("start like it and approach it", async () => {
    const { params } = await carriedAfter(learner(follow("student", 0.5)), rows([1], [0]), {
      epochs: 3,
    });
    expect([itemOf(params.student), itemOf(params.teacher)]).toEqual([
      expect.closeTo(1, 5),
      expect.closeTo(2.5, 5),
    ]);
  });

  it("are copies of it at every second step", async () => {
    const { params } = await carriedAfter(learner(copyEvery("student", 2)), rows([1], [0]), {
      epochs: 3,
    });
    expect([itemOf(params.student), itemOf(params.teacher)]).toEqual([
      expect.closeTo(1, 5),
      expect.closeTo(2, 5),
    ]);
  });
});

it("players move in turn: the second sees the first one's move", async () => {
  // One player minimizes a·b by a, the other maximizes it by b: from (1, 1), a = 1 - 0.5·1, then b = 1 + 0.5·a.
  const models = { a: weight(1), b: weight(1) };
  type Both = {
    readonly a: (x: Expr<readonly [1]>) => Expr;
    readonly b: (x: Expr<readonly [1]>) => Expr;
  };
  const product = ({ a, b }: Both, { x }: Line) => sum(mul(a(x), b(x)));
  const optimizer = sgd({ learningRate: 0.5 });
  const game = alternating({
    low: objective({
      ...{ models, trains: ["a"] as const, optimizer },
      loss: (both: Both, row: Line) => product(both, row) as Loss,
    }),
    high: objective({
      ...{ models, trains: ["b"] as const, optimizer },
      loss: (both: Both, row: Line) => mul(product(both, row), -1) as Loss,
    }),
  });
  const { params } = await carriedAfter(game, rows([1], [0]));
  expect([itemOf(params.a), itemOf(params.b)]).toEqual([0.5, 1.25]);
});

it("an objective of two models, two weighted losses and every column of a row is a pipeline", async () => {
  const data = Effect.succeed({
    train: dataset({ left: tensor([[1], [2]]), right: tensor([[3], [4]]), total: tensor([4, 6]) }),
  });
  const adding = pipeline(
    "adding",
    data,
    objective({
      models: { a: weight(0.5), b: weight(0.5) },
      loss: ({ a, b }, row) => {
        const said = sum(add(a(row.left), b(row.right)));
        const apart = square(sum(a(row.left)));
        return { loss: add(meanSquaredError(said, row.total), mul(apart, 0)), values: { apart } };
      },
      metrics: [meanOf("apart")],
      optimizer: sgd({ learningRate: 0.03 }),
    }),
    { batchSize: 2, epochs: 3000 },
  );
  const end = await lastValueFrom(train$(pipe(adding, withShards(2))));
  const { a, b } = end._tag === "Completed" ? end.state.carried.params : expect.unreachable();
  expect([itemOf(a), itemOf(b)]).toEqual([expect.closeTo(1, 2), expect.closeTo(1, 2)]);
});
